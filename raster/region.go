package raster

import "slices"

// Region is a set of pixels. The zero Region is empty. A Region keeps its
// memory when it is changed or cleared, and is not for use by several
// goroutines at once.
type Region struct {
	// rects are disjoint, in bands from the top: the rectangles of a band
	// share Y0 and Y1 and run from the left without touching, and two bands
	// that touch differ in their columns. Equal sets have equal rects.
	rects, spare []Rect
	one          [1]Rect
}

// Rects gives the set as disjoint rectangles from the top left. The slice is
// the region's own: it holds until the next change and is not to be written.
func (g *Region) Rects() []Rect { return g.rects }

// Empty reports whether there are no pixels in g.
func (g *Region) Empty() bool { return len(g.rects) == 0 }

// Clear takes everything out.
func (g *Region) Clear() { g.rects = g.rects[:0] }

// Set makes g the pixels of r.
func (g *Region) Set(r Rect) {
	g.Clear()
	if !r.Empty() {
		g.rects = append(g.rects, r)
	}
}

// Assign makes g the pixels of h.
func (g *Region) Assign(h *Region) { g.rects = append(g.rects[:0], h.rects...) }

// Bounds gives the smallest rectangle around g.
func (g *Region) Bounds() (b Rect) {
	for _, r := range g.rects {
		b = b.Union(r)
	}
	return b
}

// Area gives the number of pixels.
func (g *Region) Area() (n int) {
	for _, r := range g.rects {
		n += r.Area()
	}
	return n
}

// Equal reports whether g and h have the same pixels.
func (g *Region) Equal(h *Region) bool { return slices.Equal(g.rects, h.rects) }

// Contains reports whether g has every pixel of r.
func (g *Region) Contains(r Rect) bool {
	n := 0
	for _, s := range g.rects {
		n += s.Intersect(r).Area()
	}
	return n == r.Area()
}

// Add puts the pixels of r into g.
func (g *Region) Add(r Rect) {
	if !r.Empty() {
		g.combine(g.single(r), either)
	}
}

// Subtract takes the pixels of r out of g.
func (g *Region) Subtract(r Rect) {
	if !r.Empty() {
		g.combine(g.single(r), first)
	}
}

// Intersect leaves in g only the pixels of r.
func (g *Region) Intersect(r Rect) { g.combine(g.single(r), both) }

// AddRegion and SubtractRegion do the same with every pixel of h.
func (g *Region) AddRegion(h *Region)      { g.combine(h.rects, either) }
func (g *Region) SubtractRegion(h *Region) { g.combine(h.rects, first) }

// Move shifts every pixel.
func (g *Region) Move(dx, dy int) {
	for i, r := range g.rects {
		g.rects[i] = r.Move(dx, dy)
	}
}

// Simplify adds pixels until at most n rectangles (at least one) are left,
// joining neighbours where that adds the fewest.
func (g *Region) Simplify(n int) {
	for tries := len(g.rects); len(g.rects) > max(n, 1); tries-- {
		if tries == 0 {
			g.Set(g.Bounds())
			return
		}
		best, cost := Rect{}, -1
		for i := range len(g.rects) - 1 {
			a, b := g.rects[i], g.rects[i+1]
			u := a.Union(b)
			if c := u.Area() - a.Area() - b.Area(); cost < 0 || c < cost {
				best, cost = u, c
			}
		}
		g.Add(best)
	}
}

func (g *Region) single(r Rect) []Rect {
	if r.Empty() {
		return nil
	}
	g.one[0] = r
	return g.one[:]
}

// rule says which pixels stay, indexed by whether one is in the first and in
// the second set.
type rule [2][2]bool

var (
	either = rule{{false, true}, {true, true}}
	first  = rule{{false, false}, {true, false}}
	both   = rule{{false, false}, {false, true}}
)

// combine sweeps both sets from the top, band by band.
func (g *Region) combine(b []Rect, keep rule) {
	a, out := g.rects, g.spare[:0]
	last := 0 // where the band before begins in out
	y := edge(a, b)
	for len(a) > 0 || len(b) > 0 {
		na, nb := band(a, y), band(b, y)
		end := min(bandEnd(a, na), bandEnd(b, nb))
		start := len(out)
		out = mergeBand(out, a[:na], b[:nb], y, end, keep)
		if len(out) > start {
			out, last = joinBands(out, last, start)
		}
		a, b, y = drop(a, na, end), drop(b, nb, end), end
	}
	g.spare, g.rects = g.rects, out
}

const far = int(^uint(0) >> 1)

// edge gives the topmost row of two sets.
func edge(a, b []Rect) int {
	y := far
	if len(a) > 0 {
		y = a[0].Y0
	}
	if len(b) > 0 {
		y = min(y, b[0].Y0)
	}
	return y
}

// band counts the leading rectangles that reach row y.
func band(a []Rect, y int) int {
	n := 0
	for n < len(a) && a[n].Y0 <= y && a[n].Y1 == a[0].Y1 {
		n++
	}
	return n
}

// bandEnd gives the row at which the set changes next, n being its rectangles
// in the present row.
func bandEnd(a []Rect, n int) int {
	switch {
	case n > 0:
		return a[0].Y1
	case len(a) > 0:
		return a[0].Y0
	}
	return far
}

// drop leaves out the first n rectangles once the sweep is at their end.
func drop(a []Rect, n, y int) []Rect {
	if n > 0 && a[0].Y1 <= y {
		return a[n:]
	}
	return a
}

// mergeBand appends what the rule keeps of two rows of intervals.
func mergeBand(out, a, b []Rect, y0, y1 int, keep rule) []Rect {
	start, x := len(out), -far-1
	for len(a) > 0 || len(b) > 0 {
		inA, nextA := within(a, x)
		inB, nextB := within(b, x)
		next := min(nextA, nextB)
		if keep[inA][inB] {
			if n := len(out); n > start && out[n-1].X1 == x {
				out[n-1].X1 = next
			} else {
				out = append(out, Rect{x, y0, next, y1})
			}
		}
		x = next
		if len(a) > 0 && a[0].X1 <= x {
			a = a[1:]
		}
		if len(b) > 0 && b[0].X1 <= x {
			b = b[1:]
		}
	}
	return out
}

// within tells whether column x is in the first interval (1) or before it (0),
// and the column where that changes.
func within(a []Rect, x int) (in, next int) {
	switch {
	case len(a) == 0:
		return 0, far
	case a[0].X0 <= x:
		return 1, a[0].X1
	}
	return 0, a[0].X0
}

// joinBands makes the band at start part of the one at last where they touch
// and have the same columns, and tells where the last band begins now.
func joinBands(out []Rect, last, start int) ([]Rect, int) {
	above, below := out[last:start], out[start:]
	if len(above) != len(below) || above[0].Y1 != below[0].Y0 {
		return out, start
	}
	for i := range above {
		if above[i].X0 != below[i].X0 || above[i].X1 != below[i].X1 {
			return out, start
		}
	}
	for i := range above {
		above[i].Y1 = below[0].Y1
	}
	return out[:start], last
}
