package codec

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// huffman writes bytes as literals of deflate (RFC 1951), each by a code of its
// own and none by a match. That is what photographs leave to be gained once
// neighbours are taken from each other, at a fifth of the time a search takes.
// A piece is one block with its own codes.
type huffman struct {
	counts [4][256]uint32 // of interleaved bytes, so that equal ones do not wait for each other
	order  [257]uint64    // the symbols that occur, rarest first: count and symbol
	weight [2 * 257]uint32
	parent [2 * 257]uint16
	depth  [2 * 257]uint8
	sizes  [258]uint8 // of each symbol's code, then of the one distance there must be
	codes  [257]uint32
}

const (
	endOfBlock  = 256
	maxCodeBits = 12 // so that four codes and what is left of a byte fit 64 bits
)

// count takes in what is to be written and gives its size in bytes, without the
// description of the codes.
func (h *huffman) count(plain []byte) int {
	clear(h.counts[:])
	for ; len(plain) >= 4; plain = plain[4:] {
		h.counts[0][plain[0]]++
		h.counts[1][plain[1]]++
		h.counts[2][plain[2]]++
		h.counts[3][plain[3]]++
	}
	for _, b := range plain {
		h.counts[0][b]++
	}
	n := 0
	for b := range 256 {
		count := h.counts[0][b] + h.counts[1][b] + h.counts[2][b] + h.counts[3][b]
		h.counts[0][b] = count
		if count > 0 {
			h.order[n] = uint64(count)<<16 | uint64(b)
			n++
		}
	}
	h.order[n] = 1<<16 | endOfBlock
	used := h.order[:n+1]
	slices.Sort(used)
	h.measure(used)
	return h.number(used)
}

// measure finds the sizes of the codes of the used symbols, rarest first, and
// leaves in depth how many bits each has.
func (h *huffman) measure(used []uint64) {
	n := len(used)
	for i, o := range used {
		h.weight[i] = uint32(o >> 16)
	}
	// The two lightest of leaves and of joins, which come about in order of
	// their weight, are joined until one is left.
	leaf, join := 0, n
	for made := n; made < 2*n-1; made++ {
		sum := uint32(0)
		for range 2 {
			at := leaf
			if leaf >= n || join < made && h.weight[join] < h.weight[leaf] {
				at = join
				join++
			} else {
				leaf++
			}
			sum += h.weight[at]
			h.parent[at] = uint16(made)
		}
		h.weight[made] = sum
	}
	h.depth[2*n-2] = 0
	for i := 2*n - 3; i >= 0; i-- {
		h.depth[i] = h.depth[h.parent[i]] + 1
	}
	h.limit(h.depth[:n])
}

// limit makes the sizes at most maxCodeBits. They fall from the rarest symbol on.
func (h *huffman) limit(depth []uint8) {
	if len(depth) == 1 {
		depth[0] = 1
		return
	}
	var have [maxCodeBits + 1]int
	room := 1 << maxCodeBits
	for _, d := range depth {
		d = min(d, maxCodeBits)
		have[d]++
		room -= 1 << (maxCodeBits - d)
	}
	// Where codes were cut there are too many: others become longer.
	for room < 0 {
		d := maxCodeBits - 1
		for have[d] == 0 {
			d--
		}
		have[d]--
		have[d+1]++
		room += 1 << (maxCodeBits - d - 1)
	}
	// What that left unused is given back: decoders want every code used.
	for ; room > 0; room-- {
		have[maxCodeBits]--
		have[maxCodeBits-1]++
	}
	i := 0
	for d := maxCodeBits; d > 0; d-- {
		for range have[d] {
			depth[i] = uint8(d)
			i++
		}
	}
}

// number gives each symbol its code, whose bits are turned round as deflate has
// them, with its size in the lowest four, and tells the whole's size in bytes.
func (h *huffman) number(used []uint64) int {
	clear(h.sizes[:])
	total := 0
	var next [maxCodeBits + 2]uint32
	for i, o := range used {
		h.sizes[uint16(o)] = h.depth[i]
		next[h.depth[i]+1]++
		total += int(o>>16) * int(h.depth[i])
	}
	for d := 1; d <= maxCodeBits; d++ {
		next[d] = (next[d-1] + next[d]) << 1
	}
	for s := range h.codes {
		if n := h.sizes[s]; n > 0 {
			code := uint32(bits.Reverse16(uint16(next[n]))) >> (16 - n)
			next[n]++
			h.codes[s] = code<<4 | uint32(n)
		}
	}
	return total/8 + 1
}

// append appends what was counted as a block that is not the last, and an empty
// one that ends it with a byte.
func (h *huffman) append(dst, plain []byte) []byte {
	dst = slices.Grow(dst, len(plain)*maxCodeBits/8+512)
	w := bitWriter{out: dst[:cap(dst)], at: len(dst)}
	w.put(0b100, 3) // not the last, codes of its own
	h.describe(&w)
	h.literals(&w, plain)
	w.put(h.codes[endOfBlock]>>4, uint(h.codes[endOfBlock]&15))
	w.put(0, 3) // an empty block without compression
	w.put(0, uint(-w.n&7))
	w.flush()
	return append(w.out[:w.at], 0, 0, 0xff, 0xff)
}

// describe writes the sizes of the codes. They are written by codes of four bits
// each: sizes 0 to 12, and the three that repeat.
func (h *huffman) describe(w *bitWriter) {
	w.put(0, 5)  // 257 symbols
	w.put(0, 5)  // one distance, of no bits: there are none
	w.put(15, 4) // the sizes of 19 codes follow, in the order of RFC 1951 section 3.2.7
	for _, s := range [19]int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15} {
		if s >= 13 && s <= 15 {
			w.put(0, 3)
		} else {
			w.put(4, 3)
		}
	}
	code := func(s uint32) {
		if s > maxCodeBits {
			s -= 3
		}
		w.put(uint32(bits.Reverse8(uint8(s)))>>4, 4)
	}
	for i := 0; i < len(h.sizes); {
		n := 1
		for i+n < len(h.sizes) && h.sizes[i+n] == h.sizes[i] {
			n++
		}
		size := uint32(h.sizes[i])
		switch {
		case size == 0 && n >= 11:
			n = min(n, 138)
			code(18)
			w.put(uint32(n-11), 7)
		case size == 0 && n >= 3:
			code(17)
			w.put(uint32(n-3), 3)
		case size > 0 && n >= 4:
			n = min(n, 7)
			code(size)
			code(16)
			w.put(uint32(n-4), 2)
		default:
			n = 1
			code(size)
		}
		i += n
	}
}

func (h *huffman) literals(w *bitWriter, plain []byte) {
	codes := (*[256]uint32)(h.codes[:256])
	acc, n, at, out := w.acc, w.n, w.at, w.out
	for ; len(plain) >= 4; plain = plain[4:] {
		a, b, c, d := codes[plain[0]], codes[plain[1]], codes[plain[2]], codes[plain[3]]
		acc |= uint64(a>>4) << (n & 63)
		n += uint(a & 15)
		acc |= uint64(b>>4) << (n & 63)
		n += uint(b & 15)
		acc |= uint64(c>>4) << (n & 63)
		n += uint(c & 15)
		acc |= uint64(d>>4) << (n & 63)
		n += uint(d & 15)
		binary.LittleEndian.PutUint64(out[at:], acc)
		at += int(n >> 3)
		acc >>= n & 56
		n &= 7
	}
	w.acc, w.n, w.at = acc, n, at
	for _, b := range plain {
		w.put(codes[b]>>4, uint(codes[b]&15))
	}
}

// bitWriter writes bits, lowest first. There must be room in out for 8 bytes
// more than are written.
type bitWriter struct {
	out []byte
	at  int
	acc uint64
	n   uint // of bits in acc, below 8 between calls
}

// put writes the lowest n bits, at most 32, of v, which has no others.
func (w *bitWriter) put(v uint32, n uint) {
	w.acc |= uint64(v) << w.n
	w.n += n
	w.flush()
}

func (w *bitWriter) flush() {
	binary.LittleEndian.PutUint64(w.out[w.at:], w.acc)
	w.at += int(w.n >> 3)
	w.acc >>= w.n & 56
	w.n &= 7
}
