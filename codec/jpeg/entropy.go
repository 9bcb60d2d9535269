package jpeg

import (
	"encoding/binary"
	"math/bits"
)

// The longest code of a coefficient is 16 bits, and its value takes 11 more at
// most; with the escape of a byte 0xff each byte may become two.
const maxBlockBytes = 2 * 64 * (16 + 11) / 8

// coder is a table of codes, made ready for use. An entry has the number of bits
// in its lowest five and the bits above.
type coder struct {
	plain [256]uint32 // by run and size of the value: the code alone
	// By run and value, for values from -near up to, not including, near: the
	// code and the value's bits.
	whole [16 * 2 * near]uint32
}

const near = 32

// coders are those of codeTables.
var coders = makeCoders()

func makeCoders() (list [4]coder) {
	for i, t := range codeTables {
		list[i].fill(&t)
	}
	return list
}

// fill makes the codes as T.81 annex C says.
func (c *coder) fill(t *codeTable) {
	code, values := uint32(0), t.values
	for i, n := range t.counts {
		for _, v := range values[:n] {
			c.plain[v] = code<<5 | uint32(i+1)
			code++
		}
		values, code = values[n:], code<<1
	}
	for run := range 16 {
		for v := -near; v < near; v++ {
			n, low := value(v)
			p := c.plain[run<<4|n]
			if p != 0 {
				c.whole[run*2*near+v+near] = (p>>5<<n|low)<<5 | (p&31 + uint32(n))
			}
		}
	}
}

// value gives the size of a value and its bits: T.81 tables F.1 and F.2.
func value(v int) (size int, low uint32) {
	size = bits.Len(uint(max(v, -v)))
	if v < 0 {
		v--
	}
	return size, uint32(v) & (1<<size - 1)
}

// writer writes entropy coded data. Fewer than 32 bits wait in the lowest ones
// of acc.
type writer struct {
	dst []byte // what there is, with room for more in its capacity
	acc uint64
	n   uint
	dc  [3]int // of the last block of each component
}

// block writes a block of component comp. There must be room for
// maxBlockBytes and four more.
func (w *writer) block(b *block, mask uint64, comp int) {
	tables := coders[min(comp, 1)*2:][:2]
	diff := int(b[0]) - w.dc[comp]
	w.dc[comp] = int(b[0])
	size, low := value(diff)
	e := tables[0].plain[size]
	w.put(e>>5<<size|low, uint(e&31)+uint(size))
	w.frequencies(b, mask&^1, &tables[1])
}

// frequencies writes the coefficients but for the first.
func (w *writer) frequencies(b *block, mask uint64, c *coder) {
	acc, n, out, at := w.acc, w.n, w.dst[:cap(w.dst)], len(w.dst)
	last := 0
	for mask != 0 {
		i := bits.TrailingZeros64(mask) & 63
		mask &= mask - 1
		run := i - last - 1
		last = i
		var e uint32
		v := int(b[i])
		if run < 16 && uint(v+near) < 2*near {
			e = c.whole[run&15*2*near+(v+near)&(2*near-1)]
		} else {
			for ; run > 15; run -= 16 {
				e = c.plain[0xf0]
				acc, n = acc<<(e&31)|uint64(e>>5), n+uint(e&31)
				if n >= 32 {
					n -= 32
					at = flush(out, at, uint32(acc>>(n&63)))
				}
			}
			size, low := value(v)
			p := c.plain[(run<<4|size)&255]
			e = (p>>5<<size|low)<<5 | (p&31 + uint32(size))
		}
		acc, n = acc<<(e&31)|uint64(e>>5), n+uint(e&31)
		if n >= 32 {
			n -= 32
			at = flush(out, at, uint32(acc>>(n&63)))
		}
	}
	w.acc, w.n, w.dst = acc, n, out[:at]
	if last < 63 {
		e := c.plain[0]
		w.put(e>>5, uint(e&31))
	}
}

// put writes the lowest n bits, at most 32, of v, which has no others.
func (w *writer) put(v uint32, n uint) {
	w.acc, w.n = w.acc<<(n&63)|uint64(v), w.n+n
	if w.n >= 32 {
		w.n -= 32
		at := flush(w.dst[:cap(w.dst)], len(w.dst), uint32(w.acc>>(w.n&63)))
		w.dst = w.dst[:at]
	}
}

// flush writes 32 bits. A byte 0xff is followed by a zero, so that it is not
// taken for a marker.
func flush(out []byte, at int, v uint32) int {
	if v&0x80808080&^(v+0x01010101) == 0 {
		binary.BigEndian.PutUint32(out[at:], v)
		return at + 4
	}
	return flushEscaped(out, at, v)
}

func flushEscaped(out []byte, at int, v uint32) int {
	for shift := 24; shift >= 0; shift -= 8 {
		out[at] = byte(v >> shift)
		at++
		if byte(v>>shift) == 0xff {
			out[at] = 0
			at++
		}
	}
	return at
}

// end writes the bits that wait, ones after them up to a whole byte.
func (w *writer) end() {
	w.put(0x7f, 7)
	for ; w.n >= 8; w.n -= 8 {
		b := byte(w.acc >> (w.n - 8))
		if w.dst = append(w.dst, b); b == 0xff {
			w.dst = append(w.dst, 0)
		}
	}
}
