package codec

import (
	"fmt"
	"io"

	"deskside/raster"
)

// AppendRaw appends the pixels of r, which m must contain, as they are.
func AppendRaw(dst []byte, f *Format, m *raster.Image, r raster.Rect) []byte {
	return f.whole.Append(dst, m, r)
}

// Raw reads the pixels of r, which m must contain.
func (d *Decoder) Raw(src io.Reader, f *Format, m *raster.Image, r raster.Rect) error {
	row := scratch(&d.packed, r.W()*f.whole.Size)
	for y := r.Y0; y < r.Y1; y++ {
		if _, err := io.ReadFull(src, row); err != nil {
			return fmt.Errorf("raw: row %d: %w", y-r.Y0, cut(err))
		}
		f.whole.UnpackRow(m.Row(y, r.X0, r.X1), row)
	}
	return nil
}

// cut makes an end within a rectangle an unexpected one.
func cut(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
