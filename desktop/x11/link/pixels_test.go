package link

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"deskside/raster"
)

func TestColours(t *testing.T) {
	for _, c := range []struct {
		mask        uint32
		pixel       uint32
		value, back byte
	}{
		{0xff0000, 0x7f0000, 0x7f, 0x7f},
		{0xf800, 0xf800, 0xff, 0xff},
		{0xf800, 0x0800, 0x08, 0x08},
		{0x07e0, 0x0400, 0x82, 0x82},
		{0x3ff00000, 0x3ff00000, 0xff, 0xff},
		{0x3ff00000, 0x20000000, 0x80, 0x80},
		{0x7, 0x7, 0xff, 0xff},
	} {
		ch := channelOf(c.mask)
		if got := ch.value(c.pixel); got != c.value {
			t.Errorf("mask %#x: pixel %#x is %#x, want %#x", c.mask, c.pixel, got, c.value)
		}
		if got := ch.value(ch.put8(c.value)); got != c.back {
			t.Errorf("mask %#x: %#x comes back as %#x", c.mask, c.value, got)
		}
	}
}

// layouts are the ways in which servers store pixels.
func layouts() map[string]*Pixels {
	ch := func(shift, width int) channel { return channel{shift, width} }
	return map[string]*Pixels{
		"24":         {Depth: 24, bpp: 32, pad: 32, order: binary.LittleEndian, red: ch(16, 8), green: ch(8, 8), blue: ch(0, 8), native: true},
		"24, big":    {Depth: 24, bpp: 32, pad: 32, order: binary.BigEndian, red: ch(16, 8), green: ch(8, 8), blue: ch(0, 8)},
		"30":         {Depth: 30, bpp: 32, pad: 32, order: binary.LittleEndian, red: ch(20, 10), green: ch(10, 10), blue: ch(0, 10)},
		"16":         {Depth: 16, bpp: 16, pad: 32, order: binary.LittleEndian, red: ch(11, 5), green: ch(5, 6), blue: ch(0, 5)},
		"16, padded": {Depth: 16, bpp: 16, pad: 64, order: binary.BigEndian, red: ch(11, 5), green: ch(5, 6), blue: ch(0, 5)},
	}
}

// TestSame changes one colour of one pixel, inside and outside of what is
// compared, and bits that are none of a colour.
func TestSame(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for name, p := range layouts() {
		for range 300 {
			at := raster.XYWH(rnd.IntN(9), rnd.IntN(9), 1+rnd.IntN(90), 1+rnd.IntN(9))
			src := make([]byte, p.Stride(at.W())*at.H())
			for i := range src {
				src[i] = byte(rnd.Uint32())
			}
			m := raster.NewImage(at.X1+3, at.Y1+3)
			if err := p.Copy(m, src, at, at); err != nil {
				t.Fatal(err)
			}
			x0, y0 := at.X0+rnd.IntN(at.W()), at.Y0+rnd.IntN(at.H())
			r := raster.Rect{X0: x0, Y0: y0, X1: x0 + 1 + rnd.IntN(at.X1-x0), Y1: y0 + 1 + rnd.IntN(at.Y1-y0)}
			if !p.Same(m, src, at, r) || p.Same(m, src[:len(src)-1], at, r) {
				t.Fatalf("%s: %v of %v is not the same, or a part of a grab is", name, r, at)
			}
			x, y := at.X0+rnd.IntN(at.W()), at.Y0+rnd.IntN(at.H())
			m.Row(y, x, x+1)[rnd.IntN(3)] ^= 1 << rnd.IntN(8)
			inside := x >= r.X0 && x < r.X1 && y >= r.Y0 && y < r.Y1
			if p.Same(m, src, at, r) == inside {
				t.Fatalf("%s: (%d, %d) differs; %v of %v compares wrongly", name, x, y, r, at)
			}
		}
	}
}

// BenchmarkPixels copies and compares a picture of 1920x1080 whose fourth bytes
// are the server's own.
func BenchmarkPixels(b *testing.B) {
	p := layouts()["24"]
	at := raster.XYWH(0, 0, 1920, 1080)
	src := bytes.Repeat([]byte{1, 2, 3, 0xff}, at.W()*at.H())
	m := raster.NewImage(at.W(), at.H())
	b.Run("copy", func(b *testing.B) {
		b.SetBytes(int64(len(src)))
		for b.Loop() {
			p.Copy(m, src, at, at)
		}
	})
	b.Run("same", func(b *testing.B) {
		b.SetBytes(int64(len(src)))
		for b.Loop() {
			if !p.Same(m, src, at, at) {
				b.Fatal("differs")
			}
		}
	})
}
