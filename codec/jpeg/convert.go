package jpeg

import "deskside/raster"

// The size of the strips that are converted at once, in pixels: small enough
// for the first cache, of whole MCUs.
const (
	stripW = 256
	stripH = 16
	group  = 16 // pixels that a conversion takes at once
)

// strips are the samples of a part of the picture, less 128. Rows are stripW
// apart.
type strips struct {
	y      [stripW * stripH]int8
	cb, cr [stripW * stripH / 2]int8 // 8 rows, half of each used where the resolution is half
}

// The shares of blue, green and red in luma and chroma, in 1/32768 (JFIF 1.02,
// page 3). Those of luma add up to one, those of chroma to nothing.
const (
	yB, yG, yR    = 3735, 19235, 9798
	cbB, cbG, cbR = 16384, -10855, -5529
	crB, crG, crR = -2664, -13720, 16384
)

// The halves that are added before bits are dropped. Chroma's are one less so
// that the largest value stays within 8 bits.
const (
	yBits, yHalf         = 15, 1 << 14
	fullBits, fullHalf   = 15, 1<<14 - 1
	quartBits, quartHalf = 17, 1<<16 - 1
)

// luma gives a pixel's, less 128.
func luma(p []byte) int8 {
	_ = p[2]
	return int8((yB*int32(p[0])+yG*int32(p[1])+yR*int32(p[2])+yHalf)>>yBits - 128)
}

// convertHalfGo converts n groups of the rows a and b of an Image to two rows
// of luma and one of chroma at half the resolution.
func convertHalfGo(a, b []byte, n int, y, cb, cr []int8) {
	for i := range n * group / 2 {
		p, q := a[8*i:8*i+8:8*i+8], b[8*i:8*i+8:8*i+8]
		y0, y1 := y[2*i:2*i+2:2*i+2], y[2*i+stripW:2*i+stripW+2:2*i+stripW+2]
		y0[0], y0[1], y1[0], y1[1] = luma(p), luma(p[4:]), luma(q), luma(q[4:])
		blue := int32(p[0]) + int32(p[4]) + int32(q[0]) + int32(q[4])
		green := int32(p[1]) + int32(p[5]) + int32(q[1]) + int32(q[5])
		red := int32(p[2]) + int32(p[6]) + int32(q[2]) + int32(q[6])
		cb[i] = int8((cbB*blue + cbG*green + cbR*red + quartHalf) >> quartBits)
		cr[i] = int8((crB*blue + crG*green + crR*red + quartHalf) >> quartBits)
	}
}

// convertFullGo converts n groups of a row of an Image to rows of luma and of
// chroma in full resolution.
func convertFullGo(a []byte, n int, y, cb, cr []int8) {
	for i := range n * group {
		p := a[4*i : 4*i+4 : 4*i+4]
		blue, green, red := int32(p[0]), int32(p[1]), int32(p[2])
		y[i] = luma(p)
		cb[i] = int8((cbB*blue + cbG*green + cbR*red + fullHalf) >> fullBits)
		cr[i] = int8((crB*blue + crG*green + crR*red + fullHalf) >> fullBits)
	}
}

// edge holds the last pixels of two rows, the very last repeated to make up a
// group.
type edge [2][group * raster.BytesPerPixel]byte

// fill takes the end of a row, less than a group of pixels, into row i.
func (e *edge) fill(i int, row []byte) {
	to := e[i][:]
	n := copy(to, row)
	for ; n < len(to); n += raster.BytesPerPixel {
		copy(to[n:], row[len(row)-raster.BytesPerPixel:])
	}
}
