package chat

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"deskside"
)

// frames are one of each type, with every field.
func frames() []Frame {
	id, state := deskside.SessionID{1, 2, 3}, deskside.Suspended
	at := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	return []Frame{
		{Type: Join},
		{Type: Join, Since: 17},
		{Type: Say, ID: "A-b_9", Text: "line one\nline\ttwo"},
		{Type: Say, ID: "x", Text: strings.Repeat("<", MaxText)},
		{Type: Typing, On: true},
		{Type: Typing, From: deskside.ByPerson},
		{Type: Got, Seq: 3},
		{Type: Seen, Seq: 3},
		{Type: Welcome, Session: &id, You: "Ole", Peer: "Änne", First: 2, Last: 9},
		{Type: Message, Seq: 9, ID: "x", From: deskside.ByOperator, Name: "Ole", Text: "שלום \u200fعليكم 👩🏽‍🚀", Time: at},
		{Type: Ack, ID: "x", Seq: 9},
		{Type: Refused, ID: "x", Error: deskside.Errorf(deskside.CodeConflict, "no")},
		{Type: Marks, From: deskside.ByPerson, Got: 9, Seen: 8},
		{Type: State, State: &state, Until: at},
		{Type: End, Cause: deskside.CausePerson},
		{Type: End, Error: deskside.Errorf(deskside.CodeBadRequest, "no")},
	}
}

func TestFrameRoundTrip(t *testing.T) {
	for _, want := range frames() {
		line, err := AppendFrame(nil, want)
		if err != nil {
			t.Errorf("%+v: %v", want, err)
			continue
		}
		if len(line) > MaxLine || bytes.IndexByte(line, '\n') != len(line)-1 {
			t.Errorf("%s: not one line within the limit", line[:min(len(line), 200)])
		}
		got, err := ParseFrame(line)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s gave\n%+v, %v, want\n%+v", line, got, err, want)
		}
		for i := range min(len(line)-1, 500) {
			if got, err := ParseFrame(line[:i]); deskside.CodeOf(err) != deskside.CodeBadRequest {
				t.Fatalf("the first %d bytes of %s gave %+v, %v", i, line, got, err)
			}
		}
	}
}

func TestParseFrameRefuses(t *testing.T) {
	for name, line := range map[string]string{
		"nothing":                ``,
		"not JSON":               `hello`,
		"an array":               `[]`,
		"null":                   `null`,
		"no type":                `{}`,
		"unknown type":           `{"type":"shout"}`,
		"a local type":           `{"type":"online"}`,
		"unknown field":          `{"type":"join","colour":"red"}`,
		"misplaced field":        `{"type":"join","text":"hi"}`,
		"two objects":            `{"type":"join"}{"type":"join"}`,
		"bytes after":            `{"type":"join"} x`,
		"negative number":        `{"type":"join","since":-1}`,
		"fraction":               `{"type":"join","since":1.5}`,
		"number over 64 bits":    `{"type":"join","since":99999999999999999999}`,
		"say without id":         `{"type":"say","text":"hi"}`,
		"say without text":       `{"type":"say","id":"a"}`,
		"id with a space":        `{"type":"say","id":"a b","text":"hi"}`,
		"long id":                `{"type":"say","id":"` + strings.Repeat("a", MaxID+1) + `","text":"hi"}`,
		"text over the limit":    `{"type":"say","id":"a","text":"` + strings.Repeat("a", MaxText+1) + `"}`,
		"a line over the limit":  `{"type":"say","id":"a","text":"` + strings.Repeat(" ", MaxLine) + `"}`,
		"bytes that aren't UTF8": "{\"type\":\"say\",\"id\":\"a\",\"text\":\"\xff\"}",
		"Latin-1":                "{\"type\":\"say\",\"id\":\"a\",\"text\":\"gr\xfc\xdfe\"}",
		"an overlong slash":      "{\"type\":\"say\",\"id\":\"a\",\"text\":\"\xc0\xaf\"}",
		"escape character":       `{"type":"say","id":"a","text":"\u001b[2J"}`,
		"NUL":                    `{"type":"say","id":"a","text":"\u0000"}`,
		"C1 control":             `{"type":"say","id":"a","text":"\u009b"}`,
		"seen without seq":       `{"type":"seen"}`,
		"message from nobody":    `{"type":"message","seq":1,"id":"a","text":"x"}`,
		"message from agent":     `{"type":"message","seq":1,"id":"a","text":"x","from":"agent"}`,
		"refused without error":  `{"type":"refused","id":"a"}`,
		"unknown state":          `{"type":"state","state":"tired"}`,
	} {
		if f, err := ParseFrame([]byte(line)); deskside.CodeOf(err) != deskside.CodeBadRequest {
			t.Errorf("%s: %+v, %v, want bad-request", name, f, err)
		}
	}
}

func FuzzParseFrame(f *testing.F) {
	for _, frame := range frames() {
		line, _ := AppendFrame(nil, frame)
		f.Add(line)
	}
	f.Add([]byte(`{"type":"say","id":"a","text":"\ud800"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		frame, err := ParseFrame(line)
		if err != nil {
			return
		}
		again, err := AppendFrame(nil, frame)
		if err != nil {
			t.Fatalf("%q parses but cannot be written: %v", line, err)
		}
		if got, err := ParseFrame(again); err != nil || !reflect.DeepEqual(got, frame) {
			t.Errorf("%q became %q: %+v, %v", line, again, got, err)
		}
	})
}

func TestBucket(t *testing.T) {
	at := time.Unix(100, 0)
	b := bucket{burst: 3, every: time.Second, full: at}
	for i, want := range []time.Duration{-2, -1, 0, 1, 2} {
		if got := b.take(at); got != want*time.Second {
			t.Errorf("token %d: wait %v, want %ds", i, got, want)
		}
	}
	if got := b.take(at.Add(time.Hour)); got > 0 {
		t.Errorf("after an hour: wait %v", got)
	}
}
