package remctrl

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"testing"

	"deskside/codec"
	"deskside/raster"
	"deskside/remctrl/darkroom"
	"deskside/rfb"
)

// speckle fills r with pixels that have nothing to do with one another.
func speckle(m *raster.Image, r raster.Rect, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 5))
	for y := r.Y0; y < r.Y1; y++ {
		for x := r.X0; x < r.X1; x++ {
			m.Set(x, y, rnd.Uint32())
		}
	}
}

// stencil is an encoder that writes what it was asked for, and panics or fails
// where it is told to.
type stencil struct{ panics, fails func(raster.Rect) bool }

func (s stencil) AppendJPEG(dst []byte, _ *raster.Image, r raster.Rect, quality int) ([]byte, error) {
	switch {
	case s.panics != nil && s.panics(r):
		panic("no")
	case s.fails != nil && s.fails(r):
		return append(dst, "half"...), fmt.Errorf("no")
	}
	return fmt.Appendf(dst, "%v at %d", r, quality), nil
}

// TestFilm sends text between photographs in one update, with and without
// workers: the same bytes, that show the picture.
func TestFilm(t *testing.T) {
	send := func(dark *darkroom.Room) []byte {
		d := newDrawing(1100, 300, codec.Tight, rfb.EncodingQuality0+8, rfb.EncodingLastRect)
		d.v.svc.dark = dark
		photo, text := raster.XYWH(0, 0, 2*pieceW, 200), raster.XYWH(2*pieceW, 0, pieceW, 300)
		grainy(&d.src.frame, 1)
		for y := range text.Y1 {
			d.src.frame.Fill(raster.XYWH(text.X0, y, text.W(), 1), 0xffffff)
			d.src.frame.Fill(raster.XYWH(text.X0+y%7*20, y, 15, 1), 0x202020)
		}
		m := watch(t, d)
		var all bytes.Buffer
		d.out.copy = io.MultiWriter(&m.in, &all)
		d.frame(d.src.frame.Bounds())
		m.read(t)
		if !raster.Equal(m.Image, &d.src.frame, text) {
			t.Error("the text is not exact")
		}
		if db := raster.PSNR(&d.src.frame, m.Image, photo); db < 30 || math.IsInf(db, 1) {
			t.Errorf("the photograph comes with %.1f dB", db)
		}
		return all.Bytes()
	}
	dark := darkroom.New(nil)
	defer dark.Close()
	alone, helped := send(nil), send(dark)
	if !bytes.Equal(alone, helped) {
		t.Errorf("%d bytes alone, %d with workers", len(alone), len(helped))
	}
}

// TestFilmFault states that an encoder of photographs that fails costs its
// rectangle its form and nobody the picture.
func TestFilmFault(t *testing.T) {
	one := func(r raster.Rect) bool { return r.X0 == 0 && r.Y0 == pieceH } // of the first film
	for name, photo := range map[string]stencil{"panics": {panics: one}, "fails": {fails: one}} {
		d := newDrawing(1100, 500, codec.Tight, rfb.EncodingQuality0+8, rfb.EncodingLastRect)
		d.v.display.tight.Photo = photo
		speckle(&d.src.frame, d.src.frame.Bounds(), 1)
		d.frame(d.src.frame.Bounds())
		if d.v.display.precise != (name == "panics") || d.v.display.broken {
			t.Errorf("%s: precise %v, broken %v", name, d.v.display.precise, d.v.display.broken)
		}
		if !d.v.display.dirty.Empty() {
			t.Errorf("%s: left %v", name, d.v.display.dirty.Rects())
		}
		low := d.v.display.refine.Fresh
		low.Intersect(raster.XYWH(0, 300, 1100, 200))
		if low.Empty() != (name == "panics") {
			t.Errorf("%s: sent approximately below: %v", name, low.Rects())
		}
	}
}

// BenchmarkFilm sends frames of 1280x720 that change all over, to a viewer that
// takes JPEG, with and without workers, and to one that does not.
func BenchmarkFilm(b *testing.B) {
	for _, how := range []string{"exact", "alone", "helped"} {
		b.Run(how, func(b *testing.B) {
			quality := rfb.EncodingQuality0 + 5
			if how == "exact" {
				quality = codec.Raw
			}
			d := newDrawing(1280, 720, codec.Tight, quality, rfb.EncodingLastRect)
			if how == "helped" {
				d.v.svc.dark = darkroom.New(nil)
				defer d.v.svc.dark.Close()
			}
			var frames [4]raster.Image
			for i := range frames {
				frames[i].Resize(1280, 720)
				grainy(&frames[i], uint64(i))
			}
			i := 0
			next := func() {
				d.src.frame.Copy(&frames[i%len(frames)], d.src.frame.Bounds())
				i++
				d.frame(d.src.frame.Bounds())
			}
			for range 2 * len(frames) {
				next()
			}
			d.out.n = 0
			b.ReportAllocs()
			for b.Loop() {
				next()
			}
			b.ReportMetric(float64(d.out.n)/float64(b.N)/1024, "KiB/frame")
		})
	}
}

// grainy fills m with shades and grain.
func grainy(m *raster.Image, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 6))
	for y := range m.H {
		for x := range m.W {
			v := func(base int) uint32 { return uint32(min(max(base+int(rnd.NormFloat64()*8), 0), 255)) }
			m.Set(x, y, v(x*255/m.W)<<16|v(y*255/m.H)<<8|v((x+y)/9))
		}
	}
}
