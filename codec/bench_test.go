package codec

import (
	"fmt"
	"testing"

	"deskside/raster"
)

// BenchmarkEncode encodes a picture of 1920x1080 in pieces as they are sent.
func BenchmarkEncode(b *testing.B) {
	f := NewFormat(raster.RGB888)
	for _, colours := range []int{2, 30, 0, -1} {
		m := paint(1920, 1080, colours)
		for _, name := range []string{"raw", "zrle", "tight auto"} {
			b.Run(fmt.Sprintf("%s/%d", name, colours), func(b *testing.B) {
				enc, _ := codecs[name]()
				var buf []byte
				b.SetBytes(int64(len(m.Pix)))
				for b.Loop() {
					buf = buf[:0]
					for y := 0; y < m.H; y += 64 {
						for x := 0; x < m.W; x += 256 {
							buf = enc(buf, f, m, raster.XYWH(x, y, 256, 64).Intersect(m.Bounds()))
						}
					}
				}
				b.ReportMetric(float64(len(buf))/1024, "KiB/frame")
			})
		}
	}
}
