package raster

import (
	"bytes"
	"image"
	"image/png"
)

// PNG encodes the image, whose fourth byte counts for nothing: all of it is
// opaque.
func (m *Image) PNG() ([]byte, error) {
	out := image.NewNRGBA(image.Rect(0, 0, m.W, m.H))
	for y := range m.H {
		from, to := m.Row(y, 0, m.W), out.Pix[y*out.Stride:]
		for x := 0; x < len(from); x += BytesPerPixel {
			to[x], to[x+1], to[x+2], to[x+3] = from[x+2], from[x+1], from[x], 0xff
		}
	}
	var text bytes.Buffer
	err := png.Encode(&text, out)
	return text.Bytes(), err
}
