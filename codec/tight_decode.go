package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"deskside/codec/jpeg"
	"deskside/raster"
)

// Tight reads the pixels of r, which m must contain.
func (d *Decoder) Tight(src io.Reader, f *Format, m *raster.Image, r raster.Rect) error {
	if err := d.readTight(src, f, m, r); err != nil {
		return fmt.Errorf("tight: %w", cut(err))
	}
	return nil
}

func (d *Decoder) readTight(src io.Reader, f *Format, m *raster.Image, r raster.Rect) error {
	if r.W() > TightMaxW {
		return fmt.Errorf("rectangle of width %d: at most %d", r.W(), TightMaxW)
	}
	control, err := d.byte(src)
	if err != nil {
		return err
	}
	for i := range d.streams {
		if control&tightReset>>i&1 != 0 {
			d.streams[i].reset()
		}
	}
	switch kind := control &^ tightReset; {
	case kind == tightFill:
		v, err := d.pixel(src, f.tight)
		if err == nil {
			m.Fill(r, v)
		}
		return err
	case kind == tightJPEG:
		return d.tightJPEG(src, f, m, r)
	case kind&0x80 != 0:
		return fmt.Errorf("unknown kind 0x%02x", control)
	}
	return d.tightBasic(src, f, m, r, control)
}

func (d *Decoder) byte(src io.Reader) (byte, error) {
	b := scratch(&d.packed, 1)
	_, err := io.ReadFull(src, b)
	return b[0], err
}

func (d *Decoder) pixel(src io.Reader, p *raster.Packing) (uint32, error) {
	b := scratch(&d.packed, p.Size)
	if _, err := io.ReadFull(src, b); err != nil {
		return 0, err
	}
	return p.Unpack(b), nil
}

// length reads a length as withLength writes it.
func (d *Decoder) length(src io.Reader) (n int, err error) {
	for shift := 0; shift <= 14; shift += 7 {
		b, err := d.byte(src)
		if err != nil {
			return 0, err
		}
		if shift == 14 {
			return n | int(b)<<shift, nil
		}
		if n |= int(b&0x7f) << shift; b&0x80 == 0 {
			break
		}
	}
	return n, nil
}

func (d *Decoder) tightJPEG(src io.Reader, f *Format, m *raster.Image, r raster.Rect) error {
	if f.Bits < 16 {
		return fmt.Errorf("jpeg in a format of %d bits", f.Bits)
	}
	n, err := d.length(src)
	if err != nil {
		return err
	}
	file := scratch(&d.plain, n) // at most 4 MiB, by its three bytes
	if _, err := io.ReadFull(src, file); err != nil {
		return err
	}
	if d.jpeg == nil {
		d.jpeg = new(jpeg.Decoder)
	}
	if d.jpeg.Decode(file, m, r) {
		return nil
	}
	return readJPEG(file, m, r) // of a rarer kind, or not what it should be
}

func (d *Decoder) tightBasic(src io.Reader, f *Format, m *raster.Image, r raster.Rect, control byte) error {
	filter := byte(tightFilterCopy)
	if control&tightFiltered != 0 {
		var err error
		if filter, err = d.byte(src); err != nil {
			return err
		}
	}
	stream := &d.streams[control>>4&3]
	switch filter {
	case tightFilterCopy:
		data, err := d.tightData(src, stream, r.Area()*f.tight.Size)
		if err != nil {
			return err
		}
		for n := r.W() * f.tight.Size; len(data) > 0; data, r.Y0 = data[n:], r.Y0+1 {
			if row := m.Row(r.Y0, r.X0, r.X1); f.Full() {
				unpackRow(row, data[:n])
			} else {
				f.tight.UnpackRow(row, data[:n])
			}
		}
		return nil
	case tightFilterPalette:
		return d.tightPalette(src, stream, f, m, r)
	case tightFilterGradient:
		return d.tightGradient(src, stream, f, m, r)
	}
	return fmt.Errorf("unknown filter %d", filter)
}

// tightData reads n bytes, which are compressed if they are many.
func (d *Decoder) tightData(src io.Reader, stream *inflater, n int) ([]byte, error) {
	if n < tightPlain {
		data := scratch(&d.plain, n)
		_, err := io.ReadFull(src, data)
		return data, err
	}
	packed, err := d.length(src)
	if err != nil {
		return nil, err
	}
	if packed > n+n/8+1024 {
		return nil, fmt.Errorf("%d compressed bytes for %d", packed, n)
	}
	if err := stream.feed(src, packed); err != nil {
		return nil, err
	}
	data := scratch(&d.plain, n)
	if err := stream.read(data); err != nil {
		return nil, err
	}
	return data, stream.end()
}

func (d *Decoder) tightPalette(src io.Reader, stream *inflater, f *Format, m *raster.Image, r raster.Rect) error {
	last, err := d.byte(src)
	if err != nil {
		return err
	}
	var pal [maxPalette]uint32
	n := int(last) + 1
	for i := range n {
		if pal[i], err = d.pixel(src, f.tight); err != nil {
			return err
		}
	}
	pitch, mono := r.W(), n <= 2
	if mono {
		pitch = (r.W() + 7) / 8
	}
	data, err := d.tightData(src, stream, pitch*r.H())
	if err != nil {
		return err
	}
	for y := range r.H() {
		row, packed := m.Row(r.Y0+y, r.X0, r.X1), data[y*pitch:(y+1)*pitch]
		if mono {
			unpackBits(row, packed, &pal)
			continue
		}
		if i := unpackIndices(row, packed, &pal); i >= n {
			return fmt.Errorf("colour %d of %d", i, n)
		}
	}
	return nil
}

func (d *Decoder) tightGradient(src io.Reader, stream *inflater, f *Format, m *raster.Image, r raster.Rect) error {
	if !f.Full() {
		return errors.New("gradient in a format that is not of 8 bits for each colour")
	}
	data, err := d.tightData(src, stream, r.Area()*f.tight.Size)
	if err != nil {
		return err
	}
	var above []byte
	for y := r.Y0; y < r.Y1; y++ {
		row := m.Row(y, r.X0, r.X1)
		if above == nil {
			above = scratch(&d.packed, len(row))
			clear(above)
		}
		addGradient(row, above, data)
		data, above = data[3*r.W():], row
	}
	return nil
}

// addGradient makes a row of pixels from differences to what is predicted, as
// gradientRow gives them.
func addGradient(row, above, data []byte) {
	var r, g, b, upR, upG, upB int
	within := func(v int) int {
		if uint(v) > 255 {
			return ^v >> 63 & 255 // above or below
		}
		return v
	}
	for ; len(row) >= 4; row, above, data = row[4:], above[4:], data[3:] {
		nextR, nextG, nextB := int(above[2]), int(above[1]), int(above[0])
		r = int(byte(within(r+nextR-upR) + int(data[0])))
		g = int(byte(within(g+nextG-upG) + int(data[1])))
		b = int(byte(within(b+nextB-upB) + int(data[2])))
		row[0], row[1], row[2], row[3] = byte(b), byte(g), byte(r), 0
		upR, upG, upB = nextR, nextG, nextB
	}
}

// unpackRow makes a row of pixels from red, green and blue.
func unpackRow(row, data []byte) {
	for ; len(row) >= 4 && len(data) >= 3; row, data = row[4:], data[3:] {
		binary.LittleEndian.PutUint32(row, uint32(data[0])<<16|uint32(data[1])<<8|uint32(data[2]))
	}
}

// unpackIndices makes a row of pixels from an index for each, and gives the
// highest index.
func unpackIndices(row, packed []byte, pal *[maxPalette]uint32) (highest int) {
	for ; len(row) >= 4 && len(packed) > 0; row, packed = row[4:], packed[1:] {
		highest = max(highest, int(packed[0]))
		binary.LittleEndian.PutUint32(row, pal[packed[0]])
	}
	return highest
}

// unpackBits makes a row of pixels from a bit for each.
func unpackBits(row, packed []byte, pal *[maxPalette]uint32) {
	for ; len(packed) > 0; packed = packed[1:] {
		part := row[:min(8*raster.BytesPerPixel, len(row))]
		row = row[len(part):]
		for b := packed[0]; len(part) >= 4; b, part = b<<1, part[4:] {
			binary.LittleEndian.PutUint32(part, pal[b>>7])
		}
	}
}
