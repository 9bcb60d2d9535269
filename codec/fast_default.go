//go:build !amd64

package codec

func packRow(dst, row []byte) { packRowGo(dst, row) }

func gradientRow(dst, row, above []byte) { gradientRowGo(dst, row, above) }
