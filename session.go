package deskside

import (
	"fmt"
	"slices"
	"time"
)

// State is where a session stands.
//
//	asked ──► granted ──► active ◄──► suspended
//	  │          │           │            │
//	  └──────────┴───────────┴────────────┴──► ended
//
// A session is asked from setup until the answer, granted until its control
// stream is there, active while that stream lives, and suspended when the
// network lost it. Ended never resumes.
type State uint8

// The states.
const (
	Asked State = iota
	Granted
	Active
	Suspended
	Ended
)

var stateNames = [...]string{"asked", "granted", "active", "suspended", "ended"}

// String gives the state's name.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("state %d", uint8(s))
}

// MarshalText gives the state's name.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a state's name.
func (s *State) UnmarshalText(b []byte) error {
	i := slices.Index(stateNames[:], string(b))
	if i < 0 {
		return fmt.Errorf("unknown session state %q", b)
	}
	*s = State(i)
	return nil
}

// Cause says why a session was suspended or ended.
type Cause string

// The causes.
const (
	CauseOperator  Cause = "operator"       // the operator ended it
	CausePerson    Cause = "person"         // the person pressed Stop
	CauseIdle      Cause = "idle-limit"     // no activity for the idle limit
	CauseAbsolute  Cause = "absolute-limit" // it lasted as long as policy allows
	CausePolicy    Cause = "policy"         // policy changed and no longer allows it
	CauseLost      Cause = "lost"           // the network lost it
	CauseGrace     Cause = "grace"          // lost, and not back within the grace time
	CauseShutdown  Cause = "agent-shutdown" // the agent stops
	CauseAudit     Cause = "audit"          // the audit can no longer be written
	CauseRefused   Cause = "refused"        // it was never granted
	CauseWithdrawn Cause = "withdrawn"      // the operator went away while asking
)

// Words says the cause for people.
func (c Cause) Words() string {
	words, ok := map[Cause]string{
		"":             "the cause is not known",
		CauseOperator:  "the operator ended the session",
		CausePerson:    "the person stopped the session",
		CauseIdle:      "nothing happened for as long as the idle limit allows",
		CauseAbsolute:  "the session lasted as long as policy allows",
		CausePolicy:    "policy changed and no longer allows the session",
		CauseLost:      "the connection was lost",
		CauseGrace:     "the connection was lost and did not return in time",
		CauseShutdown:  "the agent was stopped",
		CauseAudit:     "the agent could not write its audit",
		CauseRefused:   "the session was refused",
		CauseWithdrawn: "the operator went away before the answer",
	}[c]
	if !ok {
		return "cause " + string(c)
	}
	return words
}

// Limits bound a session. They are sent as whole seconds.
type Limits struct {
	Idle     Seconds `json:"idle_s"`     // without operator activity
	Absolute Seconds `json:"absolute_s"` // from grant to end
	Grace    Seconds `json:"grace_s"`    // a lost session may return within
}

// Seconds is a duration that crosses the wire as a whole number of seconds.
type Seconds int64

// Duration converts s.
func (s Seconds) Duration() time.Duration { return time.Duration(s) * time.Second }

// Operator is who helps, as far as known: the key is proved, Name is what
// policy calls it, the other fields are what the peer claims of itself.
type Operator struct {
	Key      OperatorID `json:"key"`
	Name     string     `json:"name,omitempty"`      // from policy; empty for a key it does not name
	SaysName string     `json:"says_name,omitempty"` // claimed
	SaysHost string     `json:"says_host,omitempty"` // claimed
	Address  string     `json:"address,omitempty"`   // where the stream comes from
}

// Title gives the name to show for the operator: policy's, or what the peer
// says, marked as such.
func (o Operator) Title() string {
	switch {
	case o.Name != "":
		return o.Name
	case o.SaysName != "":
		return fmt.Sprintf("says %q", o.SaysName)
	}
	return "unnamed operator " + o.Key.LastGroup()
}

// Session is one session as plain data: a copy of its row in the agent's
// table.
type Session struct {
	ID       SessionID `json:"id"`
	State    State     `json:"state"`
	Operator Operator  `json:"operator"`
	Rights   Rights    `json:"rights"`
	Reason   string    `json:"reason,omitempty"`
	Limits   Limits    `json:"limits"`
	Began    time.Time `json:"began,omitzero"`  // when it was granted
	Until    time.Time `json:"until,omitzero"`  // the absolute limit; while suspended, the end of the grace time if that is sooner
	Ended    time.Time `json:"ended,omitzero"`  // when it ended
	Cause    Cause     `json:"cause,omitempty"` // why it is suspended or ended
}

// Transport is how a stream travels.
type Transport string

// The transports. Memory joins two ends in one process, in tests.
const (
	TCP    Transport = "tcp"
	UDP    Transport = "udp"
	Memory Transport = "memory"
)

// Path is the way a stream takes.
type Path struct {
	Transport Transport `json:"transport"`
	Local     string    `json:"local"`
	Remote    string    `json:"remote"`
}

// Stream is what the gate needs to know of an authenticated stream, and the
// means to end it.
type Stream interface {
	Peer() KeyID
	Service() Service
	Path() Path

	// Abort ends both directions at once and discards what is queued. It
	// never blocks and may be called more than once, from any goroutine.
	Abort()

	// AfterClose arranges for f to run once, in its own goroutine, when the
	// stream is closed or aborted; at once if it already is.
	AfterClose(f func())
}

// Gate admits streams to live sessions. The agent implements it; the services
// ask it.
type Gate interface {
	// Admit checks that ticket is live, was issued for the stream's service
	// and to the stream's peer. From then on the stream is aborted when the
	// session is suspended or ends. A refusal is an *Error, already audited.
	Admit(ticket Ticket, stream Stream) (Pass, error)
}

// Pass is a service's hold on a live session. Its methods may be called from
// any goroutine.
type Pass interface {
	// Session copies the session as it stands now.
	Session() Session

	// Check returns nil if the session is active and holds the right at this
	// moment, else an *Error. Every operation asks.
	Check(Right) error

	// Touch says that the operator did something, which resets the idle
	// limit. Heartbeats and picture updates are not activity.
	Touch()

	// Record writes events to the audit, all or none and with one wait for the
	// disk, with the session, operator, address and transport filled in. An error
	// means that the operation must not go on.
	Record(...Event) error

	// Done is closed when the stream must stop: the session was suspended or
	// ended. Cause then says why.
	Done() <-chan struct{}
	Cause() Cause
}
