package chat

import (
	"bytes"
	"encoding/json"
	"io"
	"time"
	"unicode"
	"unicode/utf8"

	"deskside"
)

// Limits of what is said.
const (
	MaxText = 8 << 10  // bytes of a message's text
	MaxID   = 64       // bytes of a message's ID
	MaxLine = 64 << 10 // bytes of a frame, newline included: a text may be escaped, \u0001 for each byte
	maxName = 1 << 10  // bytes of a shown name
)

// Type says what a frame is. The package comment lists them with their fields.
type Type string

// The types.
const (
	Join    Type = "join"
	Say     Type = "say"
	Typing  Type = "typing"
	Got     Type = "got"
	Seen    Type = "seen"
	Welcome Type = "welcome"
	Message Type = "message"
	Ack     Type = "ack"
	Refused Type = "refused"
	Marks   Type = "marks"
	State   Type = "state"
	End     Type = "end"

	// Online and Offline are what a Client tells its user of the stream. They
	// never cross the wire.
	Online  Type = "online"
	Offline Type = "offline"
)

// Frame is one line of the protocol. Which fields count depends on the type.
type Frame struct {
	Type    Type                `json:"type"`
	Session *deskside.SessionID `json:"session,omitempty"`
	You     string              `json:"you,omitempty"`  // the receiver's name, as the other side sees it
	Peer    string              `json:"peer,omitempty"` // the other side's name
	Since   uint64              `json:"since,omitempty"`
	First   uint64              `json:"first,omitempty"`
	Last    uint64              `json:"last,omitempty"`
	Seq     uint64              `json:"seq,omitempty"`
	ID      string              `json:"id,omitempty"`
	From    deskside.Side       `json:"from,omitempty"` // operator or person
	Name    string              `json:"name,omitempty"` // of who said it
	Text    string              `json:"text,omitempty"`
	Time    time.Time           `json:"time,omitzero"` // when the agent took it
	On      bool                `json:"on,omitempty"`
	Got     uint64              `json:"got,omitempty"`
	Seen    uint64              `json:"seen,omitempty"`
	State   *deskside.State     `json:"state,omitempty"`
	Until   time.Time           `json:"until,omitzero"` // suspended: may return until then
	Cause   deskside.Cause      `json:"cause,omitempty"`
	Error   *deskside.Error     `json:"error,omitempty"`
}

// shapes has, for each type, a frame with every field set that it may carry.
var shapes = map[Type]Frame{
	Join:    {Since: 1},
	Say:     {ID: "x", Text: "x"},
	Typing:  {From: "x", On: true},
	Got:     {Seq: 1},
	Seen:    {Seq: 1},
	Welcome: {Session: new(deskside.SessionID), You: "x", Peer: "x", First: 1, Last: 1},
	Message: {Seq: 1, ID: "x", From: "x", Name: "x", Text: "x", Time: time.Unix(1, 0)},
	Ack:     {ID: "x", Seq: 1},
	Refused: {ID: "x", Error: new(deskside.Error)},
	Marks:   {From: "x", Got: 1, Seen: 1},
	State:   {State: new(deskside.State), Until: time.Unix(1, 0), Cause: "x", Error: new(deskside.Error)},
	End:     {Cause: "x", Error: new(deskside.Error)},
}

// ParseFrame reads one line, with or without its newline. An error is a
// bad-request.
func ParseFrame(line []byte) (f Frame, err error) {
	if len(line) > MaxLine {
		return f, deskside.Errorf(deskside.CodeBadRequest, "a chat line of %d bytes, at most %d", len(line), MaxLine)
	}
	// encoding/json would put a replacement character for bad bytes.
	if !utf8.Valid(line) {
		return f, deskside.Errorf(deskside.CodeBadRequest, "a chat line is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return Frame{}, deskside.Errorf(deskside.CodeBadRequest, "a chat line cannot be read: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return Frame{}, deskside.Errorf(deskside.CodeBadRequest, "a chat line goes on after its object")
	}
	if err := f.check(); err != nil {
		return Frame{}, err
	}
	return f, nil
}

// AppendFrame appends the frame's line, newline included.
func AppendFrame(b []byte, f Frame) ([]byte, error) {
	if err := f.check(); err != nil {
		return b, err
	}
	line, err := json.Marshal(f)
	if err != nil {
		return b, err
	}
	return append(append(b, line...), '\n'), nil
}

// check holds the frame against its type's shape and the limits.
func (f *Frame) check() error {
	shape, ok := shapes[f.Type]
	if !ok {
		return deskside.Errorf(deskside.CodeBadRequest, "unknown chat frame %q", f.Type)
	}
	if name := f.misplaced(shape); name != "" {
		return deskside.Errorf(deskside.CodeBadRequest, "chat frame %q has a field %q", f.Type, name)
	}
	if shape.Text != "" {
		if err := CheckText(f.Text); err != nil {
			return err
		}
	}
	if shape.ID != "" && !goodID(f.ID) {
		return deskside.Errorf(deskside.CodeBadRequest, "message ID %.80q: want 1 to %d letters, digits, hyphens or underscores", f.ID, MaxID)
	}
	if len(f.You)+len(f.Peer)+len(f.Name) > 2*maxName {
		return deskside.Errorf(deskside.CodeBadRequest, "names of more than %d bytes", maxName)
	}
	if f.From != "" && f.From != deskside.ByOperator && f.From != deskside.ByPerson {
		return deskside.Errorf(deskside.CodeBadRequest, "a frame from %.80q: want operator or person", f.From)
	}
	return f.checkRequired(shape)
}

// checkRequired refuses frames without what their type is about.
func (f *Frame) checkRequired(shape Frame) error {
	missing := ""
	switch {
	case shape.Seq != 0 && f.Seq == 0:
		missing = "seq"
	case shape.Session != nil && f.Session == nil:
		missing = "session"
	case shape.State != nil && f.State == nil:
		missing = "state"
	case (f.Type == Message || f.Type == Marks) && f.From == "":
		missing = "from"
	case f.Type == Refused && f.Error == nil:
		missing = "error"
	}
	if missing != "" {
		return deskside.Errorf(deskside.CodeBadRequest, "chat frame %q lacks %q", f.Type, missing)
	}
	return nil
}

// misplaced names a field that is set in f but not in its type's shape.
func (f *Frame) misplaced(shape Frame) string {
	for _, c := range [...]struct {
		name     string
		set, may bool
	}{
		{"session", f.Session != nil, shape.Session != nil},
		{"you", f.You != "", shape.You != ""},
		{"peer", f.Peer != "", shape.Peer != ""},
		{"since", f.Since != 0, shape.Since != 0},
		{"first", f.First != 0, shape.First != 0},
		{"last", f.Last != 0, shape.Last != 0},
		{"seq", f.Seq != 0, shape.Seq != 0},
		{"id", f.ID != "", shape.ID != ""},
		{"from", f.From != "", shape.From != ""},
		{"name", f.Name != "", shape.Name != ""},
		{"text", f.Text != "", shape.Text != ""},
		{"time", !f.Time.IsZero(), !shape.Time.IsZero()},
		{"on", f.On, shape.On},
		{"got", f.Got != 0, shape.Got != 0},
		{"seen", f.Seen != 0, shape.Seen != 0},
		{"state", f.State != nil, shape.State != nil},
		{"until", !f.Until.IsZero(), !shape.Until.IsZero()},
		{"cause", f.Cause != "", shape.Cause != ""},
		{"error", f.Error != nil, shape.Error != nil},
	} {
		if c.set && !c.may {
			return c.name
		}
	}
	return ""
}

// CheckText says whether a text can be sent. An error is a bad-request with
// what to do.
func CheckText(text string) error {
	switch {
	case text == "":
		return deskside.Errorf(deskside.CodeBadRequest, "an empty message")
	case len(text) > MaxText:
		return deskside.Errorf(deskside.CodeBadRequest, "a message of %d bytes, at most %d", len(text), MaxText).
			Hint("Send it in parts, or as a file.")
	case !utf8.ValidString(text):
		return deskside.Errorf(deskside.CodeBadRequest, "a message is not UTF-8")
	}
	for _, r := range text {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return deskside.Errorf(deskside.CodeBadRequest, "a message with the control character %U", r).
				Hint("Only newline and tab may be in a message.")
		}
	}
	return nil
}

func goodID(id string) bool {
	for _, c := range []byte(id) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return 0 < len(id) && len(id) <= MaxID
}
