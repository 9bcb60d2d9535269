package codec

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"

	"deskside/raster"
)

// Photo encodes pictures approximately.
type Photo interface {
	// AppendJPEG appends r, which m must contain, as a baseline JPEG file
	// with the usual JFIF colours. Quality is 1 to 100.
	AppendJPEG(dst []byte, m *raster.Image, r raster.Rect, quality int) ([]byte, error)
}

// readJPEG puts the picture in file, which must have the size of r, into m.
func readJPEG(file []byte, m *raster.Image, r raster.Rect) error {
	c, err := jpeg.DecodeConfig(bytes.NewReader(file))
	if err != nil {
		return err
	}
	if c.Width != r.W() || c.Height != r.H() {
		return fmt.Errorf("a picture of %dx%d in a rectangle of %dx%d", c.Width, c.Height, r.W(), r.H())
	}
	img, err := jpeg.Decode(bytes.NewReader(file))
	if err != nil {
		return err
	}
	at := pixelReader(img)
	for y := range r.H() {
		for x := range r.W() {
			cr, cg, cb := at(x, y)
			m.Set(r.X0+x, r.Y0+y, uint32(cr)<<16|uint32(cg)<<8|uint32(cb))
		}
	}
	return nil
}

// pixelReader gives the pixels of img by their place from its corner, without
// an allocation for each in the usual case.
func pixelReader(img image.Image) func(x, y int) (r, g, b uint8) {
	if c, ok := img.(*image.YCbCr); ok {
		return func(x, y int) (r, g, b uint8) {
			at := c.COffset(x, y)
			return color.YCbCrToRGB(c.Y[c.YOffset(x, y)], c.Cb[at], c.Cr[at])
		}
	}
	return func(x, y int) (uint8, uint8, uint8) {
		r, g, b, _ := img.At(x, y).RGBA()
		return uint8(r >> 8), uint8(g >> 8), uint8(b >> 8)
	}
}
