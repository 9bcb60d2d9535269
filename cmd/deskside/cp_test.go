package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"deskside"
	"deskside/xfer"
	"deskside/xfer/disk"
)

func TestPlanCopy(t *testing.T) {
	for args, want := range map[string]string{
		"a b h:d/":        "{1 h  [a b] d/}",
		"h:a h:b d":       "{2 h  [a b] d}",
		"h:1:a h:1:b d":   "{2 h:1  [a b] d}",
		"h:a g:b":         "{3 h g [a] b}",
		"h:a h:b h:c":     "{3 h h [a b] c}",
		"./x:y b [::1]:c": "{1 [::1]  [./x:y b] c}",
		"- h:c":           "{1 h  [-] c}",
		"h:c -":           "{2 h  [c] -}",
		"h:- ./-":         "{2 h  [-] ./-}",
		"h:a g:b d":       "",
		"a b c":           "",
		"h:a b h:c":       "",
		"a h:b h:c":       "",
		"h:a b c":         "",
		":a b h:c":        "",
		"- h:":            "",
		"- h:d/":          "",
		"- a h:d":         "",
		"h:a h:b -":       "",
	} {
		got, err := planCopy(strings.Fields(args))
		if (err != nil) != (want == "") || err == nil && fmt.Sprint(got) != want {
			t.Errorf("%q: %v, %v, want %s", args, got, err, want)
		}
	}
}

func TestRates(t *testing.T) {
	for text, want := range map[string]int64{
		"800000": 800000, "16K": 16 << 10, "2.5M": 5 << 19, "1g": 1 << 30,
		"": 0, "1": 0, "15K": 0, "K": 0, "-1M": 0, "1MM": 0, "1T": 0, "NaN": 0, "inf": 0, "9999999999G": 0,
	} {
		got, err := parseRate(text)
		if got != want || (err != nil) != (want == 0) {
			t.Errorf("%q: %d, %v, want %d", text, got, err, want)
		}
	}
}

func TestNearTargetStaysInItsFolder(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		to, name string
		several  bool
		want     string
	}{
		{dir, "a", true, filepath.Join(dir, "a")},
		{dir + "/", "a", false, filepath.Join(dir, "a")},
		{file, "a", false, file},
		{filepath.Join(dir, "new"), "a", false, filepath.Join(dir, "new")},
		{filepath.Join(dir, "new") + "/", "a", false, ""},
		{filepath.Join(dir, "new"), "a", true, ""},
		{file, "a", true, ""},
		{dir, "..", false, ""},
		{dir, ".", false, ""},
		{dir, "", false, ""},
		{dir, `..\x`, false, ""},
	} {
		got, err := nearTarget(c.to, c.name, c.several)
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%q in %q: %q, %v, want %q", c.name, c.to, got, err, c.want)
		}
	}
}

// TestCopyHints checks what a failed copy says to do next, and that it stays
// what it was.
func TestCopyHints(t *testing.T) {
	ended := fmt.Errorf("a: %w", deskside.Errorf(deskside.CodeEnded, "the session ended: %s", deskside.CauseGrace.Words()))
	exists := fmt.Errorf("a: %w", deskside.Errorf(deskside.CodeExists, "there").Hint("Other.").From(deskside.ByAgent))
	for _, c := range []struct {
		err     error
		replace bool
		do      string
	}{
		{ended, false, "The same command goes on where it stopped."},
		{exists, false, "Use another name, or replace what is there if it is a file: --replace."},
		{exists, true, "Other."},
	} {
		err := (&cpFlags{replace: c.replace}).hint(c.err)
		if got := explain(err).Do; got != c.do || err.Error() != c.err.Error() || exitStatus(err) != exitStatus(c.err) {
			t.Errorf("%v: says %q, want %q", err, got, c.do)
		}
	}
}

// TestGoOn breaks the way again and again: without a byte in between it is
// given up, and with some it goes on.
func TestGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broke := deskside.Errorf(deskside.CodeUnreachable, "the connection broke")
		var seen int64
		o := xfer.Options{Progress: func(p xfer.Progress) { seen = p.Done }}
		tries := 0
		never := func() int { return 0 }
		err := goOn(t.Context(), &o, never, func() error { tries++; return broke })
		if err == nil || tries != maxBreaks+1 {
			t.Errorf("tried %d times: %v", tries, err)
		}
		tries = 0
		err = goOn(t.Context(), &o, never, func() error {
			if tries++; tries == 20 {
				return nil
			}
			o.Progress(xfer.Progress{Done: int64(tries)})
			return broke
		})
		if err != nil || seen != 19 {
			t.Errorf("came to %d: %v", seen, err)
		}
		// A session that is lost again and again, for some breaks each time.
		tries = 0
		err = goOn(t.Context(), &o, func() int { return tries / maxBreaks }, func() error {
			if tries++; tries == 20 {
				return nil
			}
			return broke
		})
		if err != nil {
			t.Errorf("after %d tries: %v", tries, err)
		}
		tries = 0
		err = goOn(t.Context(), &o, never, func() error { tries++; return deskside.Errorf(deskside.CodeDenied, "no") })
		if err == nil || tries != 1 {
			t.Errorf("a refusal was asked for %d times: %v", tries, err)
		}
	})
}

// TestReportOfARefusedFolder has files sent below a folder that the other side
// did not take.
func TestReportOfARefusedFolder(t *testing.T) {
	c := copied{keep: true}
	for _, p := range []string{"tree/.git", "tree/.git/x", "tree/.git/deep/y", "tree/.github", "tree/a"} {
		c.add(copyItem{Path: p, Outcome: wasCopied, Hash: new(disk.Hash)})
	}
	why := deskside.Errorf(deskside.CodeDenied, "run by themselves")
	c.folder(copiedFolder{TreeResult: xfer.TreeResult{Failed: []xfer.Note{{Path: "tree/.git", Error: why}}}})
	for _, item := range c.Report {
		below := item.Path == "tree/.git" || strings.HasPrefix(item.Path, "tree/.git/")
		if (item.Outcome == wasFailed) != below || below && (item.Error != why || item.Hash != nil) {
			t.Errorf("%s: %s, %v", item.Path, item.Outcome, item.Error)
		}
	}
}

func TestMirrorsOfSeveral(t *testing.T) {
	for sources, want := range map[string]bool{
		"a/. b/.": false, "a b/.": false, "x/a y/a": false, "a b": true, "a": true, "a/.": true, "a/ b/": true,
	} {
		tr := &transfer{f: &cpFlags{delete: true}, p: &copyPlan{way: up, from: strings.Fields(sources)}}
		if err := tr.distinct(); (err == nil) != want {
			t.Errorf("%q: %v", sources, err)
		}
	}
}
