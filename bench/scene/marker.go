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

// MarkerBits gives the bits of n's marker in the lowest of the result, the first one
// highest. The check guards against reading a number out of what is no marker, or
// out of two that are half drawn.
func MarkerBits(n uint16) uint32 {
	return uint32(n)<<8 | uint32(byte(n*0x9e37>>8)^byte(n)^0xa5)
}

// Bits is how many a marker has.
const Bits = markerCols * markerRows

// Bit gives one of the bits of n's marker.
func Bit(n uint16, i int) bool { return MarkerBits(n)>>(Bits-1-i)&1 != 0 }

// DrawMarker draws n with its corner at (x, y).
func DrawMarker(m *raster.Image, x, y int, n uint16) {
	for i := range Bits {
		colour := uint32(0)
		if Bit(n, i) {
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
	return readBits(m, x+block/2, y+block/2, markerCols, block, block)
}

// ReadLine reads a number whose bits are in one row, the first at (x, y) and the
// others dx apart, as characters of a terminal are.
func ReadLine(m *raster.Image, x, y, dx int) (n uint16, ok bool) {
	if !m.Bounds().Contains(raster.XYWH(x, y, (Bits-1)*dx+1, 1)) {
		return 0, false
	}
	return readBits(m, x, y, Bits, dx, 0)
}

// readBits reads the bits at (x, y) and beside and below it.
func readBits(m *raster.Image, x, y, cols, dx, dy int) (n uint16, ok bool) {
	bits := uint32(0)
	for i := range Bits {
		v := m.Pixel(x+i%cols*dx, y+i/cols*dy)
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
	return n, bits == MarkerBits(n)
}

// FindMarker looks for the marker of n anywhere, drawn exactly.
func FindMarker(m *raster.Image, n uint16) (x, y int, ok bool) {
	for y := range max(m.H-MarkerH+1, 0) {
		for x := range max(m.W-MarkerW+1, 0) {
			if fits(m, x, y, n) {
				return x, y, true
			}
		}
	}
	return 0, 0, false
}

// fits reports whether the blocks of n's marker at (x, y) are whole from their
// first pixels to their last.
func fits(m *raster.Image, x, y int, n uint16) bool {
	for _, in := range []int{0, block - 1} {
		if v, ok := readBits(m, x+in, y+in, markerCols, block, block); !ok || v != n {
			return false
		}
	}
	return true
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
