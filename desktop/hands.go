package desktop

// Hands are one viewer's hold on the input of a desktop. They know what the
// viewer has pressed and let go of that alone. The methods may be called from
// any goroutine.
type Hands struct {
	hold *Hold

	// Guarded by hold.mu.
	keys        map[Key]grip
	buttons     Buttons // pressed
	deadButtons Buttons // down at the viewer, but dropped
	closed      bool
}

// grip is how a key is held.
type grip uint8

const (
	live grip = iota // pressed
	dead             // down at the viewer, but dropped
)

// NewHands makes the hands of a viewer. All viewers of a desktop share one
// Hold; an Input that is none gets one of its own.
func NewHands(in Input) *Hands {
	hold, ok := in.(*Hold)
	if !ok {
		hold = NewHold(in)
	}
	h := &Hands{hold: hold, keys: map[Key]grip{}}
	hold.mu.Lock()
	defer hold.mu.Unlock()
	hold.hands[h] = struct{}{}
	return h
}

// maxHeld bounds the keys of one viewer; nobody has that many fingers. Beyond
// it presses are dropped.
const maxHeld = 64

// Key is of Input. A key pressed again while it is held is a repetition.
func (h *Hands) Key(k Key, down bool) error {
	hold := h.hold
	hold.mu.Lock()
	defer hold.mu.Unlock()
	g, held := h.keys[k]
	switch {
	case h.closed, !down && !held, down && held && g == dead, down && !held && len(h.keys) >= maxHeld:
		return nil
	case !down:
		return h.release(k, g)
	case hold.shut():
		h.keys[k] = dead
		return nil
	case !held:
		h.keys[k] = live
		hold.keys[k]++
	}
	return hold.in.Key(k, true)
}

func (h *Hands) release(k Key, g grip) error {
	delete(h.keys, k)
	if g == dead {
		return nil
	}
	if h.hold.keys[k]--; h.hold.keys[k] > 0 {
		return nil
	}
	delete(h.hold.keys, k)
	return h.hold.in.Key(k, false)
}

// Pointer is of Input.
func (h *Hands) Pointer(x, y int, b Buttons) error {
	hold := h.hold
	hold.mu.Lock()
	defer hold.mu.Unlock()
	if h.closed {
		return nil
	}
	h.deadButtons &= b
	if hold.shut() {
		h.deadButtons |= b
		return nil
	}
	h.buttons = b &^ h.deadButtons
	hold.x, hold.y = x, y
	hold.buttons = 0
	for other := range hold.hands {
		hold.buttons |= other.buttons
	}
	return hold.in.Pointer(x, y, hold.buttons)
}

// ReleaseAll lets go of all that the viewer holds.
func (h *Hands) ReleaseAll() error {
	h.hold.mu.Lock()
	defer h.hold.mu.Unlock()
	return h.releaseAll()
}

func (h *Hands) releaseAll() error {
	var first error
	for k, g := range h.keys {
		if err := h.release(k, g); err != nil && first == nil {
			first = err
		}
	}
	h.buttons, h.deadButtons = 0, 0
	if err := h.hold.press(); err != nil && first == nil {
		first = err
	}
	return first
}

// Close lets go of all and drops what comes afterwards.
func (h *Hands) Close() error {
	h.hold.mu.Lock()
	defer h.hold.mu.Unlock()
	h.closed = true
	err := h.releaseAll()
	delete(h.hold.hands, h)
	return err
}
