package codec

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"testing"

	"deskside/raster"
)

// TestUnpackYCbCr holds the fast way to the standard library's, for each way in
// which pixels share colours.
func TestUnpackYCbCr(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for ratio := image.YCbCrSubsampleRatio444; ratio <= image.YCbCrSubsampleRatio410; ratio++ {
		c := image.NewYCbCr(image.Rect(0, 0, 37, 21), ratio)
		for _, plane := range [][]byte{c.Y, c.Cb, c.Cr} {
			for i := range plane {
				plane[i] = byte(rng.Uint32())
			}
		}
		m := raster.NewImage(50, 40)
		r := raster.XYWH(5, 7, 37, 21)
		unpackYCbCr(m, r, c)
		for y := range r.H() {
			for x := range r.W() {
				at := c.COffset(x, y)
				cr, cg, cb := color.YCbCrToRGB(c.Y[c.YOffset(x, y)], c.Cb[at], c.Cr[at])
				want := uint32(cr)<<16 | uint32(cg)<<8 | uint32(cb)
				if got := m.Pixel(r.X0+x, r.Y0+y); got != want {
					t.Fatalf("%v at (%d, %d): %06x, want %06x", ratio, x, y, got, want)
				}
			}
		}
	}
}

func BenchmarkReadJPEG(b *testing.B) {
	m := raster.NewImage(1280, 720)
	rng := rand.New(rand.NewPCG(3, 4))
	rgba := image.NewRGBA(image.Rect(0, 0, m.W, m.H))
	for i := range rgba.Pix {
		rgba.Pix[i] = byte(100 + i/4%m.W/12 + int(rng.Uint32()%12))
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, rgba, &jpeg.Options{Quality: 85}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(m.Pix)))
	for b.Loop() {
		if err := readJPEG(file.Bytes(), m, m.Bounds()); err != nil {
			b.Fatal(err)
		}
	}
}
