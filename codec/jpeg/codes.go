package jpeg

import (
	"bytes"
	"encoding/binary"
)

// turned gives where in a transposed block the coefficients stand that come one
// after another: horizontal frequency times 8 and the vertical one.
var turned = makeTurned()

func makeTurned() (list [64]uint8) {
	for i, at := range zigzag {
		list[at] = uint8(i%8*8 + i/8)
	}
	return list
}

// peek is how many bits are looked up at once.
const peek = 10

// codes is a Huffman table made ready for reading.
type codes struct {
	built bool
	// short gives length<<8 and value for the codes of at most peek bits, by
	// the bits that begin with them; 0 for longer ones.
	short [1 << peek]uint16
	// whole gives coefficient<<16, run<<8 and length for what has code and
	// coefficient within peek bits; 0 for others.
	whole [1 << peek]uint32
	// Of each length: the first code beyond, at 16 bits, and what to add to a
	// code for the place of its value.
	limit  [18]uint32
	offset [17]int32
	values [256]byte
}

// build makes the table ready; it reports whether the counts are possible.
func (c *codes) build(counts, values []byte, ac bool) bool {
	*c = codes{}
	copy(c.values[:], values)
	code, k := uint32(0), 0
	for n := 1; n <= 16; n++ {
		c.offset[n] = int32(k) - int32(code)
		for range counts[n-1] {
			if code >= 1<<n {
				return false
			}
			c.spread(code, n, values[k], ac)
			code++
			k++
		}
		c.limit[n] = code << (16 - n)
		code <<= 1
	}
	c.limit[17] = 1 << 16
	c.built = true
	return true
}

// spread puts a code of n bits everywhere where it begins.
func (c *codes) spread(code uint32, n int, value byte, ac bool) {
	if n > peek {
		return
	}
	rest := peek - n
	for low := range uint32(1) << rest {
		at := code<<rest | low
		c.short[at] = uint16(n)<<8 | uint16(value)
		if size := int(value & 15); ac && size > 0 && size <= rest {
			v := extend(low>>(rest-size), size)
			c.whole[at] = uint32(uint16(v))<<16 | uint32(value>>4)<<8 | uint32(n+size)
		}
	}
}

// extend gives the coefficient that size bits stand for (T.81 figure F.12).
func extend(v uint32, size int) int32 {
	if size > 0 && v>>(size-1) == 0 {
		return int32(v) - 1<<size + 1
	}
	return int32(v)
}

// reading reads a scan.
type reading struct {
	scan []byte // without the zeros that follow bytes of 255
	at   int    // what of it is in acc
	acc  uint64 // the next bits, the first one highest, zeros behind
	n    int    // how many of acc are of the scan
}

// open takes the scan out of what is left of the file. It reports whether the
// scan ends with the file.
func (b *reading) open(data []byte) bool {
	b.scan, b.at, b.acc, b.n = b.scan[:0], 0, 0, 0
	for {
		i := bytes.IndexByte(data, 0xff)
		if i < 0 || i+1 >= len(data) {
			return false
		}
		if data[i+1] != 0 {
			b.scan = append(b.scan, data[:i]...)
			return data[i+1] == markEOI&0xff
		}
		b.scan = append(b.scan, data[:i+1]...)
		data = data[i+2:]
	}
}

// fill sees to at least 32 bits in acc; behind the scan's end they are zeros.
func (b *reading) fill() {
	if b.n >= 32 {
		return
	}
	if b.at+4 <= len(b.scan) {
		b.acc |= uint64(binary.BigEndian.Uint32(b.scan[b.at:])) << (32 - b.n)
		b.at += 4
		b.n += 32
		return
	}
	for ; b.n < 32; b.n += 8 {
		if b.at < len(b.scan) {
			b.acc |= uint64(b.scan[b.at]) << (56 - b.n)
		}
		b.at++
	}
}

// whole reports whether no more was read than there was.
func (b *reading) whole() bool { return b.at-b.n/8 <= len(b.scan) }

// code reads a code and gives its value.
func (b *reading) code(c *codes) (value byte, ok bool) {
	if e := c.short[b.acc>>(64-peek)]; e != 0 {
		b.skip(int(e >> 8))
		return byte(e), true
	}
	head := uint32(b.acc >> 48)
	n := peek + 1
	for n <= 16 && head >= c.limit[n] {
		n++
	}
	if n > 16 {
		return 0, false
	}
	value = c.values[(int32(head>>(16-n))+c.offset[n])&255]
	b.skip(n)
	return value, true
}

func (b *reading) skip(n int) {
	b.acc <<= n
	b.n -= n
}

// value reads the coefficient of size bits, 1 to 15.
func (b *reading) value(size int) int32 {
	v := extend(uint32(b.acc>>(64-size)), size)
	b.skip(size)
	return v
}

// block reads a block, whose coefficients must be zeros before. last is the
// first coefficient of the one before.
func (b *reading) block(coef *[64]int16, dc, ac *codes, last *int16) bool {
	b.fill()
	size, ok := b.code(dc)
	if !ok || size > 11 {
		return false
	}
	if size > 0 {
		*last += int16(b.value(int(size)))
	}
	coef[0] = *last
	for k := 1; k < 64; k++ {
		b.fill()
		if e := ac.whole[b.acc>>(64-peek)]; e != 0 {
			k += int(e >> 8 & 15)
			coef[turned[k&63]] = int16(e >> 16)
			b.skip(int(e & 255))
			if k > 63 {
				return false
			}
			continue
		}
		code, ok := b.code(ac)
		if !ok {
			return false
		}
		run, size := int(code>>4), int(code&15)
		if size == 0 {
			if run != 15 {
				return true
			}
			k += 15
			continue
		}
		if k += run; k > 63 {
			return false
		}
		coef[turned[k]] = int16(b.value(size))
	}
	return true
}
