package codec

import (
	"encoding/binary"

	"deskside/raster"
)

// palette numbers the colours of a rectangle in the order they are met.
type palette struct {
	colours []uint32
	slots   [paletteSlots]slot
}

const (
	maxPalette   = 256
	paletteSlots = 2048 // a power of two, at most an eighth full
)

type slot struct {
	colour uint32
	number uint32 // the index and used, 0 if free
}

const used = maxPalette

// reset takes all colours out.
func (p *palette) reset() {
	if cap(p.colours) == 0 {
		p.colours = make([]uint32, 0, maxPalette)
	}
	p.colours = p.colours[:0]
	clear(p.slots[:])
}

// home gives the place where colour is, unless others were there first.
func home(colour uint32) uint32 { return colour * 0x9e3779b1 >> 21 }

// find gives the slot where colour is or would be.
func (p *palette) find(colour uint32) *slot {
	i := home(colour)
	for p.slots[i].number != 0 && p.slots[i].colour != colour {
		i = (i + 1) % paletteSlots
	}
	return &p.slots[i]
}

// add makes sure that colour has an index, unless that would be limit or more.
func (p *palette) add(colour uint32, limit int) bool {
	s := p.find(colour)
	if s.number != 0 {
		return true
	}
	if len(p.colours) == min(limit, maxPalette) {
		return false
	}
	*s = slot{colour, uint32(len(p.colours)) | used}
	p.colours = append(p.colours, colour)
	return true
}

// index gives the index of a colour that was added.
func (p *palette) index(colour uint32) byte {
	if s := &p.slots[home(colour)]; s.colour == colour && s.number != 0 {
		return byte(s.number)
	}
	return byte(p.find(colour).number)
}

// indexRect appends to dst the index of each pixel of r in m, adding the colours
// as they are met. It reports whether limit colours were enough; where they are
// not it gives up at once.
func (p *palette) indexRect(dst []byte, m *raster.Image, r raster.Rect, limit int) ([]byte, bool) {
	at := len(dst)
	dst = grow(dst, r.Area())
	for y := r.Y0; y < r.Y1; y++ {
		row := m.Row(y, r.X0, r.X1)
		if !p.indexRow(dst[at:at+r.W()], row, limit) {
			return dst, false
		}
		at += r.W()
	}
	return dst, true
}

// indexRow writes the indices of a row. Screens are made of stretches of one
// colour and of letters: the former are taken eight pixels at once, the latter
// without a branch that depends on them as long as each colour is at home.
func (p *palette) indexRow(dst, row []byte, limit int) bool {
	pair := ^uint64(0) // the last colour twice
	same := uint64(0)  // its index eight times
	for len(dst) >= 8 {
		a, b := binary.LittleEndian.Uint64(row), binary.LittleEndian.Uint64(row[8:])
		c, d := binary.LittleEndian.Uint64(row[16:]), binary.LittleEndian.Uint64(row[24:32])
		if ((a^pair)|(b^pair)|(c^pair)|(d^pair))&colourPair == 0 && pair != ^uint64(0) {
			binary.LittleEndian.PutUint64(dst, same)
			dst, row = dst[8:], row[32:]
			continue
		}
		for i, v := range [8]uint32{uint32(a), uint32(a >> 32), uint32(b), uint32(b >> 32), uint32(c), uint32(c >> 32), uint32(d), uint32(d >> 32)} {
			v &= 0xffffff
			s := &p.slots[home(v)]
			if s.colour != v || s.number == 0 {
				if !p.indexPixel(&dst[i], v, limit) {
					return false
				}
				continue
			}
			dst[i] = byte(s.number)
		}
		pair = d >> 32 & 0xffffff * 0x100000001
		same = uint64(dst[7]) * 0x0101010101010101
		dst, row = dst[8:], row[32:]
	}
	for i := range dst {
		if !p.indexPixel(&dst[i], binary.LittleEndian.Uint32(row[4*i:]), limit) {
			return false
		}
	}
	return true
}

// colourPair has the bits of two pixels that make the colour.
const colourPair = 0x00ffffff00ffffff

func (p *palette) indexPixel(dst *byte, v uint32, limit int) bool {
	v &= 0xffffff
	if !p.add(v, limit) {
		return false
	}
	*dst = p.index(v)
	return true
}

// packBits makes of each row of w indices, which are 0 or 1, bits in whole
// bytes, in place.
func packBits(plain []byte, w int) []byte {
	at := 0
	for rows := plain; len(rows) > 0; rows = rows[w:] {
		row := rows[:w]
		for ; len(row) >= 8; row = row[8:] {
			// Each product moves one of the eight to its place in the
			// highest byte; none meets another.
			plain[at] = byte(binary.LittleEndian.Uint64(row) * 0x8040201008040201 >> 56)
			at++
		}
		if len(row) > 0 {
			b := byte(0)
			for i, v := range row {
				b |= v << (7 - i)
			}
			plain[at] = b
			at++
		}
	}
	return plain[:at]
}

// grow lengthens b by n bytes of any content.
func grow(b []byte, n int) []byte {
	if cap(b)-len(b) < n {
		return append(b, make([]byte, n)...)
	}
	return b[:len(b)+n]
}
