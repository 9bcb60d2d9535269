package main

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// settle has a file system write what it holds back, so that no program pays
// for what was before it.
func settle(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.Syncfs(int(f.Fd()))
}

// fileSystem names what a folder is on.
func fileSystem(dir string) string {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return "a file system"
	}
	best, kind := "", ""
	for line := range strings.Lines(string(text)) {
		left, right, _ := strings.Cut(line, " - ")
		a, b := strings.Fields(left), strings.Fields(right)
		if len(a) > 4 && len(b) > 1 && within(dir, a[4]) && len(a[4]) >= len(best) {
			best, kind = a[4], b[0]+" ("+b[1]+")"
		}
	}
	return kind
}

func within(path, mount string) bool {
	return mount == "/" || path == mount || strings.HasPrefix(path, mount+"/")
}
