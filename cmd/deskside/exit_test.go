package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"deskside"
)

func TestExitStatus(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("disk on fire"), 1},
		{deskside.Errorf(deskside.CodeConflict, "hashes differ"), 1},
		{usagef("deskside ports", "no"), 2},
		{deskside.Errorf(deskside.CodeDenied, "policy").From(deskside.ByAgent), 3},
		{fmt.Errorf("setup: %w", deskside.Errorf(deskside.CodeRefused, "the person").From(deskside.ByPerson)), 3},
		{deskside.Errorf(deskside.CodeExpired, "no answer").From(deskside.ByAgent), 3},
		{deskside.Errorf(deskside.CodeDenied, "our own key file is open to others"), 1},
		{deskside.Errorf(deskside.CodeUnreachable, "no route"), 4},
		{fmt.Errorf("exec: %w", statusError{137}), 137},
	} {
		if got := exitStatus(c.err); got != c.want {
			t.Errorf("%v: status %d, want %d", c.err, got, c.want)
		}
	}
}

func TestReport(t *testing.T) {
	var out, errOut bytes.Buffer
	e := &env{stdout: &out, stderr: &errOut, json: true}
	refusal := deskside.Errorf(deskside.CodeDenied, "policy does not\x1b[2J name you").From(deskside.ByAgent).Hint("Ask its owner.")
	e.report(fmt.Errorf("setup with %q: %w", "desk7", refusal))

	want := "deskside: setup with \"desk7\": agent: policy does not[U+001B][2J name you\nAsk its owner.\n"
	if errOut.String() != want {
		t.Errorf("got %q, want %q", errOut.String(), want)
	}
	var got struct{ Error deskside.Error }
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Error.Code != deskside.CodeDenied || got.Error.Do != "Ask its owner." || !strings.Contains(got.Error.Words, "desk7") {
		t.Errorf("got %+v", got.Error)
	}
}

func TestReportOfAnInterruption(t *testing.T) {
	var errOut bytes.Buffer
	e := &env{stderr: &errOut}
	e.report(fmt.Errorf("ping: %w", context.Canceled))
	if !strings.Contains(errOut.String(), "interrupted") {
		t.Errorf("got %q", errOut.String())
	}
}

// TestInterrupted tells what a signal ended from a way that broke.
func TestInterrupted(t *testing.T) {
	over, stop := context.WithCancel(t.Context())
	stop()
	broke := fmt.Errorf("a: %w", deskside.Errorf(deskside.CodeUnreachable, "the connection broke").Hint("Again."))
	for name, test := range map[string]struct {
		ctx  context.Context
		err  error
		want int
	}{
		"nothing":            {over, nil, exitDone},
		"the way broke":      {t.Context(), broke, exitUnreachable},
		"Ctrl-C, and so":     {over, broke, exitInterrupted},
		"Ctrl-C by itself":   {over, fmt.Errorf("ping: %w", context.Canceled), exitInterrupted},
		"refused, and then":  {over, deskside.Errorf(deskside.CodeDenied, "no").From(deskside.ByAgent), exitRefused},
		"what it ran for us": {over, statusError{7}, 7},
	} {
		var errOut bytes.Buffer
		e := &env{stderr: &errOut}
		got := exitStatus(e.report(interrupted(test.ctx, test.err)))
		if got != test.want || (got == exitInterrupted) != strings.HasPrefix(errOut.String(), "deskside: interrupted\n") {
			t.Errorf("%s: status %d, want %d; %q", name, got, test.want, errOut.String())
		}
	}
}

// TestEveryCommandExplainsItself holds the tree of commands to its form.
func TestEveryCommandExplainsItself(t *testing.T) {
	seen := make(map[string]bool)
	for _, c := range visible(rootCommand(&env{})) {
		if seen[c.CommandPath()] {
			t.Errorf("%s is there twice", c.CommandPath())
		}
		seen[c.CommandPath()] = true
		if strings.HasPrefix(c.CommandPath(), "deskside completion") {
			continue // cobra's own
		}
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: short help %q: want a line without a full stop", c.CommandPath(), c.Short)
		}
		if !c.HasSubCommands() && c.Example == "" {
			t.Errorf("%s has no example", c.CommandPath())
		}
		if c.RunE == nil {
			t.Errorf("%s does nothing", c.CommandPath())
		}
	}
}
