package main

import (
	"bufio"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"deskside/internal/await"
)

// TestDemoEndsWhatItStarted interrupts a demo that shows a page, and wants
// nothing of it to be left: neither its display nor its files.
func TestDemoEndsWhatItStarted(t *testing.T) {
	tmp := t.TempDir()
	cmd := exec.Command("deskside", "demo", "--virtual", "--ports", "0,0,0,0")
	cmd.Env = append(os.Environ(), "TMPDIR="+tmp, "HOME="+tmp, "DISPLAY=", "WAYLAND_DISPLAY=")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Signal(os.Interrupt); cmd.Wait() })
	said := make(chan string, 100)
	go func() {
		defer close(said)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			said <- lines.Text()
		}
	}()
	display, page := "", ""
	for page == "" {
		line := await.Recv(t, "the demo shows a page", said)
		if m := regexp.MustCompile(`serves display (:[0-9]+)`).FindStringSubmatch(line); m != nil {
			display = m[1]
		}
		if _, file, ok := strings.Cut(line, "file://"); ok {
			page = file
		}
	}
	if _, err := os.Stat(page); err != nil {
		t.Error(err)
	}
	socket := "@/tmp/.X11-unix/X" + strings.TrimPrefix(display, ":")
	if c, err := net.Dial("unix", socket); err != nil {
		t.Errorf("there is no display %q: %v", display, err)
	} else {
		c.Close()
	}

	chatsInTheDemo(t, tmp, display)

	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	await.Closed(t, "the demo ends", said)
	if err := cmd.Wait(); err != nil {
		t.Errorf("interrupted: %v", err)
	}
	if c, err := net.Dial("unix", socket); err == nil {
		c.Close()
		t.Errorf("display %s is still there", display)
	}
	left, err := os.ReadDir(tmp)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range left {
		if strings.HasPrefix(f.Name(), "deskside") {
			t.Errorf("%s was left", f.Name())
		}
	}
}

// chatsInTheDemo has the demo's operator write a line, for which a window opens
// on the demo's display, root's too.
func chatsInTheDemo(t *testing.T, tmp, display string) {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(tmp, "deskside-demo-*"))
	if err != nil || len(dirs) != 1 {
		t.Fatalf("the demo's folder: %q, %v", dirs, err)
	}
	chat := exec.Command("deskside", "chat", "demo-desk")
	chat.Env = append(os.Environ(), "DESKSIDE_HOME="+filepath.Join(dirs[0], "operator"))
	in, err := chat.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := chat.Start(); err != nil {
		t.Fatal(err)
	}
	io.WriteString(in, "Good morning!\n")
	await.True(t, "the chat's window", func() bool {
		look := exec.Command("xwininfo", "-root", "-tree")
		look.Env = append(os.Environ(), "DISPLAY="+display, "XAUTHORITY="+filepath.Join(dirs[0], "Xauthority"))
		tree, _ := look.Output() // fails while windows come and go
		return strings.Contains(string(tree), "Deskside chat")
	})
	in.Close()
	if err := chat.Wait(); err != nil {
		t.Error(err)
	}
}
