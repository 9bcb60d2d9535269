// Package desktop is the seam to a screen and to the person before it. The
// interfaces are what the agent needs of any system; each system's own package
// below (x11, later wayland and win32) implements them, and desktoptest holds
// the fake and the contract that all of them pass.
//
// It carries no type of any operating system, and decides nothing: whether
// somebody may look, type or ask is the agent's business.
package desktop

import (
	"context"
	"sync"
	"time"

	"deskside"
	"deskside/raster"
)

// Screen is one monitor.
type Screen struct {
	ID      uint32      `json:"id"`   // stable while the monitor stays connected
	Name    string      `json:"name"` // "HDMI-1"
	Bounds  raster.Rect `json:"bounds"`
	Primary bool        `json:"primary,omitempty"`
}

// Layout is the arrangement of the screens within the captured picture, whose
// corner is (0, 0).
type Layout struct {
	W, H    int
	Screens []Screen // at least one, the primary first
}

// Cursor is the pointer's picture. Its pixels are those of a raster.Image but
// for the fourth byte, which is the opacity; colours are not premultiplied.
type Cursor struct {
	Image      raster.Image
	HotX, HotY int
	Hidden     bool
}

// Update is what Next reports. The caller owns it and may reuse it; Next
// overwrites every field but Guard.
type Update struct {
	// Guard is held whenever Next writes to the picture, so that others may
	// look at it in between. An update may be written in parts, each with the
	// guard: what is whole once Next returns may be half new before. Next waits
	// for nothing but the screen while it holds it. Nil guards nothing.
	Guard sync.Locker

	Changed []raster.Rect // what may differ from before, disjoint, within the frame
	Resized bool          // the layout changed; Changed is then the whole frame
	Cursor  *Cursor       // set when the pointer's picture changed
	Took    time.Duration // to take it all, without the waiting for a change; 0 if that is not known
}

// Write runs f with the guard held.
func (u *Update) Write(f func()) {
	if u.Guard != nil {
		u.Guard.Lock()
		defer u.Guard.Unlock()
	}
	f()
}

// Desktop is a screen that can be captured.
type Desktop interface {
	// Layout reports the present size and screens.
	Layout() Layout

	// Next waits until the picture, layout or cursor changed since the last
	// call and grabs what changed into f, which the caller keeps between calls
	// and Next resizes with the layout. The first call reports the whole
	// picture and the cursor at once, and an empty f is filled at once. It
	// returns the context's error when
	// that ends first, and ErrLost when the screen is gone for good. Only one
	// Next may run at a time.
	Next(ctx context.Context, f *raster.Image, u *Update) error

	// Close releases all the desktop holds, and everything held by input.
	Close() error
}

// Key is a key for Input. Where Scan is set it wins: it names the physical
// key, so that the far keyboard layout decides the character.
type Key struct {
	Sym  uint32 // X11 keysym, 0 if unknown
	Scan uint32 // XT set 1 scan code as of the QEMU extended key event (0xe0 prefix as 0x80), 0 if unknown
}

// Buttons is the set of pressed pointer buttons as RFB has them: bit 0 left, 1
// middle, 2 right, 3 to 6 wheel up, down, left, right, 7 back, 8 forward.
type Buttons uint16

// Input moves the pointer and presses keys. Methods may be called from any
// goroutine.
type Input interface {
	Pointer(x, y int, b Buttons) error
	Key(k Key, down bool) error
}

// Clipboarder is implemented by desktops whose clipboard text can be read and
// set.
type Clipboarder interface {
	// SetClipboard offers text to the person's programs.
	SetClipboard(text string) error

	// Clipboard fetches at most limit bytes of text, within the context.
	Clipboard(ctx context.Context, limit int) (string, error)

	// ClipboardChanged receives a value after the person's programs took the
	// clipboard; it holds one value at most.
	ClipboardChanged() <-chan struct{}
}

// Presence says who is before the screen.
type Presence uint8

// The presences. What cannot be told surely is Present: policy may let operators
// in unasked at the others.
const (
	Present Presence = iota // somebody is logged on, or may be
	Locked                  // somebody is, and only who can unlock the screen gets at it
	Nobody                  // nobody is logged on
)

// Question asks the person whether a session may be.
type Question struct {
	ID        deskside.SessionID
	Operator  deskside.Operator // Name is from policy and can be trusted; the rest is claimed and shown with "says"
	Rights    deskside.Rights
	Reason    string
	Transport deskside.Transport
	Digits    bool      // a first meeting: six digits must be typed before Allow works
	Until     time.Time // no answer by then is Deny
}

// Choice is how the person answered.
type Choice uint8

// The choices. Withdrawn means that nobody answered in time, or that the
// question's context ended.
const (
	Withdrawn Choice = iota
	Deny
	AllowView // everything that only looks: View, Chat and Info
	Allow
)

// Answer is the person's answer to a Question.
type Answer struct {
	Choice Choice
	Digits string // what was typed, where the question asked for digits
}

// BarEntry is one session as the bar shows it.
type BarEntry struct {
	Session  deskside.SessionID
	Operator deskside.Operator
	State    deskside.State
	Rights   deskside.Rights
	Until    time.Time // while suspended: may return until then
	Unread   int       // chat lines the person has not seen
	NoChat   bool      // no window can be opened to chat in: there is no button for it
	Copies   []Copy    // what goes between the two machines, the oldest first
}

// Copy is a file or folder that goes between the operator's machine and this
// one, as the bar shows it.
type Copy struct {
	ID     uint64
	In     bool   // to this machine
	Name   string // of the file or folder, as the operator or the disk has it
	Done   int64  // bytes
	Size   int64  // bytes in all; 0: not known
	Files  int    // of a folder, so far; 0 for a file
	Ended  bool   // it is shown for a moment longer, and cannot be stopped
	Failed bool   // it ended, and not all of it came
}

// BarAction is something the person did on the bar.
type BarAction struct {
	Session deskside.SessionID
	Do      BarVerb
	Copy    uint64 // the ID of the one that BarStopCopy means
}

// BarVerb is a button of the bar.
type BarVerb uint8

// The buttons.
const (
	BarStop BarVerb = iota
	BarChat
	BarStopCopy // stops one copy; the session goes on
)

// Person is the person before the screen: what can be asked of and shown to
// them.
type Person interface {
	// Presence tells whether anybody is there to ask.
	Presence() Presence

	// Ask shows the question in front of everything until it is answered, its
	// time is over, or the context ends. One question is open at a time;
	// another Ask waits its turn. An answer counts only when it was pressed and
	// released at least 500 ms after the window became visible.
	Ask(ctx context.Context, q Question) (Answer, error)

	// SetBar shows these sessions in the bar, or takes it away when there are
	// none. It returns at once.
	SetBar([]BarEntry)

	// BarActions receives what the person presses on the bar.
	BarActions() <-chan BarAction
}

// Roomer is implemented by a Person that knows where other windows can open
// without lying under the bar.
type Roomer interface {
	// Room gives the part of the primary screen that the bar leaves free, and
	// how many times larger than usual the person wants things drawn.
	Room() (free raster.Rect, scale float64)
}
