package jpeg

func inverseFast(coef *[64]int16, scale *[64]float32, dst []byte, stride int) {
	_ = dst[7*stride+7]
	inverseAVX2(&coef[0], &scale[0], &dst[0], stride)
}

// inverseAVX2 is inverseGo.
//
//go:noescape
func inverseAVX2(coef *int16, scale *float32, dst *byte, stride int)
