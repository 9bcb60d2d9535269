package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/term"
)

// env is what a command has of the world around it.
type env struct {
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	getenv func(string) string
	tty    bool // the standard input is a terminal, so a question can be asked
	errTTY bool // the standard error is one, so progress can be drawn
	json   bool // --json
}

func systemEnv() *env {
	return &env{
		stdin:  os.Stdin,
		stdout: os.Stdout,
		stderr: os.Stderr,
		getenv: os.Getenv,
		tty:    term.IsTerminal(int(os.Stdin.Fd())),
		errTTY: term.IsTerminal(int(os.Stderr.Fd())),
	}
}

// home gives the operator's own place: DESKSIDE_HOME, or deskside in the
// platform's folder for settings. It need not exist yet.
func (e *env) home() (string, error) {
	if dir := e.getenv("DESKSIDE_HOME"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("no place for the operator's settings: %w; set DESKSIDE_HOME", err)
	}
	return filepath.Join(dir, "deskside"), nil
}

// line prints value as one line of JSON.
func (e *env) line(value any) error { return json.NewEncoder(e.stdout).Encode(value) }

// show prints a command's result: value as JSON under --json, else what text
// writes.
func (e *env) show(value any, text func(w io.Writer) error) error {
	if !e.json {
		return text(e.stdout)
	}
	enc := json.NewEncoder(e.stdout)
	enc.SetIndent("", "  ")
	return enc.Encode(value)
}
