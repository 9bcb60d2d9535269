package panel

import (
	"image"
	"image/color"
	"time"

	"deskside/desktop"
)

// Draw paints the whole window into img, whose corner is its own.
func (c *Consent) Draw(img *image.RGBA, now time.Time) {
	p := &canvas{style: c.style, img: img}
	l := &c.layout
	all := image.Rectangle{Max: l.size}
	p.rect(all, outline) // for systems without round windows
	p.ring(all, c.style.scale*cornerRadius, max(c.style.scale, 1), outline, white)
	c.drawFooter(p, now)
	for _, part := range l.parts {
		c.drawPart(p, part, now)
	}
	for i, r := range l.digits {
		c.drawDigit(p, i, r)
	}
	for i, b := range l.buttons {
		c.drawButton(p, i, b, now)
	}
}

func (c *Consent) drawPart(p *canvas, part part, now time.Time) {
	radius := 7 * p.scale
	switch part.name {
	case "icon":
		p.round(part.rect, float64(part.rect.Dx())/2, accent)
		p.icon(part.rect.Inset(part.rect.Dx()/5), white, helper)
	case "warning", "everything":
		p.ring(part.rect, radius, max(p.scale, 1), warnLine, warnFill)
		size := p.px(20)
		x, y := part.rect.Min.X+p.px(12), (part.rect.Min.Y+part.rect.Max.Y-size)/2
		p.icon(image.Rect(x, y, x+size, y+size), warnInk, warning)
	case "reason":
		p.round(part.rect, radius/2, quote)
		bar := part.rect
		bar.Max.X = bar.Min.X + p.px(4)
		p.round(bar, 2*p.scale, accent)
	case "clock":
		c.drawClock(p, part, now)
	}
	p.lines(part.text, part.role, part.lines, part.ink)
	for _, r := range c.layout.rights {
		if part.name == "right "+r.String() {
			size := p.px(rightIcon)
			y := (part.rect.Min.Y + part.rect.Max.Y - size) / 2
			col := accent
			if everything.Has(r) {
				col = warnInk
			}
			p.icon(image.Rect(part.rect.Min.X, y, part.rect.Min.X+size, y+size), col, rightIcons[r])
		}
	}
}

// drawFooter paints the ground of the buttons, and above it a line that grows
// shorter as time runs out.
func (c *Consent) drawFooter(p *canvas, now time.Time) {
	f := c.layout.footer
	edge := max(int(p.scale+0.5), 1)
	ground := f
	ground.Min.X, ground.Max.X, ground.Max.Y = f.Min.X+edge, f.Max.X-edge, f.Max.Y-edge
	p.round(ground, p.scale*cornerRadius-float64(edge), footer)
	ground.Max.Y = ground.Min.Y + p.px(cornerRadius)
	p.rect(ground, footer)
	ground.Max.Y = ground.Min.Y + edge
	p.rect(ground, hairline)
	if total := c.q.Until.Sub(c.began); total > 0 {
		share := float64(max(c.q.Until.Sub(now).Round(time.Second), 0)) / float64(total)
		ground.Max.Y = ground.Min.Y + p.px(3)
		ground.Max.X = ground.Min.X + int(min(share, 1)*float64(ground.Dx()))
		p.rect(ground, accent)
	}
}

// drawClock says how long there is to answer, on two lines.
func (c *Consent) drawClock(p *canvas, part part, now time.Time) {
	if c.q.Until.IsZero() {
		return
	}
	r := part.rect
	r.Min.Y += (r.Dy() - 2*p.lineHeight(roleSmall)) / 2
	lines := []string{left(c.q.Until, now) + " to answer", "No answer is Deny"}
	for i := range lines {
		lines[i] = p.cut(roleSmall, lines[i], r.Dx())
	}
	p.lines(r, roleSmall, lines, inkSoft)
}

func (c *Consent) drawDigit(p *canvas, i int, r image.Rectangle) {
	col, wide := color.Color(outline), max(p.scale, 1)
	if i == len(c.digits) {
		col, wide = accent, 2*p.scale
	}
	p.ring(r, 7*p.scale, wide, col, white)
	if i < len(c.digits) {
		p.centred(r, roleDigit, string(c.digits[i]), ink)
	}
}

// drawButton paints an answer: Deny plain, Allow filled, what does not work
// yet in grey, and a ring around the one with the focus.
func (c *Consent) drawButton(p *canvas, i int, b placed, now time.Time) {
	line, fill, label := outline, white, ink
	held := c.press.held && c.press.target == i
	switch {
	case !c.ready(i) || b.choice != desktop.Deny && !c.armed(now):
		line, fill, label = hairline, offFill, inkOff
	case b.choice == desktop.Allow && held:
		line, fill, label = pressed, pressed, white
	case b.choice == desktop.Allow:
		line, fill, label = accent, accent, white
	case held:
		fill = hairline
	case c.hover == i:
		fill = footer
	}
	radius := 8 * p.scale
	if c.focus == i {
		out := p.px(4)
		p.ring(b.rect.Inset(-out), radius+float64(out), 2*p.scale, accent, footer)
	}
	p.ring(b.rect, radius, max(p.scale, 1), line, fill)
	p.centred(b.rect, roleButton, b.label, label)
}
