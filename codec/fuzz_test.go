package codec

import (
	"bytes"
	"testing"

	"deskside/raster"
)

// FuzzRoundTrip encodes any picture exactly, twice on one connection, and
// compares what comes back.
func FuzzRoundTrip(f *testing.F) {
	for _, n := range contents {
		m := paint(70, 40, n)
		f.Add(byte(60), byte(30), byte(n), byte(n/2), m.Pix[:900])
	}
	f.Add(byte(255), byte(200), byte(0), byte(3), []byte{1, 2, 3, 0, 2, 3, 5, 0, 9})
	names := []string{"tight auto", "tight copy", "tight palette", "tight gradient", "zrle", "raw"}
	wants := []raster.Format{raster.RGB888, raster.RGB565, formats["32 big"], formats["32 of noVNC"]}
	f.Fuzz(func(t *testing.T, w, h, how, format byte, data []byte) {
		if w == 0 || h == 0 || len(data) < 4 {
			return
		}
		m := raster.NewImage(int(w)+3, int(h)+2)
		for i := 0; i < len(m.Pix); i += 4 {
			k := i / 4 * (i/4 + 1) / 2 % (len(data) - 3) // stretches and repeats
			copy(m.Pix[i:i+3], data[k:k+3])
		}
		r := raster.XYWH(2, 1, int(w), int(h))
		name := names[int(how)%len(names)]
		enc, dec := codecs[name]()
		fm := NewFormat(wants[int(format)%len(wants)])
		var d Decoder
		for range 2 {
			got := raster.NewImage(m.W, m.H)
			src := bytes.NewReader(enc(nil, fm, m, r))
			if err := dec(&d, src, fm, got, r); err != nil || src.Len() > 0 {
				t.Fatalf("%s: %v, %d bytes left", name, err, src.Len())
			}
			same(t, name, fm, m, got, r)
		}
	})
}
