// Command report reads what go test -json writes and tells it to people: a
// line for each package, the output of what failed, what was skipped, and a
// last line "go test: N passed, N failed, N skipped". It fails if a test or package
// failed, or if a test was skipped that the list of allowed skips has not.
//
//	go test -json ./... | go run ./script/report -skips script/skips -counts FILE
//
// With -counts the three numbers are also written to a file, for script/test
// to add its other steps to. It runs no test itself.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

func main() {
	skips := flag.String("skips", "script/skips", "the list of allowed skips")
	counts := flag.String("counts", "", "a file to write the three numbers to")
	flag.Parse()
	if err := run(os.Stdin, os.Stdout, *skips, *counts); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer, skips, counts string) error {
	list, err := os.ReadFile(skips)
	if err != nil {
		return err
	}
	r := newReport(out, string(list))
	if err := r.read(in); err != nil {
		return err
	}
	r.finish()
	if counts != "" {
		text := fmt.Sprintln(r.passed, r.failed, r.skipped)
		if err := os.WriteFile(counts, []byte(text), 0o666); err != nil {
			return err
		}
	}
	if r.failed > 0 {
		return errors.New("something failed")
	}
	return nil
}

// event is a line of go test -json; go doc test2json has its form.
type event struct {
	Action      string
	Package     string
	ImportPath  string // of build output
	Test        string
	Elapsed     float64
	Output      string
	FailedBuild string
}

// name is a test, or a package where Test is empty.
type name struct{ pkg, test string }

type report struct {
	out                     io.Writer
	allowed                 map[name]bool
	output                  map[name][]string
	builds                  map[string][]string // what building a package said
	tests                   map[string]int      // that ran, by package
	failures                []name
	skips                   []name
	passed, failed, skipped int
}

func newReport(out io.Writer, skips string) *report {
	r := &report{
		out: out, allowed: make(map[name]bool), output: make(map[name][]string),
		builds: make(map[string][]string), tests: make(map[string]int),
	}
	for line := range strings.Lines(skips) {
		if word := strings.Fields(line); len(word) >= 2 && !strings.HasPrefix(word[0], "#") {
			r.allowed[name{word[0], word[1]}] = true
		}
	}
	return r
}

func (r *report) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) == nil && e.Action != "" {
				r.add(&e)
			} else {
				fmt.Fprintf(r.out, "%s", line) // what the go command itself says
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *report) add(e *event) {
	n := name{e.Package, e.Test}
	switch e.Action {
	case "output":
		r.output[n] = append(r.output[n], e.Output)
	case "build-output":
		r.builds[e.ImportPath] = append(r.builds[e.ImportPath], e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.endPackage(n, e)
			return
		}
		r.tests[e.Package]++
		r.endTest(n, e.Action)
	}
}

func (r *report) endTest(n name, action string) {
	switch action {
	case "pass":
		r.passed++
		delete(r.output, n)
	case "skip":
		r.skipped++
		r.skips = append(r.skips, n)
	case "fail":
		r.failed++
		r.failures = append(r.failures, n)
	}
}

// endPackage tells of a package. One that failed while none of its tests did
// (it does not build, or its process died) counts as a failure of its own.
func (r *report) endPackage(n name, e *event) {
	if e.Action == "skip" || r.tests[n.pkg] == 0 && e.Action == "pass" {
		return // nothing to run
	}
	fmt.Fprintf(r.out, "%-4s %-40s %4d tests %7.1fs\n", e.Action, n.pkg, r.tests[n.pkg], e.Elapsed)
	if e.Action != "fail" {
		return
	}
	died := !slices.ContainsFunc(r.failures, func(f name) bool { return f.pkg == n.pkg })
	if died {
		r.failed++
		r.failures = append(r.failures, n)
		r.output[n] = append(r.builds[e.FailedBuild], r.output[n]...)
		r.unfinished(n)
	}
}

// unfinished adds the output of the tests that were running when their process
// died.
func (r *report) unfinished(pkg name) {
	for n, lines := range r.output {
		if n.pkg == pkg.pkg && n.test != "" && !slices.Contains(r.skips, n) {
			r.output[pkg] = append(r.output[pkg], lines...)
		}
	}
}

func (r *report) finish() {
	for _, n := range r.skips {
		top, _, _ := strings.Cut(n.test, "/")
		why := "allowed"
		if !r.allowed[n] && !r.allowed[name{n.pkg, top}] {
			why = "NOT ON THE LIST, so it fails"
			r.failed++
		}
		fmt.Fprintf(r.out, "\nskipped (%s): %s %s\n%s", why, n.pkg, n.test, strings.Join(r.output[n], ""))
	}
	for _, n := range r.failures {
		fmt.Fprintf(r.out, "\nFAILED: %s %s\n%s", n.pkg, n.test, strings.Join(r.output[n], ""))
	}
	fmt.Fprintf(r.out, "\ngo test: %d passed, %d failed, %d skipped\n", r.passed, r.failed, r.skipped)
}
