package main

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"deskside"
	"deskside/audit"
)

// cmdStatus runs a program and checks its exit status exactly:
//
//	status N program args...
func cmdStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N program args...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// cmdAuditLog writes a small audit and its signed head:
//
//	auditlog DIR HEADFILE
func cmdAuditLog(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: auditlog DIR HEADFILE")
	}
	log, err := audit.Open(audit.Config{Dir: ts.MkAbs(args[0])})
	ts.Check(err)
	defer log.Close()
	session := deskside.SessionID{1, 2, 3, 4, 5, 6, 7, 8}
	for _, ev := range []deskside.Event{
		{Kind: deskside.EventAgentStart},
		{
			Kind: deskside.EventBegin, Session: &session, Name: "Anna", Address: "192.0.2.7:5000",
			Transport: deskside.UDP, Rights: "view,chat", Reason: `ticket "7"`,
		},
		{Kind: deskside.EventDenied, Name: "says \x1b[2J"},
		{Kind: deskside.EventEnd, Session: &session, Cause: deskside.CausePerson},
	} {
		_, err := log.Append(context.Background(), ev)
		ts.Check(err)
	}
	_, key, err := ed25519.GenerateKey(nil)
	ts.Check(err)
	head, err := audit.Sign(key, log.Head(), time.Now())
	ts.Check(err)
	text, err := json.Marshal(head)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), text, 0o600))
}
