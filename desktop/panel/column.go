package panel

import (
	"image"
	"image/color"
)

// Measures at scale 1 that windows share.
const (
	margin       = 28
	iconSize     = 48
	buttonHeight = 42
	buttonWidth  = 96 // at least
	footerHeight = 74
	smallest     = 0.45 // below it nothing can be read
)

// part is one thing on a window: an area, and the text in it.
type part struct {
	name  string
	rect  image.Rectangle
	role  role
	ink   color.RGBA
	lines []string
	text  image.Rectangle // where the lines are, within rect
}

// shrink finds the most generous layout that fits a screen of w by h pixels:
// of the variants that lay makes, the first, and everything smaller only when
// none does.
func shrink(w, h int, scale float64, variants int, lay func(st *style, variant int) image.Point) *style {
	for ; ; scale *= 0.92 {
		st := newStyle(scale)
		for i := range variants {
			size := lay(st, i)
			if size.X <= w && size.Y <= h || scale < smallest && i == variants-1 {
				return st
			}
		}
	}
}

// column places parts one below another.
type column struct {
	*style
	parts      *[]part
	x, y, wide int
	gap        float64 // between parts, as a share of the usual
}

func (c *column) space(v float64) { c.y += c.px(v * c.gap) }

// add places text and gives its part.
func (c *column) add(name string, r role, col color.RGBA, text string, limit int) *part {
	lines := c.wrap(r, c.fit(r, text), c.wide, limit)
	rect := image.Rect(c.x, c.y, c.x+c.wide, c.y+len(lines)*c.lineHeight(r))
	return c.put(part{name, rect, r, col, lines, rect})
}

// put takes a part whose place is known, and goes on below it.
func (c *column) put(p part) *part {
	*c.parts = append(*c.parts, p)
	c.y = p.rect.Max.Y
	return &(*c.parts)[len(*c.parts)-1]
}

// boxed places text with room around it, and more on its left.
func (c *column) boxed(name string, r role, col color.RGBA, text string, limit int, left float64) {
	l, pad := c.px(left), c.px(11)
	in := *c
	in.x, in.y, in.wide = c.x+l, c.y+pad, c.wide-l-pad
	p := in.add(name, r, col, text, limit)
	p.rect = image.Rect(c.x, c.y, c.x+c.wide, in.y+pad)
	c.y = p.rect.Max.Y
}

// beside places an icon, and gives the column on its right.
func (c *column) beside(name string) column {
	icon, indent := c.px(iconSize), c.px(iconSize+16)
	*c.parts = append(*c.parts, part{name: name, rect: image.Rect(c.x, c.y, c.x+icon, c.y+icon)})
	in := *c
	in.x, in.y, in.wide = c.x+indent, c.y-c.px(4), c.wide-indent
	return in
}
