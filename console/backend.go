package console

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"time"

	"deskside"
	"deskside/console/queue"
	"deskside/remctrl"
	"deskside/xfer/disk"
)

// Backend is what the console needs of the operator's side: an address book,
// and sessions. Package client does the work behind it.
type Backend interface {
	Book
	Setter
}

// Book is the operator's address book.
type Book interface {
	// Operator gives the operator's own key.
	Operator() deskside.OperatorID

	// Machines lists the address book.
	Machines() ([]Machine, error)

	// Save adds a machine, or changes the one that was called old. An empty
	// old adds; a name that is taken is CodeExists.
	Save(old string, m Machine) error

	// Remove takes the machine out of the book. What it was pinned to is kept.
	Remove(name string) error

	// Look asks who answers at an address, over a handshake alone.
	Look(ctx context.Context, address string) (Look, error)

	// Pin remembers the key an address showed, after the operator compared
	// it. A different key that is already pinned is CodeWrongKey.
	Pin(address string, id deskside.AgentID) error

	// Probe tries both transports of the machine once.
	Probe(ctx context.Context, address string) Reach

	// Kept gives what the page keeps of the operator's habits, a JSON object
	// of its own; Keep replaces it. The page's address, and so its storage in
	// the browser, is another at each start.
	Kept() (json.RawMessage, error)
	Keep(json.RawMessage) error
}

// Setter sets sessions up.
type Setter interface {
	// Setup reaches the machine and asks for a session. It reports where it
	// stands to tell, in order, and returns when the session is open or
	// refused. Ending ctx withdraws the question.
	Setup(ctx context.Context, r Request, tell func(Progress)) (Session, error)
}

// Machine is one entry of the address book.
type Machine struct {
	Name    string           `json:"name"`    // at most 64 characters, unique
	Address string           `json:"address"` // host, host:port of its 2701 service
	Group   string           `json:"group,omitempty"`
	Note    string           `json:"note,omitempty"`
	Agent   deskside.AgentID `json:"agent,omitzero"` // the pinned key; zero before the first meeting
	Used    time.Time        `json:"used,omitzero"`  // when a session was last set up
}

// Look is who answered at an address.
type Look struct {
	Agent   deskside.AgentID `json:"agent"`
	Name    string           `json:"name,omitempty"`    // what it says of itself, to an operator it knows
	Version string           `json:"version,omitempty"` // of its program, likewise
	Pinned  bool             `json:"pinned"`            // this key is known for the address
}

// Reach is how a machine can be reached, at one moment.
type Reach struct {
	TCP Leg `json:"tcp"`
	UDP Leg `json:"udp"`
}

// Leg is one transport of a Reach.
type Leg struct {
	Up    bool          `json:"up"`
	RTTms float64       `json:"rtt_ms,omitempty"`
	Code  deskside.Code `json:"code,omitempty"` // why it is not up
	Words string        `json:"words,omitempty"`
}

// Request is what a session is asked for with.
type Request struct {
	Machine   Machine
	Rights    deskside.Rights
	Reason    string
	Transport deskside.Transport // empty: whichever answers first
}

// Progress is where a setup stands.
type Progress struct {
	Step   Step
	Until  time.Time // Asking: no answer by then is a refusal
	Digits string    // Asking, at a first meeting: to be read out to the person
}

// Step is a step of setup.
type Step string

// The steps.
const (
	Reaching Step = "reaching" // dialling and checking keys
	Asking   Step = "asking"   // the person is being asked
)

// Session is an open session. Its methods may be called from any goroutine.
type Session interface {
	Info() deskside.Session
	Agent() deskside.AgentID
	Path() deskside.Path
	RTT() time.Duration   // of the control stream; zero before it is known
	Quiet() time.Duration // for how long nothing was heard of the machine

	// RFB opens the picture: a standard RFB 3.8 server's byte stream. Steer
	// makes the one of that name be otherwise while it runs, and Watch tells
	// how it fares. Screens lists which screens there are.
	RFB(ctx context.Context, v View) (net.Conn, error)
	Steer(ctx context.Context, v View) error
	Watch(ctx context.Context, name string) (remctrl.Watch, error)
	Screens(ctx context.Context) (remctrl.Screens, error)
	// Others lists the other open sessions with the machine; of other
	// operators only who they are, what they may do and since when.
	Others(ctx context.Context) ([]deskside.Session, error)
	// Chat opens the conversation; Files gives the far files.
	Chat(ctx context.Context) (Chat, error)
	Files() Files

	// End ends the session on both sides. Done is closed when it has ended,
	// and Cause then says why.
	End(ctx context.Context) error
	Done() <-chan struct{}
	Cause() deskside.Cause
}

// View is what a picture shows.
type View struct {
	Screen   string `json:"screen"`    // a screen's ID, "" for all of them
	ViewOnly bool   `json:"view_only"` // the far side drops what is typed
	Name     string `json:"name"`      // what Steer knows it by; "" for none
}

// Chat is the operator's end of a conversation. Its methods may be called from
// any goroutine; one at a time may wait in Next.
type Chat interface {
	// Next waits for what happens next. It begins with the history. The error
	// is final.
	Next(ctx context.Context) (ChatEvent, error)

	// Send says text under an ID of the caller's, which makes repeats
	// harmless. It does not wait: the line or a refusal comes with Next.
	Send(id, text string) error
	Typing(on bool)
	Seen(seq uint64) // every line up to seq was in view
	Close() error
}

// ChatEvent is a line or a notice of a conversation.
type ChatEvent struct {
	Kind  ChatKind        `json:"kind"`
	ID    string          `json:"id,omitempty"`   // of the line meant
	Seq   uint64          `json:"seq,omitempty"`  // its number, from 1
	From  deskside.Side   `json:"from,omitempty"` // who wrote or writes
	Name  string          `json:"name,omitempty"` // and their name
	Text  string          `json:"text,omitempty"`
	At    time.Time       `json:"at,omitzero"`
	On    bool            `json:"on,omitempty"`    // ChatTyping: begins
	Got   uint64          `json:"got,omitempty"`   // ChatMarks: the person's window has lines up to
	Read  uint64          `json:"read,omitempty"`  // and the person had them in view up to
	First uint64          `json:"first,omitempty"` // ChatJoined: the oldest line that is kept; those before it are gone
	Error *deskside.Error `json:"error,omitempty"`
}

// ChatKind is a kind of ChatEvent.
type ChatKind string

// The kinds.
const (
	ChatJoined  ChatKind = "joined"  // the stream is there; Name is the person's
	ChatLost    ChatKind = "lost"    // and is not, for now
	ChatLine    ChatKind = "line"    // a message of either side; one's own as the sign that the agent has it
	ChatRefused ChatKind = "refused" // a message was not taken
	ChatMarks   ChatKind = "marks"   // how far the person has got
	ChatTyping  ChatKind = "typing"  // the person writes, or no longer does
)

// Files is the far side's files within policy's roots. Paths are absolute
// within the far name space, with slashes; "" is where the person's files are.
type Files interface {
	List(ctx context.Context, path string) (Listing, error)
	// Walk calls yield for each entry of one folder until it returns false.
	Walk(ctx context.Context, path string, yield func(Entry) bool) error
	// Open reads a file. The entry's size is exact.
	Open(ctx context.Context, path string) (Entry, io.ReadCloser, error)
	// Start reads the first n bytes of a file, or all of it, and tells its size.
	Start(ctx context.Context, path string, n int64) (head []byte, size int64, err error)
	// Put writes a file, which gets its name when it is whole, and gives its hash.
	Put(ctx context.Context, u Upload, r io.Reader) (hash string, err error)
	Mkdir(ctx context.Context, path string) error
	Rename(ctx context.Context, from, to string) error
	Delete(ctx context.Context, path string) error

	// Root gives the folder of policy in which path lies.
	Root(ctx context.Context, path string) (string, error)
	// Send copies the file or folder at a place of this machine to a path,
	// Fetch a path to such a place. Called again they go on where they stopped.
	Send(ctx context.Context, from *disk.Place, to string, c Copy) (queue.Outcome, error)
	Fetch(ctx context.Context, from string, to *disk.Place, c Copy) (queue.Outcome, error)
}

// Copy says how Send and Fetch copy.
type Copy struct {
	Tree     bool                    // a folder with everything in it
	Replace  bool                    // what has the target's name already may go
	Checksum bool                    // of a folder: files are there already only if their hash says so
	Tell     func(done, total int64) // how far it is; total is zero while it is not known
}

// Upload is a file on its way to the far side.
type Upload struct {
	Path    string
	Size    int64     // bytes, exact
	Changed time.Time // when the file last changed; zero: not known, so now
	Replace bool      // else a name that is taken is CodeExists

	Tell func(done int64) // how far it is; nil is fine
}

// Listing is a far folder.
type Listing struct {
	Path    string  `json:"path"`
	Roots   []Entry `json:"roots,omitempty"` // where one may go, for the breadcrumb's start
	Entries []Entry `json:"entries"`
	More    bool    `json:"more,omitempty"` // there are more than a page shows
}

// Entry is a far file or folder.
type Entry struct {
	Name    string    `json:"name"`
	Path    string    `json:"path"`
	Dir     bool      `json:"dir,omitempty"`
	Size    int64     `json:"size,omitempty"`
	Changed time.Time `json:"changed,omitzero"`
	Words   string    `json:"words,omitempty"` // why it cannot be read, a link's target
}
