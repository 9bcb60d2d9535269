package panel

import "time"

// Input is something the person did before a panel.
type Input struct {
	Kind  Kind
	X, Y  int  // of the pointer, within the panel
	Key   Key  // of a key
	Digit byte // of Digit: '0' to '9'
}

// Kind is a kind of Input.
type Kind uint8

// The kinds.
const (
	PointerMove Kind = iota
	PointerDown      // the main button
	PointerUp
	PointerLeave
	KeyDown // not for repetitions
	KeyUp
)

// Key is a key with a meaning on a panel.
type Key uint8

// The keys.
const (
	OtherKey Key = iota
	Tab
	BackTab // Shift and Tab
	Left
	Right
	Enter
	Space
	Escape
	Backspace
	Digit
)

// ArmAfter is how long a window must be visible before a press counts.
const ArmAfter = 500 * time.Millisecond

// press is a button that is held by one key or by the pointer.
//
//	none ──down──► held ──up on the same, armed──► answered
//	                 └──up elsewhere, another key, not armed──► none
type press struct {
	held   bool
	key    Key // OtherKey: the pointer
	target int
	armed  bool // the window was armed when it went down
}
