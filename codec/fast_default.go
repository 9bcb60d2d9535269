//go:build !amd64

package codec

// Means says how pixels are worked on, for people to read.
func Means() string { return "plain Go: there is no assembly for this processor" }

func packRow(dst, row []byte) { packRowGo(dst, row) }

func gradientRow(dst, row, above []byte) { gradientRowGo(dst, row, above) }
