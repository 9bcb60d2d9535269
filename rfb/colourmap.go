package rfb

import "deskside/raster"

// SetColourMapEntries gives a client with a colour map some of its colours,
// from First on (RFC 6143 section 7.6.2).
type SetColourMapEntries struct {
	First   uint16
	Colours []Colour
}

// Colour is an entry of a colour map.
type Colour struct{ R, G, B uint16 }

// Append appends the message.
func (m SetColourMapEntries) Append(dst []byte) []byte {
	dst = be.AppendUint16(append(dst, typeSetColourMapEntries, 0), m.First)
	dst = be.AppendUint16(dst, uint16(len(m.Colours)))
	for _, c := range m.Colours {
		for _, v := range []uint16{c.R, c.G, c.B} {
			dst = be.AppendUint16(dst, v)
		}
	}
	return dst
}

func readColourMap(r *Reader) (m SetColourMapEntries) {
	r.pad(1)
	m.First = r.u16()
	n := int(r.u16())
	for i := 0; i < n && r.err == nil; i++ {
		m.Colours = append(m.Colours, Colour{r.u16(), r.u16(), r.u16()})
	}
	return m
}

// TrueMap gives the map that makes the pixels of raster.RGB332 true.
func TrueMap() (m SetColourMapEntries) {
	f := raster.RGB332.Pixels()
	for i := range 256 {
		v := f.Unpack([]byte{byte(i)})
		wide := func(c uint32) uint16 { return uint16(c&0xff) * 0x101 }
		m.Colours = append(m.Colours, Colour{wide(v >> 16), wide(v >> 8), wide(v)})
	}
	return m
}
