package jpeg

func inverseFast(coef *[64]int16, scale *[64]float32, dst []byte, stride int) {
	_ = dst[7*stride+7]
	inverseAVX2(&coef[0], &scale[0], &dst[0], stride)
}

// inverseAVX2 is inverseGo.
//
//go:noescape
func inverseAVX2(coef *int16, scale *float32, dst *byte, stride int)

// unpackFast is unpackGo for whole groups of eight pixels.
func unpackFast(row, luma, blue, red []byte, wide int) {
	n := len(row) / 32
	if n == 0 {
		return
	}
	_, _, _ = luma[8*n-1], blue[8*n/wide-1], red[8*n/wide-1]
	if wide == 1 {
		unpackFullAVX2(&row[0], n, &luma[0], &blue[0], &red[0])
	} else {
		unpackHalfAVX2(&row[0], n, &luma[0], &blue[0], &red[0])
	}
}

// unpackFullAVX2 makes n groups of eight pixels. n is above 0.
//
//go:noescape
func unpackFullAVX2(row *byte, n int, luma, blue, red *byte)

// unpackHalfAVX2 does so with chroma of half the width.
//
//go:noescape
func unpackHalfAVX2(row *byte, n int, luma, blue, red *byte)
