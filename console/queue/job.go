package queue

import (
	"time"

	"deskside"
)

// Job is one file or folder on its way. Here is its path on this machine, There
// on the far one; which of them is the source says Up.
type Job struct {
	ID      string           `json:"id"`
	Agent   deskside.AgentID `json:"agent"`   // the far machine's key
	Machine string           `json:"machine"` // and its name, to be shown
	Up      bool             `json:"up,omitempty"`
	Here    string           `json:"here"`
	There   string           `json:"there"`
	Tree    bool             `json:"tree,omitempty"`    // a folder with everything in it
	Move    bool             `json:"move,omitempty"`    // the source goes to the trash at the end
	Replace bool             `json:"replace,omitempty"` // what has the target's name may go
	Page    string           `json:"page,omitempty"`    // the bytes are with the page that gave it this name; Here is a name alone

	State State           `json:"state"`
	Done  int64           `json:"done"`           // bytes
	Size  int64           `json:"size,omitempty"` // bytes; of a folder not known before the end
	Files int             `json:"files,omitempty"`
	Same  int             `json:"same,omitempty"` // there already
	Left  int             `json:"left,omitempty"` // left out
	Hash  string          `json:"hash,omitempty"` // BLAKE3 of the whole file, as both sides have it
	Error *deskside.Error `json:"error,omitempty"`
	Ended time.Time       `json:"ended,omitzero"`
}

// State is where a job stands.
type State string

// The states, drawn in the package comment.
const (
	Waiting   State = "waiting"
	Running   State = "running"
	Paused    State = "paused"
	Done      State = "done"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// over reports whether nothing more happens by itself.
func (s State) over() bool { return s == Done || s == Failed || s == Cancelled }

// Order is what the operator wants of a job.
type Order string

// The orders. Those that do not fit a job's state are refused as conflict.
const (
	Pause   Order = "pause"   // stop it, and keep what has arrived
	Resume  Order = "resume"  // let it wait again
	Retry   Order = "retry"   // the same, of one that failed or was cancelled
	Replace Order = "replace" // retry, and let what has the name go
	Cancel  Order = "cancel"
	First   Order = "first"  // before all others
	Up      Order = "up"     // one place towards the front
	Down    Order = "down"   // and towards the end
	Forget  Order = "forget" // take it off the list, if it is over
)
