package deskside

import "time"

// EventKind names an event of the audit. Whatever begins has an end of its own.
type EventKind string

// The events.
const (
	EventAgentStart  EventKind = "agent-start"
	EventAgentStop   EventKind = "agent-stop"
	EventPolicy      EventKind = "policy" // loaded, changed or broken
	EventRepaired    EventKind = "audit-repaired"
	EventPermitted   EventKind = "access-permitted"
	EventDenied      EventKind = "access-denied"
	EventAsked       EventKind = "consent-asked"
	EventGiven       EventKind = "consent-given"
	EventRefused     EventKind = "consent-refused"
	EventWithdrawn   EventKind = "consent-withdrawn"
	EventMeeting     EventKind = "meeting" // six digits: accepted or not
	EventBegin       EventKind = "session-begin"
	EventSuspend     EventKind = "session-suspend"
	EventResume      EventKind = "session-resume"
	EventEnd         EventKind = "session-end"
	EventControl     EventKind = "control-begin"
	EventControlTo   EventKind = "control-change" // a viewer shows or may do something else
	EventControlEnd  EventKind = "control-end"
	EventClipboard   EventKind = "clipboard"
	EventChat        EventKind = "chat-begin"
	EventChatMessage EventKind = "chat-message"
	EventChatEnd     EventKind = "chat-end"
	EventTransfer    EventKind = "transfer-begin"
	EventTransferEnd EventKind = "transfer-end"
	EventFile        EventKind = "file" // listed, made, renamed or deleted
	EventInfo        EventKind = "info" // facts of the machine were read
	EventExecute     EventKind = "execute-begin"
	EventExecuteEnd  EventKind = "execute-end"
	EventReboot      EventKind = "reboot"
)

// EventKinds are all of them.
var EventKinds = [...]EventKind{
	EventAgentStart, EventAgentStop, EventPolicy, EventRepaired,
	EventPermitted, EventDenied, EventAsked, EventGiven, EventRefused, EventWithdrawn, EventMeeting,
	EventBegin, EventSuspend, EventResume, EventEnd,
	EventControl, EventControlTo, EventControlEnd, EventClipboard,
	EventChat, EventChatMessage, EventChatEnd,
	EventTransfer, EventTransferEnd, EventFile, EventInfo,
	EventExecute, EventExecuteEnd, EventReboot,
}

// Event is one entry of the audit. Whoever reports one fills in what it knows;
// the gate adds the session, and the audit the time, number and chain.
type Event struct {
	Kind      EventKind  `json:"kind"`
	Session   *SessionID `json:"session,omitempty"`
	Operator  *KeyID     `json:"operator,omitempty"`
	Name      string     `json:"name,omitempty"` // policy's name for the operator, or what it says, marked
	Address   string     `json:"address,omitempty"`
	Transport Transport  `json:"transport,omitempty"`
	Service   string     `json:"service,omitempty"`
	Rights    string     `json:"rights,omitempty"`
	Reason    string     `json:"reason,omitempty"` // the operator's, at setup
	Cause     Cause      `json:"cause,omitempty"`
	Code      Code       `json:"code,omitempty"`
	Words     string     `json:"words,omitempty"`
	Began     time.Time  `json:"began,omitzero"` // on an end: when it began

	// Detail holds what is particular to the kind: "path", "size", "hash",
	// "argv", "exit". Keys are lower case with hyphens.
	Detail map[string]string `json:"detail,omitempty"`
}
