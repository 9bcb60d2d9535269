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
