// Package rounds is the frame of a bench's command: it plays each workload on
// each program, in turns that begin with another one in each round, says as it
// goes what came out, and keeps the tables. What is played, and what the tables
// look like, is the caller's.
package rounds

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"deskside/bench/score"
	"deskside/bench/troupe"
)

// Flags are what every bench takes.
type Flags struct {
	Rounds  int
	Only    []string
	Program string
	Results string
	More    bool
}

// Plan is what a bench plays.
type Plan struct {
	Workloads []Workload
	// Perform plays a workload on a program. What it gives beside an error
	// counts.
	Perform func(ctx context.Context, s Setting, workload, server string) (score.Sample, error)
	Tables  func(*score.Run) string // Markdown
	Suffix  string                  // of the names of kept results
	Limit   time.Duration           // of one workload on one program
	About   string                  // beside the machine
}

// Workload is something that is played on some programs.
type Workload struct {
	Name    string
	Servers []string
}

// Setting is what a workload is played with.
type Setting struct {
	Dir     string // for files; the caller of Perform removes it
	Program string // ours, absolute
}

// Add makes the flags known. Plan says which words --only takes.
func (f *Flags) Add(set *flag.FlagSet, p *Plan) {
	set.IntVar(&f.Rounds, "rounds", 3, "how often everything is played")
	set.Func("only", "workloads and programs to leave it at, with commas between: "+strings.Join(p.names(), " "), func(text string) error {
		f.Only = strings.Split(text, ",")
		return nil
	})
	set.StringVar(&f.Program, "program", "dist/deskside", "the program that is measured")
	set.StringVar(&f.Results, "results", "", "a folder to keep the tables in")
	set.BoolVar(&f.More, "more", false, "add to what is kept there of today and this commit, as further rounds")
}

// workloads are the names of all; servers those of all programs.
func (p *Plan) workloads() (list []string) {
	for _, w := range p.Workloads {
		list = append(list, w.Name)
	}
	return list
}

func (p *Plan) servers() (list []string) {
	for _, w := range p.Workloads {
		for _, s := range w.Servers {
			if !slices.Contains(list, s) {
				list = append(list, s)
			}
		}
	}
	return list
}

func (p *Plan) names() []string { return slices.Concat(p.workloads(), p.servers()) }

// Check refuses flags that name nothing.
func (f *Flags) Check(p *Plan) error {
	for _, word := range f.Only {
		if !slices.Contains(p.names(), word) {
			return fmt.Errorf("--only %q: it is none of %s", word, strings.Join(p.names(), " "))
		}
	}
	if f.Rounds < 1 {
		return fmt.Errorf("--rounds %d: at least one", f.Rounds)
	}
	if f.More && f.Results == "" {
		return errors.New("--more adds to what is kept: say where, with --results")
	}
	return nil
}

// narrowed leaves of a list what --only names, all where it names none of it.
func (f *Flags) narrowed(list, all []string) []string {
	asked := func(w string) bool { return slices.Contains(f.Only, w) }
	if !slices.ContainsFunc(all, asked) {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), func(w string) bool { return !asked(w) })
}

// Measure plays everything and writes the tables.
func Measure(ctx context.Context, f *Flags, p *Plan) error {
	program, err := filepath.Abs(f.Program)
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
	run, err := f.begin(p)
	if err != nil {
		return err
	}
	began := time.Now()
	for range f.Rounds {
		if err := f.round(ctx, run, p, Setting{dir, program}); err != nil {
			run.Cut = true
			break
		}
	}
	run.Took += time.Since(began)
	for _, w := range p.workloads() {
		run.Rounds = max(run.Rounds, roundsOf(run, w))
	}
	return f.keep(run, p)
}

// begin gives an empty run, or what is to be added to.
func (f *Flags) begin(p *Plan) (*score.Run, error) {
	run := &score.Run{Began: time.Now(), Commit: commit(), Machine: machine() + p.About}
	if !f.More {
		return run, nil
	}
	text, err := os.ReadFile(f.base(run, p) + ".json")
	if errors.Is(err, fs.ErrNotExist) {
		return run, nil
	}
	if err != nil {
		return nil, err
	}
	return run, json.Unmarshal(text, run)
}

// roundsOf counts how often a workload has been played.
func roundsOf(run *score.Run, workload string) (n int) {
	for _, s := range run.Samples {
		if s.Workload == workload {
			n = max(n, s.Round+1)
		}
	}
	return n
}

// round plays every workload on every program once. It fails if it is
// interrupted, and what was measured until then counts.
func (f *Flags) round(ctx context.Context, run *score.Run, p *Plan, setting Setting) error {
	for _, w := range p.Workloads {
		if len(f.narrowed([]string{w.Name}, p.workloads())) == 0 {
			continue
		}
		round := roundsOf(run, w.Name)
		for _, server := range turned(f.narrowed(w.Servers, p.servers()), round) {
			s, err := perform(ctx, p, setting, w.Name, server)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			s.Round, s.Workload, s.Server = round, w.Name, server
			if err != nil {
				s.Failed = err.Error()
			}
			fmt.Fprintf(os.Stderr, "round %d  %-20s %-12s others %3.0f %%  %s%s\n", s.Round+1, s.Workload, s.Server, s.Others, s.Words(), s.Failed)
			run.Samples = append(run.Samples, s)
		}
	}
	return nil
}

func perform(ctx context.Context, p *Plan, setting Setting, workload, server string) (score.Sample, error) {
	ctx, cancel := context.WithTimeout(ctx, p.Limit)
	defer cancel()
	return p.Perform(ctx, setting, workload, server)
}

// turned begins the list with another one in each round, so that none is always
// played first.
func turned(list []string, round int) []string {
	n := round % max(len(list), 1)
	return slices.Concat(list[n:], list[:n])
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
	return fmt.Sprintf("%d cores of %s, Linux %s, at nice %d", cores, model, strings.TrimSpace(string(release)), troupe.Nice())
}

// base is the path of kept results without what tells their format.
func (f *Flags) base(run *score.Run, p *Plan) string {
	return filepath.Join(f.Results, run.Began.UTC().Format("2006-01-02")+"-"+run.Commit+p.Suffix)
}

// keep prints the tables, and writes them where it was asked for.
func (f *Flags) keep(run *score.Run, p *Plan) error {
	text := p.Tables(run)
	fmt.Print(text)
	if f.Results == "" {
		return nil
	}
	if err := os.MkdirAll(f.Results, 0o755); err != nil {
		return err
	}
	data, err := run.JSON()
	if err != nil {
		return err
	}
	base := f.base(run, p)
	if err := os.WriteFile(base+".json", data, 0o644); err != nil {
		return err
	}
	return os.WriteFile(base+".md", []byte(text), 0o644)
}
