package link

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/jezek/xgb/xproto"

	"deskside/raster"
)

// Pixels knows how the server stores pixels and turns them into those of a
// raster.Image.
type Pixels struct {
	Depth  byte
	bpp    int // bits of a stored pixel: 16 or 32
	pad    int // bits to which rows are padded
	order  binary.ByteOrder
	red    channel
	green  channel
	blue   channel
	native bool // stored as a raster.Image, but for the fourth byte
}

// channel is where a colour sits in a pixel.
type channel struct{ shift, width int }

func channelOf(mask uint32) channel {
	return channel{bits.TrailingZeros32(mask), bits.OnesCount32(mask)}
}

// value gives the colour as eight bits. Fewer bits are repeated, so that the
// brightest stays the brightest; more are cut.
func (c channel) value(pixel uint32) byte {
	v := pixel >> c.shift & (1<<c.width - 1)
	if c.width >= 8 {
		return byte(v >> (c.width - 8))
	}
	v <<= 8 - c.width
	return byte(v | v>>c.width | v>>(2*c.width))
}

// Pixels finds the storage of the root window.
func (c *Conn) Pixels() (*Pixels, error) {
	setup, screen := c.Setup, c.screen
	p := &Pixels{Depth: screen.RootDepth, order: binary.LittleEndian}
	if setup.ImageByteOrder == xproto.ImageOrderMSBFirst {
		p.order = binary.BigEndian
	}
	for _, f := range setup.PixmapFormats {
		if f.Depth == screen.RootDepth {
			p.bpp, p.pad = int(f.BitsPerPixel), int(f.ScanlinePad)
		}
	}
	v := visualOf(screen)
	if v == nil || v.Class != xproto.VisualClassTrueColor && v.Class != xproto.VisualClassDirectColor || p.bpp != 16 && p.bpp != 32 || p.pad == 0 {
		return nil, fmt.Errorf("the screen has %d bits of colour without fixed places for red, green and blue: set its depth to 24", screen.RootDepth)
	}
	p.red, p.green, p.blue = channelOf(v.RedMask), channelOf(v.GreenMask), channelOf(v.BlueMask)
	eight := func(shift int) channel { return channel{shift, 8} }
	p.native = p.bpp == 32 && p.order == binary.LittleEndian &&
		p.red == eight(16) && p.green == eight(8) && p.blue == eight(0)
	return p, nil
}

func visualOf(screen *xproto.ScreenInfo) *xproto.VisualInfo {
	for _, d := range screen.AllowedDepths {
		for i := range d.Visuals {
			if d.Visuals[i].VisualId == screen.RootVisual {
				return &d.Visuals[i]
			}
		}
	}
	return nil
}

// Stride gives the bytes of a stored row of w pixels.
func (p *Pixels) Stride(w int) int { return (w*p.bpp + p.pad - 1) / p.pad * p.pad / 8 }

// Copy puts the pixels of r into dst, from a grab of the area at.
func (p *Pixels) Copy(dst *raster.Image, src []byte, at, r raster.Rect) error {
	stride := p.Stride(at.W())
	if len(src) < stride*at.H() {
		return fmt.Errorf("the server sent %d bytes for %v, want %d", len(src), at, stride*at.H())
	}
	for y := r.Y0; y < r.Y1; y++ {
		row := src[(y-at.Y0)*stride:]
		from := (r.X0 - at.X0) * p.bpp / 8
		p.row(dst.Row(y, r.X0, r.X1), row[from:from+r.W()*p.bpp/8])
	}
	return nil
}

// Same reports whether m has the pixels of r in a grab of the area at, which holds
// r. A grab that is too short has not.
func (p *Pixels) Same(m *raster.Image, src []byte, at, r raster.Rect) bool {
	stride := p.Stride(at.W())
	if len(src) < stride*at.H() {
		return false
	}
	for y := r.Y0; y < r.Y1; y++ {
		from := (y-at.Y0)*stride + (r.X0-at.X0)*p.bpp/8
		if !p.same(m.Row(y, r.X0, r.X1), src[from:from+r.W()*p.bpp/8]) {
			return false
		}
	}
	return true
}

func (p *Pixels) same(row, src []byte) bool {
	if p.native {
		return bytes.Equal(row, src) || sameColours(row, src)
	}
	for len(row) > 0 {
		var some [256]byte
		n := min(len(row), len(some))
		m := n * p.bpp / 32
		p.row(some[:n], src[:m])
		if !bytes.Equal(row[:n], some[:n]) {
			return false
		}
		row, src = row[n:], src[m:]
	}
	return true
}

// sameColours compares pixels whatever the fourth byte of each in src is.
func sameColours(row, src []byte) bool {
	const both = colours | colours<<32
	for len(row) >= 32 && len(src) >= 32 {
		r, s := (*[32]byte)(row), (*[32]byte)(src)
		if binary.LittleEndian.Uint64(r[0:]) != binary.LittleEndian.Uint64(s[0:])&both ||
			binary.LittleEndian.Uint64(r[8:]) != binary.LittleEndian.Uint64(s[8:])&both ||
			binary.LittleEndian.Uint64(r[16:]) != binary.LittleEndian.Uint64(s[16:])&both ||
			binary.LittleEndian.Uint64(r[24:]) != binary.LittleEndian.Uint64(s[24:])&both {
			return false
		}
		row, src = row[32:], src[32:]
	}
	for len(row) >= 4 && len(src) >= 4 {
		if binary.LittleEndian.Uint32(row) != binary.LittleEndian.Uint32(src)&colours {
			return false
		}
		row, src = row[4:], src[4:]
	}
	return true
}

const colours = 0x00ffffff // the bits of a raster pixel that may be set

func (p *Pixels) row(dst, src []byte) {
	switch {
	case p.native:
		copyColours(dst, src)
	case p.bpp == 32:
		for i := 0; i+4 <= len(dst); i += 4 {
			p.put(dst[i:i+4], p.order.Uint32(src[i:]))
		}
	default:
		for i := 0; i+4 <= len(dst); i += 4 {
			p.put(dst[i:i+4], uint32(p.order.Uint16(src[i/2:])))
		}
	}
}

func (p *Pixels) put(dst []byte, pixel uint32) {
	dst[0], dst[1], dst[2], dst[3] = p.blue.value(pixel), p.green.value(pixel), p.red.value(pixel), 0
}

// copyColours copies pixels, with the fourth byte of each zero: servers leave
// there what they like. Eight at a time, as most of it is waiting for memory.
func copyColours(dst, src []byte) {
	const both = colours | colours<<32
	for len(dst) >= 32 && len(src) >= 32 {
		d, s := (*[32]byte)(dst), (*[32]byte)(src)
		binary.LittleEndian.PutUint64(d[0:], binary.LittleEndian.Uint64(s[0:])&both)
		binary.LittleEndian.PutUint64(d[8:], binary.LittleEndian.Uint64(s[8:])&both)
		binary.LittleEndian.PutUint64(d[16:], binary.LittleEndian.Uint64(s[16:])&both)
		binary.LittleEndian.PutUint64(d[24:], binary.LittleEndian.Uint64(s[24:])&both)
		dst, src = dst[32:], src[32:]
	}
	for len(dst) >= 4 && len(src) >= 4 {
		binary.LittleEndian.PutUint32(dst, binary.LittleEndian.Uint32(src)&colours)
		dst, src = dst[4:], src[4:]
	}
}

// put8 gives the bits of a colour in a pixel.
func (c channel) put8(v byte) uint32 {
	if c.width >= 8 {
		return (uint32(v)<<(c.width-8) | uint32(v)>>(16-c.width)) << c.shift
	}
	return uint32(v) >> (8 - c.width) << c.shift
}

// Pixel gives a colour as the server stores it.
func (p *Pixels) Pixel(r, g, b byte) uint32 {
	return p.red.put8(r) | p.green.put8(g) | p.blue.put8(b)
}

// Encode writes a row of red, green, blue and opacity as the server stores it.
func (p *Pixels) Encode(dst, rgba []byte) {
	for i, o := 0, 0; i+4 <= len(rgba); i, o = i+4, o+p.bpp/8 {
		v := p.Pixel(rgba[i], rgba[i+1], rgba[i+2])
		if p.bpp == 16 {
			p.order.PutUint16(dst[o:], uint16(v))
		} else {
			p.order.PutUint32(dst[o:], v)
		}
	}
}
