package codec

import (
	"encoding/binary"

	"deskside/raster"
)

// What is done to every pixel of a rectangle, row by row, exists twice: in Go,
// and in assembly for amd64 with AVX2 (fast_amd64.s). Tests compare the two.

// rowSlack is how many bytes after the result a function for rows may write.
const rowSlack = 8

// packRowGo writes the pixels of a row of an Image as red, green and blue.
func packRowGo(dst, row []byte) {
	for ; len(row) >= 4; dst, row = dst[3:], row[4:] {
		v := binary.LittleEndian.Uint32(row)
		dst = dst[:len(dst):cap(dst)]
		dst[0], dst[1], dst[2] = byte(v>>16), byte(v>>8), byte(v)
	}
}

// gradientRowGo writes how red, green and blue of each pixel differ from what its
// neighbours predict: left plus upper minus upper left, kept within 0 to 255.
// Above has the pixels of the row above. What is left of the row is black.
func gradientRowGo(dst, row, above []byte) {
	var left, corner [3]int
	for ; len(row) >= 4; dst, row, above = dst[3:], row[4:], above[4:] {
		for c := range 3 {
			up, v := int(above[2-c]), int(row[2-c])
			dst[c] = byte(v - min(max(left[c]+up-corner[c], 0), 255))
			left[c], corner[c] = v, up
		}
	}
}

// packRGB makes plain the pixels of r as red, green and blue.
func (e *TightEncoder) packRGB(m *raster.Image, r raster.Rect) {
	n := 3 * r.W()
	out := grow(e.plain[:0], n*r.H()+rowSlack)
	e.plain = out[:n*r.H()]
	for y := r.Y0; y < r.Y1; y, out = y+1, out[n:] {
		packRow(out, m.Row(y, r.X0, r.X1))
	}
}

// gradient makes plain the differences of r's pixels to what is predicted.
func (e *TightEncoder) gradient(m *raster.Image, r raster.Rect) {
	n := 3 * r.W()
	out := grow(e.plain[:0], n*r.H()+rowSlack)
	e.plain = out[:n*r.H()]
	for y := r.Y0; y < r.Y1; y, out = y+1, out[n:] {
		gradientRow(out, m.Row(y, r.X0, r.X1), e.above(m, r, y))
	}
}

// above gives the row above y within r, which is black above the first.
func (e *TightEncoder) above(m *raster.Image, r raster.Rect, y int) []byte {
	if y > r.Y0 {
		return m.Row(y-1, r.X0, r.X1)
	}
	return e.black[:r.W()*raster.BytesPerPixel]
}
