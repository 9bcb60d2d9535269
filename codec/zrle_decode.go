package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"deskside/raster"
)

// ZRLE reads the pixels of r, which m must contain.
func (d *Decoder) ZRLE(src io.Reader, f *Format, m *raster.Image, r raster.Rect) error {
	if err := d.readZRLE(src, f.compact, m, r); err != nil {
		return fmt.Errorf("zrle: %w", err)
	}
	return nil
}

func (d *Decoder) readZRLE(src io.Reader, p *raster.Packing, m *raster.Image, r raster.Rect) error {
	head := scratch(&d.packed, 4)
	if _, err := io.ReadFull(src, head); err != nil {
		return cut(err)
	}
	// No tile is longer than one of runs of one pixel, and compression adds
	// little to what it cannot compress.
	n, limit := binary.BigEndian.Uint32(head), uint64(r.Area())*6+1024
	if uint64(n) > limit {
		return fmt.Errorf("%d bytes for %d pixels", n, r.Area())
	}
	if err := d.zrle.feed(src, int(n)); err != nil {
		return err
	}
	for y := r.Y0; y < r.Y1; y += zrleTile {
		for x := r.X0; x < r.X1; x += zrleTile {
			t := raster.XYWH(x, y, zrleTile, zrleTile).Intersect(r)
			if err := d.zrleTile(p, m, t); err != nil {
				return fmt.Errorf("tile %v: %w", t, err)
			}
		}
	}
	return d.zrle.end()
}

func (d *Decoder) zrleTile(p *raster.Packing, m *raster.Image, r raster.Rect) error {
	kind, err := d.zrle.ReadByte()
	if err != nil {
		return err
	}
	colours := 0
	switch {
	case kind <= zrleMaxPacked:
		colours = int(kind)
	case kind > zrleRuns+1:
		colours = int(kind) - zrleRuns
	case kind != zrleRuns:
		return fmt.Errorf("unknown kind %d", kind)
	}
	var pal [zrleMaxPalette]uint32
	for i := range colours {
		if pal[i], err = d.zrlePixel(p); err != nil {
			return err
		}
	}
	switch {
	case kind == zrleRaw:
		return d.zrleRaw(p, m, r)
	case kind == zrleSolid:
		m.Fill(r, pal[0])
		return nil
	case kind <= zrleMaxPacked:
		return d.zrlePacked(pal[:colours], m, r)
	}
	return d.zrleRuns(p, pal[:colours], m, r)
}

func (d *Decoder) zrlePixel(p *raster.Packing) (uint32, error) {
	b := scratch(&d.packed, p.Size)
	if err := d.zrle.read(b); err != nil {
		return 0, err
	}
	return p.Unpack(b), nil
}

func (d *Decoder) zrleRaw(p *raster.Packing, m *raster.Image, r raster.Rect) error {
	row := scratch(&d.packed, r.W()*p.Size)
	for y := r.Y0; y < r.Y1; y++ {
		if err := d.zrle.read(row); err != nil {
			return err
		}
		p.UnpackRow(m.Row(y, r.X0, r.X1), row)
	}
	return nil
}

func (d *Decoder) zrlePacked(pal []uint32, m *raster.Image, r raster.Rect) error {
	bits := packedBits(len(pal))
	row := scratch(&d.packed, (r.W()*bits+7)/8)
	for y := r.Y0; y < r.Y1; y++ {
		if err := d.zrle.read(row); err != nil {
			return err
		}
		for x := range r.W() {
			at := x * bits
			i := int(row[at/8]>>(8-bits-at%8)) & (1<<bits - 1)
			if i >= len(pal) {
				return fmt.Errorf("colour %d of %d", i, len(pal))
			}
			m.Set(r.X0+x, y, pal[i])
		}
	}
	return nil
}

// zrleRuns reads runs, of indices where there is a palette.
func (d *Decoder) zrleRuns(p *raster.Packing, pal []uint32, m *raster.Image, r raster.Rect) error {
	for at, area := 0, r.Area(); at < area; {
		v, n, err := d.zrleRun(p, pal, area-at)
		if err != nil {
			return err
		}
		for range n {
			m.Set(r.X0+at%r.W(), r.Y0+at/r.W(), v)
			at++
		}
	}
	return nil
}

func (d *Decoder) zrleRun(p *raster.Packing, pal []uint32, room int) (v uint32, n int, err error) {
	if len(pal) == 0 {
		if v, err = d.zrlePixel(p); err != nil {
			return 0, 0, err
		}
	} else {
		b, err := d.zrle.ReadByte()
		if err != nil {
			return 0, 0, err
		}
		i := int(b &^ zrleRuns)
		if i >= len(pal) {
			return 0, 0, fmt.Errorf("colour %d of %d", i, len(pal))
		}
		if v = pal[i]; b&zrleRuns == 0 {
			return v, 1, nil
		}
	}
	for n = 1; n <= room; {
		b, err := d.zrle.ReadByte()
		if err != nil {
			return 0, 0, err
		}
		if n += int(b); b < 255 {
			break
		}
	}
	if n > room {
		return 0, 0, errors.New("a run leaves its tile")
	}
	return v, n, nil
}
