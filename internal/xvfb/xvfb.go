// Package xvfb starts real X servers and X programs for tests. Servers choose
// their own display number and everything ends with the test.
//
// It is for tests only and starts no goroutine of its own, so that leak checks
// see nothing of it.
package xvfb

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Server is a running Xvfb.
type Server struct {
	Display string // ":7"
	process *process
}

// Start starts an Xvfb with one screen of the form "1280x720x24" and gives
// its display. Further arguments go to Xvfb as they are.
func Start(t testing.TB, screen string, args ...string) (display string) {
	t.Helper()
	return Launch(t, screen, args...).Display
}

// Launch is Start for tests that end the server themselves.
func Launch(t testing.TB, screen string, args ...string) *Server {
	t.Helper()
	return launch(t, dieWithTest(), screen, args...)
}

// StartAs is Start with a server that belongs to another user. Only root can
// do that; for others the server is their own.
func StartAs(t testing.TB, uid uint32, screen string, args ...string) (display string) {
	t.Helper()
	return launch(t, dieAs(uid), screen, args...).Display
}

func launch(t testing.TB, attr *syscall.SysProcAttr, screen string, args ...string) *Server {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	args = append([]string{"-displayfd", "3", "-screen", "0", screen, "-nolisten", "tcp", "-noreset", "-dpi", "96"}, args...)
	p := start(t, "", attr, []*os.File{w}, "Xvfb", args...)
	w.Close()
	return &Server{Display: ":" + readLine(t, r, p), process: p}
}

// Kill ends the server at once, without a chance to say goodbye.
func (s *Server) Kill() { s.process.kill() }

func readLine(t testing.TB, r *os.File, p *process) string {
	t.Helper()
	r.SetReadDeadline(time.Now().Add(20 * time.Second))
	var line []byte
	for b := make([]byte, 1); ; {
		if n, err := r.Read(b); n == 0 {
			t.Fatalf("Xvfb gave no display: %v\n%s", err, p.output())
		}
		if b[0] == '\n' {
			return string(line)
		}
		line = append(line, b[0])
	}
}

// Client starts a program on the display; it is ended with the test, if it
// has not ended before.
func Client(t testing.TB, display, name string, args ...string) {
	t.Helper()
	start(t, display, dieWithTest(), nil, name, args...)
}

// Run runs a program on the display to its end and gives what it printed.
func Run(t testing.TB, display, name string, args ...string) string {
	t.Helper()
	return Feed(t, display, "", name, args...)
}

// Feed is Run with a text for the program to read. What the program prints
// goes to a file, as xclip leaves a child behind that holds its output open.
func Feed(t testing.TB, display, input, name string, args ...string) string {
	t.Helper()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	if err := os.WriteFile(in, []byte(input), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(name, args...)
	cmd.Env = environment(display)
	cmd.Stdin, _ = os.Open(in)
	f, err := os.Create(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	defer cmd.Stdin.(*os.File).Close()
	cmd.Stdout, cmd.Stderr = f, f
	err = cmd.Run()
	text, _ := os.ReadFile(out)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, text)
	}
	return string(bytes.TrimRight(text, "\n"))
}

// Tree lists all windows of the display, as xwininfo does. That fails when a
// window goes away while it looks, and is then tried again.
func Tree(t testing.TB, display string) string {
	t.Helper()
	const look = `for i in 1 2 3 4 5 6 7 8 9; do tree=$(xwininfo -root -tree 2>&1) && break; done; printf '%s' "$tree"`
	return Run(t, display, "sh", "-c", look)
}

// Window finds a window by its exact title, wherever window managers put it,
// and gives its ID; "" if there is none.
func Window(t testing.TB, display, title string) (id string) {
	t.Helper()
	for line := range strings.Lines(Tree(t, display)) {
		if strings.Contains(line, `"`+title+`"`) {
			return strings.Fields(line)[0]
		}
	}
	return ""
}

type process struct {
	cmd   *exec.Cmd
	log   string
	ended bool
}

func start(t testing.TB, display string, attr *syscall.SysProcAttr, files []*os.File, name string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(name, args...), log: filepath.Join(t.TempDir(), "log")}
	f, err := os.Create(p.log)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p.cmd.Stdout, p.cmd.Stderr = f, f
	p.cmd.ExtraFiles = files
	p.cmd.Env = environment(display)
	p.cmd.SysProcAttr = attr
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("cannot start %s (script/test installs it): %v", name, err)
	}
	t.Cleanup(p.kill)
	return p
}

func (p *process) kill() {
	if p.ended {
		return
	}
	p.ended = true
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

func (p *process) output() string {
	text, _ := os.ReadFile(p.log)
	return string(text)
}

func environment(display string) []string {
	env := os.Environ()
	kept := env[:0]
	for _, e := range env {
		if !strings.HasPrefix(e, "DISPLAY=") && !strings.HasPrefix(e, "XAUTHORITY=") {
			kept = append(kept, e)
		}
	}
	if display != "" {
		kept = append(kept, fmt.Sprintf("DISPLAY=%s", display))
	}
	return append(kept, "LC_ALL=C.UTF-8")
}
