package main

import (
	"bytes"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"deskside/xfer"
)

// TestProgress shows two files, of which the second is broken off, and a folder.
func TestProgress(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	var out bytes.Buffer
	p := newProgress(&out)
	for _, at := range []xfer.Progress{{Path: "one\x1b[31m", Done: 1 << 20, Total: 4 << 20}, {Path: "one\x1b[31m", Done: 4 << 20, Total: 4 << 20}, {Path: "two", Done: 1, Total: 9}, {Path: "three", Done: 5}, {Path: "three", Done: 6}} {
		p.at(at)
	}
	p.end()
	if strings.Contains(out.String(), "\x1b[31m") {
		t.Errorf("a name has coloured the terminal: %q", out.String())
	}
	if !strings.Contains(out.String(), "two") {
		t.Errorf("the second file is not shown: %q", out.String())
	}
}

func TestProgressUnseen(t *testing.T) {
	var out bytes.Buffer
	for _, e := range []*env{{json: true, errTTY: true, stderr: &out}, {stderr: &out}} {
		p := e.progress()
		p.at(xfer.Progress{Path: "a", Done: 1, Total: 2})
		p.end()
	}
	if out.Len() > 0 {
		t.Errorf("where nobody looks it says %q", out.String())
	}
}
