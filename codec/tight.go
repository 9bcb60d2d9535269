package codec

import (
	"encoding/binary"

	"deskside/codec/jpeg"
	"deskside/raster"
)

// The first byte of a Tight rectangle: the upper half is the kind; in kinds
// below 8 bits 4 and 5 name the zlib stream and bit 6 says that a filter
// follows; the lower half tells which streams begin anew.
const (
	tightFill     = 0x80
	tightJPEG     = 0x90
	tightFiltered = 0x40
	tightReset    = 0x0f
)

// The filters.
const (
	tightFilterCopy     = 0
	tightFilterPalette  = 1
	tightFilterGradient = 2
)

// The zlib stream of each kind of data, so that like follows like.
const (
	tightStreamCopy = iota
	tightStreamMono
	tightStreamPalette
	tightStreamGradient
)

// tightPlain is the number of bytes below which data is not compressed.
const tightPlain = 12

// TightMaxW and TightMaxArea bound a rectangle of Tight, in pixels. The first
// is of the encoding, the second keeps the length below its limit of 22 bits
// whatever the content.
const (
	TightMaxW    = 2048
	TightMaxArea = 1 << 20
)

// TightMode says which way of Tight to take. Rectangles of one colour are
// always filled; those of two are mono within TightPalette.
type TightMode uint8

// The modes. Where a mode cannot hold the content (too many colours, JPEG or
// gradients in a format that has none) TightCopy is taken instead.
const (
	TightAuto     TightMode = iota // palette up to 256 colours, else JPEG if a quality is given, else copy
	TightCopy                      // pixels as they are, compressed
	TightPalette                   // at most 256 colours
	TightGradient                  // differences to what the neighbours predict, compressed
	TightJPEG                      // approximate
)

// TightEncoder encodes Tight. Its zero value serves a new connection.
type TightEncoder struct {
	Level int   // of zlib, 1 to 9; 0 means 1. Only a stream's first rectangle counts
	Photo Photo // encodes JPEG; nil means a jpeg.Encoder

	streams [4]deflater
	jpeg    jpeg.Encoder
	plain   []byte
	colour  palette
}

// Append appends r, which m must contain and which keeps to TightMaxW and
// TightMaxArea. Quality is JPEG's, 1 to 100; 0 forbids JPEG. It reports
// whether the viewer gets the exact pixels, within its format.
func (e *TightEncoder) Append(dst []byte, f *Format, m *raster.Image, r raster.Rect, mode TightMode, quality int) ([]byte, bool) {
	if v, ok := raster.Solid(m, r); ok {
		return f.tight.AppendPixel(append(dst, tightFill), v), true
	}
	switch mode {
	case TightAuto, TightPalette:
		if e.collect(m, r) {
			return e.appendPalette(dst, f, m, r), true
		}
	case TightGradient:
		if f.Full() {
			return e.appendGradient(dst, f, m, r), true
		}
	}
	if quality > 0 && (mode == TightAuto || mode == TightJPEG) && f.Full() {
		if dst, ok := e.appendJPEG(dst, m, r, quality); ok {
			return dst, false
		}
	}
	e.plain = f.tight.Append(e.plain[:0], m, r)
	return e.appendData(append(dst, tightStreamCopy<<4), tightStreamCopy), true
}

// collect fills the palette with r's colours and reports whether they fit.
func (e *TightEncoder) collect(m *raster.Image, r raster.Rect) bool {
	e.colour.reset()
	// A palette must be worth its three bytes a colour.
	limit := min(maxPalette, max(r.Area()/4, 2))
	last := ^uint32(0)
	for y := r.Y0; y < r.Y1; y++ {
		for row := m.Row(y, r.X0, r.X1); len(row) >= 4; row = row[4:] {
			v := binary.LittleEndian.Uint32(row)
			if v != last && !e.colour.add(v, limit) {
				return false
			}
			last = v
		}
	}
	return true
}

func (e *TightEncoder) appendPalette(dst []byte, f *Format, m *raster.Image, r raster.Rect) []byte {
	stream := tightStreamPalette
	if len(e.colour.colours) == 2 {
		stream = tightStreamMono
		e.indexBits(m, r)
	} else {
		e.indexBytes(m, r)
	}
	dst = append(dst, byte(stream<<4|tightFiltered), tightFilterPalette, byte(len(e.colour.colours)-1))
	for _, v := range e.colour.colours {
		dst = f.tight.AppendPixel(dst, v)
	}
	return e.appendData(dst, stream)
}

// indexBytes makes plain the colours' indices.
func (e *TightEncoder) indexBytes(m *raster.Image, r raster.Rect) {
	e.plain = e.plain[:0]
	last, index := e.colour.colours[0], byte(0)
	for y := r.Y0; y < r.Y1; y++ {
		for row := m.Row(y, r.X0, r.X1); len(row) >= 4; row = row[4:] {
			if v := binary.LittleEndian.Uint32(row); v != last {
				last, index = v, e.colour.index(v)
			}
			e.plain = append(e.plain, index)
		}
	}
}

// indexBits makes plain the indices of two colours, a bit for each, every row
// beginning with a new byte.
func (e *TightEncoder) indexBits(m *raster.Image, r raster.Rect) {
	e.plain = e.plain[:0]
	second := e.colour.colours[1]
	for y := r.Y0; y < r.Y1; y++ {
		acc, bit := byte(0), byte(0x80)
		for row := m.Row(y, r.X0, r.X1); len(row) >= 4; row = row[4:] {
			if binary.LittleEndian.Uint32(row) == second {
				acc |= bit
			}
			if bit >>= 1; bit == 0 {
				e.plain, acc, bit = append(e.plain, acc), 0, 0x80
			}
		}
		if bit != 0x80 {
			e.plain = append(e.plain, acc)
		}
	}
}

// appendGradient predicts each colour of a pixel from its neighbours: left
// plus upper minus upper left, kept within 0 to 255.
func (e *TightEncoder) appendGradient(dst []byte, f *Format, m *raster.Image, r raster.Rect) []byte {
	e.plain = e.plain[:0]
	for y := r.Y0; y < r.Y1; y++ {
		row := m.Row(y, r.X0, r.X1)
		var above []byte
		if y > r.Y0 {
			above = m.Row(y-1, r.X0, r.X1)
		}
		for x := 0; x < len(row); x += raster.BytesPerPixel {
			for c := 2; c >= 0; c-- {
				e.plain = append(e.plain, row[x+c]-predict(row, above, x+c))
			}
		}
	}
	dst = append(dst, tightStreamGradient<<4|tightFiltered, tightFilterGradient)
	return e.appendData(dst, tightStreamGradient)
}

// predict gives the expected value of the byte at i of a row of an Image.
func predict(row, above []byte, i int) byte {
	var left, up, corner int
	if i >= raster.BytesPerPixel {
		left = int(row[i-raster.BytesPerPixel])
	}
	if above != nil {
		up = int(above[i])
		if i >= raster.BytesPerPixel {
			corner = int(above[i-raster.BytesPerPixel])
		}
	}
	return byte(min(max(left+up-corner, 0), 255))
}

// appendData appends plain, compressed if that is worth it.
func (e *TightEncoder) appendData(dst []byte, stream int) []byte {
	if len(e.plain) < tightPlain {
		return append(dst, e.plain...)
	}
	return withLength(dst, func(dst []byte) []byte {
		return e.streams[stream].append(dst, e.plain, max(e.Level, 1))
	})
}

func (e *TightEncoder) appendJPEG(dst []byte, m *raster.Image, r raster.Rect, quality int) ([]byte, bool) {
	photo := e.Photo
	if photo == nil {
		photo = &e.jpeg
	}
	var err error
	dst = withLength(append(dst, tightJPEG), func(dst []byte) []byte {
		dst, err = photo.AppendJPEG(dst, m, r, quality)
		return dst
	})
	return dst, err == nil
}

// withLength appends what add does, with its length before: seven bits in a
// byte, lowest first, the upper bit telling that more follow, at most three.
func withLength(dst []byte, add func([]byte) []byte) []byte {
	at := len(dst)
	dst = add(append(dst, 0, 0, 0))
	n := len(dst) - at - 3
	head, used := [3]byte{byte(n), byte(n >> 7), byte(n >> 14)}, 1
	for used < len(head) && n>>(7*used) > 0 {
		used++
	}
	for i := range used - 1 {
		head[i] |= 0x80
	}
	if used < len(head) {
		head[used-1] &= 0x7f
	}
	copy(dst[at:], head[:used])
	if used < len(head) {
		copy(dst[at+used:], dst[at+len(head):])
		dst = dst[:len(dst)-len(head)+used]
	}
	return dst
}
