package panel

import (
	"image"
	"strings"

	"deskside"
	"deskside/desktop"
)

// Measures at scale 1.
const (
	consentWidth = 560
	cornerRadius = 12
	buttonGap    = 10
	rightHeight  = 27
	rightIcon    = 20
	digitWidth   = 44
	digitHeight  = 52
)

// placed is a button with its place.
type placed struct {
	button
	rect image.Rectangle
}

// consentLayout is where everything of a consent window is.
type consentLayout struct {
	size    image.Point
	parts   []part
	rights  []deskside.Right
	buttons []placed
	digits  []image.Rectangle
	footer  image.Rectangle
}

// variant is how generous a layout is.
type variant struct {
	columns     int // of rights
	reasonLines int
	nameLines   int
	gap         float64 // between parts, as a share of the usual
}

var variants = []variant{{1, 4, 2, 1}, {2, 4, 2, 1}, {2, 3, 2, 0.7}, {2, 2, 1, 0.5}}

// layOut finds the most generous layout that fits a screen of w by h pixels,
// and makes everything smaller only when none does.
func layOut(q desktop.Question, w, h int, scale float64) (*style, consentLayout) {
	var l consentLayout
	st := shrink(w, h, scale, len(variants), func(st *style, i int) image.Point {
		l = st.consent(q, variants[i])
		return l.size
	})
	return st, l
}

// asking places what a question has.
type asking struct {
	column
	l *consentLayout
}

// consent lays out a question.
func (st *style) consent(q desktop.Question, v variant) consentLayout {
	var l consentLayout
	c := &asking{column{st, &l.parts, st.px(margin), st.px(24), st.px(consentWidth - 2*margin), v.gap}, &l}
	c.head(q, v)
	if q.Digits || q.Operator.Name == "" {
		c.space(14)
		c.boxed("warning", roleSmall, warnInk, warningWords(q), 3, 42)
	}
	c.space(16)
	if q.Reason != "" {
		c.boxed("reason", roleBody, ink, "“"+q.Reason+"”", v.reasonLines, 18)
	} else {
		c.boxed("reason", roleBody, inkSoft, "No reason was given.", 1, 18)
	}
	c.rights(q, v)
	if q.Digits {
		c.digits()
	}
	c.space(20)
	c.foot(q)
	l.size = image.Pt(st.px(consentWidth), l.footer.Max.Y)
	return l
}

func (c *asking) head(q desktop.Question, v variant) {
	in := c.beside("icon")
	in.add("name", roleName, ink, who(q.Operator), v.nameLines)
	in.add("wish", roleStrong, ink, "wants to connect to this computer with Deskside", 1)
	in.y += c.px(3)
	in.add("address", roleSmall, inkSoft, address(q), 1)
	in.add("host", roleSmall, inkSoft, host(q), 1)
	c.y = max(in.y, c.y+c.px(iconSize))
}

func warningWords(q desktop.Question) string {
	if q.Digits {
		return "This operator has never connected here. Go on only if you are talking to them now and know who they are."
	}
	return "This operator is not known to this computer. Go on only if you know who they are."
}

func (c *asking) rights(q desktop.Question, v variant) {
	c.space(18)
	c.add("rights", roleTitle, inkSoft, "If you allow it, they can", 1)
	c.y += c.px(6)
	c.l.rights = q.Rights.List()
	wide, top := c.wide/v.columns, c.y
	rows := (len(c.l.rights) + v.columns - 1) / v.columns
	for i, r := range c.l.rights {
		x, y := c.x+i/max(rows, 1)*wide, top+i%max(rows, 1)*c.px(rightHeight)
		p := part{name: "right " + r.String(), role: roleBody, ink: ink, rect: image.Rect(x, y, x+wide, y+c.px(rightHeight))}
		p.text = p.rect
		p.text.Min.X += c.px(rightIcon + 12)
		p.text.Min.Y += (p.rect.Dy() - c.lineHeight(roleBody)) / 2
		p.lines = []string{c.cut(roleBody, rightWords[r], p.text.Dx())}
		c.l.parts = append(c.l.parts, p)
	}
	c.y = top + rows*c.px(rightHeight)
	if q.Rights&everything != 0 {
		c.space(6)
		c.boxed("everything", roleSmall, warnInk, everythingWords, 2, 42)
	}
	if len(buttonsOf(q)) > 2 {
		c.space(8)
		c.add("view-only words", roleSmall, inkSoft, viewOnlyWords(q), 1)
	}
}

func (c *asking) digits() {
	c.space(18)
	c.add("digits-label", roleTitle, inkSoft, "Type the six digits that the operator reads to you", 1)
	c.y += c.px(8)
	x := c.x
	for i := range digitCount {
		if i == digitCount/2 {
			x += c.px(14)
		}
		c.l.digits = append(c.l.digits, image.Rect(x, c.y, x+c.px(digitWidth), c.y+c.px(digitHeight)))
		x += c.px(digitWidth + 8)
	}
	c.y += c.px(digitHeight)
}

// foot places the buttons from the right, and the time left before them.
func (c *asking) foot(q desktop.Question) {
	c.l.footer = image.Rect(0, c.y, c.px(consentWidth), c.y+c.px(footerHeight))
	top := c.y + (c.px(footerHeight)-c.px(buttonHeight))/2
	right := c.x + c.wide
	list := buttonsOf(q)
	for i := len(list) - 1; i >= 0; i-- {
		wide := max(c.width(roleButton, list[i].label)+c.px(40), c.px(buttonWidth))
		rect := image.Rect(right-wide, top, right, top+c.px(buttonHeight))
		c.l.buttons = append([]placed{{list[i], rect}}, c.l.buttons...)
		right = rect.Min.X - c.px(buttonGap)
	}
	clock := image.Rect(c.x, top, right, top+c.px(buttonHeight))
	c.l.parts = append(c.l.parts, part{name: "clock", rect: clock, text: clock, role: roleSmall, ink: inkSoft})
}

// viewOnly names the answer between Deny and Allow by what it leaves.
func viewOnly(q desktop.Question) string {
	if q.Rights.Has(deskside.View) {
		return "View only"
	}
	var names []string
	if q.Rights.Has(deskside.ChatRight) {
		names = append(names, "Chat")
	}
	if q.Rights.Has(deskside.Info) {
		names = append(names, "Facts")
	}
	return strings.Join(names, " and ") + " only"
}
