package raster

import "bytes"

// grower grows a place to the rectangle around it in which one picture has what
// the other has at a distance.
type grower struct {
	before, after *Image
	dx, dy        int
	clip          Rect // in after; what it came from is within before
}

// span is the columns from x0 up to x1.
type span struct{ x0, x1 int }

func (s span) w() int             { return max(s.x1-s.x0, 0) }
func (s span) within(o span) span { return span{max(s.x0, o.x0), min(s.x1, o.x1)} }

// grow gives a large rectangle around (x, y) whose pixels are all equal; empty
// if (x, y) itself is not. It takes in row after row, above or below, whichever
// costs fewer columns, and remembers when it was largest.
func (g *grower) grow(x, y int) (best Rect) {
	if x < g.clip.X0 || x >= g.clip.X1 || y < g.clip.Y0 || y >= g.clip.Y1 {
		return Rect{}
	}
	top, bottom := y, y+1
	s := g.run(x, y, span{g.clip.X0, g.clip.X1})
	above, below := g.run(x, top-1, s), g.run(x, bottom, s)
	for s.w()*g.clip.H() > best.Area() {
		if r := (Rect{s.x0, top, s.x1, bottom}); r.Area() > best.Area() {
			best = r
		}
		if above, below = above.within(s), below.within(s); above.w() >= below.w() {
			s, top = above, top-1
			above = g.run(x, top-1, s)
		} else {
			s, bottom = below, bottom+1
			below = g.run(x, bottom, s)
		}
	}
	return best
}

// run gives the columns of within around x that are equal in row y; none if that
// row is outside or x is not equal.
func (g *grower) run(x, y int, within span) span {
	if y < g.clip.Y0 || y >= g.clip.Y1 || x < within.x0 || x >= within.x1 {
		return span{x, x}
	}
	a := g.after.Row(y, within.x0, within.x1)
	b := g.before.Row(y-g.dy, within.x0-g.dx, within.x1-g.dx)
	if bytes.Equal(a, b) {
		return within
	}
	at := (x - within.x0) * BytesPerPixel
	right := same(a[at:], b[at:])
	if right == 0 {
		return span{x, x}
	}
	return span{x - sameBack(a[:at], b[:at]), x + right}
}
