package panel

import (
	"image"
	"time"

	"deskside/desktop"
)

// Consent is the window that asks the person. It is not for two goroutines at
// once.
type Consent struct {
	q       desktop.Question
	style   *style
	layout  consentLayout
	visible time.Time // since when the window can be seen whole; zero: it cannot
	digits  []byte
	focus   int // of buttons
	hover   int // -1: none
	press   press
	began   time.Time // when the countdown began
}

// digitCount is how many digits a first meeting takes.
const digitCount = 6

// button is one of the answers.
type button struct {
	name   string
	label  string
	choice desktop.Choice
}

// buttonsOf gives the answers a question has. View only is there where it
// would differ from Allow.
func buttonsOf(q desktop.Question) []button {
	list := []button{{"deny", "Deny", desktop.Deny}}
	if q.Rights&looking != 0 && q.Rights&^looking != 0 {
		list = append(list, button{"view-only", viewOnly(q), desktop.AllowView})
	}
	return append(list, button{"allow", "Allow", desktop.Allow})
}

// NewConsent lays out a question for a screen of w by h pixels. A window that
// does not fit at the scale is made smaller.
func NewConsent(q desktop.Question, w, h int, scale float64, now time.Time) *Consent {
	c := &Consent{q: q, hover: -1, began: now}
	c.style, c.layout = layOut(q, w, h, scale)
	return c
}

// Refit lays the question out anew for a screen of another size.
func (c *Consent) Refit(w, h int, scale float64) {
	c.style, c.layout = layOut(c.q, w, h, scale)
	c.hover, c.press = -1, press{}
}

// Size gives the window's size, and the radius of its corners.
func (c *Consent) Size() (w, h, radius int) {
	return c.layout.size.X, c.layout.size.Y, c.style.px(cornerRadius)
}

// Visible says that the window can be seen whole from now on, or no longer.
// Each time the wait until a press counts begins anew.
func (c *Consent) Visible(whole bool, now time.Time) {
	c.visible, c.press = time.Time{}, press{}
	if whole {
		c.visible = now
	}
}

func (c *Consent) armed(now time.Time) bool {
	return !c.visible.IsZero() && now.Sub(c.visible) >= ArmAfter
}

// ready reports whether a button works, apart from the wait.
func (c *Consent) ready(i int) bool {
	return c.layout.buttons[i].choice == desktop.Deny || !c.q.Digits || len(c.digits) == digitCount
}

// Handle takes what the person did, and gives the answer if that was one.
func (c *Consent) Handle(in Input, now time.Time) (answer desktop.Answer, done bool) {
	switch in.Kind {
	case PointerMove:
		c.hover = c.at(in)
	case PointerLeave:
		c.hover = -1
	case PointerDown:
		if c.hover = c.at(in); c.hover >= 0 {
			c.focus = c.hover
			c.down(OtherKey, c.hover, now)
		}
	case PointerUp:
		c.hover = c.at(in)
		return c.up(OtherKey, c.hover, now)
	case KeyDown:
		c.keyDown(in, now)
	case KeyUp:
		return c.up(in.Key, c.press.target, now)
	}
	return desktop.Answer{}, false
}

func (c *Consent) keyDown(in Input, now time.Time) {
	n := len(c.layout.buttons)
	switch in.Key {
	case Tab, Right:
		c.focus, c.press = (c.focus+1)%n, press{}
	case BackTab, Left:
		c.focus, c.press = (c.focus+n-1)%n, press{}
	case Enter, Space:
		c.down(in.Key, c.focus, now)
	case Escape:
		c.focus = 0
		c.down(in.Key, 0, now)
	case Backspace:
		if c.q.Digits && len(c.digits) > 0 {
			c.digits = c.digits[:len(c.digits)-1]
			c.focus, c.press = 0, press{}
		}
	case Digit:
		c.typed(in.Digit)
	}
}

// typed takes a digit. The sixth moves the focus to Allow: who typed six
// digits that were read out means to go on.
func (c *Consent) typed(digit byte) {
	if !c.q.Digits || len(c.digits) == digitCount {
		return
	}
	c.digits = append(c.digits, digit)
	if len(c.digits) == digitCount {
		c.focus, c.press = len(c.layout.buttons)-1, press{}
	}
}

func (c *Consent) down(key Key, target int, now time.Time) {
	c.press = press{held: !c.press.held && c.ready(target), key: key, target: target, armed: c.armed(now)}
}

func (c *Consent) up(key Key, target int, now time.Time) (desktop.Answer, bool) {
	p := c.press
	if !p.held || p.key != key {
		return desktop.Answer{}, false
	}
	c.press = press{}
	if target != p.target || !p.armed || !c.armed(now) || !c.ready(target) {
		return desktop.Answer{}, false
	}
	return desktop.Answer{Choice: c.layout.buttons[target].choice, Digits: string(c.digits)}, true
}

func (c *Consent) at(in Input) int {
	for i, b := range c.layout.buttons {
		if image.Pt(in.X, in.Y).In(b.rect) {
			return i
		}
	}
	return -1
}

// Look is all that a window's picture depends on, apart from its size. Equal
// looks need no drawing.
type Look struct {
	hover, focus, target, digits, seconds int
	held, armed                           bool
}

// Look gives how the window looks now.
func (c *Consent) Look(now time.Time) Look {
	return Look{
		hover: c.hover, focus: c.focus, target: c.press.target, digits: len(c.digits),
		seconds: int(c.q.Until.Sub(now).Round(time.Second) / time.Second),
		held:    c.press.held, armed: c.armed(now),
	}
}

// Tick gives when the window looks different although nobody did anything: as
// a press begins to count, and with each second that passes.
func (c *Consent) Tick(now time.Time) time.Time {
	if armed := c.visible.Add(ArmAfter); !c.visible.IsZero() && armed.After(now) {
		return armed
	}
	if c.q.Until.IsZero() {
		return now.Add(time.Second)
	}
	rest := c.q.Until.Sub(now) % time.Second
	return now.Add(max(rest, 50*time.Millisecond))
}

// Button gives the place of an answer's button, for tests that press it; empty
// if the window has none such.
func (c *Consent) Button(choice desktop.Choice) image.Rectangle {
	for _, b := range c.layout.buttons {
		if b.choice == choice {
			return b.rect
		}
	}
	return image.Rectangle{}
}
