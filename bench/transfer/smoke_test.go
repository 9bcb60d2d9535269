package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"deskside/bench/rounds"
	"deskside/bench/score"
)

// TestMain is also what the bench runs itself as.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "tls" {
		if err := rawTLS(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// TestCopies makes small copies with ours and with the raw one, by real
// programs, and leaves nothing behind.
func TestCopies(t *testing.T) {
	s := rounds.Setting{Dir: t.TempDir(), Program: filepath.Join(t.TempDir(), "deskside")}
	build := exec.Command("go", "build", "-o", s.Program, "deskside/cmd/deskside")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	b := &bench{small: true}
	for _, c := range [][2]string{{"login", "deskside"}, {"login", "deskside-udp"}, {"login", "tls"}, {"small", "deskside"}, {"small", "cp"}} {
		out, err := b.perform(ctx, s, c[0], c[1])
		if err != nil {
			t.Fatalf("%s: %v", c, err)
		}
		if out.Exact != "exact" {
			t.Errorf("%s is %q: %v", c, out.Exact, out.Notes)
		}
		for _, id := range []string{"s", "bytes", "files", "cpu.near"} {
			if v := out.Values[id]; !(v > 0) || math.IsInf(v, 0) {
				t.Errorf("%s: %s is %v", c, id, v)
			}
		}
	}
	left, err := filepath.Glob(filepath.Join(s.Dir, "login-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

// TestEveryWordIsKnown holds the names that packages share by word alone.
func TestEveryWordIsKnown(t *testing.T) {
	for _, w := range workloads {
		for _, p := range w.programs {
			if _, ok := programs[p]; !ok {
				t.Errorf("%s: there is no program %q", w.name, p)
			}
		}
		run := &score.Run{Samples: []score.Sample{{Workload: w.name, Server: score.Ours}}}
		if !strings.Contains(run.Transfer(), "\n## ") {
			t.Errorf("%s has no table", w.name)
		}
	}
}

// TestSame finds every kind of difference.
func TestSame(t *testing.T) {
	make := func(change func(dir string)) string {
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, "a", "b"), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"x", "a/y"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		change(dir)
		return dir
	}
	file := func(name, text string) func(string) {
		return func(dir string) { os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644) }
	}
	want := make(func(string) {})
	if err := same(want, make(func(string) {})); err != nil {
		t.Errorf("equal trees: %v", err)
	}
	for what, change := range map[string]func(string){
		"another byte":   file("x", "z"),
		"a byte more":    file("x", "xx"),
		"a file more":    file("a/z", ""),
		"a file missing": func(dir string) { os.Remove(filepath.Join(dir, "a/y")) },
		"no folder":      func(dir string) { os.Remove(filepath.Join(dir, "a/b")) },
		"a file instead": func(dir string) { os.Remove(filepath.Join(dir, "a/b")); file("a/b", "")(dir) },
	} {
		if same(want, make(change)) == nil {
			t.Errorf("%s is not found", what)
		}
	}
}

// TestInserted wants the older copy within the newer one.
func TestInserted(t *testing.T) {
	b, dir := &bench{small: true}, t.TempDir()
	path, err := b.inserted(dir)
	if err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(dir, "old")
	if err := b.age(dir, old); err != nil {
		t.Fatal(err)
	}
	now, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(old)
	if err != nil {
		t.Fatal(err)
	}
	half := len(before) / 2
	if len(now) != len(before)+bulge || !slices.Equal(now[:half], before[:half]) || !slices.Equal(now[half+bulge:], before[half:]) {
		t.Errorf("%d bytes are not the %d with something inserted", len(now), len(before))
	}
}

func TestWithin(t *testing.T) {
	for _, c := range []struct {
		path, mount string
		want        bool
	}{
		{"/tmp/a", "/", true},
		{"/tmp/a", "/tmp", true},
		{"/tmp", "/tmp", true},
		{"/tmpfs", "/tmp", false},
	} {
		if within(c.path, c.mount) != c.want {
			t.Errorf("%s in %s: not %v", c.path, c.mount, c.want)
		}
	}
}
