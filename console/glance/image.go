package glance

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
)

// imageOf gives the kind of picture that head begins, or None.
func imageOf(head []byte) Kind {
	at := func(i int, text string) bool { return len(head) >= i && bytes.HasPrefix(head[i:], []byte(text)) }
	switch {
	case at(0, "\x89PNG\r\n\x1a\n") && at(12, "IHDR"):
		return PNG
	case at(0, "\xff\xd8\xff"):
		return JPEG
	case at(0, "GIF87a"), at(0, "GIF89a"):
		return GIF
	case at(0, "RIFF") && at(8, "WEBPVP8"):
		return WebP
	case at(0, "BM") && at(6, "\x00\x00\x00\x00") && len(head) >= 26 && head[14] >= 40 && at(15, "\x00\x00\x00"):
		return BMP // a text may begin with the two letters
	}
	return None
}

var errPoints = errors.New("no size in points")

// points reads the width and height of a picture.
func points(head []byte, k Kind) (w, h int64, err error) {
	var c image.Config
	r := bytes.NewReader(head)
	switch k {
	case PNG:
		c, err = png.DecodeConfig(r)
	case JPEG:
		c, err = jpeg.DecodeConfig(r)
	case GIF:
		c, err = gif.DecodeConfig(r)
	case WebP:
		return webp(head)
	case BMP:
		return bmp(head)
	default:
		err = errPoints
	}
	if err == nil && (c.Width <= 0 || c.Height <= 0) {
		err = errPoints
	}
	return int64(c.Width), int64(c.Height), err
}

// bmp reads the sizes of a BITMAPINFOHEADER or a later one; a negative height is
// that of a picture from the top down.
func bmp(head []byte) (w, h int64, err error) {
	if len(head) < 26 {
		return 0, 0, io.ErrUnexpectedEOF
	}
	w, h = int64(int32(binary.LittleEndian.Uint32(head[18:]))), int64(int32(binary.LittleEndian.Uint32(head[22:])))
	if h < 0 {
		h = -h
	}
	if w <= 0 || h == 0 {
		return 0, 0, errPoints
	}
	return w, h, nil
}

// webp reads the sizes of the three kinds of the format (RFC 9649, section 2).
func webp(head []byte) (w, h int64, err error) {
	if len(head) < 30 {
		return 0, 0, io.ErrUnexpectedEOF
	}
	le := binary.LittleEndian
	switch head[15] {
	case 'X': // 24 bits each, less one
		return int64(le.Uint32(head[24:])&0xffffff) + 1, int64(le.Uint32(head[26:])>>8) + 1, nil
	case 'L': // 14 bits each, less one
		bits := le.Uint32(head[21:])
		return int64(bits&0x3fff) + 1, int64(bits>>14&0x3fff) + 1, nil
	case ' ': // after the frame's tag and its start code
		return int64(le.Uint16(head[26:]) & 0x3fff), int64(le.Uint16(head[28:]) & 0x3fff), nil
	}
	return 0, 0, errPoints
}
