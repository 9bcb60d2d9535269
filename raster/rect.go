package raster

import "fmt"

// Rect is the pixels from (X0, Y0) up to, not including, (X1, Y1). A Rect
// without pixels is empty however it is written.
type Rect struct{ X0, Y0, X1, Y1 int }

// XYWH makes a rectangle from a corner and a size.
func XYWH(x, y, w, h int) Rect { return Rect{x, y, x + w, y + h} }

// W and H give the size.
func (r Rect) W() int { return r.X1 - r.X0 }
func (r Rect) H() int { return r.Y1 - r.Y0 }

// Empty reports whether r has no pixels.
func (r Rect) Empty() bool { return r.X0 >= r.X1 || r.Y0 >= r.Y1 }

// Area gives the number of pixels.
func (r Rect) Area() int {
	if r.Empty() {
		return 0
	}
	return r.W() * r.H()
}

// Intersect gives the pixels that r and s share; the zero Rect if none.
func (r Rect) Intersect(s Rect) Rect {
	r = Rect{max(r.X0, s.X0), max(r.Y0, s.Y0), min(r.X1, s.X1), min(r.Y1, s.Y1)}
	if r.Empty() {
		return Rect{}
	}
	return r
}

// Union gives the smallest rectangle that has all pixels of r and s.
func (r Rect) Union(s Rect) Rect {
	if r.Empty() {
		return s
	}
	if s.Empty() {
		return r
	}
	return Rect{min(r.X0, s.X0), min(r.Y0, s.Y0), max(r.X1, s.X1), max(r.Y1, s.Y1)}
}

// Contains reports whether every pixel of s is in r.
func (r Rect) Contains(s Rect) bool {
	return s.Empty() || (s.X0 >= r.X0 && s.Y0 >= r.Y0 && s.X1 <= r.X1 && s.Y1 <= r.Y1)
}

// Move gives r shifted.
func (r Rect) Move(dx, dy int) Rect { return Rect{r.X0 + dx, r.Y0 + dy, r.X1 + dx, r.Y1 + dy} }

// String gives "WxH+X+Y".
func (r Rect) String() string { return fmt.Sprintf("%dx%d+%d+%d", r.W(), r.H(), r.X0, r.Y0) }
