package codec

import (
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

// The zlib stream of each kind of data, so that like follows like. The last has
// no matches, only codes for bytes, or bytes as they are.
const (
	tightStreamCopy = iota
	tightStreamMono
	tightStreamPalette
	tightStreamSmooth
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
	TightAuto     TightMode = iota // palette up to 256 colours, else JPEG if a quality is given, else copy or gradient
	TightCopy                      // pixels as they are, compressed
	TightPalette                   // at most 256 colours
	TightGradient                  // differences to what the neighbours predict, compressed
	TightJPEG                      // approximate
)

// monoLevel is the least level for two colours. A bit a pixel is soon searched: a
// terminal that scrolls is an eighth smaller than at level 1 and no later.
const monoLevel = 7

// TightEncoder encodes Tight. Its zero value serves a new connection.
type TightEncoder struct {
	Level int   // of zlib, 1 to 9; 0 means 1, and two colours get more. Only a stream's first rectangle counts
	Photo Photo // encodes JPEG; nil means a jpeg.Encoder

	// Rate is the bytes a second that the path carries, as far as known; 0
	// means that it is not. It decides how much work a byte is worth.
	Rate int

	streams [4]deflater
	jpeg    jpeg.Encoder
	plain   []byte
	colour  palette
	literal huffman
	black   [TightMaxW * raster.BytesPerPixel]byte
}

// Append appends r, which m must contain and which keeps to TightMaxW and
// TightMaxArea. Quality is JPEG's, 1 to 100; 0 forbids JPEG. It reports
// whether the viewer gets the exact pixels, within its format.
func (e *TightEncoder) Append(dst []byte, f *Format, m *raster.Image, r raster.Rect, mode TightMode, quality int) ([]byte, bool) {
	if v, ok := raster.Solid(m, r); ok {
		return f.tight.AppendPixel(append(dst, tightFill), v), true
	}
	if mode == TightAuto || mode == TightPalette {
		if out, ok := e.appendPalette(dst, f, m, r); ok {
			return out, true
		}
	}
	if quality > 0 && (mode == TightAuto || mode == TightJPEG) && f.Full() {
		if out, ok := e.AppendPhoto(dst, m, r, quality); ok {
			return out, false
		}
	}
	return e.appendMany(dst, f, m, r, mode), true
}

// appendMany appends pixels of many colours exactly.
func (e *TightEncoder) appendMany(dst []byte, f *Format, m *raster.Image, r raster.Rect, mode TightMode) []byte {
	how := search
	switch {
	case !f.Full():
		e.plain = f.tight.Append(e.plain[:0], m, r)
		return e.appendData(append(dst, tightStreamCopy<<4), tightStreamCopy)
	case mode == TightGradient:
		how = predict
	case mode != TightCopy:
		how = e.choose(m, r)
	}
	if how == predict {
		e.gradient(m, r)
		return e.appendData(append(dst, tightStreamSmooth<<4|tightFiltered, tightFilterGradient), tightStreamSmooth)
	}
	e.packRGB(m, r)
	if how == asTheyAre {
		return withLength(append(dst, tightStreamSmooth<<4), func(dst []byte) []byte {
			return e.streams[tightStreamSmooth].appendStored(dst, e.plain)
		})
	}
	return e.appendData(append(dst, tightStreamCopy<<4), tightStreamCopy)
}

// paletteLimit gives the most colours of a palette for r: it must be worth its
// three bytes a colour.
func paletteLimit(r raster.Rect) int { return min(maxPalette, max(r.Area()/4, 2)) }

// appendPalette appends r with a palette if it has few colours.
func (e *TightEncoder) appendPalette(dst []byte, f *Format, m *raster.Image, r raster.Rect) ([]byte, bool) {
	e.colour.reset()
	var few bool
	if e.plain, few = e.colour.indexRect(e.plain[:0], m, r, paletteLimit(r)); !few {
		return dst, false
	}
	stream := tightStreamPalette
	if len(e.colour.colours) == 2 {
		stream = tightStreamMono
		e.plain = packBits(e.plain, r.W())
	}
	dst = append(dst, byte(stream<<4|tightFiltered), tightFilterPalette, byte(len(e.colour.colours)-1))
	for _, v := range e.colour.colours {
		dst = f.tight.AppendPixel(dst, v)
	}
	return e.appendData(dst, stream), true
}

// appendData appends plain, compressed if that is worth it.
func (e *TightEncoder) appendData(dst []byte, stream int) []byte {
	if len(e.plain) < tightPlain {
		return append(dst, e.plain...)
	}
	return withLength(dst, func(dst []byte) []byte {
		if stream == tightStreamSmooth {
			return e.streams[stream].appendLiterals(dst, e.plain, &e.literal)
		}
		level := max(e.Level, 1)
		if stream == tightStreamMono {
			level = max(level, monoLevel)
		}
		return e.streams[stream].append(dst, e.plain, level)
	})
}

// AppendPhoto appends r as JPEG, as Append does, unless that fails. What it
// appends knows nothing of the connection: it may be made by another encoder than
// the one that has the streams, and at the same time. The viewer's format must be
// Full.
func (e *TightEncoder) AppendPhoto(dst []byte, m *raster.Image, r raster.Rect, quality int) ([]byte, bool) {
	photo := e.Photo
	if photo == nil {
		photo = &e.jpeg
	}
	var err error
	out := withLength(append(dst, tightJPEG), func(dst []byte) []byte {
		dst, err = photo.AppendJPEG(dst, m, r, quality)
		return dst
	})
	if err != nil {
		return dst, false
	}
	return out, true
}

// ManyColours reports whether a sample of r has more colours than a palette may,
// so that TightAuto will not take one. It is for callers that prepare what
// follows; the sample costs an eighth of what the palette does.
func (e *TightEncoder) ManyColours(m *raster.Image, r raster.Rect) bool {
	e.colour.reset()
	e.plain = grow(e.plain[:0], r.W())
	limit := paletteLimit(r)
	for y := r.Y0 + 4; y < r.Y1; y += 8 {
		if !e.colour.indexRow(e.plain, m.Row(y, r.X0, r.X1), limit) {
			return true
		}
	}
	return false
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
