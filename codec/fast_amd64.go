package codec

import "golang.org/x/sys/cpu"

// Means says how pixels are worked on, for people to read.
func Means() string {
	if cpu.X86.HasAVX2 {
		return "assembly with AVX2"
	}
	return "plain Go: this processor lacks AVX2"
}

// packRow is packRowGo by the fastest means.
func packRow(dst, row []byte) {
	n := len(row) / 32
	if !cpu.X86.HasAVX2 || n == 0 {
		packRowGo(dst, row)
		return
	}
	_ = dst[n*24+rowSlack-1]
	packRowAVX2(&dst[0], &row[0], n)
	packRowGo(dst[n*24:], row[n*32:])
}

// gradientRow is gradientRowGo by the fastest means.
func gradientRow(dst, row, above []byte) {
	n := (len(row) - 4) / 32
	if !cpu.X86.HasAVX2 || len(row) < 36 {
		gradientRowGo(dst, row, above)
		return
	}
	for c := range 3 {
		dst[c] = row[2-c] - above[2-c] // the first has nothing on its left
	}
	_, _ = dst[3+n*24+rowSlack-1], above[n*32+3]
	gradientRowAVX2(&dst[3], &row[4], &above[4], n)
	for x := 1 + 8*n; x < len(row)/4; x++ {
		for c := range 3 {
			i := 4*x + 2 - c
			dst[3*x+c] = row[i] - byte(min(max(int(row[i-4])+int(above[i])-int(above[i-4]), 0), 255))
		}
	}
}

// packRowAVX2 writes 8n pixels, and four bytes after them.
//
//go:noescape
func packRowAVX2(dst, row *byte, n int)

// gradientRowAVX2 writes the differences of 8n pixels, and four bytes after them.
// It reads the pixel before in both rows.
//
//go:noescape
func gradientRowAVX2(dst, row, above *byte, n int)
