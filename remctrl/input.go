package remctrl

import (
	"errors"
	"sync"
	"sync/atomic"

	"deskside"
	"deskside/desktop"
	"deskside/raster"
)

// floor says who controls: the viewer that acted last, whom nobody displaces
// while it holds keys or buttons.
type floor struct {
	mu     sync.Mutex
	holder *viewer
}

// take reports whether v may act, and makes it the controller if so.
func (f *floor) take(v *viewer) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.holder != nil && f.holder != v && f.holder.hand.holds.Load() {
		return false
	}
	f.holder = v
	return true
}

// controller gives who controls, nil if nobody does.
func (f *floor) controller() *viewer {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.holder
}

// leave takes v out.
func (f *floor) leave(v *viewer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.holder == v {
		f.holder = nil
	}
}

// hand is a viewer's hand on the desktop.
type hand struct {
	v      *viewer
	hands  *desktop.Hands // nil if nobody can control
	holds  atomic.Bool    // keys or buttons are down
	inputs atomic.Int64   // passed on

	// mu is held while something is done to the desktop, so that who makes
	// the viewer only look knows that nothing is on its way any more.
	mu      sync.Mutex
	looks   bool // the viewer chose to look only
	keys    map[uint32]desktop.Key
	buttons desktop.Buttons
	muted   desktop.Buttons // pressed while the viewer could not act: dropped until released
}

func (h *hand) open(v *viewer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.v, h.keys, h.looks = v, make(map[uint32]desktop.Key), v.chosen().viewOnly
	if v.svc.hold != nil {
		h.hands = desktop.NewHands(v.svc.hold)
	}
}

// onlyLook lets go of everything and drops what comes later, or lets the viewer
// act again.
func (h *hand) onlyLook(on bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.looks = on; on && h.hands != nil {
		h.release()
		h.v.svc.floor.leave(h.v)
	}
}

// close lets go of all that is held and drops what comes later.
func (h *hand) close() {
	if h.hands != nil {
		h.failed(h.hands.Close())
	}
	h.holds.Store(false)
}

// mayAct asks whether the viewer may do anything to the desktop now.
func (h *hand) mayAct() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.may()
}

// may is mayAct for who holds h.mu.
func (h *hand) may() bool {
	if h.hands == nil || h.looks {
		return false
	}
	if h.v.pass.Check(deskside.Control) != nil {
		h.release()
		return false
	}
	return h.v.svc.floor.take(h.v)
}

// release lets go of everything, when the right to hold it is gone.
func (h *hand) release() {
	h.failed(h.hands.ReleaseAll())
	clear(h.keys)
	h.muted |= h.buttons
	h.buttons = 0
	h.holds.Store(false)
}

// keyName is by what a key is known from its press to its release: the place if
// that is known, because the symbol differs when Shift was pressed in between.
func keyName(sym, scan uint32) uint32 {
	if scan != 0 {
		return scan | 1<<31
	}
	return sym
}

func (h *hand) key(sym, scan uint32, down bool) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	name := keyName(sym, scan)
	k, held := h.keys[name]
	switch {
	case !down && held:
		delete(h.keys, name)
		h.settle()
		return h.failed(h.hands.Key(k, false))
	case !down, len(h.keys) >= maxKeys && !held, !h.may():
		return nil
	case !held:
		k = desktop.Key{Sym: sym, Scan: scan}
		h.keys[name] = k
	}
	h.settle()
	h.acted()
	return h.failed(h.hands.Key(k, true))
}

// maxKeys bounds the keys that one viewer holds.
const maxKeys = 64

func (h *hand) pointer(x, y int, b desktop.Buttons, view raster.Rect) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.may() {
		h.muted |= b
		return nil
	}
	h.muted &= b
	h.buttons = b &^ h.muted
	h.settle()
	h.acted()
	x, y = view.X0+min(max(x, 0), view.W()-1), view.Y0+min(max(y, 0), view.H()-1)
	err := h.hands.Pointer(x, y, h.buttons)
	h.v.svc.src.point(x, y)
	return h.failed(err)
}

// settle notes whether anything is held.
func (h *hand) settle() { h.holds.Store(len(h.keys) > 0 || h.buttons != 0) }

func (h *hand) acted() {
	h.inputs.Add(1)
	h.v.pass.Touch()
}

// failed sorts out what the desktop did not take: a key it does not know is no
// reason to end, a screen that is gone is.
func (h *hand) failed(err error) error {
	if err == nil || errors.Is(err, desktop.ErrLost) {
		return err
	}
	h.v.log.Debug("input was not taken", "err", err)
	return nil
}
