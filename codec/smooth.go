package codec

import (
	"encoding/binary"
	"math"

	"deskside/raster"
)

// manner is a way to send pixels of many colours exactly.
type manner uint8

const (
	search    manner = iota // for matches: text over pictures, pages with shades
	predict                 // by the neighbours: photographs
	asTheyAre               // noise
)

const (
	sampleEvery = 16   // rows
	minSampled  = 1024 // pixels of a rectangle below which it is not worth it
	minGain     = .04  // of the bytes

	// The speed of prediction: the bytes of pixels that a server predicts and
	// a viewer takes apart in a second. Measured as 150 MB, and set lower: a
	// viewer that is busy shows as a slow path, and must not be given more
	// work for it.
	predictRate = 50e6
	usualRate   = 10e6 // of a path of which nothing is known
)

// choose samples r. Pixels that are mostly equal to their neighbours are left to
// the search. Others are sent by their differences to what the neighbours
// predict where the bytes that saves take longer to carry than to compute.
func (e *TightEncoder) choose(m *raster.Image, r raster.Rect) manner {
	if r.Area() < minSampled {
		return search
	}
	equal, sampled := 0, 0
	n := 3 * r.W()
	out := grow(e.plain[:0], n*(r.H()/sampleEvery+1)+rowSlack)
	e.plain = out[:0]
	for y := r.Y0 + 1; y < r.Y1; y += sampleEvery {
		row := m.Row(y, r.X0, r.X1)
		gradientRow(out[sampled*n:], row, m.Row(y-1, r.X0, r.X1))
		equal += repeats(row)
		sampled++
	}
	if equal*3 > sampled*r.W() {
		return search
	}
	rate := float64(e.Rate)
	if rate == 0 {
		rate = usualRate
	}
	gain := 1 - entropy(out[:sampled*n])/8
	if gain < minGain || gain < rate/predictRate {
		return asTheyAre
	}
	return predict
}

// repeats counts the pixels of a row that are as the one before.
func repeats(row []byte) (n int) {
	last := ^uint32(0)
	for ; len(row) >= 4; row = row[4:] {
		v := binary.LittleEndian.Uint32(row)
		if v == last {
			n++
		}
		last = v
	}
	return n
}

// entropy gives the bits that a byte of b tells if the others are known but for
// their order.
func entropy(b []byte) float64 {
	var counts [256]uint32
	for _, v := range b {
		counts[v]++
	}
	sum := 0.0
	for _, n := range counts {
		if n > 0 {
			sum -= float64(n) * math.Log2(float64(n)/float64(len(b)))
		}
	}
	return sum / float64(len(b))
}
