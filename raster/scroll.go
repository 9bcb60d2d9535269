package raster

import (
	"bytes"
	"hash/maphash"
)

// Scroller finds what moved up or down between two pictures. Its zero value is
// ready; it keeps its memory.
type Scroller struct {
	seed   maphash.Seed
	begun  bool
	before []uint64 // of each row, a hash
	after  []uint64
	where  map[uint64]int // the row of before that has a hash; -1 if several have
	votes  []int          // for each distance, of rows that are found there once
}

// minScroll is how many rows must have moved together for it to be worth a word.
const minScroll = 24

// Find looks for the tallest part of r that is in after what another part, above
// or below within r, is in before. It gives the source in before and the place
// it has in after, of the same columns as r; both are empty if there is none.
// Both pictures must contain r. Rows are compared by hashes of 64 bits, so
// whoever must be exact compares the pictures again.
func (s *Scroller) Find(before, after *Image, r Rect) (from, to Rect) {
	if r.H() < 2*minScroll || r.Empty() {
		return Rect{}, Rect{}
	}
	s.hash(before, after, r)
	dy, ok := s.vote()
	if !ok {
		return Rect{}, Rect{}
	}
	top, n := s.longest(dy)
	if n < minScroll {
		return Rect{}, Rect{}
	}
	to = Rect{r.X0, r.Y0 + top, r.X1, r.Y0 + top + n}
	return to.Move(0, -dy), to
}

func (s *Scroller) hash(before, after *Image, r Rect) {
	if !s.begun {
		s.seed, s.where, s.begun = maphash.MakeSeed(), make(map[uint64]int), true
	}
	clear(s.where)
	s.before, s.after = s.before[:0], s.after[:0]
	for y := r.Y0; y < r.Y1; y++ {
		h := maphash.Bytes(s.seed, before.Row(y, r.X0, r.X1))
		if _, twice := s.where[h]; twice {
			s.where[h] = -1
		} else {
			s.where[h] = y - r.Y0
		}
		s.before = append(s.before, h)
		s.after = append(s.after, maphash.Bytes(s.seed, after.Row(y, r.X0, r.X1)))
	}
}

// vote gives the distance at which most rows are found that are there only once;
// empty lines are everywhere and say nothing.
func (s *Scroller) vote() (dy int, ok bool) {
	h := len(s.after)
	s.votes = append(s.votes[:0], make([]int, 2*h+1)...)
	best := h
	for y, hash := range s.after {
		if from, found := s.where[hash]; found && from >= 0 && from != y {
			s.votes[h+y-from]++
			if s.votes[h+y-from] > s.votes[best] {
				best = h + y - from
			}
		}
	}
	return best - h, s.votes[best] >= minScroll/4
}

// longest gives the longest run of rows that are dy rows further down than they
// were.
func (s *Scroller) longest(dy int) (top, n int) {
	run := 0
	for y := range s.after {
		if from := y - dy; from < 0 || from >= len(s.before) || s.after[y] != s.before[from] {
			run = 0
			continue
		}
		if run++; run > n {
			top, n = y-run+1, run
		}
	}
	return top, n
}

// Narrow gives the smallest rectangle around the pixels of r in which a and b
// differ; empty if they do not. Both pictures must contain r.
func Narrow(a, b *Image, r Rect) Rect {
	for r.Y0 < r.Y1 && bytes.Equal(a.Row(r.Y0, r.X0, r.X1), b.Row(r.Y0, r.X0, r.X1)) {
		r.Y0++
	}
	for r.Y1 > r.Y0 && bytes.Equal(a.Row(r.Y1-1, r.X0, r.X1), b.Row(r.Y1-1, r.X0, r.X1)) {
		r.Y1--
	}
	if r.Empty() {
		return Rect{}
	}
	left, right := r.X1, r.X0
	for y := r.Y0; y < r.Y1; y++ {
		for x := r.X0; x < left; x++ {
			if a.Pixel(x, y) != b.Pixel(x, y) {
				left = x
			}
		}
		for x := r.X1; x > right; x-- {
			if a.Pixel(x-1, y) != b.Pixel(x-1, y) {
				right = x
			}
		}
	}
	return Rect{left, r.Y0, right, r.Y1}
}
