package console

import (
	"encoding/json"
	"time"

	"deskside"
	"deskside/console/queue"
)

// Phase is where a tab of the page stands.
//
//	reaching ──► asking ──► open ◄──► suspended
//	    │           │         │           │
//	    ▼           ▼         └─────┬─────┘
//	  failed ◄── (failed)           ▼
//	                              ended
//
// Failed is a setup that never became a session, ended one that did.
type Phase string

// The phases.
const (
	PhaseReaching  Phase = "reaching"
	PhaseAsking    Phase = "asking"
	PhaseOpen      Phase = "open"
	PhaseSuspended Phase = "suspended"
	PhaseEnded     Phase = "ended"
	PhaseFailed    Phase = "failed"
)

// over reports whether the phase is final.
func (p Phase) over() bool { return p == PhaseEnded || p == PhaseFailed }

// tabView is a tab as the page sees it.
type tabView struct {
	ID         string             `json:"id"` // of the tab, on this console alone
	Machine    Machine            `json:"machine"`
	Phase      Phase              `json:"phase"`
	Reason     string             `json:"reason"`
	Wanted     deskside.Rights    `json:"wanted"`
	Transport  deskside.Transport `json:"transport,omitempty"` // forced
	Digits     string             `json:"digits,omitempty"`
	AskedUntil time.Time          `json:"asked_until,omitzero"`
	Session    *deskside.Session  `json:"session,omitempty"`
	Path       *deskside.Path     `json:"path,omitempty"`
	RTTms      float64            `json:"rtt_ms,omitempty"`
	QuietS     int                `json:"quiet_s,omitempty"` // for how long nothing was heard, when a beat is late
	Error      *deskside.Error    `json:"error,omitempty"`
	CauseWords string             `json:"cause_words,omitempty"`
	Do         string             `json:"do,omitempty"` // after the end: what to do next
	Ended      time.Time          `json:"ended,omitzero"`
	Transfers  []transferView     `json:"transfers,omitempty"`
}

// transferView is a file on its way.
type transferView struct {
	ID    string          `json:"id"`
	Name  string          `json:"name"`
	Path  string          `json:"path"` // on the far side
	Up    bool            `json:"up"`   // to the machine
	Done  int64           `json:"done"`
	Size  int64           `json:"size"`
	State string          `json:"state"` // "waiting", "running", "done", "failed", "cancelled"
	Error *deskside.Error `json:"error,omitempty"`
}

// machineView is a machine with how it was last reached.
type machineView struct {
	Machine
	Reach *Reach `json:"reach,omitempty"`
}

// notice is one message of the event stream.
type notice struct {
	Type     string          `json:"type"` // "hello", "machines", "tab", "gone", "queue", "job"
	Version  string          `json:"version,omitempty"`
	Operator string          `json:"operator,omitempty"`
	Open     *Opening        `json:"open,omitempty"` // in a hello
	Kept     json.RawMessage `json:"kept,omitempty"` // in a hello
	Machines []machineView   `json:"machines,omitempty"`
	Tabs     []tabView       `json:"tabs,omitempty"`
	Tab      *tabView        `json:"tab,omitempty"`
	ID       string          `json:"id,omitempty"`
	Here     string          `json:"here,omitempty"` // in a hello: the folder of this machine that is shown
	Queue    []queue.Job     `json:"queue,omitzero"` // in a hello and in "queue"
	Job      *queue.Job      `json:"job,omitempty"`
}

// afterwards says what the operator can do once a session has ended.
func afterwards(c deskside.Cause) string {
	switch c {
	case deskside.CauseOperator:
		return "Set up a new session if there is more to do."
	case deskside.CausePerson:
		return "Speak with the person before you ask again."
	case deskside.CauseIdle:
		return "Set up a new session to go on; the person may be asked again."
	case deskside.CauseAbsolute:
		return "Set up a new session if the work is not finished."
	case deskside.CausePolicy:
		return "Ask whoever looks after the machine's policy what changed."
	case deskside.CauseLost, deskside.CauseGrace:
		return "See whether the machine is reachable, then set up a new session."
	case deskside.CauseShutdown:
		return "Wait until the machine is back, then set up a new session."
	case deskside.CauseAudit:
		return "The machine refuses sessions until its audit can be written; its disk may be full."
	}
	return "Set up a new session to try again."
}
