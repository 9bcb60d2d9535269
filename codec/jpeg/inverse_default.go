//go:build !amd64

package jpeg

func inverseFast(coef *[64]int16, scale *[64]float32, dst []byte, stride int) {
	inverseGo(coef, scale, dst, stride)
}

func unpackFast(row, luma, blue, red []byte, wide int) { unpackGo(row, luma, blue, red, wide) }
