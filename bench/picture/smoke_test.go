package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"deskside/bench/score"
	"deskside/bench/stage"
	"deskside/raster"
)

// TestMain is also what the bench runs itself as.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "play" {
		if err := run(context.Background(), os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// TestOneWorkload plays one workload in front of ours, with real programs.
func TestOneWorkload(t *testing.T) {
	program := filepath.Join(t.TempDir(), "deskside")
	build := exec.Command("go", "build", "-o", program, "deskside/cmd/deskside")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	setting := stage.Config{Dir: t.TempDir(), Program: program}
	s, err := perform(t.Context(), setting, workload{"key.idle", keysIdle(10)}, stage.Deskside)
	if err != nil {
		t.Fatal(err)
	}
	if s.Exact != "exact" {
		t.Errorf("the picture is %q: %v", s.Exact, s.Notes)
	}
	for _, id := range []string{"key.idle.p50", "key.idle.p95", "setup"} {
		if v := s.Values[id]; !(v > 0) || math.IsInf(v, 0) {
			t.Errorf("%s is %v", id, v)
		}
	}
	left, err := os.ReadDir(setting.Dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestRowsAndServersAgree holds the names that packages share by word alone.
func TestRowsAndServersAgree(t *testing.T) {
	for i, k := range stage.Kinds {
		if score.Columns[i] != string(k) {
			t.Errorf("column %d is %s, the server %s", i, score.Columns[i], k)
		}
	}
	if score.Ours != string(stage.Deskside) || len(score.Scrapers) != len(stage.Scrapers) {
		t.Errorf("ours is %s, the scrapers %v", score.Ours, score.Scrapers)
	}
}

func TestLog(t *testing.T) {
	shown := 0
	l := &log{read: func(*raster.Image, int) int { return shown }}
	now := time.Now()
	for i, n := range []int{1, 1, 3, 2, 4} {
		shown = n
		if l.look(nil, now.Add(time.Duration(i)*time.Second)) {
			t.Fatal("it is done, but is to go on")
		}
	}
	if len(l.steps) != 3 || l.steps[2].step != 4 || l.steps[2].at != now.Add(4*time.Second) {
		t.Errorf("saw %v", l.steps)
	}
	if got := l.rate(stage.Usage{For: 2 * time.Second}); got != 1.5 {
		t.Errorf("%v a second, want 1.5", got)
	}
}
