package main

import (
	"bytes"
	"testing"

	"deskside/chat"
)

// A stream that is back at once is not mentioned, nor is the one that breaks
// because the session ends.
func TestOutageIsSaidOnceItLasts(t *testing.T) {
	offline, online := chat.Frame{Type: chat.Offline}, chat.Frame{Type: chat.Online}
	var out bytes.Buffer
	o := outage{e: &env{stderr: &out}}
	o.note(offline)
	if o.due == nil {
		t.Fatal("nothing will be said")
	}
	o.note(online)
	if o.due != nil || out.Len() > 0 {
		t.Errorf("back at once: %q", out.String())
	}
	o.note(offline)
	o.say()
	o.note(offline)
	if o.due != nil {
		t.Error("it would be said again")
	}
	o.note(online)
	if want := "the connection was lost; trying again\nconnected again\n"; out.String() != want {
		t.Errorf("said %q, want %q", out.String(), want)
	}
}

// Who joins late, or was away for long, is told how much is missing.
func TestGapIsSaid(t *testing.T) {
	var out bytes.Buffer
	g := gap{e: &env{stderr: &out}}
	welcome := func(first uint64) { g.note(chat.Frame{Type: chat.Welcome, First: first}) }
	welcome(0)
	welcome(1)
	g.note(chat.Frame{Type: chat.Message, Seq: 5})
	welcome(1)
	welcome(6)
	if out.Len() > 0 {
		t.Errorf("nothing is missing, and it says %q", out.String())
	}
	welcome(16)
	if want := "(10 earlier lines are no longer kept)\n"; out.String() != want {
		t.Errorf("said %q, want %q", out.String(), want)
	}
}
