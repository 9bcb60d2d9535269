package jpeg

import "math"

// block is the quantised coefficients of 8 by 8 samples, in zigzag order.
type block [64]int16

// The constants of the fast cosine transform of Arai, Agui and Nakajima (1988),
// which needs five multiplications for eight values if the results may be too
// large by known factors.
const (
	c4   float32 = 0.707106781
	c6   float32 = 0.382683433
	c2m6 float32 = 0.541196100
	c2p6 float32 = 1.306562965
)

// dct transforms eight values. Each product is rounded before it is added, on
// machines that could do both at once too, so that all give the same bits.
func dct(d0, d1, d2, d3, d4, d5, d6, d7 float32) (f0, f1, f2, f3, f4, f5, f6, f7 float32) {
	s0, m0 := d0+d7, d0-d7
	s1, m1 := d1+d6, d1-d6
	s2, m2 := d2+d5, d2-d5
	s3, m3 := d3+d4, d3-d4

	t0, t3 := s0+s3, s0-s3
	t1, t2 := s1+s2, s1-s2
	z1 := float32((t2 + t3) * c4)
	f0, f4, f2, f6 = t0+t1, t0-t1, t3+z1, t3-z1

	o0, o1, o2 := m3+m2, m2+m1, m1+m0
	z5 := float32((o0 - o2) * c6)
	z2 := float32(o0*c2m6) + z5
	z4 := float32(o2*c2p6) + z5
	z3 := float32(o1 * c4)
	z6, z7 := m0+z3, m0-z3
	f5, f3, f1, f7 = z7+z2, z7-z2, z6+z4, z6-z4
	return
}

// rounder moves a float32 of a small value so that its lowest bits are the
// nearest integer, of two equally near the even one.
const rounder float32 = 3 << 22

// transformGo transforms and quantises blocks that lie side by side in rows
// stripW apart, as many as masks has. Bit i of a mask tells that coefficient i
// is not zero. Scale is as scaleOf gives it.
func transformGo(src []int8, scale *[64]float32, out []block, masks []uint64) {
	var t [64]float32
	for i := range masks {
		for x := range 8 {
			s := src[8*i+x:]
			_ = s[7*stripW]
			t[x], t[8+x], t[16+x], t[24+x], t[32+x], t[40+x], t[48+x], t[56+x] = dct(
				float32(s[0]), float32(s[stripW]), float32(s[2*stripW]), float32(s[3*stripW]),
				float32(s[4*stripW]), float32(s[5*stripW]), float32(s[6*stripW]), float32(s[7*stripW]))
		}
		masks[i] = quantise(&t, scale, &out[i])
	}
}

// quantise does the second half of the transform: t has the vertical
// frequencies of each column.
func quantise(t, scale *[64]float32, out *block) (mask uint64) {
	for v := range 8 {
		r := t[8*v : 8*v+8 : 8*v+8]
		f0, f1, f2, f3, f4, f5, f6, f7 := dct(r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7])
		for u, f := range [8]float32{f0, f1, f2, f3, f4, f5, f6, f7} {
			c := int16(math.Float32bits(float32(f*scale[8*u+v]) + rounder))
			at := zigzag[8*v+u] & 63
			out[at] = c
			mask |= uint64(uint32(-int32(c)|int32(c))>>31) << at
		}
	}
	return mask
}
