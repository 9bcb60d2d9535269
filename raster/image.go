package raster

import "encoding/binary"

// BytesPerPixel is the size of a pixel of an Image.
const BytesPerPixel = 4

// Image is a picture of 32-bit pixels in rows from the top. A pixel's bytes
// are blue, green, red and a fourth that is always zero, so that equal
// pictures have equal bytes. The zero Image is empty and ready for Resize.
type Image struct {
	Pix    []byte
	Stride int // bytes from one row to the next, at least 4*W
	W, H   int // pixels
}

// NewImage makes a black picture.
func NewImage(w, h int) *Image {
	m := new(Image)
	m.Resize(w, h)
	return m
}

// Resize makes m w by h pixels, reusing its memory where that is large
// enough. The content afterwards is unspecified; the report says whether the
// size changed.
func (m *Image) Resize(w, h int) bool {
	if m.W == w && m.H == h && m.Stride == w*BytesPerPixel {
		return false
	}
	n := w * h * BytesPerPixel
	if cap(m.Pix) < n {
		m.Pix = make([]byte, n)
	}
	m.Pix, m.Stride, m.W, m.H = m.Pix[:n], w*BytesPerPixel, w, h
	return true
}

// Bounds gives the rectangle of the whole picture.
func (m *Image) Bounds() Rect { return Rect{0, 0, m.W, m.H} }

// Row gives the bytes of the pixels x0 up to x1 of row y.
func (m *Image) Row(y, x0, x1 int) []byte {
	at := y * m.Stride
	return m.Pix[at+x0*BytesPerPixel : at+x1*BytesPerPixel]
}

// Sub gives the part of m within r, which m must contain. It shares m's memory
// until m is resized.
func (m *Image) Sub(r Rect) Image {
	if r.Empty() {
		return Image{}
	}
	at, end := r.Y0*m.Stride+r.X0*BytesPerPixel, (r.Y1-1)*m.Stride+r.X1*BytesPerPixel
	return Image{Pix: m.Pix[at:end:end], Stride: m.Stride, W: r.W(), H: r.H()}
}

// Copy copies the pixels of r from src, which must contain r, as m must.
func (m *Image) Copy(src *Image, r Rect) {
	if r.Empty() { // and may lie anywhere
		return
	}
	for y := r.Y0; y < r.Y1; y++ {
		copy(m.Row(y, r.X0, r.X1), src.Row(y, r.X0, r.X1))
	}
}

// Move copies the pixels of src to the rectangle of the same size at (x, y)
// within m. The two may overlap; m must contain both.
func (m *Image) Move(src Rect, x, y int) {
	if src.Empty() { // and may lie anywhere
		return
	}
	row := func(i int) {
		copy(m.Row(y+i, x, x+src.W()), m.Row(src.Y0+i, src.X0, src.X1))
	}
	if y <= src.Y0 {
		for i := range src.H() {
			row(i)
		}
		return
	}
	for i := src.H() - 1; i >= 0; i-- {
		row(i)
	}
}

// Fill makes every pixel of r, which m must contain, the given one.
func (m *Image) Fill(r Rect, pixel uint32) {
	if r.Empty() {
		return
	}
	first := m.Row(r.Y0, r.X0, r.X1)
	for i := 0; i < len(first); i += BytesPerPixel {
		binary.LittleEndian.PutUint32(first[i:], pixel)
	}
	for y := r.Y0 + 1; y < r.Y1; y++ {
		copy(m.Row(y, r.X0, r.X1), first)
	}
}

// Pixel gives the pixel at (x, y) as 0x00RRGGBB.
func (m *Image) Pixel(x, y int) uint32 {
	return binary.LittleEndian.Uint32(m.Pix[y*m.Stride+x*BytesPerPixel:])
}

// Set makes the pixel at (x, y) 0x00RRGGBB.
func (m *Image) Set(x, y int, pixel uint32) {
	binary.LittleEndian.PutUint32(m.Pix[y*m.Stride+x*BytesPerPixel:], pixel&0xffffff)
}
