package window

import (
	"image"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"

	"deskside/desktop/panel"
	"deskside/desktop/x11/keyboard"
	"deskside/desktop/x11/link"
)

// uiKeys makes sense of keys for the windows of this package.
type uiKeys struct {
	c     *link.Conn
	first byte
	per   int
	syms  []xproto.Keysym
	real  bool          // releases come only when a key goes up
	down  map[byte]bool // keys that are down
	stale map[byte]bool // keys that were down before the window was there
}

func newUIKeys(c *link.Conn) (*uiKeys, error) {
	k := &uiKeys{c: c, down: map[byte]bool{}, stale: map[byte]bool{}}
	if err := keyboard.Watch(c); err != nil {
		return nil, err
	}
	k.real = keyboard.NoFakeReleases(c) == nil
	return k, k.reload()
}

func (k *uiKeys) reload() error {
	first, last := k.c.Setup.MinKeycode, k.c.Setup.MaxKeycode
	r, err := xproto.GetKeyboardMapping(k.c.X, first, byte(last-first+1)).Reply()
	if err != nil {
		return k.c.Failed("read the keyboard map", err)
	}
	k.first, k.per, k.syms = byte(first), int(r.KeysymsPerKeycode), r.Keysyms
	return nil
}

// begin notes the keys that are down: they were not pressed for the window
// that comes.
func (k *uiKeys) begin() {
	if r, err := xproto.QueryKeymap(k.c.X).Reply(); err == nil {
		k.beginWith(r.Keys)
	}
}

// beginWith is begin with the keys that were down when the window got the
// keyboard, a bit for each code.
func (k *uiKeys) beginWith(keys []byte) {
	k.down, k.stale = map[byte]bool{}, map[byte]bool{}
	for i, b := range keys {
		for bit := range 8 {
			if b>>bit&1 != 0 {
				k.stale[byte(8*i+bit)] = true
			}
		}
	}
}

// press takes a key that went down, and reports whether it did just now.
func (k *uiKeys) press(code byte) bool {
	if k.stale[code] || k.down[code] {
		return false
	}
	k.down[code] = true
	return true
}

// release takes a key that went up, and reports whether it was pressed here.
// A server without XKB also says so between the repetitions of a key that is
// still down.
func (k *uiKeys) release(code byte) bool {
	if !k.real {
		if r, err := xproto.QueryKeymap(k.c.X).Reply(); err != nil || r.Keys[code/8]>>(code%8)&1 != 0 {
			return false
		}
	}
	was := k.down[code]
	delete(k.stale, code)
	delete(k.down, code)
	return was
}

// Keysyms with a meaning on a panel.
var panelKeys = map[xproto.Keysym]panel.Key{
	0xff09: panel.Tab, 0xfe20: panel.BackTab, 0xff89: panel.Tab,
	0xff0d: panel.Enter, 0xff8d: panel.Enter, 0x20: panel.Space, 0xff80: panel.Space,
	0xff1b: panel.Escape, 0xff08: panel.Backspace,
	0xff51: panel.Left, 0xff52: panel.Left, 0xff53: panel.Right, 0xff54: panel.Right,
}

// panelKey gives the meaning of a key. Digits count with and without Shift or
// Num Lock, as some layouts need it and nothing else is asked for.
func (k *uiKeys) panelKey(code byte, state uint16) panel.Input {
	row := k.row(code, int(state>>13&3))
	for _, s := range row {
		switch {
		case s >= '0' && s <= '9':
			return panel.Input{Key: panel.Digit, Digit: byte(s)}
		case s >= 0xffb0 && s <= 0xffb9:
			return panel.Input{Key: panel.Digit, Digit: byte(s-0xffb0) + '0'}
		}
	}
	key := panel.OtherKey
	if len(row) > 0 {
		key = panelKeys[row[0]]
	}
	if key == panel.Tab && state&keyboard.ModShift != 0 {
		key = panel.BackTab
	}
	return panel.Input{Key: key}
}

// row gives both levels of a key in a group of the core map.
func (k *uiKeys) row(code byte, group int) []xproto.Keysym {
	at := int(code-k.first) * k.per
	if code < k.first || at+k.per > len(k.syms) {
		return nil
	}
	row := k.syms[at : at+k.per]
	if from := 2 * (group & 1); len(row) >= from+2 && row[from] != 0 {
		return row[from : from+2]
	}
	return row[:min(2, len(row))]
}

// input turns an event into what a person did, and in which window.
func (u *ui) input(e xgb.Event) (xproto.Window, panel.Input, bool) {
	pointer := func(kind panel.Kind, w xproto.Window, x, y, rootX, rootY int16) panel.Input {
		at := u.within(w, image.Pt(int(x), int(y)), image.Pt(int(rootX), int(rootY)))
		return panel.Input{Kind: kind, X: at.X, Y: at.Y}
	}
	switch e := e.(type) {
	case xproto.MotionNotifyEvent:
		return e.Event, pointer(panel.PointerMove, e.Event, e.EventX, e.EventY, e.RootX, e.RootY), true
	case xproto.LeaveNotifyEvent:
		return e.Event, panel.Input{Kind: panel.PointerLeave}, true
	case xproto.ButtonPressEvent:
		return e.Event, pointer(panel.PointerDown, e.Event, e.EventX, e.EventY, e.RootX, e.RootY), e.Detail == 1
	case xproto.ButtonReleaseEvent:
		return e.Event, pointer(panel.PointerUp, e.Event, e.EventX, e.EventY, e.RootX, e.RootY), e.Detail == 1
	case xproto.KeyPressEvent:
		in := u.keys.panelKey(byte(e.Detail), e.State)
		in.Kind = panel.KeyDown
		return e.Event, in, u.keys.press(byte(e.Detail))
	case xproto.KeyReleaseEvent:
		in := u.keys.panelKey(byte(e.Detail), e.State)
		in.Kind = panel.KeyUp
		return e.Event, in, u.keys.release(byte(e.Detail))
	}
	return 0, panel.Input{}, false
}

// within gives where the pointer is in a window of ours. What the server says
// of the pointer within a window that we move is of where it was before; where
// the window manager put a window, only the server knows.
func (u *ui) within(w xproto.Window, at, root image.Point) image.Point {
	for _, p := range []*pane{u.strip, u.window} {
		if p != nil && p.id == w {
			return root.Sub(p.at.Min)
		}
	}
	return at
}
