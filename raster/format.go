package raster

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// Format is how a remote viewer wants its pixels: RFC 6143 section 7.4. A
// pixel is a number of Bits bits whose red part is (value >> RedShift) &
// RedMax, and so on.
type Format struct {
	Bits      uint8 // 8, 16 or 32
	Depth     uint8 // how many of the bits matter
	BigEndian bool
	Mapped    bool // pixels are indices into a colour map; the rest says nothing

	RedMax, GreenMax, BlueMax       uint16 // one less than a power of two
	RedShift, GreenShift, BlueShift uint8
}

// RGB888 is the format of an Image, and what most viewers ask for.
var RGB888 = Format{
	Bits: 32, Depth: 24,
	RedMax: 255, GreenMax: 255, BlueMax: 255,
	RedShift: 16, GreenShift: 8, BlueShift: 0,
}

// RGB332 has one byte for a pixel. It also serves viewers with a colour map,
// which are given the map that makes it true.
var RGB332 = Format{
	Bits: 8, Depth: 8,
	RedMax: 7, GreenMax: 7, BlueMax: 3,
	RedShift: 5, GreenShift: 2, BlueShift: 0,
}

// RGB565 has two bytes for a pixel.
var RGB565 = Format{
	Bits: 16, Depth: 16,
	RedMax: 31, GreenMax: 63, BlueMax: 31,
	RedShift: 11, GreenShift: 5, BlueShift: 0,
}

// Check returns an error for a format that cannot be served.
func (f Format) Check() error {
	switch f.Bits {
	case 8, 16, 32:
	default:
		return fmt.Errorf("pixel format of %d bits: want 8, 16 or 32", f.Bits)
	}
	if f.Mapped {
		if f.Bits != 8 {
			return fmt.Errorf("pixel format of %d bits with a colour map: want 8", f.Bits)
		}
		return nil
	}
	if f.Depth == 0 || f.Depth > f.Bits {
		return fmt.Errorf("pixel format with depth %d of %d bits", f.Depth, f.Bits)
	}
	used := uint64(0)
	for _, p := range f.parts() {
		if p.max == 0 || p.max&(p.max+1) != 0 {
			return fmt.Errorf("pixel format with largest value %d: want one less than a power of two", p.max)
		}
		mask := uint64(p.max) << (p.shift & 63)
		if p.shift > 31 || mask>>f.Bits != 0 || used&mask != 0 {
			return fmt.Errorf("pixel format with %d bits at bit %d: they overlap others or leave the pixel", bits.Len32(p.max), p.shift)
		}
		used |= mask
	}
	return nil
}

// part is one colour of a format.
type part struct {
	max   uint32
	shift uint8
}

// parts gives red, green and blue.
func (f Format) parts() [3]part {
	return [3]part{
		{uint32(f.RedMax), f.RedShift},
		{uint32(f.GreenMax), f.GreenShift},
		{uint32(f.BlueMax), f.BlueShift},
	}
}

// Full reports whether f is of 32 bits with 24 that matter, 8 for each colour:
// the formats for which Tight uses pixels of three bytes and allows JPEG.
func (f Format) Full() bool {
	return f.Bits == 32 && f.Depth == 24 && f.RedMax == 255 && f.GreenMax == 255 && f.BlueMax == 255
}

// Pixels gives the packing of whole pixels.
func (f Format) Pixels() *Packing { return f.packing(int(f.Bits)/8, 0) }

// CompactPixels gives the packing of ZRLE: three bytes for 32-bit formats
// whose colours all fit into the lower or the upper three (RFC 6143 section
// 7.7.5), whole pixels otherwise.
func (f Format) CompactPixels() *Packing {
	if f.Bits != 32 || f.Depth > 24 {
		return f.Pixels()
	}
	low, high := true, true
	for _, p := range f.parts() {
		mask := uint64(p.max) << p.shift
		low = low && mask < 1<<24
		high = high && mask&0xff == 0
	}
	switch {
	case low:
		return f.packing(3, 0)
	case high:
		return f.packing(3, 8)
	}
	return f.Pixels()
}

// TightPixels gives the packing of Tight: red, green and blue, a byte each, for
// the formats that are Full, whole pixels otherwise.
func (f Format) TightPixels() *Packing {
	if !f.Full() {
		return f.Pixels()
	}
	f.RedShift, f.GreenShift, f.BlueShift, f.BigEndian = 0, 8, 16, false
	return f.packing(3, 0)
}

// packing prepares the tables; the value on the wire is shifted right by lift.
func (f Format) packing(size int, lift uint8) *Packing {
	p := &Packing{Size: size, big: f.BigEndian, lift: lift, parts: f.parts()}
	for i, q := range p.parts {
		p.up[i] = make([]byte, q.max+1)
		for v := range p.up[i] {
			p.up[i][v] = byte((v*255 + int(q.max)/2) / int(q.max))
		}
		for v := range p.down[i] {
			p.down[i][v] = p.wire(((uint32(v)*q.max + 127) / 255) << q.shift)
		}
	}
	p.plain = p.identity()
	p.mirror = p.Size == 3 && p.down[0][255] == 0xff && p.down[1][255] == 0xff00 && p.down[2][255] == 0xff0000
	return p
}

// Packing turns pixels of an Image into the bytes of one Format and back. It
// does not change once made.
type Packing struct {
	Size int // bytes of a pixel: 1 to 4

	big   bool
	lift  uint8
	parts [3]part
	down  [3][256]uint32 // the colour's share of the packed pixel, first byte lowest
	up    [3][]byte      // the colour of a part's value
	plain bool           // the packed bytes are the Image's own, the first Size of them

	mirror bool // the packed bytes are the Image's own three, the last first
}

// wire gives the value of a pixel as a number whose lowest byte comes first.
func (p *Packing) wire(v uint32) uint32 {
	v >>= p.lift
	if p.big {
		v = bits.ReverseBytes32(v) >> (32 - 8*p.Size)
	}
	return v
}

func (p *Packing) identity() bool {
	return p.Size >= 3 && p.down[0][255] == 0xff0000 && p.down[1][255] == 0xff00 && p.down[2][255] == 0xff
}

// Pixel packs one pixel, 0x00RRGGBB, into a number whose lowest byte comes
// first on the wire.
func (p *Packing) Pixel(v uint32) uint32 {
	return p.down[0][v>>16&0xff] | p.down[1][v>>8&0xff] | p.down[2][v&0xff]
}

// Plain reports whether packed pixels are 0x00RRGGBB, lowest byte first.
func (p *Packing) Plain() bool { return p.plain }

// AppendPixel appends one packed pixel.
func (p *Packing) AppendPixel(dst []byte, v uint32) []byte {
	w := p.Pixel(v)
	switch p.Size {
	case 1:
		return append(dst, byte(w))
	case 2:
		return append(dst, byte(w), byte(w>>8))
	case 3:
		return append(dst, byte(w), byte(w>>8), byte(w>>16))
	}
	return append(dst, byte(w), byte(w>>8), byte(w>>16), byte(w>>24))
}

// Append appends the packed pixels of r, which m must contain, row by row.
func (p *Packing) Append(dst []byte, m *Image, r Rect) []byte {
	n := r.W() * p.Size
	for y := r.Y0; y < r.Y1; y++ {
		at := len(dst)
		dst = grow(dst, n)
		p.row(dst[at:], m.Row(y, r.X0, r.X1))
	}
	return dst
}

// grow lengthens b by n bytes of any content.
func grow(b []byte, n int) []byte {
	if cap(b)-len(b) < n {
		b = append(b, make([]byte, n)...)
		return b
	}
	return b[:len(b)+n]
}

// row packs one row; dst has room for exactly that.
func (p *Packing) row(dst, src []byte) {
	if p.plain && p.Size == 4 {
		copy(dst, src)
		return
	}
	r, g, b := &p.down[0], &p.down[1], &p.down[2]
	switch p.Size {
	case 1:
		for i := range dst {
			dst[i] = byte(r[src[4*i+2]] | g[src[4*i+1]] | b[src[4*i]])
		}
	case 2:
		for ; len(dst) >= 2; dst, src = dst[2:], src[4:] {
			binary.LittleEndian.PutUint16(dst, uint16(r[src[2]]|g[src[1]]|b[src[0]]))
		}
	case 3:
		p.row3(dst, src)
	case 4:
		for ; len(dst) >= 4; dst, src = dst[4:], src[4:] {
			binary.LittleEndian.PutUint32(dst, r[src[2]]|g[src[1]]|b[src[0]])
		}
	}
}

func (p *Packing) row3(dst, src []byte) {
	if p.plain {
		for ; len(dst) >= 3; dst, src = dst[3:], src[4:] {
			dst[0], dst[1], dst[2] = src[0], src[1], src[2]
		}
		return
	}
	r, g, b := &p.down[0], &p.down[1], &p.down[2]
	for ; len(dst) >= 3; dst, src = dst[3:], src[4:] {
		w := r[src[2]] | g[src[1]] | b[src[0]]
		dst[0], dst[1], dst[2] = byte(w), byte(w>>8), byte(w>>16)
	}
}

// Unpack gives the pixel, 0x00RRGGBB, of the first Size bytes of src.
func (p *Packing) Unpack(src []byte) uint32 {
	var v uint32
	for i := range p.Size {
		if p.big {
			v = v<<8 | uint32(src[i])
		} else {
			v |= uint32(src[i]) << (8 * i)
		}
	}
	v <<= p.lift
	c := func(i int) uint32 { return uint32(p.up[i][v>>p.parts[i].shift&p.parts[i].max]) }
	return c(0)<<16 | c(1)<<8 | c(2)
}

// UnpackRow writes the pixels packed in src to dst, a row of an Image with room
// for all of them.
func (p *Packing) UnpackRow(dst, src []byte) {
	switch {
	case p.plain && p.Size == 3:
		for ; len(src) >= 3; dst, src = dst[4:], src[3:] {
			dst[0], dst[1], dst[2], dst[3] = src[0], src[1], src[2], 0
		}
		return
	case p.mirror:
		for ; len(src) >= 3; dst, src = dst[4:], src[3:] {
			binary.LittleEndian.PutUint32(dst, uint32(src[0])<<16|uint32(src[1])<<8|uint32(src[2]))
		}
		return
	}
	for ; len(src) >= p.Size; dst, src = dst[BytesPerPixel:], src[p.Size:] {
		binary.LittleEndian.PutUint32(dst, p.Unpack(src))
	}
}

// Rounded gives the pixel that a viewer of this packing sees for v.
func (p *Packing) Rounded(v uint32) uint32 {
	var b [4]byte
	binary.LittleEndian.PutUint32(b[:], p.Pixel(v))
	return p.Unpack(b[:p.Size])
}
