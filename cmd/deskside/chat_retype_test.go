package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"deskside"
	"deskside/chat"
)

func TestRetypedReplacesWhatWasTyped(t *testing.T) {
	at := time.Date(2026, 1, 2, 7, 31, 0, 0, time.Local)
	for _, c := range []struct {
		text, want string
		wide       int
	}{
		{"hello", "\x1b[1A\r\x1b[J07:31 you: hello\n", 80},
		{strings.Repeat("é", 80), "\x1b[1A\r\x1b[J07:31 you: " + strings.Repeat("é", 80) + "\n", 80},
		{strings.Repeat("é", 81), "\x1b[2A\r\x1b[J07:31 you: " + strings.Repeat("é", 81) + "\n", 80},
		{"a\x1b[2J", "\x1b[1A\r\x1b[J07:31 you: a[U+001B][2J\n", 0},
	} {
		if got := retyped(c.text, c.wide, at); got != c.want {
			t.Errorf("%q on %d columns: %q, want %q", c.text, c.wide, got, c.want)
		}
	}
}

func TestSayFrameNamesOneselfYou(t *testing.T) {
	m := chat.Frame{Type: chat.Message, From: deskside.ByOperator, Name: "says \"root\"", Text: "hello"}
	for side, want := range map[deskside.Side]string{deskside.ByOperator: " you: hello\n", deskside.ByPerson: " says \"root\": hello\n"} {
		var out bytes.Buffer
		if err := (&env{stdout: &out}).sayFrame(m, side); err != nil || !strings.HasSuffix(out.String(), want) {
			t.Errorf("to the %s: %q, %v", side, out.String(), err)
		}
	}
}

func TestDigitsHaveALineOfTheirOwn(t *testing.T) {
	var out bytes.Buffer
	(&env{stderr: &out}).sayDigits("367502")
	for line := range strings.Lines(out.String()) {
		if len(line) > 80 || strings.Contains(line, "367") && strings.TrimSpace(line) != "367 502" {
			t.Errorf("the line %q", line)
		}
	}
}
