package rcinfo

import (
	"time"
	"unicode/utf8"

	"deskside"
)

// The limits of messages.
const (
	MaxBody      = 64 << 10
	MaxLine      = 4 << 10
	MaxText      = 1200 // bytes of a name or host; 300 characters of any script
	MaxReason    = 4800 // bytes of a reason
	MaxRequestID = 64
)

// The names of the upgraded protocols.
const (
	MeetProtocol    = "deskside-meet"
	ControlProtocol = "deskside-control"
)

// Hello says who the agent is. For a stranger only Agent and Protocol are set.
type Hello struct {
	Agent    deskside.AgentID `json:"agent"`
	Protocol int              `json:"protocol"`
	Known    bool             `json:"known"`
	Name     string           `json:"name,omitempty"` // the machine's name
	Version  string           `json:"version,omitempty"`
	Platform string           `json:"platform,omitempty"` // "linux/amd64"
	Desktop  string           `json:"desktop,omitempty"`  // "1920x1080"; empty: there is none
	Screens  []Screen         `json:"screens,omitempty"`  // the primary first
	Ports    map[string]int   `json:"ports,omitempty"`    // by process name
	Policy   *Policy          `json:"policy,omitempty"`   // as it applies to the operator who asks
}

// Screen is one monitor, and where it is on the desktop, in pixels.
type Screen struct {
	ID   uint32 `json:"id"` // by which a viewer asks for it
	Name string `json:"name"`
	X    int    `json:"x"`
	Y    int    `json:"y"`
	W    int    `json:"w"`
	H    int    `json:"h"`
}

// Policy is what policy says to one operator.
type Policy struct {
	Name     string          `json:"name"`   // what policy calls the operator
	Rights   deskside.Rights `json:"rights"` // at most these
	Consent  bool            `json:"consent"`
	AskFor   int             `json:"ask_s"` // how long the question stands, seconds
	Limits   deskside.Limits `json:"limits"`
	Broken   string          `json:"broken,omitempty"` // the policy file in place cannot be used: why
	Presence string          `json:"presence"`         // "present", "locked" or "nobody"
}

// Setup asks for a session.
type Setup struct {
	Request string          `json:"request"` // chosen by the client, 1 to 64 printable bytes; repeats get the same answer
	Rights  deskside.Rights `json:"rights"`
	Reason  string          `json:"reason"`
	Name    string          `json:"name"` // what the operator says of themselves
	Host    string          `json:"host"`
}

// Validate checks the limits of s.
func (s *Setup) Validate() error {
	if err := printable("request", s.Request, MaxRequestID); err != nil {
		return err
	}
	for _, f := range []struct {
		name, text string
		limit      int
	}{{"reason", s.Reason, MaxReason}, {"name", s.Name, MaxText}, {"host", s.Host, MaxText}} {
		if len(f.text) > f.limit {
			return deskside.Errorf(deskside.CodeBadRequest, "the %s has %d bytes: at most %d", f.name, len(f.text), f.limit)
		}
		if !utf8.ValidString(f.text) {
			return deskside.Errorf(deskside.CodeBadRequest, "the %s is not UTF-8", f.name)
		}
	}
	if s.Rights == 0 {
		return deskside.Errorf(deskside.CodeBadRequest, "the setup asks for no right")
	}
	return nil
}

func printable(name, text string, limit int) error {
	if text == "" || len(text) > limit {
		return deskside.Errorf(deskside.CodeBadRequest, "the %s has %d bytes: want 1 to %d", name, len(text), limit)
	}
	for _, b := range []byte(text) {
		if b <= ' ' || b > '~' {
			return deskside.Errorf(deskside.CodeBadRequest, "the %s has a byte %#x: want printable ASCII", name, b)
		}
	}
	return nil
}

// Asking says that the person is being asked.
type Asking struct {
	Until  time.Time `json:"until"`
	Digits bool      `json:"digits,omitempty"`
}

// Progress is one line of the answer to a Setup. Exactly one field is set.
type Progress struct {
	Asking *Asking         `json:"asking,omitempty"`
	Answer *Answer         `json:"answer,omitempty"`
	Error  *deskside.Error `json:"error,omitempty"`
}

// Answer is a granted session with its tickets by process name.
type Answer struct {
	Session deskside.Session           `json:"session"`
	Tickets map[string]deskside.Ticket `json:"tickets"`
}

// Resume asks for a suspended session.
type Resume struct {
	Session deskside.SessionID `json:"session"`
}

// Status is a live session with its open streams.
type Status struct {
	Session deskside.Session `json:"session"`
	Streams []StreamStatus   `json:"streams"`
}

// StreamStatus is one open stream of a session.
type StreamStatus struct {
	Service string        `json:"service"`
	Path    deskside.Path `json:"path"`
}

// Ended says why a session ended, and proves how far the audit had come: the
// head is signed by the agent's key, so that a tail cut off later is found.
type Ended struct {
	Session deskside.Session `json:"session"`
	Words   string           `json:"words"`
	Head    string           `json:"head,omitempty"` // the signed head, JSON of package audit
}

// Control is one line of the control stream.
type Control struct {
	Do      Verb              `json:"do"`
	Session *deskside.Session `json:"session,omitempty"` // with VerbSession
	Ended   *Ended            `json:"ended,omitempty"`   // with VerbEnd from the agent
}

// Verb is what a Control line does.
type Verb string

// The verbs.
const (
	VerbBeat    Verb = "beat"
	VerbSession Verb = "session"
	VerbEnd     Verb = "end"
)

// Commit is the client's first line of a meeting.
type Commit struct {
	Commit []byte `json:"commit"` // 32 bytes
}

// Reveal is the client's second line.
type Reveal struct {
	Nonce []byte `json:"nonce"` // 32 bytes
	Setup Setup  `json:"setup"`
}

// NonceOrError is the agent's first line of a meeting. Exactly one field is
// set.
type NonceOrError struct {
	Nonce []byte          `json:"nonce,omitempty"` // 32 bytes
	Error *deskside.Error `json:"error,omitempty"`
}

// bytes32 checks that a field of a meeting has 32 bytes.
func bytes32(name string, b []byte) (v [32]byte, err error) {
	if len(b) != len(v) {
		return v, deskside.Errorf(deskside.CodeBadRequest, "the %s has %d bytes: want %d", name, len(b), len(v))
	}
	return [32]byte(b), nil
}
