package jpeg

import "golang.org/x/sys/cpu"

// fast tells whether the assembly can be used.
var fast = cpu.X86.HasAVX2

// shuffles are the byte shuffles that bring coefficients into zigzag order, 32
// bytes for each group of eight of the order and each pair of columns. The
// transform has columns 2k and 2k+1 in one register, four rows of both in each
// half; a shuffle picks from either half what belongs into the group, and leaves
// zeros for what the others have.
var shuffles = makeShuffles()

func makeShuffles() (list [8][4][32]uint8) {
	for i := range list {
		for k := range list[i] {
			for b := range list[i][k] {
				list[i][k][b] = 0x80
			}
		}
	}
	for v := range 8 {
		for u := range 8 {
			to, half := zigzag[8*v+u], v/4
			from := u%2*8 + v%4*2 // within the half
			s := &list[to/8][u/2]
			s[half*16+int(to%8)*2] = uint8(from)
			s[half*16+int(to%8)*2+1] = uint8(from + 1)
		}
	}
	return list
}

func convertHalfFast(a, b []byte, n int, y, cb, cr []int8) {
	_, _ = a[n*64-1], b[n*64-1]
	_, _, _ = y[n*group+stripW-1], cb[n*group/2-1], cr[n*group/2-1]
	convertHalfAVX2(&a[0], &b[0], n, &y[0], &cb[0], &cr[0])
}

func convertFullFast(a []byte, n int, y, cb, cr []int8) {
	_, _, _, _ = a[n*64-1], y[n*group-1], cb[n*group-1], cr[n*group-1]
	convertFullAVX2(&a[0], n, &y[0], &cb[0], &cr[0])
}

func transformFast(src []int8, scale *[64]float32, out []block, masks []uint64) {
	n := len(masks)
	_, _ = src[7*stripW+8*n-1], out[n-1]
	transformAVX2(&src[0], &scale[0], &out[0], &masks[0], n, &shuffles[0][0][0])
}

// convertHalfAVX2 is convertHalfGo. n is above 0.
//
//go:noescape
func convertHalfAVX2(a, b *byte, n int, y, cb, cr *int8)

// convertFullAVX2 is convertFullGo. n is above 0.
//
//go:noescape
func convertFullAVX2(a *byte, n int, y, cb, cr *int8)

// transformAVX2 is transformGo for n blocks. n is above 0.
//
//go:noescape
func transformAVX2(src *int8, scale *float32, out *block, masks *uint64, n int, shuffles *uint8)
