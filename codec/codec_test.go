package codec

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"testing"

	"deskside/raster"
)

// formats are the pixel formats that every encoding is tried in.
var formats = map[string]raster.Format{
	"32": raster.RGB888,
	"32 of noVNC": {
		Bits: 32, Depth: 24, RedMax: 255, GreenMax: 255, BlueMax: 255,
		RedShift: 0, GreenShift: 8, BlueShift: 16,
	},
	"32 big": {
		Bits: 32, Depth: 24, BigEndian: true, RedMax: 255, GreenMax: 255, BlueMax: 255,
		RedShift: 16, GreenShift: 8, BlueShift: 0,
	},
	"32 high": {
		Bits: 32, Depth: 24, RedMax: 255, GreenMax: 255, BlueMax: 255,
		RedShift: 24, GreenShift: 16, BlueShift: 8,
	},
	"16": raster.RGB565,
	"16 big": {
		Bits: 16, Depth: 16, BigEndian: true, RedMax: 31, GreenMax: 63, BlueMax: 31,
		RedShift: 11, GreenShift: 5, BlueShift: 0,
	},
	"8":         raster.RGB332,
	"8 colours": {Bits: 8, Depth: 3, RedMax: 1, GreenMax: 1, BlueMax: 1, RedShift: 2, GreenShift: 1},
}

// paint draws a picture with n colours, in blotches so that there are runs;
// n 0 is noise, below 0 a smooth photograph.
func paint(w, h, n int) *raster.Image {
	rnd := rand.New(rand.NewPCG(uint64(w), uint64(n)))
	colours := make([]uint32, max(n, 1))
	for i := range colours {
		colours[i] = rnd.Uint32() & 0xffffff
	}
	m := raster.NewImage(w, h)
	for y := range h {
		for x := range w {
			switch {
			case n == 0:
				m.Set(x, y, rnd.Uint32())
			case n < 0:
				s := func(f float64) uint32 { return uint32(127 + 100*math.Sin(float64(x)*f+float64(y)/40)) }
				m.Set(x, y, s(.02)<<16|s(.03)<<8|s(.05))
			case rnd.IntN(3) > 0 && x > 0:
				m.Set(x, y, m.Pixel(x-1, y))
			default:
				m.Set(x, y, colours[rnd.IntN(n)])
			}
		}
	}
	return m
}

var contents = []int{1, 2, 3, 4, 16, 17, 100, 127, 128, 200, 256, 257, 0, -1}

var rects = []raster.Rect{
	raster.XYWH(0, 0, 1, 1), raster.XYWH(5, 7, 3, 1), raster.XYWH(1, 1, 64, 64), raster.XYWH(3, 2, 65, 63),
	raster.XYWH(0, 0, 130, 70), raster.XYWH(17, 9, 9, 60),
}

// codecs are the exact encodings in all their ways.
var codecs = map[string]func() (encode, decode){
	"raw": func() (encode, decode) {
		return AppendRaw, (*Decoder).Raw
	},
	"zrle": func() (encode, decode) {
		return new(ZRLEEncoder).Append, (*Decoder).ZRLE
	},
	"tight auto":     tight(TightAuto),
	"tight copy":     tight(TightCopy),
	"tight palette":  tight(TightPalette),
	"tight gradient": tight(TightGradient),
}

type (
	encode func(dst []byte, f *Format, m *raster.Image, r raster.Rect) []byte
	decode func(d *Decoder, src io.Reader, f *Format, m *raster.Image, r raster.Rect) error
)

func tight(mode TightMode) func() (encode, decode) {
	return func() (encode, decode) {
		var e TightEncoder
		return func(dst []byte, f *Format, m *raster.Image, r raster.Rect) []byte {
			dst, exact := e.Append(dst, f, m, r, mode, 0)
			if !exact {
				panic("not exact without a quality")
			}
			return dst
		}, (*Decoder).Tight
	}
}

func TestRoundTrip(t *testing.T) {
	pictures := make(map[int]*raster.Image)
	for _, n := range contents {
		pictures[n] = paint(140, 80, n)
	}
	for name, make := range codecs {
		for formatName, rf := range formats {
			t.Run(name+"/"+formatName, func(t *testing.T) {
				f := NewFormat(rf)
				enc, dec := make()
				var d Decoder
				buf := []byte("kept")
				for _, n := range contents {
					m := pictures[n]
					for _, r := range rects {
						buf = enc(buf[:4], f, m, r)
						got, src := raster.NewImage(140, 80), bytes.NewReader(buf[4:])
						if err := dec(&d, src, f, got, r); err != nil {
							t.Fatalf("%d colours, %v: %v", n, r, err)
						}
						if src.Len() > 0 || string(buf[:4]) != "kept" {
							t.Fatalf("%d colours, %v: %d bytes left", n, r, src.Len())
						}
						same(t, fmt.Sprintf("%d colours", n), f, m, got, r)
					}
				}
			})
		}
	}
}

// same checks that got has, within r and nowhere else, what a viewer of f sees
// of want.
func same(t *testing.T, what string, f *Format, want, got *raster.Image, r raster.Rect) {
	t.Helper()
	for y := range got.H {
		for x := range got.W {
			v := uint32(0)
			if x >= r.X0 && x < r.X1 && y >= r.Y0 && y < r.Y1 {
				v = f.Rounded(want.Pixel(x, y))
			}
			if got.Pixel(x, y) != v {
				t.Fatalf("%s, %v: pixel %d,%d is %06x, want %06x", what, r, x, y, got.Pixel(x, y), v)
			}
		}
	}
}

func TestPrefixFails(t *testing.T) {
	r := raster.XYWH(2, 3, 66, 5)
	for name, make := range codecs {
		for _, n := range []int{1, 2, 5, 40, 0} {
			f, m := NewFormat(raster.RGB888), paint(80, 10, n)
			enc, dec := make()
			whole := enc(nil, f, m, r)
			for i := range whole {
				if i > 200 && i < len(whole)-200 {
					continue
				}
				if err := dec(new(Decoder), bytes.NewReader(whole[:i]), f, raster.NewImage(80, 10), r); err == nil {
					t.Fatalf("%s of %d colours: %d of %d bytes were enough", name, n, i, len(whole))
				}
			}
		}
	}
}

func TestCopyRect(t *testing.T) {
	m := paint(60, 60, 0)
	want := raster.NewImage(60, 60)
	want.Copy(m, m.Bounds())
	want.Move(raster.XYWH(3, 4, 20, 20), 10, 12)
	enc := AppendCopyRect(nil, 3, 4)
	if err := new(Decoder).CopyRect(bytes.NewReader(enc), m, raster.XYWH(10, 12, 20, 20)); err != nil {
		t.Fatal(err)
	}
	if !raster.Equal(m, want, m.Bounds()) {
		t.Error("wrong pixels")
	}
	for i := range enc {
		if new(Decoder).CopyRect(bytes.NewReader(enc[:i]), m, raster.XYWH(0, 0, 2, 2)) == nil {
			t.Errorf("%d bytes were enough", i)
		}
	}
	if new(Decoder).CopyRect(bytes.NewReader(AppendCopyRect(nil, 50, 0)), m, raster.XYWH(0, 0, 20, 20)) == nil {
		t.Error("copied from outside")
	}
}

func TestTightKinds(t *testing.T) {
	r := raster.XYWH(0, 0, 64, 64)
	for _, test := range []struct {
		colours int
		mode    TightMode
		quality int
		format  raster.Format
		kind    byte
		exact   bool
	}{
		{1, TightAuto, 0, raster.RGB888, tightFill, true},
		{1, TightCopy, 0, raster.RGB888, tightFill, true},
		{2, TightAuto, 90, raster.RGB888, tightStreamMono<<4 | tightFiltered, true},
		{200, TightAuto, 90, raster.RGB888, tightStreamPalette<<4 | tightFiltered, true},
		{200, TightCopy, 90, raster.RGB888, tightStreamCopy << 4, true},
		{0, TightAuto, 0, raster.RGB888, tightStreamSmooth << 4, true},
		{0, TightPalette, 90, raster.RGB888, tightStreamSmooth << 4, true},
		{-1, TightAuto, 0, raster.RGB888, tightStreamSmooth<<4 | tightFiltered, true},
		{0, TightAuto, 90, raster.RGB888, tightJPEG, false},
		{2, TightJPEG, 90, raster.RGB888, tightJPEG, false},
		{0, TightAuto, 90, raster.RGB565, tightStreamCopy << 4, true},
		{0, TightGradient, 90, raster.RGB888, tightStreamSmooth<<4 | tightFiltered, true},
		{0, TightGradient, 90, raster.RGB332, tightStreamCopy << 4, true},
	} {
		var e TightEncoder
		b, exact := e.Append(nil, NewFormat(test.format), paint(64, 64, test.colours), r, test.mode, test.quality)
		if b[0] != test.kind || exact != test.exact {
			t.Errorf("%+v: kind 0x%02x, exact %v", test, b[0], exact)
		}
	}
}

// TestJPEG states how near JPEG comes: 36 dB for a smooth picture at quality
// 90.
func TestJPEG(t *testing.T) {
	f, m, r := NewFormat(raster.RGB888), paint(200, 100, -1), raster.XYWH(10, 10, 150, 75)
	var e TightEncoder
	b, _ := e.Append(nil, f, m, r, TightJPEG, 90)
	got := raster.NewImage(200, 100)
	if err := new(Decoder).Tight(bytes.NewReader(b), f, got, r); err != nil {
		t.Fatal(err)
	}
	if db := raster.PSNR(m, got, r); db < 36 {
		t.Errorf("%.1f dB", db)
	}
	for i := range b {
		if new(Decoder).Tight(bytes.NewReader(b[:i]), f, got, r) == nil {
			t.Fatalf("%d of %d bytes were enough", i, len(b))
		}
	}
	if new(Decoder).Tight(bytes.NewReader(b), f, got, raster.XYWH(0, 0, 151, 75)) == nil {
		t.Error("a picture of another size was taken")
	}
}

type noPhoto struct{}

func (noPhoto) AppendJPEG(dst []byte, _ *raster.Image, _ raster.Rect, _ int) ([]byte, error) {
	return append(dst, "half a file"...), fmt.Errorf("no")
}

func TestJPEGFailureIsExact(t *testing.T) {
	f, m, r := NewFormat(raster.RGB888), paint(64, 64, 0), raster.XYWH(0, 0, 64, 64)
	e := TightEncoder{Photo: noPhoto{}}
	b, exact := e.Append(nil, f, m, r, TightJPEG, 90)
	got := raster.NewImage(64, 64)
	if err := new(Decoder).Tight(bytes.NewReader(b), f, got, r); err != nil || !exact {
		t.Fatalf("exact %v, %v", exact, err)
	}
	same(t, "instead of jpeg", f, m, got, r)
}

func TestCursor(t *testing.T) {
	m := paint(19, 11, 5)
	for y := range m.H {
		for x := range m.W {
			m.Row(y, x, x+1)[3] = byte(x * 14)
		}
	}
	for name, rf := range formats {
		f := NewFormat(rf)
		b := AppendCursor(nil, f, m)
		got := new(raster.Image)
		if err := new(Decoder).Cursor(bytes.NewReader(b), f, got, 19, 11); err != nil {
			t.Fatal(err)
		}
		for y := range m.H {
			for x := range m.W {
				want := f.Rounded(m.Pixel(x, y) & 0xffffff)
				if x*14 >= opaque {
					want |= 0xff000000
				}
				if got.Pixel(x, y) != want {
					t.Fatalf("%s: pixel %d,%d is %08x, want %08x", name, x, y, got.Pixel(x, y), want)
				}
			}
		}
		for i := range b {
			if new(Decoder).Cursor(bytes.NewReader(b[:i]), f, got, 19, 11) == nil {
				t.Fatalf("%s: %d bytes were enough", name, i)
			}
		}
	}
	if new(Decoder).Cursor(bytes.NewReader(nil), NewFormat(raster.RGB888), m, 1, MaxCursor+1) == nil {
		t.Error("a cursor too high was taken")
	}
}

func TestEncodersReuseMemory(t *testing.T) {
	f := NewFormat(raster.RGB888)
	for name, make := range codecs {
		enc, _ := make()
		var buf []byte
		work := func(n int) func() {
			m := paint(140, 80, n)
			return func() { buf = enc(buf[:0], f, m, raster.XYWH(3, 3, 128, 70)) }
		}
		for _, n := range []int{0, 2, 50} {
			once := work(n)
			for range 5 {
				once()
			}
			if n := testing.AllocsPerRun(10, once); n > 0 {
				t.Errorf("%s: %v allocations once warm", name, n)
			}
		}
	}
}
