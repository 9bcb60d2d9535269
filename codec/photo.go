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

// StdPhoto is the Photo of the standard library. Its zero value works.
type StdPhoto struct {
	rgba image.RGBA
	out  sink
}

// AppendJPEG appends r as JPEG with colours at half the resolution.
func (s *StdPhoto) AppendJPEG(dst []byte, m *raster.Image, r raster.Rect, quality int) ([]byte, error) {
	s.load(m, r)
	s.out.b = dst
	err := jpeg.Encode(&s.out, &s.rgba, &jpeg.Options{Quality: quality})
	dst, s.out.b = s.out.b, nil
	return dst, err
}

// load copies r into the form for which the standard library is fast.
func (s *StdPhoto) load(m *raster.Image, r raster.Rect) {
	s.rgba.Pix = scratch(&s.rgba.Pix, 4*r.Area())
	s.rgba.Stride, s.rgba.Rect = 4*r.W(), image.Rect(0, 0, r.W(), r.H())
	pix := s.rgba.Pix
	for y := r.Y0; y < r.Y1; y++ {
		for row := m.Row(y, r.X0, r.X1); len(row) >= 4; pix, row = pix[4:], row[4:] {
			pix[0], pix[1], pix[2], pix[3] = row[2], row[1], row[0], 255
		}
	}
}

// sink collects the file; it has the methods for which jpeg.Encode does
// without a buffer of its own.
type sink struct{ b []byte }

func (s *sink) Write(p []byte) (int, error) {
	s.b = append(s.b, p...)
	return len(p), nil
}

func (s *sink) WriteByte(c byte) error {
	s.b = append(s.b, c)
	return nil
}

func (s *sink) Flush() error { return nil }

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
