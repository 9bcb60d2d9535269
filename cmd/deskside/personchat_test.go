package main

import (
	"bytes"
	"strings"
	"testing"

	"deskside"
	"deskside/person"
)

func TestPickRoom(t *testing.T) {
	first, second := person.Room{Session: deskside.NewSessionID()}, person.Room{Session: deskside.NewSessionID()}
	both := []person.Room{first, second}
	over := person.Room{Session: deskside.NewSessionID(), State: deskside.Ended}
	for _, c := range []struct {
		rooms []person.Room
		args  []string
		want  person.Room
		code  deskside.Code
	}{
		{both, nil, second, ""},
		{both, []string{first.Session.String()}, first, ""},
		{both, []string{"x"}, person.Room{}, deskside.CodeNotFound},
		{nil, nil, person.Room{}, deskside.CodeNotFound},
		{[]person.Room{first, over}, nil, first, ""},
		{[]person.Room{over}, nil, over, ""},
		{[]person.Room{first, over}, []string{over.Session.String()}, over, ""},
	} {
		got, err := pickRoom(c.rooms, c.args)
		if got != c.want || deskside.CodeOf(err) != c.code {
			t.Errorf("of %d, %q: %v, %v", len(c.rooms), c.args, got, err)
		}
	}
}

func TestSayRoomMarksClaims(t *testing.T) {
	for _, c := range []struct {
		room person.Room
		want string
	}{
		{person.Room{Name: "Ann", Reason: "INC-1"}, "You chat with Ann.\nThe reason they gave: INC-1\n"},
		{person.Room{Name: "Ann", Says: true, Host: "pc"}, "who says to be \u201cAnn\u201d; the name is not known here.\nThey say they are at pc.\n"},
	} {
		var out bytes.Buffer
		if err := (&env{stdout: &out}).sayRoom(c.room); err != nil || !strings.Contains(out.String(), c.want) {
			t.Errorf("%+v: %q, %v", c.room, out.String(), err)
		}
	}
}

// TestSayOverWaitsForTheReader keeps a terminal window from closing over what
// was just said.
func TestSayOverWaitsForTheReader(t *testing.T) {
	var out bytes.Buffer
	e := &env{stdout: &out, tty: true}
	lines := make(chan string)
	done := make(chan error)
	go func() { done <- e.sayOver(t.Context(), deskside.Errorf(deskside.CodeEnded, "the \x1boperator"), lines) }()
	select {
	case lines <- "one moment":
		lines <- ""
	case err := <-done:
		t.Fatalf("it did not wait: %v", err)
	}
	if err := <-done; err != nil || !strings.Contains(out.String(), "The chat is over: the [U+001B]operator.\nPress Enter") ||
		!strings.Contains(out.String(), "Not said: the chat is over.") {
		t.Errorf("%q, %v", out.String(), err)
	}
}
