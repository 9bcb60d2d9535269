package jpeg

import (
	"bytes"
	"fmt"
	"image"
	std "image/jpeg"
	"testing"

	"deskside/raster"
)

// BenchmarkEncode encodes a frame of 1280x720 as film has it, in one piece and
// in pieces of 256x64, by the assembly, by Go and by the standard library.
func BenchmarkEncode(b *testing.B) {
	m := film(1280, 720, 8)
	for _, quality := range []int{75, 80, 92, 98} {
		for _, portable := range []bool{false, true} {
			for _, piece := range []raster.Rect{m.Bounds(), raster.XYWH(0, 0, 256, 64)} {
				b.Run(fmt.Sprintf("q%d/%v/portable=%v", quality, piece, portable), func(b *testing.B) {
					e, buf := &Encoder{portable: portable}, []byte(nil)
					b.ReportAllocs()
					for b.Loop() {
						buf = buf[:0]
						for y := 0; y < m.H; y += piece.H() {
							for x := 0; x < m.W; x += piece.W() {
								buf, _ = e.AppendJPEG(buf, m, piece.Move(x, y).Intersect(m.Bounds()), quality)
							}
						}
					}
					b.ReportMetric(float64(len(buf))/1024, "KiB/frame")
				})
			}
		}
		b.Run(fmt.Sprintf("q%d/std", quality), func(b *testing.B) {
			rgba := image.NewRGBA(image.Rect(0, 0, m.W, m.H))
			for i := 0; i < len(m.Pix); i += 4 {
				rgba.Pix[i], rgba.Pix[i+1], rgba.Pix[i+2], rgba.Pix[i+3] = m.Pix[i+2], m.Pix[i+1], m.Pix[i], 255
			}
			var buf bytes.Buffer
			b.ReportAllocs()
			for b.Loop() {
				buf.Reset()
				std.Encode(&buf, rgba, &std.Options{Quality: quality})
			}
			b.ReportMetric(float64(buf.Len())/1024, "KiB/frame")
		})
	}
}

// BenchmarkSteps measures the steps before the entropy coder, for 256x16 pixels.
func BenchmarkSteps(b *testing.B) {
	m := film(256, 16, 8)
	var set setup
	set.prepare(75)
	for _, portable := range []bool{false, true} {
		e := &Encoder{portable: portable}
		b.Run(fmt.Sprintf("convert/portable=%v", portable), func(b *testing.B) {
			for b.Loop() {
				for y := range 8 {
					e.convertHalf(m.Row(2*y, 0, 256), m.Row(2*y+1, 0, 256), 16, e.strips.y[2*y*stripW:], e.strips.cb[y*stripW:], e.strips.cr[y*stripW:])
				}
			}
		})
		b.Run(fmt.Sprintf("transform/portable=%v", portable), func(b *testing.B) {
			for b.Loop() {
				e.transform(e.strips.y[:], &set.scale[0], 0, 32)
			}
		})
	}
}
