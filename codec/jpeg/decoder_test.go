package jpeg

import (
	"bytes"
	"image"
	"image/color"
	stdjpeg "image/jpeg"
	"math/rand/v2"
	"testing"

	"deskside/raster"
)

// scenery is a picture with something of everything.
func scenery(w, h int) *raster.Image {
	rng := rand.New(rand.NewPCG(4, 5))
	m := raster.NewImage(w, h)
	for y := range h {
		for x := range w {
			v := uint32(x*3+y)&0xff | uint32(y*2)&0xff<<8 | uint32(x^y)&0xff<<16
			if x/20%3 == 0 {
				v = rng.Uint32() & 0xffffff
			}
			m.Set(x, y, v)
		}
	}
	return m
}

// files are the same picture as several encoders make it.
func files(t testing.TB, m *raster.Image) map[string][]byte {
	t.Helper()
	list := map[string][]byte{}
	rgba := image.NewRGBA(image.Rect(0, 0, m.W, m.H))
	for y := range m.H {
		for x := range m.W {
			v := m.Pixel(x, y)
			rgba.SetRGBA(x, y, color.RGBA{byte(v >> 16), byte(v >> 8), byte(v), 255})
		}
	}
	for name, quality := range map[string]int{"low": 10, "middle": 75, "high": 100} {
		var b bytes.Buffer
		if err := stdjpeg.Encode(&b, rgba, &stdjpeg.Options{Quality: quality}); err != nil {
			t.Fatal(err)
		}
		list["standard "+name] = b.Bytes()
		own, err := new(Encoder).AppendJPEG(nil, m, m.Bounds(), quality)
		if err != nil {
			t.Fatal(err)
		}
		list["own "+name] = own
	}
	return list
}

// TestDecode holds the decoder to the standard library's. They may round
// differently, in each of three colours and in their sum.
func TestDecode(t *testing.T) {
	d := new(Decoder)
	for _, size := range [][2]int{{1, 1}, {8, 8}, {16, 16}, {17, 9}, {100, 75}, {256, 64}} {
		m := scenery(size[0], size[1])
		for name, file := range files(t, m) {
			got := raster.NewImage(m.W+9, m.H+5)
			r := raster.XYWH(6, 3, m.W, m.H)
			if !d.Decode(file, got, r) {
				t.Fatalf("%s of %v is not decoded", name, size)
			}
			want, err := stdjpeg.Decode(bytes.NewReader(file))
			if err != nil {
				t.Fatal(err)
			}
			for y := range m.H {
				for x := range m.W {
					cr, cg, cb, _ := want.At(x, y).RGBA()
					v := got.Pixel(r.X0+x, r.Y0+y)
					if off(v>>16, cr>>8) > 4 || off(v>>8, cg>>8) > 4 || off(v, cb>>8) > 4 {
						t.Fatalf("%s of %v at (%d, %d): %06x, want %02x%02x%02x", name, size, x, y, v, cr>>8, cg>>8, cb>>8)
					}
				}
			}
			if got.Pixel(5, 3) != 0 || got.Pixel(6+m.W, 3) != 0 || got.Pixel(6, 2) != 0 || got.Pixel(6, 3+m.H) != 0 {
				t.Errorf("%s of %v: pixels beside the picture were changed", name, size)
			}
		}
	}
}

func off(a, b uint32) int {
	d := int(a&0xff) - int(b&0xff)
	return max(d, -d)
}

// TestInverse holds the two ways to the same bits.
func TestInverse(t *testing.T) {
	inverse := inverseGo
	if fast {
		inverse = inverseFast
	}
	rng := rand.New(rand.NewPCG(6, 7))
	for i := range 3000 {
		var coef [64]int16
		var scale [64]float32
		for k := range coef {
			scale[k] = float32(1+rng.IntN(255)) * inverseScale[k]
			switch {
			case i%10 == 0:
				coef[k] = int16(rng.Uint32())
			case rng.IntN(4) == 0 || k == 0:
				coef[k] = int16(rng.IntN(61) - 30)
			}
		}
		const stride = 19
		want, got := make([]byte, 8*stride), make([]byte, 8*stride)
		inverseGo(&coef, &scale, want, stride)
		inverse(&coef, &scale, got, stride)
		if !bytes.Equal(got, want) {
			t.Fatalf("block %d: %v, want %v", i, got, want)
		}
	}
}

// TestUnpack holds the two ways to the same pixels.
func TestUnpack(t *testing.T) {
	unpack := unpackGo
	if fast {
		unpack = unpackFast
	}
	rng := rand.New(rand.NewPCG(8, 9))
	for _, wide := range []int{1, 2} {
		for _, n := range []int{0, 8, 16, 64} {
			luma, blue, red := make([]byte, n), make([]byte, n/wide), make([]byte, n/wide)
			for _, p := range [][]byte{luma, blue, red} {
				for i := range p {
					p[i] = byte(rng.Uint32())
				}
			}
			want, got := make([]byte, 4*n), make([]byte, 4*n)
			unpackGo(want, luma, blue, red, wide)
			unpack(got, luma, blue, red, wide)
			if !bytes.Equal(got, want) {
				t.Errorf("%d pixels, %d to a colour: %v, want %v", n, wide, got, want)
			}
		}
	}
}

// TestDecodeRefuses takes every beginning of a file, and files of other kinds.
func TestDecodeRefuses(t *testing.T) {
	m := scenery(40, 24)
	d := new(Decoder)
	for name, file := range files(t, m) {
		for n := range len(file) {
			if d.Decode(file[:n], m, m.Bounds()) {
				t.Fatalf("%s: %d of %d bytes are taken for all", name, n, len(file))
			}
		}
		if d.Decode(file, m, raster.XYWH(0, 0, 39, 24)) {
			t.Errorf("%s: taken for a picture of another size", name)
		}
		progressive := bytes.Replace(file, []byte{0xff, markSOF0 & 0xff}, []byte{0xff, 0xc2}, 1)
		if d.Decode(progressive, m, m.Bounds()) {
			t.Errorf("%s: a progressive file is taken", name)
		}
	}
}

func FuzzDecode(f *testing.F) {
	m := scenery(40, 24)
	for _, file := range files(f, m) {
		f.Add(file)
	}
	f.Fuzz(func(_ *testing.T, file []byte) {
		new(Decoder).Decode(file, m, m.Bounds())
	})
}

func BenchmarkDecode(b *testing.B) {
	m := scenery(1280, 720)
	for name, file := range files(b, m) {
		b.Run(name, func(b *testing.B) {
			d := new(Decoder)
			b.ReportAllocs()
			b.SetBytes(int64(len(file)))
			for b.Loop() {
				if !d.Decode(file, m, m.Bounds()) {
					b.Fatal("not decoded")
				}
			}
		})
	}
}
