package rfb

import "deskside/raster"

// SetPixelFormat says how the client wants its pixels from the next update on
// (RFC 6143 section 7.5.1).
type SetPixelFormat struct{ Format raster.Format }

// Append appends the message.
func (m SetPixelFormat) Append(dst []byte) []byte {
	return appendFormat(append(dst, typeSetPixelFormat, 0, 0, 0), m.Format)
}

func readSetPixelFormat(r *Reader) (m SetPixelFormat) {
	r.pad(3)
	m.Format = r.format()
	return m
}

// appendFormat appends the 16 bytes of RFC 6143 section 7.4.
func appendFormat(dst []byte, f raster.Format) []byte {
	dst = appendBool(append(dst, f.Bits, f.Depth), f.BigEndian)
	dst = appendBool(dst, !f.Mapped)
	for _, most := range []uint16{f.RedMax, f.GreenMax, f.BlueMax} {
		dst = be.AppendUint16(dst, most)
	}
	return append(dst, f.RedShift, f.GreenShift, f.BlueShift, 0, 0, 0)
}

// format reads what appendFormat appends; a format that cannot be served is an
// error.
func (r *Reader) format() (f raster.Format) {
	f.Bits, f.Depth = r.u8(), r.u8()
	f.BigEndian, f.Mapped = r.u8() != 0, r.u8() == 0
	f.RedMax, f.GreenMax, f.BlueMax = r.u16(), r.u16(), r.u16()
	f.RedShift, f.GreenShift, f.BlueShift = r.u8(), r.u8(), r.u8()
	r.pad(3)
	if r.err == nil {
		r.err = f.Check()
	}
	return f
}
