//go:build !amd64

package jpeg

// fast tells that there is no assembly here.
const fast = false

func convertHalfFast(a, b []byte, n int, y, cb, cr []int8) { convertHalfGo(a, b, n, y, cb, cr) }

func convertFullFast(a []byte, n int, y, cb, cr []int8) { convertFullGo(a, n, y, cb, cr) }

func transformFast(src []int8, scale *[64]float32, out []block, masks []uint64) {
	transformGo(src, scale, out, masks)
}
