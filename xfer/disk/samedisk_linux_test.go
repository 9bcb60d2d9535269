package disk

import (
	"os"
	"testing"
)

// TestSameDisk tells folders of two file systems apart, of which /dev/shm is always
// another than /proc.
func TestSameDisk(t *testing.T) {
	top, err := os.OpenRoot("/")
	if err != nil {
		t.Fatal(err)
	}
	defer top.Close()
	proc, err := OpenDir(top, "proc")
	if err != nil {
		t.Fatal(err)
	}
	defer proc.Close()
	for path, want := range map[string]bool{"self/fd": true, "../dev/shm": false} {
		root, err := os.OpenRoot("/proc/" + path)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		f, err := root.Open(".")
		if err != nil {
			t.Fatal(err)
		}
		dir := &Dir{Root: root, f: f}
		defer f.Close()
		if got := dir.SameDisk(proc); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}
