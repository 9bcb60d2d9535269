// Package codec turns pixels into the bytes of RFB's encodings and back, one
// file for each encoding: Raw, CopyRect, ZRLE and Tight (RFC 6143 section 7.7
// and the Tight encoding as TightVNC and TigerVNC have it), and the pixels of
// the Cursor pseudo-encoding. Rectangle headers are not part of it; package
// rfb writes them.
//
// An encoder appends to a buffer of the caller and keeps its memory, so that
// once warm nothing is allocated for a frame. Its state (compression streams)
// belongs to one connection. A Decoder is the other end; it takes any input,
// bounds every length by the size of the rectangle before it allocates, and
// either fills the rectangle or returns an error, after which the connection
// cannot go on because the streams no longer agree.
//
// Everything but JPEG is exact within the viewer's pixel format. Within what the
// caller asks for the shortest way is taken: text, that is rectangles of up to 256
// colours, goes by palette and never as JPEG; other exact pixels go by matches, by
// what neighbours predict, or as they are (smooth.go). Work on all pixels of a row
// has assembly for amd64 with a twin in Go.
//
// The package decides neither what to encode nor when: it has no notion of
// damage, pace or what keeps changing, and starts no goroutine. Encoders of
// photographs are independent of a connection, so callers may run several.
package codec

import (
	"strconv"

	"deskside/codec/jpeg"
	"deskside/raster"
)

// Format is a viewer's pixel format with the packings of each encoding made
// ready. It does not change once made.
type Format struct {
	raster.Format
	whole, compact, tight *raster.Packing
}

// NewFormat prepares f, which must pass its Check. A format with a colour map is
// taken as raster.RGB332, and the map must be the one that makes that true.
func NewFormat(f raster.Format) *Format {
	if f.Mapped {
		f = raster.RGB332
	}
	return &Format{Format: f, whole: f.Pixels(), compact: f.CompactPixels(), tight: f.TightPixels()}
}

// Rounded gives the pixel that the viewer shows for v, both 0x00RRGGBB.
func (f *Format) Rounded(v uint32) uint32 { return f.whole.Rounded(v) }

// Encoding is the number of an encoding in a rectangle's header.
type Encoding int32

// The encodings of this package.
const (
	Raw      Encoding = 0
	CopyRect Encoding = 1
	Tight    Encoding = 7
	ZRLE     Encoding = 16
)

// String gives the encoding's name, the number of one that is not of this
// package.
func (e Encoding) String() string {
	switch e {
	case Raw:
		return "raw"
	case CopyRect:
		return "copyrect"
	case Tight:
		return "tight"
	case ZRLE:
		return "zrle"
	}
	return strconv.Itoa(int(e))
}

// Decoder turns the bytes of rectangles into pixels. Its zero value serves a
// new connection; one connection uses one Decoder.
type Decoder struct {
	zrle    inflater
	streams [4]inflater // of Tight
	packed  []byte
	plain   []byte
	jpeg    *jpeg.Decoder // made when one is needed
}

// scratch gives n bytes of memory in *b.
func scratch(b *[]byte, n int) []byte {
	if cap(*b) < n {
		*b = make([]byte, n)
	}
	return (*b)[:n]
}
