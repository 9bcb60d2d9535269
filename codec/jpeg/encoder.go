package jpeg

import (
	"encoding/binary"
	"slices"

	"deskside/raster"
)

// Encoder writes files, one after the other. Its zero value is ready; it keeps
// what files of one quality have in common and allocates nothing once warm. It
// must not be used by two goroutines at once.
type Encoder struct {
	setup  setup
	strips strips
	edge   edge
	blocks [stripBlocks]block
	masks  [stripBlocks]uint64
	out    writer

	portable bool // use no assembly, for tests
}

// stripBlocks is the most blocks of a strip: of 256 by 16 with chroma in half
// the resolution, or of 256 by 8 in full.
const stripBlocks = 96

// AppendJPEG appends r, which m must contain, as a file. Quality is 1 to 100;
// what is outside is taken as the nearest. It fails for a picture that JPEG
// cannot hold, for no other reason.
func (e *Encoder) AppendJPEG(dst []byte, m *raster.Image, r raster.Rect, quality int) ([]byte, error) {
	if r.Empty() || r.W() > MaxSide || r.H() > MaxSide {
		return dst, errSize
	}
	e.setup.prepare(quality)
	e.out = writer{dst: e.setup.appendHead(dst, r.W(), r.H())}
	strip, high := e.halfStrip, stripH
	if e.setup.sharp {
		strip, high = e.fullStrip, 8
	}
	for y := r.Y0; y < r.Y1; y += high {
		for x := r.X0; x < r.X1; x += stripW {
			e.out.dst = slices.Grow(e.out.dst, stripBlocks*maxBlockBytes+4)
			strip(m, raster.Rect{X0: x, Y0: y, X1: min(x+stripW, r.X1), Y1: min(y+high, r.Y1)})
		}
	}
	e.out.end()
	dst = binary.BigEndian.AppendUint16(e.out.dst, markEOI)
	e.out.dst = nil
	return dst, nil
}

// halfStrip writes a strip of MCUs of 16 by 16 pixels.
func (e *Encoder) halfStrip(m *raster.Image, r raster.Rect) {
	whole, rest := r.W()/group, r.W()%group
	n := (r.W() + group - 1) / group
	s := &e.strips
	for i := range stripH / 2 {
		a := m.Row(min(r.Y0+2*i, r.Y1-1), r.X0, r.X1)
		b := m.Row(min(r.Y0+2*i+1, r.Y1-1), r.X0, r.X1)
		y, cb, cr := s.y[2*i*stripW:], s.cb[i*stripW:], s.cr[i*stripW:]
		if whole > 0 {
			e.convertHalf(a, b, whole, y, cb, cr)
		}
		if rest > 0 {
			e.edge.fill(0, a[whole*group*raster.BytesPerPixel:])
			e.edge.fill(1, b[whole*group*raster.BytesPerPixel:])
			e.convertHalf(e.edge[0][:], e.edge[1][:], 1, y[whole*group:], cb[whole*group/2:], cr[whole*group/2:])
		}
	}
	scale := &e.setup.scale
	e.transform(s.y[:], &scale[0], 0, 2*n)
	e.transform(s.y[8*stripW:], &scale[0], 2*n, 2*n)
	e.transform(s.cb[:], &scale[1], 4*n, n)
	e.transform(s.cr[:], &scale[1], 5*n, n)
	for i := range n {
		e.write(2*i, 0)
		e.write(2*i+1, 0)
		e.write(2*n+2*i, 0)
		e.write(2*n+2*i+1, 0)
		e.write(4*n+i, 1)
		e.write(5*n+i, 2)
	}
}

// fullStrip writes a strip of MCUs of 8 by 8 pixels.
func (e *Encoder) fullStrip(m *raster.Image, r raster.Rect) {
	whole, rest := r.W()/group, r.W()%group
	s := &e.strips
	for i := range 8 {
		a := m.Row(min(r.Y0+i, r.Y1-1), r.X0, r.X1)
		y, cb, cr := s.y[i*stripW:], s.cb[i*stripW:], s.cr[i*stripW:]
		if whole > 0 {
			e.convertFull(a, whole, y, cb, cr)
		}
		if rest > 0 {
			e.edge.fill(0, a[whole*group*raster.BytesPerPixel:])
			e.convertFull(e.edge[0][:], 1, y[whole*group:], cb[whole*group:], cr[whole*group:])
		}
	}
	n := (r.W() + 7) / 8
	scale := &e.setup.scale
	e.transform(s.y[:], &scale[0], 0, n)
	e.transform(s.cb[:], &scale[1], n, n)
	e.transform(s.cr[:], &scale[1], 2*n, n)
	for i := range n {
		e.write(i, 0)
		e.write(n+i, 1)
		e.write(2*n+i, 2)
	}
}

func (e *Encoder) write(i, comp int) { e.out.block(&e.blocks[i], e.masks[i], comp) }

// convertHalf, convertFull and transform do what the functions of these names
// in Go do, by the fastest means.

func (e *Encoder) convertHalf(a, b []byte, n int, y, cb, cr []int8) {
	if fast && !e.portable {
		convertHalfFast(a, b, n, y, cb, cr)
	} else {
		convertHalfGo(a, b, n, y, cb, cr)
	}
}

func (e *Encoder) convertFull(a []byte, n int, y, cb, cr []int8) {
	if fast && !e.portable {
		convertFullFast(a, n, y, cb, cr)
	} else {
		convertFullGo(a, n, y, cb, cr)
	}
}

// transform puts its result at the given place among the blocks.
func (e *Encoder) transform(src []int8, scale *[64]float32, at, n int) {
	out, masks := e.blocks[at:at+n], e.masks[at:at+n]
	if fast && !e.portable {
		transformFast(src, scale, out, masks)
	} else {
		transformGo(src, scale, out, masks)
	}
}
