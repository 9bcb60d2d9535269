package desktop

import (
	"context"
	"sync"
	"time"
)

// HoldAfter is how long input stays dropped after the last question has gone
// from the screen.
const HoldAfter = 250 * time.Millisecond

// Hold stands between all viewers and the input of a desktop. While any
// question to the person is open it drops what the viewers send, as an
// injected key would press Allow: from before the window is there, when what
// they hold is let go, until HoldAfter after it is gone.
//
// A key or button that was down or went down meanwhile counts as up, and is
// dropped until the viewer has let go of it once.
//
// A Hold is the one place that knows what is held. Each viewer has its own
// Hands on it; a key that several hold goes up with the last.
type Hold struct {
	in  Input
	own *Hands

	mu      sync.Mutex
	open    int       // questions
	until   time.Time // dropped until then, once open is 0
	hands   map[*Hands]struct{}
	keys    map[Key]int // how many hands hold a key
	buttons Buttons     // what is pressed
	x, y    int
}

// NewHold makes a Hold on the input of a desktop.
func NewHold(in Input) *Hold {
	h := &Hold{in: in, hands: map[*Hands]struct{}{}, keys: map[Key]int{}}
	h.own = NewHands(h)
	return h
}

// Shut lets go of everything and drops all input until HoldAfter after reopen
// was called. Calls nest; reopen may be called more than once, which is once.
// An error says that something could not be let go; input is dropped all the
// same.
func (h *Hold) Shut() (reopen func(), err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open++
	var once sync.Once
	reopen = func() {
		once.Do(func() {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.open--
			h.until = time.Now().Add(HoldAfter)
		})
	}
	return reopen, h.drop()
}

// shut reports whether input is dropped at this moment.
func (h *Hold) shut() bool { return h.open > 0 || time.Now().Before(h.until) }

// drop lets go of everything; the viewers' hands remember what they must let
// go of before it counts again.
func (h *Hold) drop() error {
	for hands := range h.hands {
		for k := range hands.keys {
			hands.keys[k] = dead
		}
		hands.deadButtons |= hands.buttons
		hands.buttons = 0
	}
	var first error
	for k := range h.keys {
		delete(h.keys, k)
		if err := h.in.Key(k, false); err != nil && first == nil {
			first = err
		}
	}
	if err := h.press(); err != nil && first == nil {
		first = err
	}
	return first
}

// press makes the pressed buttons those that any hands press.
func (h *Hold) press() error {
	var all Buttons
	for hands := range h.hands {
		all |= hands.buttons
	}
	if all == h.buttons {
		return nil
	}
	h.buttons = all
	return h.in.Pointer(h.x, h.y, all)
}

// Asking gives p with questions for which h is shut.
func (h *Hold) Asking(p Person) Person { return asking{p, h} }

type asking struct {
	Person
	hold *Hold
}

// Ask is of Person. If what the viewers hold cannot be let go, the desktop is
// failing and nobody is asked.
func (a asking) Ask(ctx context.Context, q Question) (Answer, error) {
	reopen, err := a.hold.Shut()
	defer reopen()
	if err != nil {
		return Answer{}, err
	}
	return a.Person.Ask(ctx, q)
}

// Key and Pointer are of Input, for a caller without hands of its own.
func (h *Hold) Key(k Key, down bool) error        { return h.own.Key(k, down) }
func (h *Hold) Pointer(x, y int, b Buttons) error { return h.own.Pointer(x, y, b) }
