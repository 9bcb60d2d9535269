package jpeg

import (
	"bytes"
	"hash/crc32"
	"image"
	"image/color"
	std "image/jpeg"
	"math"
	"math/rand/v2"
	"testing"

	"deskside/raster"
)

// film draws a picture as a camera would take it: smooth, with edges and with
// grain of the given strength.
func film(w, h int, grain float64) *raster.Image {
	rnd := rand.New(rand.NewPCG(uint64(w), uint64(h)))
	m := raster.NewImage(w, h)
	for y := range h {
		for x := range w {
			v := func(f float64) uint32 {
				s := 127 + 60*math.Sin(float64(x)*f+float64(y)/40)
				if (x/37+y/23)%5 == 0 {
					s += 30
				}
				return uint32(min(max(s+grain*rnd.NormFloat64(), 0), 255))
			}
			m.Set(x, y, v(.02)<<16|v(.03)<<8|v(.05))
		}
	}
	return m
}

// noise draws pixels that have nothing to do with one another.
func noise(w, h int) *raster.Image {
	rnd := rand.New(rand.NewPCG(uint64(w), 9))
	m := raster.NewImage(w, h)
	for i := range m.Pix {
		m.Pix[i] = byte(rnd.Uint32()) // the fourth byte too, which must not matter
	}
	return m
}

// extremes draws blocks that drive the coefficients to their limits.
func extremes(w, h int) *raster.Image {
	rnd := rand.New(rand.NewPCG(uint64(w), 10))
	m := raster.NewImage(w, h)
	for y := range h {
		for x := range w {
			v := uint32(0)
			switch k := (x/16 + y/16) % 8; {
			case k < 3:
				v = uint32(0xffffff * (x >> k & 1))
			case k < 6:
				v = uint32(0xffffff * ((x ^ y) >> (k - 3) & 1))
			default:
				v = []uint32{0, 0xffffff, 0xff0000, 0xff00, 0xff}[rnd.IntN(5)]
			}
			m.Set(x, y, v)
		}
	}
	return m
}

// stdFile is the twin by the standard library.
func stdFile(t testing.TB, m *raster.Image, r raster.Rect, quality int) []byte {
	rgba := image.NewRGBA(image.Rect(0, 0, r.W(), r.H()))
	for y := range r.H() {
		for x := range r.W() {
			v := m.Pixel(r.X0+x, r.Y0+y)
			rgba.SetRGBA(x, y, color.RGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 255})
		}
	}
	var b bytes.Buffer
	if err := std.Encode(&b, rgba, &std.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// decode reads a file into the place of r in a picture of the size of m.
func decode(t testing.TB, file []byte, m *raster.Image, r raster.Rect) *raster.Image {
	t.Helper()
	img, err := std.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return place(t, img, m, r)
}

func place(t testing.TB, img image.Image, m *raster.Image, r raster.Rect) *raster.Image {
	t.Helper()
	if img.Bounds().Dx() != r.W() || img.Bounds().Dy() != r.H() {
		t.Fatalf("decoded to %v, want %v", img.Bounds(), r)
	}
	got := raster.NewImage(m.W, m.H)
	for y := range r.H() {
		for x := range r.W() {
			cr, cg, cb, _ := img.At(x, y).RGBA()
			got.Set(r.X0+x, r.Y0+y, cr>>8<<16|cg>>8<<8|cb>>8)
		}
	}
	return got
}

var pictures = map[string]*raster.Image{
	"smooth":   film(300, 120, 0),
	"grain":    film(300, 120, 12),
	"noise":    noise(300, 120),
	"extremes": extremes(300, 120),
}

var rects = []raster.Rect{
	raster.XYWH(0, 0, 300, 120), raster.XYWH(3, 5, 256, 64), raster.XYWH(1, 1, 17, 9), raster.XYWH(0, 0, 16, 16),
	raster.XYWH(7, 7, 1, 1), raster.XYWH(0, 0, 15, 33), raster.XYWH(20, 3, 272, 8), raster.XYWH(9, 9, 257, 17),
}

// TestQuality states that a file is as near the picture as one of the standard
// library, within 0.3 dB, and about as long, with the Go code and the assembly
// alike, which give the same bytes.
func TestQuality(t *testing.T) {
	fast, slow := new(Encoder), &Encoder{portable: true}
	for name, m := range pictures {
		for _, r := range rects {
			for _, quality := range []int{1, 10, 30, 50, 75, 80, 92, 94, 95, 100} {
				file, err := fast.AppendJPEG(nil, m, r, quality)
				if err != nil {
					t.Fatal(err)
				}
				same, _ := slow.AppendJPEG([]byte("kept"), m, r, quality)
				if string(same[:4]) != "kept" || !bytes.Equal(file, same[4:]) {
					t.Fatalf("%s, %v, quality %d: the assembly gives other bytes than Go", name, r, quality)
				}
				twin := stdFile(t, m, r, quality)
				want := raster.PSNR(m, decode(t, twin, m, r), r)
				got := raster.PSNR(m, decode(t, file, m, r), r)
				if got < want-.3 && r.Area() > 1000 {
					t.Errorf("%s, %v, quality %d: %.2f dB, the standard library has %.2f", name, r, quality, got, want)
				}
				if quality < SharpQuality && len(file) > len(twin)*102/100+64 {
					t.Errorf("%s, %v, quality %d: %d bytes, the standard library has %d", name, r, quality, len(file), len(twin))
				}
			}
		}
	}
}

// TestKernels compares the assembly with Go, step by step.
func TestKernels(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var set setup
	for round := range 300 {
		set.quality = 0
		set.prepare(1 + round%100)
		var src [2 * stripW * raster.BytesPerPixel]byte
		var one, two strips
		kind := rnd.IntN(3)
		for i := range src {
			src[i] = byte(rnd.Uint32())
			if kind == 0 {
				src[i] = byte(rnd.IntN(2) * 255)
			}
		}
		n := 1 + rnd.IntN(stripW/group)
		a, b := src[:len(src)/2], src[len(src)/2:]
		convertHalfGo(a, b, n, one.y[:], one.cb[:], one.cr[:])
		convertHalfFast(a, b, n, two.y[:], two.cb[:], two.cr[:])
		if one != two {
			t.Fatal("convertHalf differs")
		}
		convertFullGo(a, n, one.y[:], one.cb[:], one.cr[:])
		convertFullFast(a, n, two.y[:], two.cb[:], two.cr[:])
		if one != two {
			t.Fatal("convertFull differs")
		}
		for i := range one.y {
			one.y[i] = int8(rnd.Uint32())
			if kind == 0 {
				one.y[i] = []int8{-128, 127}[rnd.IntN(2)]
			}
		}
		blocks := 2 * n
		var out [2][stripW / 8]block
		var masks [2][stripW / 8]uint64
		transformGo(one.y[:], &set.scale[round&1], out[0][:blocks], masks[0][:blocks])
		transformFast(one.y[:], &set.scale[round&1], out[1][:blocks], masks[1][:blocks])
		if out[0] != out[1] || masks[0] != masks[1] {
			t.Fatal("transform differs")
		}
		for i, b := range out[0][:blocks] {
			for k, c := range b {
				if (c != 0) != (masks[0][i]>>k&1 == 1) || c > 1023 || c < -1024 {
					t.Fatalf("coefficient %d is %d, mask %x", k, c, masks[0][i])
				}
			}
		}
	}
}

// TestSameEverywhere states the bytes of some files, which no machine may
// change: one that multiplies and adds in a single step, for one.
func TestSameEverywhere(t *testing.T) {
	for quality, want := range map[int]uint32{20: 0xd59ef979, 80: 0x65433c72, 98: 0x763bc0d9} {
		for _, portable := range []bool{false, true} {
			e := Encoder{portable: portable}
			sum := crc32.NewIEEE()
			for _, name := range []string{"noise", "extremes"} {
				file, _ := e.AppendJPEG(nil, pictures[name], rects[0], quality)
				sum.Write(file)
			}
			if sum.Sum32() != want {
				t.Errorf("quality %d, portable %v: checksum 0x%08x, want 0x%08x", quality, portable, sum.Sum32(), want)
			}
		}
	}
}

// TestTransform compares with the definition of T.81 A.3.3.
func TestTransform(t *testing.T) {
	m := noise(64, 8)
	var src strips
	for i := range 64 * 8 {
		src.y[i/64*stripW+i%64] = int8(m.Pix[4*i])
	}
	var set setup
	set.prepare(100)
	var out [8]block
	var masks [8]uint64
	transformGo(src.y[:], &set.scale[0], out[:], masks[:])
	c := func(u int) float64 { return []float64{math.Sqrt2 / 2, 1}[min(u, 1)] }
	for i := range out {
		for v := range 8 {
			for u := range 8 {
				sum := 0.0
				for y := range 8 {
					for x := range 8 {
						sum += float64(src.y[y*stripW+8*i+x]) * math.Cos(float64((2*x+1)*u)*math.Pi/16) * math.Cos(float64((2*y+1)*v)*math.Pi/16)
					}
				}
				want, got := sum*c(u)*c(v)/4, float64(out[i][zigzag[8*v+u]])
				if math.Abs(got-want) > .501 {
					t.Errorf("block %d, frequency %d,%d: %v, want %.3f", i, u, v, got, want)
				}
			}
		}
	}
}

func TestSizeThatJPEGCannotHold(t *testing.T) {
	m := raster.NewImage(MaxSide+1, 1)
	for _, r := range []raster.Rect{m.Bounds(), {}, raster.XYWH(0, 0, 1, 0)} {
		if b, err := new(Encoder).AppendJPEG([]byte("x"), m, r, 50); err == nil || string(b) != "x" {
			t.Errorf("%v: %d bytes, %v", r, len(b), err)
		}
	}
	if _, err := new(Encoder).AppendJPEG(nil, m, raster.XYWH(0, 0, MaxSide, 1), 50); err != nil {
		t.Error(err)
	}
}

func TestNothingIsAllocatedOnceWarm(t *testing.T) {
	for _, quality := range []int{75, 98} {
		e, buf, m := new(Encoder), []byte(nil), pictures["grain"]
		work := func() { buf, _ = e.AppendJPEG(buf[:0], m, m.Bounds(), quality) }
		work()
		if n := testing.AllocsPerRun(10, work); n > 0 {
			t.Errorf("quality %d: %v allocations", quality, n)
		}
	}
}

// FuzzEncode encodes any picture: it must come back in its size, and the
// assembly must agree with Go.
func FuzzEncode(f *testing.F) {
	f.Add(byte(17), byte(9), 75, []byte{1, 2, 3, 250})
	f.Add(byte(64), byte(32), 100, []byte("\xff\x00\x00\xff\xff\xff"))
	f.Add(byte(255), byte(3), -5, []byte{0})
	f.Fuzz(func(t *testing.T, w, h byte, quality int, data []byte) {
		if w == 0 || h == 0 || len(data) == 0 {
			return
		}
		m := raster.NewImage(int(w)+3, int(h)+2)
		for i := range m.Pix {
			m.Pix[i] = data[i%len(data)] ^ byte(i/len(data)*31)
		}
		r := raster.XYWH(2, 1, int(w), int(h))
		file, err := new(Encoder).AppendJPEG(nil, m, r, quality)
		if err != nil {
			t.Fatal(err)
		}
		if twin, _ := (&Encoder{portable: true}).AppendJPEG(nil, m, r, quality); !bytes.Equal(file, twin) {
			t.Fatal("the assembly gives other bytes than Go")
		}
		decode(t, file, m, r)
	})
}
