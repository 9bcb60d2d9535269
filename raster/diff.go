package raster

import "bytes"

// Tile is the grid on which pictures are compared, in pixels.
const Tile = 64

// MaxSide is the largest width or height, in pixels, that any part of the
// suite handles: what RFB can say in 16 bits and a cursor can still reach.
const MaxSide = 32767

// Diff adds to g the tiles of r in which a and b differ. Neighbours in a row of
// tiles are joined and narrowed to the pixels that do, all of a row to the same
// height. Both pictures must contain r. Whole rows are compared first, and the
// tiles of unequal rows after that, because most rows of a desktop are equal
// and one long comparison is three times as fast as many short ones.
func Diff(g *Region, a, b *Image, r Rect) {
	for r.Y0 < r.Y1 {
		band := r
		band.Y1 = min(r.Y1, (r.Y0/Tile+1)*Tile)
		diffBand(g, a, b, band)
		r.Y0 = band.Y1
	}
}

// Equal reports whether a and b have the same pixels in r, which both must
// contain.
func Equal(a, b *Image, r Rect) bool {
	for y := r.Y0; y < r.Y1; y++ {
		if !bytes.Equal(a.Row(y, r.X0, r.X1), b.Row(y, r.X0, r.X1)) {
			return false
		}
	}
	return true
}

func diffBand(g *Region, a, b *Image, r Rect) {
	var unequal [MaxSide/Tile + 1]bool
	top, bottom := r.Y1, r.Y0
	for y := r.Y0; y < r.Y1; y++ {
		if bytes.Equal(a.Row(y, r.X0, r.X1), b.Row(y, r.X0, r.X1)) {
			continue
		}
		top, bottom = min(top, y), y+1
		for x := r.X0; x < r.X1; {
			next := min(r.X1, (x/Tile+1)*Tile)
			if t := &unequal[x/Tile]; !*t {
				*t = !bytes.Equal(a.Row(y, x, next), b.Row(y, x, next))
			}
			x = next
		}
	}
	if top >= bottom {
		return
	}
	for x := r.X0; x < r.X1; {
		next := min(r.X1, (x/Tile+1)*Tile)
		if start := x; unequal[x/Tile] {
			for next < r.X1 && unequal[next/Tile] {
				next = min(r.X1, next+Tile)
			}
			g.Add(narrow(a, b, Rect{start, top, next, bottom}))
		}
		x = next
	}
}

// narrow takes from r the columns on both sides that are equal. Its first and its
// last tile are not.
func narrow(a, b *Image, r Rect) Rect {
	left, right := min(r.W(), Tile), min(r.W(), Tile)
	for y := r.Y0; y < r.Y1; y++ {
		p, q := a.Row(y, r.X0, r.X1), b.Row(y, r.X0, r.X1)
		if left > 0 {
			left = same(p[:left*BytesPerPixel], q[:left*BytesPerPixel])
		}
		if at := len(p) - right*BytesPerPixel; right > 0 {
			right = sameBack(p[at:], q[at:])
		}
	}
	return Rect{r.X0 + left, r.Y0, r.X1 - right, r.Y1}
}

// stride is how many bytes are compared at once.
const stride = 64

// same counts the pixels at the beginning of two rows that are equal.
func same(a, b []byte) int {
	n := 0
	for n+stride <= len(a) && bytes.Equal(a[n:n+stride], b[n:n+stride]) {
		n += stride
	}
	for n < len(a) && bytes.Equal(a[n:n+BytesPerPixel], b[n:n+BytesPerPixel]) {
		n += BytesPerPixel
	}
	return n / BytesPerPixel
}

// sameBack counts them at the end.
func sameBack(a, b []byte) int {
	n := len(a)
	for n >= stride && bytes.Equal(a[n-stride:n], b[n-stride:n]) {
		n -= stride
	}
	for n > 0 && bytes.Equal(a[n-BytesPerPixel:n], b[n-BytesPerPixel:n]) {
		n -= BytesPerPixel
	}
	return (len(a) - n) / BytesPerPixel
}

// Solid reports whether all pixels of r, which m must contain, are equal, and
// gives the first.
func Solid(m *Image, r Rect) (pixel uint32, ok bool) {
	if r.Empty() {
		return 0, false
	}
	first := m.Row(r.Y0, r.X0, r.X1)
	if !bytes.Equal(first[BytesPerPixel:], first[:len(first)-BytesPerPixel]) {
		return 0, false
	}
	for y := r.Y0 + 1; y < r.Y1; y++ {
		if !bytes.Equal(first, m.Row(y, r.X0, r.X1)) {
			return 0, false
		}
	}
	return m.Pixel(r.X0, r.Y0), true
}
