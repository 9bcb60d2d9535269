package jpeg

import (
	"bytes"
	"encoding/binary"

	"deskside/raster"
)

// Decoder reads the files that VNC servers make: baseline, of eight bits, three
// colours in one scan as JFIF has them, chroma with all or half of the
// resolution each way, no restart markers. Its zero value works, and keeps its
// memory.
type Decoder struct {
	scales [4][64]float32 // of quantisation, transposed
	dc, ac [4]codes
	parts  [3]plane
	wide   int // of a unit in blocks of luma, and high
	high   int
	w, h   int

	bits reading
	coef [64]int16 // of a block, transposed
}

// plane is one colour's part of a row of units.
type plane struct {
	id            byte
	scale, dc, ac int // which tables
	last          int16
	pix           []byte
	stride        int
}

// Decode puts the picture in file into r, which m must contain, and reports
// whether it could: the file is of the kind it reads, whole, and has the size of
// r. Otherwise r has anything in it.
func (d *Decoder) Decode(file []byte, m *raster.Image, r raster.Rect) bool {
	scan, ok := d.headers(file)
	if !ok || d.w != r.W() || d.h != r.H() || !d.bits.open(scan) {
		return false
	}
	return d.units(m, r)
}

// headers reads up to the scan and gives what follows its header.
func (d *Decoder) headers(file []byte) (scan []byte, ok bool) {
	if len(file) < 4 || binary.BigEndian.Uint16(file) != markSOI {
		return nil, false
	}
	d.w = 0
	for file = file[2:]; len(file) >= 4 && file[0] == 0xff; {
		mark, n := binary.BigEndian.Uint16(file), int(binary.BigEndian.Uint16(file[2:]))
		if n < 2 || 2+n > len(file) {
			return nil, false
		}
		body := file[4 : 2+n]
		file = file[2+n:]
		switch {
		case mark == markSOS:
			return file, d.w > 0 && d.scanHeader(body)
		case mark == markSOF0:
			ok = d.frame(body)
		case mark == markDQT:
			ok = d.steps(body)
		case mark == markDHT:
			ok = d.codeTables(body)
		case mark == markAPP14:
			ok = !bytes.HasPrefix(body, []byte("Adobe")) // whose colours may be others
		case mark >= markAPP0 && mark <= markAPP0+15 || mark == markCOM:
			ok = true
		default:
			ok = false // another kind, or restarts
		}
		if !ok {
			return nil, false
		}
	}
	return nil, false
}

// frame reads the size and the colours.
func (d *Decoder) frame(b []byte) bool {
	if len(b) != 15 || b[0] != 8 || b[5] != 3 {
		return false
	}
	d.h, d.w = int(binary.BigEndian.Uint16(b[1:])), int(binary.BigEndian.Uint16(b[3:]))
	for i := range d.parts {
		c := b[6+3*i:]
		d.parts[i].id, d.parts[i].scale = c[0], int(c[2]&3)
		if i == 0 {
			d.wide, d.high = int(c[1]>>4), int(c[1]&15)
		} else if c[1] != 0x11 {
			return false
		}
	}
	return d.w > 0 && d.h > 0 && d.wide >= 1 && d.wide <= 2 && d.high >= 1 && d.high <= 2
}

// steps reads quantisation tables.
func (d *Decoder) steps(b []byte) bool {
	for ; len(b) >= 65; b = b[65:] {
		if b[0] > 3 {
			return false // of 16 bits, or beyond the fourth
		}
		t := &d.scales[b[0]]
		for k, q := range b[1:65] {
			t[turned[k]] = float32(q) * inverseScale[turned[k]]
		}
	}
	return len(b) == 0
}

// codeTables reads Huffman tables.
func (d *Decoder) codeTables(b []byte) bool {
	for len(b) >= 17 {
		kind, counts := b[0], b[1:17]
		n := 0
		for _, c := range counts {
			n += int(c)
		}
		if kind&0xec != 0 || n > 256 || 17+n > len(b) {
			return false
		}
		values := b[17 : 17+n]
		t := &d.dc[kind&3]
		if kind&0x10 != 0 {
			t = &d.ac[kind&3]
		}
		if !t.build(counts, values, kind&0x10 != 0) {
			return false
		}
		b = b[17+n:]
	}
	return len(b) == 0
}

// scanHeader reads which tables the colours use, and makes room.
func (d *Decoder) scanHeader(b []byte) bool {
	if len(b) != 10 || b[0] != 3 {
		return false
	}
	across := (d.w + 8*d.wide - 1) / (8 * d.wide)
	for i := range d.parts {
		p, tables := &d.parts[i], b[2+2*i]
		p.dc, p.ac, p.last = int(tables>>4&3), int(tables&3), 0
		if b[1+2*i] != p.id || !d.dc[p.dc].built || !d.ac[p.ac].built {
			return false
		}
		high := 8
		if p.stride = 8 * across; i == 0 {
			p.stride, high = p.stride*d.wide, 8*d.high
		}
		if n := p.stride * high; cap(p.pix) < n {
			p.pix = make([]byte, n)
		}
		p.pix = p.pix[:p.stride*high]
	}
	return true
}

// units decodes row after row of units into r.
func (d *Decoder) units(m *raster.Image, r raster.Rect) bool {
	across, tall := (d.w+8*d.wide-1)/(8*d.wide), 8*d.high
	for y := r.Y0; y < r.Y1; y += tall {
		for x := range across {
			if !d.unit(x) {
				return false
			}
		}
		for i := range min(tall, r.Y1-y) {
			d.unpack(m.Row(y+i, r.X0, r.X1), i)
		}
	}
	return d.bits.whole()
}

// unit decodes the blocks of one unit: luma in rows, then chroma.
func (d *Decoder) unit(x int) bool {
	luma := &d.parts[0]
	for v := range d.high {
		for h := range d.wide {
			if !d.block(luma, 8*v*luma.stride+8*(x*d.wide+h)) {
				return false
			}
		}
	}
	return d.block(&d.parts[1], 8*x) && d.block(&d.parts[2], 8*x)
}

// block decodes one block to the place at of a plane.
func (d *Decoder) block(p *plane, at int) bool {
	d.coef = [64]int16{}
	if !d.bits.block(&d.coef, &d.dc[p.dc], &d.ac[p.ac], &p.last) {
		return false
	}
	if fast {
		inverseFast(&d.coef, &d.scales[p.scale], p.pix[at:], p.stride)
	} else {
		inverseGo(&d.coef, &d.scales[p.scale], p.pix[at:], p.stride)
	}
	return true
}

// unpack makes pixels of row y of the planes.
func (d *Decoder) unpack(row []byte, y int) {
	luma := d.parts[0].pix[y*d.parts[0].stride:]
	chroma := y / d.high * d.parts[1].stride
	blue, red, done := d.parts[1].pix[chroma:], d.parts[2].pix[chroma:], 0
	if fast {
		done = len(row) / 32 * 8
		unpackFast(row, luma, blue, red, d.wide)
	}
	unpackGo(row[4*done:], luma[done:], blue[done/d.wide:], red[done/d.wide:], d.wide)
}

// unpackGo makes pixels of a row, of which wide share their chroma.
func unpackGo(row, luma, blue, red []byte, wide int) {
	half := wide - 1
	for x := 0; len(row) >= 4; x, row = x+1, row[4:] {
		l, cb, cr := int32(luma[x])*0x10101, int32(blue[x>>half])-128, int32(red[x>>half])-128
		binary.LittleEndian.PutUint32(row, uint32(eight(l+116130*cb))|
			uint32(eight(l-22554*cb-46802*cr))<<8|uint32(eight(l+91881*cr))<<16)
	}
}

// eight gives the highest eight of 24 bits, bounded.
func eight(v int32) byte {
	if uint32(v)&0xff000000 == 0 {
		return byte(v >> 16)
	}
	return byte(^(v >> 31)) // 0 if it is negative, else 255
}
