package panel

import (
	"image"
	"slices"

	"deskside"
	"deskside/desktop"
)

// Notice is the window that tells the person something for as long as they
// want. It is a window like those of any program: what is pressed counts at
// once, as all it can do is to close. It is not for two goroutines at once.
type Notice struct {
	n      desktop.Notice
	list   []desktop.BarEntry
	style  *style
	layout noticeLayout
	hover  bool
	press  press
}

// NewNotice lays out a notice, and the sessions there are, for at most w by h
// pixels. What does not fit at the scale is made smaller.
func NewNotice(n desktop.Notice, list []desktop.BarEntry, w, h int, scale float64) *Notice {
	p := &Notice{n: n, list: list}
	p.style, p.layout = layOutNotice(n, list, w, h, scale)
	return p
}

// Fill gives the window exactly w by h pixels, as a system may that lets no
// program choose its own size.
func (p *Notice) Fill(w, h int, scale float64) {
	p.style, p.layout = layOutNotice(p.n, p.list, w, h, scale)
	p.layout.centre(w, h)
	p.hover, p.press = false, press{}
}

// Keep takes over what the person is doing on the notice that p replaces.
func (p *Notice) Keep(before *Notice) { p.hover, p.press = before.hover, before.press }

// Size gives the window's size.
func (p *Notice) Size() (w, h int) { return p.layout.size.X, p.layout.size.Y }

// Caption is the window's title. It tells whether somebody is connected, for
// whom the window is put away.
func (p *Notice) Caption() string {
	if slices.ContainsFunc(p.list, func(e desktop.BarEntry) bool { return e.State == deskside.Active }) {
		return "Connected: " + p.n.Title
	}
	return p.n.Title
}

// Handle takes what the person did, and reports whether that closes the
// window.
func (p *Notice) Handle(in Input) (closed bool) {
	over := image.Pt(in.X, in.Y).In(p.layout.button)
	switch in.Kind {
	case PointerMove:
		p.hover = over
	case PointerLeave:
		p.hover = false
	case PointerDown:
		p.hover, p.press = over, press{held: over}
	case PointerUp:
		closed = over && p.press.held && p.press.key == OtherKey
		p.hover, p.press = over, press{}
	case KeyDown:
		// Not Enter nor Space, as the window may have the keyboard when somebody
		// begins to type what is meant for another. Nor Esc while there is an
		// operator, as it may be theirs, or meant for a program that they use
		// together; it would end what they are doing.
		p.press = press{held: in.Key == Escape && len(p.list) == 0, key: in.Key}
	case KeyUp:
		closed = p.press.held && p.press.key == in.Key && in.Key != OtherKey && len(p.list) == 0
		p.press = press{}
	}
	return closed
}

// Button gives the place of the button, for tests that press it.
func (p *Notice) Button() image.Rectangle { return p.layout.button }

// Look gives how the window looks now.
func (p *Notice) Look() Look {
	look := Look{hover: -1, held: p.press.held}
	if p.hover {
		look.hover = 0
	}
	return look
}

// Draw paints the whole window into img, whose corner is its own.
func (p *Notice) Draw(img *image.RGBA) {
	c := &canvas{style: p.style, img: img}
	c.rect(img.Rect, white)
	l := &p.layout
	c.rect(l.footer, footer)
	line := l.footer
	line.Max.Y = line.Min.Y + max(c.px(1), 1)
	c.rect(line, hairline)
	for _, part := range l.parts {
		p.drawPart(c, part)
	}
	p.drawButton(c)
}

func (p *Notice) drawPart(c *canvas, part part) {
	switch part.name {
	case "icon":
		c.round(part.rect, float64(part.rect.Dx())/2, accent)
		c.icon(part.rect.Inset(part.rect.Dx()/5), white, helper)
	case "box":
		c.ring(part.rect, 8*c.scale, max(c.scale, 1), hairline, quote)
	case "nobody":
		c.round(part.rect, 8*c.scale, quote)
		c.ring(dot(c, part), float64(c.px(barDot))/2, 2*c.scale, inkSoft, quote)
	case "lost":
		c.ring(part.rect, 8*c.scale, max(c.scale, 1), warnLine, warnFill)
		c.round(dot(c, part), float64(c.px(barDot))/2, warnInk)
	case "connected":
		c.ring(part.rect, 8*c.scale, max(c.scale, 1), noticeLine, noticeFill)
		c.round(dot(c, part), float64(c.px(barDot))/2, noticeDot)
	}
	c.lines(part.text, part.role, part.lines, part.ink)
}

// dot gives the place of the dot before a line of who is connected.
func dot(c *canvas, part part) image.Rectangle {
	size := c.px(barDot)
	x, y := part.rect.Min.X+c.px(14), (part.rect.Min.Y+part.rect.Max.Y-size)/2
	return image.Rect(x, y, x+size, y+size)
}

func (p *Notice) drawButton(c *canvas) {
	line, fill := outline, white
	switch {
	case p.press.held:
		fill = hairline
	case p.hover:
		fill = footer
	}
	c.ring(p.layout.button, 8*c.scale, max(c.scale, 1), line, fill)
	c.centred(p.layout.button, roleButton, p.layout.label, ink)
}

// Sign draws the program's sign, for systems that put it beside a window's
// title: size by size pixels, with opacity.
func Sign(size int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, size, size))
	c := &canvas{style: newStyle(1), img: img}
	c.round(img.Rect, float64(size)/2, accent)
	c.icon(img.Rect.Inset(size/5), white, helper)
	return img
}
