package scene

import "deskside/raster"

// A marker is a number drawn as blocks, black for 0 and white for 1: the number's
// 16 bits and 8 of a check, the highest first, in rows from the top left. The
// blocks are as large as those of JPEG, so that their centres survive it.
const (
	block      = 8 // pixels, each way
	markerCols = 8
	markerRows = 3

	MarkerW = block * markerCols
	MarkerH = block * markerRows
)

// check guards against reading a number out of what is no marker, or out of two
// that are half drawn.
func check(n uint16) uint32 { return uint32(byte(n*0x9e37>>8) ^ byte(n) ^ 0xa5) }

// DrawMarker draws n with its corner at (x, y).
func DrawMarker(m *raster.Image, x, y int, n uint16) {
	bits := uint32(n)<<8 | check(n)
	for i := range markerCols * markerRows {
		colour := uint32(0)
		if bits>>(markerCols*markerRows-1-i)&1 != 0 {
			colour = 0xffffff
		}
		m.Fill(raster.XYWH(x+i%markerCols*block, y+i/markerCols*block, block, block), colour)
	}
}

// ReadMarker reads the number drawn at (x, y). It is not ok if there is no
// marker, or not all of one, or it is outside the picture.
func ReadMarker(m *raster.Image, x, y int) (n uint16, ok bool) {
	if !m.Bounds().Contains(raster.XYWH(x, y, MarkerW, MarkerH)) {
		return 0, false
	}
	bits := uint32(0)
	for i := range markerCols * markerRows {
		v := m.Pixel(x+i%markerCols*block+block/2, y+i/markerCols*block+block/2)
		switch green := v >> 8 & 0xff; {
		case green >= 0xc0:
			bits = bits<<1 | 1
		case green < 0x40:
			bits <<= 1
		default:
			return 0, false
		}
	}
	n = uint16(bits >> 8)
	return n, bits&0xff == check(n)
}

// Marks are the places of the markers of one thing that is shown. It counts as
// seen when all of them show the same number: those in opposite corners do so
// only when what is between has come as well.
type Marks [2]struct{ X, Y int }

// CornersOf gives the marks in the first and the last corner of r.
func CornersOf(r raster.Rect) Marks {
	return Marks{{r.X0, r.Y0}, {r.X1 - MarkerW, r.Y1 - MarkerH}}
}

// Draw draws n at both places.
func (k Marks) Draw(m *raster.Image, n uint16) {
	for _, at := range k {
		DrawMarker(m, at.X, at.Y, n)
	}
}

// Read reads the number that both places show.
func (k Marks) Read(m *raster.Image) (n uint16, ok bool) {
	n, ok = ReadMarker(m, k[0].X, k[0].Y)
	if !ok {
		return 0, false
	}
	other, ok := ReadMarker(m, k[1].X, k[1].Y)
	return n, ok && n == other
}
