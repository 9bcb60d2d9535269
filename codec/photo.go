package codec

import (
	"bytes"
	"fmt"
	"image"
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
	if c, ok := img.(*image.YCbCr); ok {
		unpackYCbCr(m, r, c)
		return nil
	}
	for y := range r.H() {
		for x := range r.W() {
			cr, cg, cb, _ := img.At(x, y).RGBA()
			m.Set(r.X0+x, r.Y0+y, cr>>8<<16|cg>>8<<8|cb>>8)
		}
	}
	return nil
}

// unpackYCbCr puts c into r, which m must contain, as color.YCbCrToRGB has it.
func unpackYCbCr(m *raster.Image, r raster.Rect, c *image.YCbCr) {
	half := 0 // whether two pixels share a colour
	switch c.SubsampleRatio {
	case image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420:
		half = 1
	case image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410:
		half = 2
	}
	for y := range r.H() {
		row := m.Row(r.Y0+y, r.X0, r.X1)
		light, at := c.Y[y*c.YStride:], c.COffset(0, y)
		blue, red := c.Cb[at:], c.Cr[at:]
		for x := 0; len(row) >= 4; x, row = x+1, row[4:] {
			l, cb, cr := int32(light[x])*0x10101, int32(blue[x>>half])-128, int32(red[x>>half])-128
			row[0] = eight(l + 116130*cb)
			row[1] = eight(l - 22554*cb - 46802*cr)
			row[2] = eight(l + 91881*cr)
			row[3] = 0
		}
	}
}

// eight gives the highest eight of 24 bits, bounded.
func eight(v int32) byte {
	if uint32(v)&0xff000000 == 0 {
		return byte(v >> 16)
	}
	return byte(^(v >> 31)) // 0 if it is negative, else 255
}
