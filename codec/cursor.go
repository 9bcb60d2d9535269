package codec

import (
	"fmt"
	"io"

	"deskside/raster"
)

// MaxCursor is the largest width or height of a pointer's picture, in pixels.
const MaxCursor = 512

// opaque is the opacity from which a pixel of a pointer is shown at all.
const opaque = 128

// AppendCursor appends the pixels of a pointer and the mask of those that are
// shown (RFC 6143 section 7.8.1). The fourth byte of m's pixels is their
// opacity. Neither side of m is larger than MaxCursor.
func AppendCursor(dst []byte, f *Format, m *raster.Image) []byte {
	for y := range m.H {
		for x := range m.W {
			dst = f.whole.AppendPixel(dst, m.Pixel(x, y)&0xffffff)
		}
	}
	for y := range m.H {
		acc, bit := byte(0), byte(0x80)
		for x := range m.W {
			if m.Pixel(x, y)>>24 >= opaque {
				acc |= bit
			}
			if bit >>= 1; bit == 0 {
				dst, acc, bit = append(dst, acc), 0, 0x80
			}
		}
		if bit != 0x80 {
			dst = append(dst, acc)
		}
	}
	return dst
}

// Cursor reads the picture of a pointer of w by h pixels into m. The fourth
// byte of its pixels is 255 where they are shown and 0 elsewhere.
func (d *Decoder) Cursor(src io.Reader, f *Format, m *raster.Image, w, h int) error {
	if w > MaxCursor || h > MaxCursor {
		return fmt.Errorf("cursor of %dx%d: at most %d each way", w, h, MaxCursor)
	}
	pixels, pitch := w*h*f.whole.Size, (w+7)/8
	data := scratch(&d.packed, pixels+pitch*h)
	if _, err := io.ReadFull(src, data); err != nil {
		return fmt.Errorf("cursor: %w", cut(err))
	}
	m.Resize(w, h)
	for y := range h {
		f.whole.UnpackRow(m.Row(y, 0, w), data[y*w*f.whole.Size:(y+1)*w*f.whole.Size])
		for x := range w {
			m.Row(y, x, x+1)[3] = -(data[pixels+y*pitch+x/8] >> (7 - x%8) & 1)
		}
	}
	return nil
}
