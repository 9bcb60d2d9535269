package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"deskside"
	"deskside/internal/plain"
)

// The exit statuses. Scripts rely on them.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitRefused     = 3
	exitUnreachable = 4
	exitInterrupted = 130 // as shells say it of Ctrl-C
)

// usageError is a mistake in how the program was called.
type usageError struct {
	err     error
	command string // its help says more
}

func (u *usageError) Error() string { return u.err.Error() }
func (u *usageError) Unwrap() error { return u.err }

// usagef makes a usageError for the command, given as in "deskside ports".
func usagef(command, format string, args ...any) error {
	return &usageError{err: fmt.Errorf(format, args...), command: command}
}

// statusError carries the exit status of a program that was run for the user,
// whose output has already said what there is to say.
type statusError struct{ status int }

func (s statusError) Error() string { return fmt.Sprintf("exit status %d", s.status) }

// interruptedError is what a command says that a signal ended in its work.
type interruptedError struct{ known *deskside.Error }

func (i *interruptedError) Error() string { return "interrupted" }
func (i *interruptedError) Unwrap() error { return i.known }

// interrupted tells what broke off because the user wanted it from what broke.
func interrupted(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil || !errors.Is(err, context.Canceled) && exitStatus(err) != exitUnreachable {
		return err
	}
	known := *explain(err)
	if deskside.CodeOf(err) != deskside.CodeUnreachable {
		known.Do = "It was interrupted; nothing more was done."
	}
	return &interruptedError{&known}
}

// exitStatus gives the status for what a command returned. A refusal counts as
// one only when the other side said it.
func exitStatus(err error) int {
	if err == nil {
		return exitDone
	}
	if s, ok := errors.AsType[statusError](err); ok {
		return s.status
	}
	if _, ok := errors.AsType[*usageError](err); ok {
		return exitUsage
	}
	if _, ok := errors.AsType[*interruptedError](err); ok {
		return exitInterrupted
	}
	switch said := deskside.AsError(err); said.Code {
	case deskside.CodeUnknownKey, deskside.CodeDenied, deskside.CodeRefused, deskside.CodeExpired,
		deskside.CodeNobody, deskside.CodeNoTicket, deskside.CodeNoRight, deskside.CodePolicyBroken,
		deskside.CodeBusy, deskside.CodeTooMany:
		if said.By != "" {
			return exitRefused
		}
	case deskside.CodeBadRequest:
		if said.By == "" {
			return exitUsage
		}
	case deskside.CodeUnreachable:
		return exitUnreachable
	}
	return exitFailed
}

// report tells the user about err, in words with what to do next, and under
// --json as a JSON value too. It returns err.
func (e *env) report(err error) error {
	if _, said := errors.AsType[statusError](err); err == nil || said {
		return err
	}
	shown := *explain(err)
	fmt.Fprintf(e.stderr, "deskside: %s\n", plain.Text(err.Error()))
	if shown.Do != "" {
		fmt.Fprintf(e.stderr, "%s\n", plain.Text(shown.Do))
	}
	if e.json {
		shown.Words = err.Error()
		json.NewEncoder(e.stdout).Encode(map[string]any{"error": shown})
	}
	return err
}

// explain gives err as code, words and what to do next.
func explain(err error) *deskside.Error {
	if u, ok := errors.AsType[*usageError](err); ok {
		return deskside.Errorf(deskside.CodeBadRequest, "%s", u.Error()).Hint("See %s --help.", u.command)
	}
	found := deskside.AsError(err)
	if found.Do == "" && errors.Is(err, context.Canceled) {
		return found.Hint("It was interrupted; nothing more was done.")
	}
	return found
}
