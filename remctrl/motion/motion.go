package motion

import (
	"math/bits"
	"slices"
	"time"

	"deskside/raster"
)

// Motion learns which areas keep changing all over: films, and whatever else
// moves like one. Time passes in slots; a tile that was new nearly all over in
// most slots of the last second, and has too many colours for text, is hot, and
// what is hot and hangs together plays, as the rectangle around it. It plays
// until nothing of it has changed for a while.
//
// What plays is not looked through for what moved, goes after all else that
// changed, and is not sent exactly in between. An encoder of films would take
// such an area as its picture.
type Motion struct {
	w, h  int // of the canvas, in pixels
	cols  int
	tiles []uint8   // the slots in which each changed, a bit for each, the present one lowest
	slot  time.Time // when the present slot ends
	list  []area
	Plays raster.Region // all of list
	hot   raster.Region // scratch
	part  raster.Region
}

// area is one that plays.
type area struct {
	r    raster.Rect
	box  raster.Rect // of tiles, the same when it began
	seen bool        // r is from a change
	last time.Time   // when it changed
}

const (
	slotTime  = time.Second / 8
	hotSlots  = 6                      // of eight, from which a tile is hot
	PlaysOn   = 130 * time.Millisecond // without a change until it counts as at rest
	leastPlay = 4 * raster.Tile * raster.Tile
)

// Resize begins anew with a canvas of w by h pixels.
func (m *Motion) Resize(w, h int) {
	m.w, m.h, m.cols = w, h, (w+raster.Tile-1)/raster.Tile
	n := m.cols * ((h + raster.Tile - 1) / raster.Tile)
	if cap(m.tiles) < n {
		m.tiles = make([]uint8, n)
	}
	m.tiles = m.tiles[:n]
	clear(m.tiles)
	m.list = m.list[:0]
	m.Plays.Clear()
}

// at gives the place of tile i on the canvas.
func (m *Motion) at(i int) raster.Rect {
	r := raster.XYWH(i%m.cols*raster.Tile, i/m.cols*raster.Tile, raster.Tile, raster.Tile)
	return r.Intersect(raster.Rect{X1: m.w, Y1: m.h})
}

// Note takes in what changed since it was last called, which may be nothing. many
// tells whether a rectangle has many colours; it is asked only of what is hot.
func (m *Motion) Note(changed *raster.Region, now time.Time, many func(raster.Rect) bool) {
	m.tick(now, many)
	for _, r := range changed.Rects() {
		m.mark(r)
	}
	ended := false
	for i := range m.list {
		m.list[i].note(changed, now)
		ended = ended || now.Sub(m.list[i].last) >= PlaysOn
	}
	if ended {
		m.list = slices.DeleteFunc(m.list, func(a area) bool { return now.Sub(a.last) >= PlaysOn })
	}
	m.join()
}

// note takes in what changed. A change of nearly all shows where the edges are,
// which need not be those of tiles; a small one lies above, a pointer or a button.
func (a *area) note(changed *raster.Region, now time.Time) {
	const edge = raster.Tile - 1
	reach := raster.Rect{X0: a.box.X0 - edge, Y0: a.box.Y0 - edge, X1: a.box.X1 + edge, Y1: a.box.Y1 + edge}
	n := 0
	for _, r := range changed.Rects() {
		part := r.Intersect(a.r).Area()
		if n += part; part*4 < a.r.Area()*3 {
			continue
		}
		if r = r.Intersect(reach); a.seen {
			r = r.Union(a.r)
		}
		a.r, a.seen = r, true
	}
	if n*16 >= a.r.Area() {
		a.last = now
	}
}

// join makes Plays all of the list.
func (m *Motion) join() {
	m.Plays.Clear()
	for _, a := range m.list {
		m.Plays.Add(a.r)
	}
}

// mark notes the tiles of which r has nearly all.
func (m *Motion) mark(r raster.Rect) {
	for y := r.Y0 / raster.Tile; y*raster.Tile < r.Y1; y++ {
		for x := r.X0 / raster.Tile; x*raster.Tile < r.X1; x++ {
			i := y*m.cols + x
			if t := m.at(i); t.Intersect(r).Area()*4 >= t.Area()*3 {
				m.tiles[i] |= 1
			}
		}
	}
}

// Tick ends a slot once its time has passed; what is hot then begins to play. Of
// a time in which nobody looked nothing is known, so it does not count.
func (m *Motion) tick(now time.Time, many func(raster.Rect) bool) {
	if now.Before(m.slot) {
		return
	}
	if now.Sub(m.slot) > 8*slotTime {
		clear(m.tiles)
	}
	m.slot = now.Add(slotTime)
	m.heat(now, many)
	for i := range m.tiles {
		m.tiles[i] <<= 1
	}
}

// heat finds what is hot and does not play yet, and joins it to areas. What was
// hot and did not change in the slot that ends has come to rest.
func (m *Motion) heat(now time.Time, many func(raster.Rect) bool) {
	m.hot.Clear()
	for i, slots := range m.tiles {
		if slots&1 != 0 && bits.OnesCount8(slots) >= hotSlots && !m.known(m.at(i)) && many(m.at(i)) {
			m.hot.Add(m.at(i))
		}
	}
	if m.hot.Empty() {
		return
	}
	for _, a := range m.list {
		m.hot.Add(a.box)
	}
	m.list = m.list[:0]
	for !m.hot.Empty() {
		m.begin(m.island(), now)
	}
}

// known reports whether a tile plays.
func (m *Motion) known(tile raster.Rect) bool {
	return slices.ContainsFunc(m.list, func(a area) bool { return a.box.Contains(tile) })
}

// island gives the rectangle around what hangs together with the first of what
// is hot.
func (m *Motion) island() raster.Rect {
	box := m.hot.Rects()[0]
	for grown := true; grown; {
		grown = false
		for _, r := range m.hot.Rects() {
			apart := r.X0 > box.X1 || r.X1 < box.X0 || r.Y0 > box.Y1 || r.Y1 < box.Y0
			if !apart && !box.Contains(r) {
				box, grown = box.Union(r), true
			}
		}
	}
	return box
}

// begin lets play what is hot in box, as one area if it has most of it.
func (m *Motion) begin(box raster.Rect, now time.Time) {
	m.part.Assign(&m.hot)
	m.part.Intersect(box)
	m.hot.Subtract(box)
	switch n := m.part.Area(); {
	case n < leastPlay:
	case n*10 >= box.Area()*6:
		m.list = append(m.list, area{r: box, box: box, last: now})
	default:
		for _, r := range m.part.Rects() {
			m.list = append(m.list, area{r: r, box: r, last: now})
		}
	}
}
