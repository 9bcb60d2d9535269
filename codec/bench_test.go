package codec

import (
	"bytes"
	"fmt"
	"testing"

	"deskside/raster"
)

// scenes are the pictures of the benchmarks.
var scenes = []struct {
	name string
	make func() *raster.Image
}{
	{"noise 720p", func() *raster.Image { return paint(1280, 720, 0) }},
	{"film 720p", func() *raster.Image { return film(1280, 720, 8) }},
	{"photo 720p", func() *raster.Image { return film(1280, 720, 1.5) }},
	{"desktop 1080p", func() *raster.Image { return office(1920, 1080) }},
	{"terminal 800x600", func() *raster.Image { return terminal(800, 600, 0) }},
}

// encodeAll encodes a picture in pieces as they are sent.
func encodeAll(buf []byte, enc encode, f *Format, m *raster.Image) []byte {
	for y := 0; y < m.H; y += 64 {
		for x := 0; x < m.W; x += 256 {
			buf = enc(buf, f, m, raster.XYWH(x, y, 256, 64).Intersect(m.Bounds()))
		}
	}
	return buf
}

// BenchmarkEncode encodes each scene exactly, in each encoding.
func BenchmarkEncode(b *testing.B) {
	f := NewFormat(raster.RGB888)
	for _, s := range scenes {
		m := s.make()
		for _, name := range []string{"tight auto", "zrle", "raw"} {
			b.Run(fmt.Sprintf("%s/%s", s.name, name), func(b *testing.B) {
				enc, _ := codecs[name]()
				buf := encodeAll(nil, enc, f, m)
				b.ReportAllocs()
				for b.Loop() {
					buf = encodeAll(buf[:0], enc, f, m)
				}
				b.ReportMetric(float64(len(buf))/1024, "KiB/frame")
			})
		}
	}
}

// BenchmarkDecode decodes each scene as Tight, exact and as JPEG.
func BenchmarkDecode(b *testing.B) {
	f := NewFormat(raster.RGB888)
	for _, s := range scenes {
		m := s.make()
		for _, quality := range []int{0, 80} {
			b.Run(fmt.Sprintf("%s/q%d", s.name, quality), func(b *testing.B) {
				var e TightEncoder
				var d Decoder
				got := raster.NewImage(m.W, m.H)
				var src bytes.Reader
				enc := func(dst []byte, f *Format, m *raster.Image, r raster.Rect) []byte {
					dst, _ = e.Append(dst, f, m, r, TightAuto, quality)
					return dst
				}
				dec := func(_ []byte, f *Format, _ *raster.Image, r raster.Rect) []byte {
					if err := d.Tight(&src, f, got, r); err != nil {
						b.Fatal(err)
					}
					return nil
				}
				b.ReportAllocs()
				for b.Loop() {
					b.StopTimer()
					src.Reset(encodeAll(nil, enc, f, m))
					b.StartTimer()
					encodeAll(nil, dec, f, m)
				}
			})
		}
	}
}

// BenchmarkPalette finds and indexes the colours of a desktop.
func BenchmarkPalette(b *testing.B) {
	m := office(1920, 1080)
	var e TightEncoder
	index := func(buf []byte, _ *Format, m *raster.Image, r raster.Rect) []byte {
		e.colour.reset()
		buf, _ = e.colour.indexRect(buf[:0], m, r, maxPalette)
		return buf
	}
	buf := encodeAll(nil, index, nil, m)
	b.ReportAllocs()
	for b.Loop() {
		buf = encodeAll(buf, index, nil, m)
	}
}
