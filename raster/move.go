package raster

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// Move is a copy within a picture: From goes to the rectangle of the same size
// at (X, Y).
type Move struct {
	From Rect
	X, Y int
}

// To gives where the pixels go.
func (m Move) To() Rect { return XYWH(m.X, m.Y, m.From.W(), m.From.H()) }

// Mover finds what moved between two pictures, in any direction: a page that was
// scrolled within its window, a window that was dragged. Its zero value is
// ready; it keeps its memory.
//
// It works on features: places that the content itself chooses, so that they
// are chosen again wherever the content goes. A place is one where a hash of
// the 32 pixels up to it has a rare value. Features that the picture before
// has once, and the one after elsewhere, vote for the distance; those of a
// distance with enough votes grow to the rectangles in which each pixel is
// equal.
type Mover struct {
	places  []place               // of the features before, by key
	shift   uint                  // of a key, to its place
	seen    [seenBits / 64]uint64 // of each feature before, a bit, so that most others need no key
	rare    uint                  // one hash in 1<<rare makes a feature
	found   []feature
	hits    []hit
	votes   [votePlaces]vote
	leaders [maxVectors]vote
	left    Region // what nothing that moved has covered yet
	pending []Move
}

// feature is a place in a picture that its content has chosen.
type feature struct {
	hash uint64 // the lower its value, the rarer
	x, y int32
}

// place is where a feature was; one that is there several times says nothing.
type place struct {
	key  uint64 // 0 if free
	x, y int32  // x < 0 if several
}

// hit is a feature of the picture after, and how far it moved.
type hit struct{ x, y, dx, dy int32 }

type vote struct{ dx, dy, n int32 }

const (
	reach       = 32 // pixels of which a feature's hash is made
	minRare     = 3
	mostRare    = 40 // features this rare that are still too many were made so
	maxFeatures = 1 << 12
	seenBits    = 1 << 16
	votePlaces  = 1 << 10
	maxVectors  = 6       // distances that are tried
	maxMoves    = 12      // that are given
	minVotes    = 3       // for a distance
	maxTries    = 12      // features of a distance that may grow to nothing of worth
	minGain     = 1024    // pixels that a move must set right
	allRows     = 1 << 18 // pixels up to which all rows before are looked at
)

// Find appends to dst moves which, done in order in before, make each To of
// them what it is in after. They set right much of differs, which are the areas
// in which the pictures may differ; what they do not is left as it was. Both
// pictures have the same size, every To is within clip, and clip and differs
// within the pictures.
//
// Each pixel that is moved was compared. The search itself is bounded: for two
// pictures without anything in common it reads each at most once, and of large
// ones one row in seven or less. Of pictures that are made to have countless
// features nothing is said to have moved.
func (m *Mover) Find(dst []Move, before, after *Image, differs *Region, clip Rect) []Move {
	area := differs.Area()
	if area < minGain {
		return dst
	}
	m.learn(before, differs, area)
	m.match(after, differs, area)
	m.poll()
	m.left.Assign(differs)
	m.pending = m.pending[:0]
	for _, v := range m.leaders {
		if v.n >= minVotes && len(m.pending) < maxMoves {
			m.grow(before, after, clip, v)
		}
	}
	return m.order(dst)
}

// learn takes in the features of the picture before.
func (m *Mover) learn(before *Image, g *Region, area int) {
	pick := step{1, 1}
	if area > allRows {
		// Together with every seventh row of the other picture this has one
		// pair of rows in 33 at any distance, and none of the common heights
		// of lines in step with them.
		pick = step{33, 7}
	}
	m.rare = uint(max(minRare, bits.Len(uint(area>>17))))
	m.scan(before, g, pick)
	size := max(bits.Len(uint(len(m.found)*4)), 6)
	m.shift = uint(64 - size)
	if cap(m.places) < 1<<size {
		m.places = make([]place, 1<<size)
	}
	m.places = m.places[:1<<size]
	clear(m.places)
	clear(m.seen[:])
	for _, f := range m.found {
		at, bit := f.bit()
		m.seen[at] |= bit
		for _, key := range f.keys(before) {
			if p := m.at(key); p.key == 0 {
				*p = place{key, f.x, f.y}
			} else {
				p.x = -1
			}
		}
	}
}

// at gives the place that has key, or where it would be.
func (m *Mover) at(key uint64) *place {
	i := key * 0x9e3779b97f4a7c15 >> m.shift
	for m.places[i].key != 0 && m.places[i].key != key {
		i = (i + 1) & uint64(len(m.places)-1)
	}
	return &m.places[i]
}

// match finds features of the picture after that the one before has elsewhere.
func (m *Mover) match(after *Image, g *Region, area int) {
	pick := step{1, 1}
	switch {
	case area > allRows:
		pick = step{7, 1}
	case len(m.found) > maxFeatures/4:
		pick = step{5, 1}
	}
	m.scan(after, g, pick)
	m.hits = m.hits[:0]
	for _, f := range m.found {
		if at, bit := f.bit(); m.seen[at]&bit == 0 {
			continue
		}
		for _, key := range f.keys(after) {
			p := m.at(key)
			if p.key != 0 && p.x >= 0 && (p.x != f.x || p.y != f.y) {
				m.hits = append(m.hits, hit{f.x, f.y, f.x - p.x, f.y - p.y})
				break
			}
		}
	}
}

// step chooses rows: the first n of each of so many.
type step struct{ of, n int }

// scan collects the features of the rows of g that pick chooses. Whenever there
// are too many they are made twice as rare.
func (m *Mover) scan(img *Image, g *Region, pick step) {
	m.found = m.found[:0]
	for _, r := range g.Rects() {
		from := max(r.X0-reach, 0)
		for y := r.Y0; y < r.Y1; y++ {
			if y%pick.of >= pick.n {
				continue
			}
			for m.scanRow(img, y, from, r.X1); len(m.found) > maxFeatures; {
				if m.rare++; m.rare > mostRare {
					m.found = m.found[:0]
					return
				}
				m.found = slices.DeleteFunc(m.found, func(f feature) bool { return f.hash>>(64-m.rare) != 0 })
			}
		}
	}
}

// scanRow collects the features of a row, from reach pixels after x0. The hash
// is of this pixel and those before, each counting a quarter of the next, so
// that after 32 nothing is left of one.
func (m *Mover) scanRow(img *Image, y, x0, x1 int) {
	row := img.Row(y, x0, x1)
	shift := 64 - m.rare
	var h uint64
	last := uint32(0)
	for at := 0; at <= len(row)-BytesPerPixel; at += BytesPerPixel {
		p := binary.LittleEndian.Uint32(row[at:])
		t := uint64(p+1) * 0x9e3779b97f4a7c15
		h = h<<2 + (t ^ t>>29)
		if h>>shift == 0 && p != last && at >= reach*BytesPerPixel {
			m.found = append(m.found, feature{h, int32(x0 + at/BytesPerPixel), int32(y)})
		}
		last = p
	}
}

// keys makes the keys of a feature: its hash and some of the rows below, because
// lines of text have much in common in one row. The first reaches over a line or
// two, so that it is there only once; the second fits into what is low.
func (f feature) keys(img *Image) [2]uint64 {
	low := mix(img, f.hash, int(f.x), int(f.y)+3)
	low = mix(img, low, int(f.x), int(f.y)+7)
	high := mix(img, low, int(f.x), int(f.y)+12)
	high = mix(img, high, int(f.x), int(f.y)+19)
	return [2]uint64{high | 1, low | 1} // 0 stands for none
}

// bit tells which bit of seen stands for a feature.
func (f feature) bit() (at int, bit uint64) {
	n := f.hash * 0x9e3779b97f4a7c15 >> (64 - 16)
	return int(n / 64), 1 << (n % 64)
}

// mix adds to a hash the reach pixels up to (x, y). Below the picture there is
// nothing to add.
func mix(img *Image, h uint64, x, y int) uint64 {
	if y >= img.H {
		return h
	}
	row := img.Row(y, x-reach+1, x+1)
	for i := 0; i < len(row); i += 16 {
		h = (h ^ binary.LittleEndian.Uint64(row[i:])) * 0xff51afd7ed558ccd
		h ^= h >> 32
	}
	return h
}

// poll finds the distances that most features moved.
func (m *Mover) poll() {
	clear(m.votes[:])
	clear(m.leaders[:])
	for _, h := range m.hits {
		i := (uint32(h.dx)*0x9e3779b1 ^ uint32(h.dy)*0x85ebca6b) >> 22
		for range 16 {
			v := &m.votes[i]
			if v.n == 0 {
				v.dx, v.dy = h.dx, h.dy
			}
			if v.dx == h.dx && v.dy == h.dy {
				v.n++
				break
			}
			i = (i + 1) % votePlaces
		}
	}
	for _, v := range m.votes {
		for i := range m.leaders {
			if v.n > m.leaders[i].n {
				v, m.leaders[i] = m.leaders[i], v
			}
		}
	}
}

// grow makes moves of the hits at one distance.
func (m *Mover) grow(before, after *Image, clip Rect, v vote) {
	dx, dy := int(v.dx), int(v.dy)
	clip = clip.Intersect(before.Bounds().Move(dx, dy))
	g := grower{before: before, after: after, dx: dx, dy: dy, clip: clip}
	tries := 0
	for _, h := range m.hits {
		x, y := int(h.x), int(h.y)
		if h.dx != v.dx || h.dy != v.dy || !m.lacks(x, y) {
			continue
		}
		to, gain := m.gain(g.grow(x, y))
		if gain < minGain {
			if tries++; tries == maxTries {
				return
			}
			continue
		}
		m.left.Subtract(to)
		m.pending = append(m.pending, Move{to.Move(-dx, -dy), to.X0, to.Y0})
		if len(m.pending) == maxMoves {
			return
		}
	}
}

// lacks reports whether (x, y) is still to be set right.
func (m *Mover) lacks(x, y int) bool {
	for _, r := range m.left.Rects() {
		if x >= r.X0 && x < r.X1 && y >= r.Y0 && y < r.Y1 {
			return true
		}
	}
	return false
}

// gain counts the pixels of r that are still to be set right, and gives the
// rectangle around them.
func (m *Mover) gain(r Rect) (around Rect, n int) {
	for _, s := range m.left.Rects() {
		s = s.Intersect(r)
		around = around.Union(s)
		n += s.Area()
	}
	return around, n
}

// order appends the moves so that none reads what one before it wrote. Where
// they read in a circle the one that moves least is given up.
func (m *Mover) order(dst []Move) []Move {
	list := m.pending
	for len(list) > 0 {
		next, least := -1, 0
		for i, a := range list {
			if free(list, i) {
				next = i
				break
			}
			if a.From.Area() < list[least].From.Area() {
				least = i
			}
		}
		if next >= 0 {
			dst = append(dst, list[next])
		} else {
			next = least
		}
		list[next] = list[len(list)-1]
		list = list[:len(list)-1]
	}
	return dst
}

// free reports whether no other of the list reads what i writes.
func free(list []Move, i int) bool {
	to := list[i].To()
	for j, o := range list {
		if j != i && !to.Intersect(o.From).Empty() {
			return false
		}
	}
	return true
}
