package panel

import (
	"fmt"
	"image"
	"image/color"
	"slices"

	"deskside"
	"deskside/desktop"
)

// Measures of the bar at scale 1.
const (
	barWide    = 580
	barRow     = 42
	barPress   = 28 // height of a button
	barRadius  = 12
	barMargin  = 14
	barDot     = 9
	barGap     = 8
	barMinRows = 2
	barCopies  = 3 // rows of copies in one session at most
)

// Bar is the small bar that lasts while a session lives. It has a row for each
// session; where the screen has no room for all, the last row stands for the
// rest, and its Stop for all of theirs. Below a session's row are those of what is
// copied in it, as far as there is room. It is not for two goroutines at once.
type Bar struct {
	style *style
	size  image.Point
	rows  []row
	keys  []barKey // the buttons of all rows
	hover int      // of keys, -1: none
	held  int      // of keys, -1: none, barItself: the bar is being moved
	grip  int      // where the pointer holds the bar
}

const barItself = -2

// row is one line of the bar.
type row struct {
	rect        image.Rectangle
	name, state string
	lost        bool
	copies      bool // it is about a copy, and has no dot
}

// barKey is a button of the bar.
type barKey struct {
	rect   image.Rectangle
	label  string
	unread bool
	verb   desktop.BarVerb
	of     []deskside.SessionID
	copies []uint64 // those that desktop.BarStopCopy means
}

// NewBar lays out the sessions for a screen of w by h pixels.
func NewBar(list []desktop.BarEntry, w, h int, scale float64) *Bar {
	st := newStyle(min(scale, float64(w)/barWide))
	b := &Bar{style: st, hover: -1, held: -1}
	b.size.X = st.px(barWide)
	fits := max(h/2/st.px(barRow), barMinRows)
	spare := fits - len(list)
	for i, e := range list {
		if i == fits-1 && len(list) > fits {
			b.rest(list[i:])
			break
		}
		b.session(e)
		spare -= b.copies(e, min(spare, barCopies))
	}
	return b
}

// copies makes the rows of what is copied in a session, most of them at most, and
// gives how many. The last stands for those that have no room.
func (b *Bar) copies(e desktop.BarEntry, most int) (rows int) {
	for i, c := range e.Copies {
		if rows >= most {
			break
		}
		rows++
		if rows == most && len(e.Copies) > most {
			b.moreCopies(e, e.Copies[i:])
			break
		}
		b.copyRow(e, c.Name, copying(c), []desktop.Copy{c})
	}
	return rows
}

func (b *Bar) moreCopies(e desktop.BarEntry, list []desktop.Copy) {
	b.copyRow(e, fmt.Sprintf("%d more", len(list)), "files and folders are being copied", list)
}

// copyRow makes a row with a button that stops those of a list which go on.
func (b *Bar) copyRow(e desktop.BarEntry, name, state string, list []desktop.Copy) {
	r := b.next()
	stop := barKey{label: "Stop copy", verb: desktop.BarStopCopy, of: []deskside.SessionID{e.Session}}
	for _, c := range list {
		if !c.Ended {
			stop.copies = append(stop.copies, c.ID)
		}
	}
	free := r.Max.X - b.style.px(barMargin)
	if len(stop.copies) > 0 {
		free = b.key(r, free, stop)
	}
	b.text(r, free, name, state, false)
	b.rows[len(b.rows)-1].copies = true
}

// Size gives the bar's size, and the radius of its lower corners.
func (b *Bar) Size() (w, h, radius int) { return b.size.X, b.size.Y, b.style.px(barRadius) }

// next makes room for a row.
func (b *Bar) next() image.Rectangle {
	top := b.size.Y
	b.size.Y += b.style.px(barRow)
	return image.Rect(0, top, b.size.X, b.size.Y)
}

func (b *Bar) session(e desktop.BarEntry) {
	r := b.next()
	of := []deskside.SessionID{e.Session}
	free := b.key(r, r.Max.X-b.style.px(barMargin), barKey{label: "Stop", verb: desktop.BarStop, of: of})
	if e.Rights.Has(deskside.ChatRight) && e.State == deskside.Active && !e.NoChat {
		chat := barKey{label: "Chat", verb: desktop.BarChat, of: of}
		if e.Unread > 0 {
			chat.label, chat.unread = fmt.Sprintf("Chat · %d", min(e.Unread, 99)), true
		}
		free = b.key(r, free-b.style.px(barGap), chat)
	}
	b.text(r, free, who(e.Operator), doing(e), e.State != deskside.Active)
}

// rest makes one row for all sessions that have no room of their own.
func (b *Bar) rest(list []desktop.BarEntry) {
	r := b.next()
	stop := barKey{label: "Stop these", verb: desktop.BarStop}
	for _, e := range list {
		stop.of = append(stop.of, e.Session)
	}
	free := b.key(r, r.Max.X-b.style.px(barMargin), stop)
	b.text(r, free, fmt.Sprintf("%d more", len(list)), "sessions without room here", false)
}

// key places a button with its right end at x and gives its left end.
func (b *Bar) key(r image.Rectangle, x int, k barKey) int {
	wide := b.style.width(roleBarName, k.label) + b.style.px(26)
	high := b.style.px(barPress)
	y := (r.Min.Y + r.Max.Y - high) / 2
	k.rect = image.Rect(x-wide, y, x, y+high)
	b.keys = append(b.keys, k)
	return k.rect.Min.X
}

// text places name and state left of x. The state says what is happening, so
// a long name gives way to it.
func (b *Bar) text(r image.Rectangle, x int, name, state string, lost bool) {
	left := r.Min.X + b.style.px(barMargin+barDot+10)
	free := x - b.style.px(14) - left
	gap := b.style.px(10)
	state = b.style.cut(roleBar, state, free*2/3)
	name = b.style.cut(roleBarName, b.style.fit(roleBarName, name), free-gap-b.style.width(roleBar, state))
	r.Min.X, r.Max.X = left, left+free
	b.rows = append(b.rows, row{rect: r, name: name, state: state, lost: lost})
}

// Handle takes what the pointer did on the bar. It gives the actions of a
// button that was pressed and released, and by how many pixels the bar was
// moved along its edge.
func (b *Bar) Handle(in Input) (actions []desktop.BarAction, move int) {
	over := b.at(in)
	switch in.Kind {
	case PointerMove:
		b.hover = over
		if b.held == barItself {
			return nil, in.X - b.grip
		}
	case PointerLeave:
		b.hover = -1
	case PointerDown:
		b.held, b.grip = over, in.X
		if over < 0 {
			b.held = barItself
		}
	case PointerUp:
		if over >= 0 && over == b.held {
			actions = b.keys[over].actions()
		}
		b.held = -1
	}
	return actions, 0
}

// actions gives what a button does.
func (k *barKey) actions() (list []desktop.BarAction) {
	for _, id := range k.of {
		a := desktop.BarAction{Session: id, Do: k.verb}
		for _, a.Copy = range k.copies {
			list = append(list, a)
		}
		if k.copies == nil {
			list = append(list, a)
		}
	}
	return list
}

// Keep takes over what the pointer is doing on the bar that b replaces: a Stop
// that is half pressed stays so whatever else changes. A nil bar is none.
func (b *Bar) Keep(before *Bar) {
	if before == nil {
		return
	}
	b.hover, b.held, b.grip = b.same(before, before.hover), b.same(before, before.held), before.grip
}

func (b *Bar) same(before *Bar, i int) int {
	if i < 0 {
		return i
	}
	old := before.keys[i]
	return slices.IndexFunc(b.keys, func(k barKey) bool {
		return k.verb == old.verb && slices.Equal(k.of, old.of) && slices.Equal(k.copies, old.copies)
	})
}

func (b *Bar) at(in Input) int {
	for i, k := range b.keys {
		if image.Pt(in.X, in.Y).In(k.rect) {
			return i
		}
	}
	return -1
}

// Button gives the place of a button, for tests that press it; empty if the
// bar has none such.
func (b *Bar) Button(a desktop.BarAction) image.Rectangle {
	for _, k := range b.keys {
		if slices.Equal(k.actions(), []desktop.BarAction{a}) {
			return k.rect
		}
	}
	return image.Rectangle{}
}

// Look gives how the bar looks now.
func (b *Bar) Look() Look { return Look{hover: b.hover, target: b.held} }

// Draw paints the bar into img, whose corner is its own.
func (b *Bar) Draw(img *image.RGBA) {
	c := &canvas{style: b.style, img: img}
	all := image.Rectangle{Max: b.size}
	c.rect(all, barFill)
	edge := all
	edge.Min.Y -= c.px(barRadius)
	c.ring(edge, barRadius*c.scale, max(c.scale, 1), barLine, barFill)
	for i, r := range b.rows {
		b.drawRow(c, i, r)
	}
	for i, k := range b.keys {
		b.drawKey(c, i, k)
	}
}

func (b *Bar) drawRow(c *canvas, i int, r row) {
	if i > 0 {
		y := r.rect.Min.Y
		c.rect(image.Rect(c.px(barMargin), y, b.size.X-c.px(barMargin), y+max(c.px(1), 1)), barLine)
	}
	size := c.px(barDot)
	y := (r.rect.Min.Y + r.rect.Max.Y - size) / 2
	dot := color.Color(liveDot)
	if r.lost {
		dot = lostDot
	}
	if !r.copies {
		c.round(image.Rect(c.px(barMargin), y, c.px(barMargin)+size, y+size), float64(size)/2, dot)
	}
	line := r.rect
	line.Min.Y += (r.rect.Dy() - c.lineHeight(roleBarName)) / 2
	base := c.baseline(roleBarName, line.Min.Y)
	c.text(roleBarName, r.name, line.Min.X, base, barInk)
	c.text(roleBar, r.state, line.Min.X+c.width(roleBarName, r.name)+c.px(10), base, barSoft)
}

func (b *Bar) drawKey(c *canvas, i int, k barKey) {
	fill := barButton
	switch {
	case k.verb == desktop.BarStop && (b.hover == i || b.held == i):
		fill = stopLow
	case k.verb == desktop.BarStop:
		fill = stopRed
	case b.hover == i || b.held == i:
		fill = barLow
	case k.unread:
		fill = accent
	}
	c.round(k.rect, 7*c.scale, fill)
	c.centred(k.rect, roleBarName, k.label, barInk)
}
