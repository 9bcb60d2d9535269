package raster

import (
	"encoding/binary"
	"testing"
)

func big(f Format) Format { f.BigEndian = true; return f }

func shifted(r, g, b uint8) Format {
	f := RGB888
	f.RedShift, f.GreenShift, f.BlueShift = r, g, b
	return f
}

// formats are all that the tests of pixels go through.
var formats = map[string]Format{
	"888":       RGB888,
	"888 big":   big(RGB888),
	"bgr":       shifted(0, 8, 16),
	"high":      shifted(24, 16, 8),
	"high big":  big(shifted(24, 16, 8)),
	"straddle":  shifted(24, 8, 0),
	"565":       RGB565,
	"565 big":   big(RGB565),
	"332":       RGB332,
	"eight":     {Bits: 8, Depth: 3, RedMax: 1, GreenMax: 1, BlueMax: 1, RedShift: 2, GreenShift: 1},
	"deep":      {Bits: 32, Depth: 30, RedMax: 1023, GreenMax: 1023, BlueMax: 1023, RedShift: 20, GreenShift: 10},
	"555 in 32": {Bits: 32, Depth: 15, RedMax: 31, GreenMax: 31, BlueMax: 31, RedShift: 10, GreenShift: 5},
}

// value is what RFC 6143 section 7.4 says the pixel's number is.
func value(f Format, v uint32) (n uint32) {
	for i, p := range f.parts() {
		c := v >> (16 - 8*i) & 0xff
		n |= (c*p.max + 127) / 255 << p.shift
	}
	return n
}

func TestPackingFollowsTheStandard(t *testing.T) {
	m := noise(5, 50, 3)
	for name, f := range formats {
		if err := f.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var order binary.AppendByteOrder = binary.LittleEndian
		if f.BigEndian {
			order = binary.BigEndian
		}
		got := f.Pixels().Append(nil, m, m.Bounds())
		var want []byte
		for y := range m.H {
			for x := range m.W {
				switch v := value(f, m.Pixel(x, y)); f.Bits {
				case 8:
					want = append(want, byte(v))
				case 16:
					want = order.AppendUint16(want, uint16(v))
				case 32:
					want = order.AppendUint32(want, v)
				}
			}
		}
		if string(got) != string(want) {
			t.Errorf("%s: wrong bytes", name)
		}
	}
}

func TestPackingsAgree(t *testing.T) {
	m := noise(6, 50, 3)
	for name, f := range formats {
		for kind, p := range map[string]*Packing{
			"pixels": f.Pixels(), "compact": f.CompactPixels(), "tight": f.TightPixels(),
		} {
			packed := p.Append(nil, m, m.Bounds())
			if len(packed) != m.W*m.H*p.Size {
				t.Fatalf("%s %s: %d bytes for %d pixels of %d", name, kind, len(packed), m.W*m.H, p.Size)
			}
			back := NewImage(m.W, m.H)
			for y := range m.H {
				n := m.W * p.Size
				p.UnpackRow(back.Row(y, 0, m.W), packed[y*n:(y+1)*n])
			}
			for y := range m.H {
				for x := range m.W {
					v := m.Pixel(x, y)
					if one := p.AppendPixel(nil, v); string(one) != string(packed[(y*m.W+x)*p.Size:][:p.Size]) {
						t.Fatalf("%s %s: %06x alone is % x", name, kind, v, one)
					}
					if back.Pixel(x, y) != f.Pixels().Rounded(v) {
						t.Fatalf("%s %s: %06x came back as %06x", name, kind, v, back.Pixel(x, y))
					}
					if f.RedMax >= 255 && back.Pixel(x, y) != v {
						t.Fatalf("%s %s: %06x is not exact", name, kind, v)
					}
				}
			}
		}
	}
}

func TestCompactSizes(t *testing.T) {
	for name, want := range map[string][2]int{
		"888": {3, 3}, "888 big": {3, 3}, "bgr": {3, 3}, "high": {3, 3}, "high big": {3, 3},
		"straddle": {4, 3}, "565": {2, 2}, "332": {1, 1}, "deep": {4, 4}, "555 in 32": {3, 4},
	} {
		f := formats[name]
		if got := [2]int{f.CompactPixels().Size, f.TightPixels().Size}; got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func TestFormatCheck(t *testing.T) {
	bad := map[string]func(*Format){
		"24 bits":       func(f *Format) { f.Bits = 24 },
		"no bits":       func(f *Format) { f.Bits = 0 },
		"no depth":      func(f *Format) { f.Depth = 0 },
		"too deep":      func(f *Format) { f.Depth = 33 },
		"map of 32":     func(f *Format) { f.Mapped = true },
		"no red":        func(f *Format) { f.RedMax = 0 },
		"odd maximum":   func(f *Format) { f.GreenMax = 200 },
		"far shift":     func(f *Format) { f.RedShift = 200 },
		"past the end":  func(f *Format) { f.RedShift = 25 },
		"overlap":       func(f *Format) { f.BlueShift = 1 },
		"past 16":       func(f *Format) { f.Bits, f.Depth = 16, 16 },
		"shift 64 wrap": func(f *Format) { f.BlueShift = 64 },
	}
	for name, change := range bad {
		f := RGB888
		change(&f)
		if f.Check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if err := (Format{Bits: 8, Mapped: true}).Check(); err != nil {
		t.Errorf("colour map: %v", err)
	}
}

func BenchmarkPack(b *testing.B) {
	m := noise(1, 640, 480)
	for name, p := range map[string]*Packing{
		"same": RGB888.Pixels(), "bgr": formats["bgr"].Pixels(), "565": RGB565.Pixels(), "332": RGB332.Pixels(), "tight": RGB888.TightPixels(),
	} {
		b.Run(name, func(b *testing.B) {
			buf := p.Append(nil, m, m.Bounds())
			b.SetBytes(int64(len(m.Pix)))
			for b.Loop() {
				buf = p.Append(buf[:0], m, m.Bounds())
			}
		})
	}
}
