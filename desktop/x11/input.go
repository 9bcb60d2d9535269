package x11

import (
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	"github.com/jezek/xgb/xtest"

	"deskside/desktop"
	"deskside/desktop/x11/keyboard"
	"deskside/desktop/x11/link"
)

// input presses keys and moves the pointer by XTEST.
type input struct {
	c     *link.Conn
	log   *slog.Logger
	acted func()      // called after something was done
	stale atomic.Bool // the server's keyboard map changed since it was read

	mu      sync.Mutex
	keys    *keyboard.Map
	shift   byte                 // key codes of Shift and of the third level, 0 if there is none
	third   byte                 //
	thirdM  byte                 // the third level's modifier bit
	down    map[desktop.Key]byte // what is held, and by which key code
	buttons desktop.Buttons
	x, y    int
	lent    []lent // spare key codes in use, the longest unused first
}

func newInput(c *link.Conn, log *slog.Logger, acted func()) (*input, error) {
	in := &input{c: c, log: log, acted: acted, down: map[desktop.Key]byte{}, x: -1, y: -1}
	c.Run(in.event)
	if err := keyboard.Watch(c); err != nil {
		return nil, err
	}
	if err := in.reload(); err != nil {
		return nil, err
	}
	return in, nil
}

func (in *input) event(e xgb.Event) {
	if keyboard.Changed(e) {
		in.stale.Store(true)
	}
}

// Pointer is of desktop.Input.
func (in *input) Pointer(x, y int, b desktop.Buttons) error {
	if !in.c.Has("XTEST") {
		return errNoXTEST
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if x != in.x || y != in.y {
		in.x, in.y = x, y
		xtest.FakeInput(in.c.X, xproto.MotionNotify, 0, 0, in.c.Root, clip16(x), clip16(y), 0)
	}
	in.press(b)
	in.acted()
	return in.lost()
}

func clip16(v int) int16 { return int16(max(0, min(v, 1<<15-1))) }

const buttonCount = 9

// press makes b the set of pressed buttons. RFB's bit i is X's button i+1.
func (in *input) press(b desktop.Buttons) {
	for i := range buttonCount {
		switch bit := desktop.Buttons(1) << i; {
		case b&bit != 0 && in.buttons&bit == 0:
			in.fake(xproto.ButtonPress, byte(i+1))
		case b&bit == 0 && in.buttons&bit != 0:
			in.fake(xproto.ButtonRelease, byte(i+1))
		}
	}
	in.buttons = b & (1<<buttonCount - 1)
}

func (in *input) fake(kind, detail byte) {
	xtest.FakeInput(in.c.X, kind, detail, 0, in.c.Root, 0, 0, 0)
}

// Key is of desktop.Input.
func (in *input) Key(k desktop.Key, down bool) error {
	if !in.c.Has("XTEST") {
		return errNoXTEST
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	defer in.acted()
	if !down {
		in.release(k)
		return in.lost()
	}
	return in.hold(k)
}

// hold presses a key. A key that is held already is pressed again by its code,
// which the server takes for a repetition.
func (in *input) hold(k desktop.Key) error {
	if code, ok := in.down[k]; ok {
		in.fake(xproto.KeyPress, code)
		return in.lost()
	}
	if code := keyboard.CodeOfScan(k.Scan); code != 0 {
		in.down[k] = code
		in.fake(xproto.KeyPress, code)
		return in.lost()
	}
	if k.Sym == 0 {
		return nil
	}
	return in.holdSym(k)
}

// release lets go of a key. A viewer whose Shift changed in between may name
// another symbol of the same key than when it pressed it.
func (in *input) release(k desktop.Key) {
	held, ok := k, false
	if _, ok = in.down[k]; !ok {
		held, ok = in.sameKey(k)
	}
	if !ok {
		return
	}
	code := in.down[held]
	delete(in.down, held)
	for _, other := range in.down {
		if other == code {
			return // another symbol still holds it
		}
	}
	in.fake(xproto.KeyRelease, code)
}

// sameKey finds what is held by a key that has k's symbol at another level.
func (in *input) sameKey(k desktop.Key) (desktop.Key, bool) {
	for held, code := range in.down {
		if k.Sym != 0 && held.Scan == 0 && in.keys.Has(code, keyboard.Plain(k.Sym)) {
			return held, true
		}
	}
	return desktop.Key{}, false
}

// close lets go of everything, gives back the keys it lent, and waits for the
// server to have done so.
func (in *input) close() {
	in.mu.Lock()
	for k := range in.down {
		in.release(k)
	}
	in.press(0)
	for _, l := range in.lent {
		in.setSyms(l.code, []uint32{0})
	}
	in.lent = nil
	in.mu.Unlock()
	in.c.Bye()
}

// lost tells whether the server is gone.
func (in *input) lost() error {
	select {
	case <-in.c.Gone():
		return desktop.ErrLost
	default:
		return nil
	}
}
