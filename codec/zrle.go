package codec

import (
	"encoding/binary"

	"deskside/raster"
)

// zrleTile is the side of a ZRLE tile, in pixels.
const zrleTile = 64

// The kinds of a tile, by its first byte: RFC 6143 section 7.7.6. 2 to 16 are
// packed palettes of that size, 130 to 255 palettes of 128 less with runs.
const (
	zrleRaw        = 0
	zrleSolid      = 1
	zrleMaxPacked  = 16
	zrleRuns       = 128
	zrleMaxPalette = 127
)

// ZRLEEncoder encodes ZRLE. Its zero value serves a new connection.
type ZRLEEncoder struct {
	Level int // of zlib, 1 to 9; 0 means 1. Only the first rectangle's counts

	z      deflater
	plain  []byte
	colour palette
	tile   [zrleTile * zrleTile]uint32
}

// Append appends r, which m must contain and which has at most 2^24 pixels.
func (e *ZRLEEncoder) Append(dst []byte, f *Format, m *raster.Image, r raster.Rect) []byte {
	e.plain = e.plain[:0]
	for y := r.Y0; y < r.Y1; y += zrleTile {
		for x := r.X0; x < r.X1; x += zrleTile {
			e.addTile(f.compact, m, raster.XYWH(x, y, zrleTile, zrleTile).Intersect(r))
		}
	}
	at := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	dst = e.z.append(dst, e.plain, max(e.Level, 1))
	binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst
}

// addTile appends one tile in the smallest of its forms, before compression.
func (e *ZRLEEncoder) addTile(p *raster.Packing, m *raster.Image, r raster.Rect) {
	px := e.load(p, m, r)
	runs, runBytes, singles, few := e.survey(px)
	n := len(e.colour.colours)
	if few && n == 1 {
		e.plain = appendPacked(append(e.plain, zrleSolid), px[0], p.Size)
		return
	}
	raw, plainRuns := len(px)*p.Size, runs*p.Size+runBytes
	best, form := raw, (*ZRLEEncoder).appendRaw
	if plainRuns < best {
		best, form = plainRuns, (*ZRLEEncoder).appendRuns
	}
	if few {
		if size := n*p.Size + runs + runBytes - singles; size < best {
			best, form = size, (*ZRLEEncoder).appendPaletteRuns
		}
		if size := n*p.Size + (r.W()*packedBits(n)+7)/8*r.H(); n <= zrleMaxPacked && size < best {
			form = (*ZRLEEncoder).appendPackedPalette
		}
	}
	form(e, px, r.W(), p.Size)
}

// load packs the pixels of a tile.
func (e *ZRLEEncoder) load(p *raster.Packing, m *raster.Image, r raster.Rect) []uint32 {
	w := r.W()
	px := e.tile[:r.Area()]
	for y := r.Y0; y < r.Y1; y++ {
		row, to := m.Row(y, r.X0, r.X1), px[(y-r.Y0)*w:][:w]
		if p.Plain() {
			for i := range to {
				to[i] = binary.LittleEndian.Uint32(row[4*i:]) & 0xffffff
			}
			continue
		}
		for i := range to {
			to[i] = p.Pixel(binary.LittleEndian.Uint32(row[4*i:]))
		}
	}
	return px
}

// survey counts the runs of a tile, the bytes that their lengths take, the
// runs of one pixel, and collects the colours; few is false if they are too
// many for a palette.
func (e *ZRLEEncoder) survey(px []uint32) (runs, runBytes, singles int, few bool) {
	e.colour.reset()
	few = true
	for i := 0; i < len(px); {
		n := run(px[i:])
		if s := &e.colour.slots[home(px[i])]; few && (s.number == 0 || s.colour != px[i]) {
			few = e.colour.add(px[i], zrleMaxPalette)
		}
		runs++
		runBytes += (n-1)/255 + 1
		if n == 1 {
			singles++
		}
		i += n
	}
	return runs, runBytes, singles, few
}

// run counts how often the first pixel is repeated.
func run(px []uint32) int {
	n := 1
	for n < len(px) && px[n] == px[0] {
		n++
	}
	return n
}

func (e *ZRLEEncoder) appendRaw(px []uint32, _, size int) {
	e.plain = append(e.plain, zrleRaw)
	if size != 3 {
		for _, v := range px {
			e.plain = appendPacked(e.plain, v, size)
		}
		return
	}
	at := len(e.plain)
	e.plain = grow(e.plain, 3*len(px))
	for out := e.plain[at:]; len(out) >= 3; px, out = px[1:], out[3:] {
		out[0], out[1], out[2] = byte(px[0]), byte(px[0]>>8), byte(px[0]>>16)
	}
}

func (e *ZRLEEncoder) appendRuns(px []uint32, _, size int) {
	e.plain = append(e.plain, zrleRuns)
	for len(px) > 0 {
		n := run(px)
		e.plain = appendRun(appendPacked(e.plain, px[0], size), n)
		px = px[n:]
	}
}

func (e *ZRLEEncoder) appendPaletteRuns(px []uint32, _, size int) {
	e.appendPalette(zrleRuns, size)
	for len(px) > 0 {
		n, index := run(px), e.colour.index(px[0])
		if n == 1 {
			e.plain = append(e.plain, index)
		} else {
			e.plain = appendRun(append(e.plain, index|zrleRuns), n)
		}
		px = px[n:]
	}
}

func (e *ZRLEEncoder) appendPackedPalette(px []uint32, w, size int) {
	e.appendPalette(0, size)
	bits := packedBits(len(e.colour.colours))
	for ; len(px) > 0; px = px[w:] {
		acc, have := byte(0), 0
		for _, v := range px[:w] {
			acc, have = acc<<bits|e.colour.index(v), have+bits
			if have == 8 {
				e.plain, acc, have = append(e.plain, acc), 0, 0
			}
		}
		if have > 0 {
			e.plain = append(e.plain, acc<<(8-have))
		}
	}
}

// appendPalette appends the kind, which counts the colours, and the colours.
func (e *ZRLEEncoder) appendPalette(kind byte, size int) {
	e.plain = append(e.plain, kind+byte(len(e.colour.colours)))
	for _, v := range e.colour.colours {
		e.plain = appendPacked(e.plain, v, size)
	}
}

// packedBits gives the bits of an index into a packed palette of n colours.
func packedBits(n int) int {
	switch {
	case n <= 2:
		return 1
	case n <= 4:
		return 2
	}
	return 4
}

// appendRun appends a run's length: bytes that add up to one less.
func appendRun(dst []byte, n int) []byte {
	for n--; n >= 255; n -= 255 {
		dst = append(dst, 255)
	}
	return append(dst, byte(n))
}

// appendPacked appends a pixel that is packed already.
func appendPacked(dst []byte, v uint32, size int) []byte {
	if size == 3 {
		return append(dst, byte(v), byte(v>>8), byte(v>>16))
	}
	for range size {
		dst, v = append(dst, byte(v)), v>>8
	}
	return dst
}
