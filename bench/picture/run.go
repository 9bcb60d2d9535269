package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"deskside/bench/score"
	"deskside/bench/stage"
)

// check refuses words that name nothing.
func (c *config) check() error {
	for _, word := range c.only {
		if !slices.Contains(names(), word) {
			return fmt.Errorf("--only %q: it is none of %s", word, strings.Join(names(), " "))
		}
	}
	if c.rounds < 1 {
		return fmt.Errorf("--rounds %d: at least one", c.rounds)
	}
	return nil
}

// wants reports whether name is to be played, one of a list of which --only may
// leave a part.
func (c *config) wants(name string, list []string) bool {
	narrowed := slices.ContainsFunc(c.only, func(w string) bool { return slices.Contains(list, w) })
	return !narrowed || slices.Contains(c.only, name)
}

// kinds gives the servers to measure.
func (c *config) kinds() (list []stage.Kind) {
	all := []string{}
	for _, k := range stage.Kinds {
		all = append(all, string(k))
	}
	for _, k := range stage.Kinds {
		if c.wants(string(k), all) {
			list = append(list, k)
		}
	}
	return list
}

func (c *config) workloads() (list []workload) {
	all := []string{}
	for _, w := range workloads {
		all = append(all, w.name)
	}
	for _, w := range workloads {
		if c.wants(w.name, all) {
			list = append(list, w)
		}
	}
	return list
}

// measure plays everything and writes the table.
func measure(ctx context.Context, c *config) error {
	program, err := filepath.Abs(c.program)
	if err != nil {
		return err
	}
	if _, err := os.Stat(program); err != nil {
		return fmt.Errorf("%w: script/bench builds it", err)
	}
	dir, err := os.MkdirTemp("", "deskside-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	run := score.Run{Began: time.Now(), Commit: commit(), Rounds: c.rounds, Machine: machine()}
	for round := range c.rounds {
		if err := c.round(ctx, &run, stage.Config{Dir: dir, Program: program}, round); err != nil {
			run.Cut = true
			break
		}
	}
	run.Took = time.Since(run.Began)
	return c.keep(&run)
}

// round plays every workload on every server once. It fails if it is
// interrupted, and what was measured until then counts.
func (c *config) round(ctx context.Context, run *score.Run, setting stage.Config, round int) error {
	for _, w := range c.workloads() {
		for _, k := range turned(c.kinds(), round) {
			s, err := perform(ctx, setting, w, k)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			s.Round, s.Workload, s.Server = round, w.name, string(k)
			if err != nil {
				s.Failed = err.Error()
			}
			c.say(&s)
			run.Samples = append(run.Samples, s)
		}
	}
	return nil
}

// turned begins the list with another one in each round, so that none is always
// played first.
func turned(list []stage.Kind, round int) []stage.Kind {
	n := round % max(len(list), 1)
	return slices.Concat(list[n:], list[:n])
}

// limit bounds one workload on one server.
const limit = 90 * time.Second

// perform plays one workload on one server, on a stage of its own.
func perform(ctx context.Context, setting stage.Config, w workload, k stage.Kind) (s score.Sample, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	st, err := stage.Open(ctx, setting, k)
	if err != nil {
		return s, err
	}
	defer st.Close()
	p := &piece{ctx: ctx, stage: st, values: map[string]float64{}}
	defer p.close()
	if st.SetUp > 0 {
		p.set("setup", ms(st.SetUp))
	}
	before := st.Usage()
	err = w.play(p)
	if err != nil {
		err = errors.Join(err, st.Check())
	}
	s.Values, s.Notes, s.Exact = p.values, p.notes, p.exact
	s.Others = st.Usage().Since(before).Others()
	s.Load = stage.LoadAverage()
	return s, err
}

// say tells how a workload went.
func (c *config) say(s *score.Sample) {
	fmt.Fprintf(os.Stderr, "round %d  %-20s %-12s others %3.0f %%  %s%s\n", s.Round+1, s.Workload, s.Server, s.Others, s.Words(), s.Failed)
}

// commit names what is measured.
func commit() string {
	out, err := exec.Command("git", "describe", "--always", "--dirty", "--abbrev=10").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

// machine tells what it ran on.
func machine() string {
	model := ""
	text, _ := os.ReadFile("/proc/cpuinfo")
	cores := strings.Count(string(text), "processor\t")
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "model name"); ok {
			model = strings.TrimSpace(strings.TrimLeft(rest, " \t:"))
		}
	}
	release, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return fmt.Sprintf("%d cores of %s, Linux %s, at nice %d", cores, model, strings.TrimSpace(string(release)), stage.Nice())
}

// keep prints the table, and writes it where it was asked for.
func (c *config) keep(run *score.Run) error {
	fmt.Print(run.Markdown())
	if c.results == "" {
		return nil
	}
	if err := os.MkdirAll(c.results, 0o755); err != nil {
		return err
	}
	base := filepath.Join(c.results, run.Began.UTC().Format("2006-01-02")+"-"+run.Commit)
	data, err := run.JSON()
	if err != nil {
		return err
	}
	if err := os.WriteFile(base+".json", data, 0o644); err != nil {
		return err
	}
	return os.WriteFile(base+".md", []byte(run.Markdown()), 0o644)
}
