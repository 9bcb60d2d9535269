package codec

import (
	"encoding/binary"
	"fmt"
	"io"

	"deskside/raster"
)

// AppendCopyRect appends the corner, from 0 to raster.MaxSide, of the pixels
// the viewer has already and is to copy.
func AppendCopyRect(dst []byte, x, y int) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(x))
	return binary.BigEndian.AppendUint16(dst, uint16(y))
}

// CopyRect copies pixels within m to r, which m must contain.
func (d *Decoder) CopyRect(src io.Reader, m *raster.Image, r raster.Rect) error {
	at := scratch(&d.packed, 4)
	if _, err := io.ReadFull(src, at); err != nil {
		return fmt.Errorf("copyrect: %w", cut(err))
	}
	from := raster.XYWH(int(binary.BigEndian.Uint16(at)), int(binary.BigEndian.Uint16(at[2:])), r.W(), r.H())
	if !m.Bounds().Contains(from) {
		return fmt.Errorf("copyrect: source %v leaves the picture of %dx%d", from, m.W, m.H)
	}
	m.Move(from, r.X0, r.Y0)
	return nil
}
