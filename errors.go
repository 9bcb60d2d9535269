package deskside

import (
	"errors"
	"fmt"
)

// Code is the class of a refusal or failure, stable for programs.
type Code string

// The codes.
const (
	CodeBadRequest   Code = "bad-request"   // the message cannot be read or breaks a limit
	CodeWrongService Code = "wrong-service" // another service listens on this port
	CodeWrongKey     Code = "wrong-key"     // the peer is not who was expected
	CodeUnknownKey   Code = "unknown-key"   // policy does not name this operator
	CodeUnpinned     Code = "unpinned"      // this operator has never met the agent
	CodeDenied       Code = "denied"        // policy refuses
	CodeRefused      Code = "refused"       // the person refused
	CodeExpired      Code = "expired"       // no answer in time
	CodeNobody       Code = "nobody"        // nobody is there to consent
	CodeNoTicket     Code = "no-ticket"     // no ticket, or none that is live
	CodeNoRight      Code = "no-right"      // the session does not hold the right
	CodeEnded        Code = "ended"         // the session has ended
	CodeSuspended    Code = "suspended"     // the session waits for its operator to return, or the ticket is from before it did
	CodeBusy         Code = "busy"          // another question, or a limit on how many
	CodeTooMany      Code = "too-many"      // tried too often; later again
	CodePolicyBroken Code = "policy-broken" // the policy file does not parse, or others could write it
	CodeNoAudit      Code = "no-audit"      // the audit cannot be written
	CodeNoDesktop    Code = "no-desktop"    // there is no screen to show
	CodeNotFound     Code = "not-found"     // no such thing
	CodeExists       Code = "exists"        // there is one already
	CodeNoAccess     Code = "no-access"     // the system there refuses the file to the agent's user
	CodeNoSpace      Code = "no-space"      // the disk is full
	CodeConflict     Code = "conflict"      // what was said does not hold (length, hash, state)
	CodeUnreachable  Code = "unreachable"   // no answer on the network
	CodeUnsupported  Code = "unsupported"   // this agent cannot do that
	CodeInternal     Code = "internal"      // a fault of ours
)

// Side says who speaks.
type Side string

// The sides.
const (
	ByAgent    Side = "agent"
	ByPerson   Side = "person"
	ByOperator Side = "operator"
)

// Error is a refusal or failure as it crosses the wire and as it is shown: a
// code for programs, words for people, who said it, and what to do next.
type Error struct {
	Code  Code   `json:"code"`
	Words string `json:"words"`        // lower case, without a full stop
	By    Side   `json:"by,omitempty"` // empty: this program
	Do    string `json:"do,omitempty"` // what to do next, a sentence

	Err error `json:"-"` // what caused it, never sent
}

// Error gives the words, and who said them where that is a peer.
func (e *Error) Error() string {
	text := e.Words
	if text == "" {
		text = string(e.Code)
	}
	if e.By != "" {
		text = fmt.Sprintf("%s: %s", e.By, text)
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error with formatted words.
func Errorf(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Words: err.Error(), Err: nil}
}

// Hint gives the error with what to do next.
func (e *Error) Hint(format string, args ...any) *Error {
	c := *e
	c.Do = fmt.Sprintf(format, args...)
	return &c
}

// From gives the error with who said it.
func (e *Error) From(s Side) *Error {
	c := *e
	c.By = s
	return &c
}

// AsError finds the Error in err, or wraps err as a fault of ours.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Code: CodeInternal, Words: err.Error(), Err: nil}
}

// CodeOf gives the code of err: empty for nil, CodeInternal for an error that
// carries none.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	return AsError(err).Code
}
