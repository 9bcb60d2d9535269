package jpeg

import "math"

// The constants of the inverse of Arai's, Agui's and Nakajima's transform: the
// square root of 2, and the others doubled.
const (
	i4   float32 = 1.414213562
	i2   float32 = 1.847759065
	i2m6 float32 = 1.082392200
	i2p6 float32 = 2.613125930
)

// inverseScale is what coefficients, transposed, are multiplied with before the
// transform, an eighth for both directions together.
var inverseScale = makeInverseScale()

func makeInverseScale() (s [64]float32) {
	factor := func(k int) float64 {
		if k == 0 {
			return 1
		}
		return math.Sqrt2 * math.Cos(float64(k)*math.Pi/16)
	}
	for i := range s {
		s[i] = float32(factor(i/8) * factor(i%8) / 8)
	}
	return s
}

// idct transforms eight values back. As in dct, each product is rounded before it
// is added.
func idct(f0, f1, f2, f3, f4, f5, f6, f7 float32) (d0, d1, d2, d3, d4, d5, d6, d7 float32) {
	t0, t1, t3 := f0+f4, f0-f4, f2+f6
	t2 := float32((f2-f6)*i4) - t3
	e0, e3, e1, e2 := t0+t3, t0-t3, t1+t2, t1-t2

	z3, z0, z1, z2 := f5+f3, f5-f3, f1+f7, f1-f7
	o7 := z1 + z3
	o5 := float32((z1 - z3) * i4)
	z5 := float32((z0 + z2) * i2)
	o4 := z5 - float32(z2*i2m6)
	o6 := z5 - float32(z0*i2p6)
	o6 -= o7
	o5 -= o6
	o4 -= o5
	return e0 + o7, e1 + o6, e2 + o5, e3 + o4, e3 - o4, e2 - o5, e1 - o6, e0 - o7
}

// inverseGo makes of a transposed block of coefficients 8 by 8 samples, in rows
// stride apart.
func inverseGo(coef *[64]int16, scale *[64]float32, dst []byte, stride int) {
	var t [64]float32
	for v := range 8 {
		f := func(u int) float32 { return float32(float32(coef[8*u+v]) * scale[8*u+v]) }
		t[8*v], t[8*v+1], t[8*v+2], t[8*v+3], t[8*v+4], t[8*v+5], t[8*v+6], t[8*v+7] =
			idct(f(0), f(1), f(2), f(3), f(4), f(5), f(6), f(7))
	}
	for x := range 8 {
		d0, d1, d2, d3, d4, d5, d6, d7 := idct(t[x], t[8+x], t[16+x], t[24+x], t[32+x], t[40+x], t[48+x], t[56+x])
		for y, d := range [8]float32{d0, d1, d2, d3, d4, d5, d6, d7} {
			dst[y*stride+x] = sample(d)
		}
	}
}

// sample rounds to the nearest, bounds and lifts by 128.
func sample(d float32) byte {
	d = min(max(d, -128), 127)
	return byte(math.Float32bits(d+rounder)) ^ 0x80
}
