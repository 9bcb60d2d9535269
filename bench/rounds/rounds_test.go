package rounds

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"deskside/bench/score"
)

// plan has three workloads on some of four programs, and plays nothing.
func plan() *Plan {
	return &Plan{
		Workloads: []Workload{{"a", []string{"w", "x", "y"}}, {"b", []string{"w", "z"}}, {"c", []string{"w", "y"}}},
		Perform: func(_ context.Context, _ Setting, workload, server string) (score.Sample, error) {
			if workload == "c" {
				return score.Sample{}, errors.New("broken")
			}
			return score.Sample{Values: score.Values{workload: float64(len(server))}, Exact: "exact"}, nil
		},
		Tables: func(r *score.Run) string { return fmt.Sprintln(r.Rounds, "rounds", len(r.Samples), "samples") },
		Suffix: "-test", Limit: time.Minute,
	}
}

func (f *Flags) played(t *testing.T, round int) string {
	t.Helper()
	p, run := plan(), &score.Run{}
	if err := f.Check(p); err != nil {
		t.Fatal(err)
	}
	for range round + 1 {
		if err := f.round(t.Context(), run, p, Setting{}); err != nil {
			t.Fatal(err)
		}
	}
	list := []string{}
	for _, s := range run.Samples {
		if s.Round == round {
			list = append(list, s.Workload+s.Server)
		}
	}
	return strings.Join(list, " ")
}

func TestOnly(t *testing.T) {
	for only, want := range map[string]string{
		"":      "aw ax ay bw bz cw cy",
		"a":     "aw ax ay",
		"w":     "aw bw cw",
		"w,z":   "aw bw bz cw",
		"a,c,y": "ay cy",
		"b,x":   "",
	} {
		f := &Flags{Rounds: 1}
		if only != "" {
			f.Only = strings.Split(only, ",")
		}
		if got := f.played(t, 0); got != want {
			t.Errorf("%q: %q, want %q", only, got, want)
		}
	}
}

func TestFlagsThatNameNothing(t *testing.T) {
	for _, f := range []*Flags{{Rounds: 1, Only: []string{"vnc"}}, {}, {Rounds: 1, More: true}} {
		if f.Check(plan()) == nil {
			t.Errorf("%+v is taken", f)
		}
	}
}

func TestTurned(t *testing.T) {
	f := &Flags{Rounds: 1}
	for round, want := range []string{"aw ax ay bw bz cw cy", "ax ay aw bz bw cy cw", "ay aw ax bw bz cw cy"} {
		if got := f.played(t, round); got != want {
			t.Errorf("round %d: %q, want %q", round, got, want)
		}
	}
}

// TestKept keeps a run and adds to it, as if all had been one.
func TestKept(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "program")
	if err := os.WriteFile(program, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	f := &Flags{Rounds: 2, Program: program, Results: filepath.Join(dir, "results"), Only: []string{"a"}}
	if err := Measure(t.Context(), f, plan()); err != nil {
		t.Fatal(err)
	}
	f.Rounds, f.More, f.Only = 1, true, []string{"a", "c", "w"}
	if err := Measure(t.Context(), f, plan()); err != nil {
		t.Fatal(err)
	}
	kept, err := filepath.Glob(filepath.Join(f.Results, "*-test.*"))
	if err != nil || len(kept) != 2 || !slices.ContainsFunc(kept, func(s string) bool { return strings.HasSuffix(s, ".json") }) {
		t.Fatalf("kept %q, %v", kept, err)
	}
	run, err := f.begin(plan())
	if err != nil {
		t.Fatal(err)
	}
	if text, want := plan().Tables(run), "3 rounds 8 samples\n"; text != want {
		t.Errorf("%q, want %q", text, want)
	}
	if last := run.Samples[7]; last.Failed != "broken" || last.Round != 0 || last.Workload != "c" {
		t.Errorf("the last is %+v", last)
	}
}
