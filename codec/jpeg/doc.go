// Package jpeg writes and reads baseline JPEG files (ITU-T T.81, JFIF 1.01) of
// parts of an Image, as fast as can be: it is for pictures that are gone after a
// thirtieth of a second.
//
// The work has three steps. Conversion turns pixels into strips of luma and
// chroma; transform makes of each block of 8 by 8 its quantised coefficients in
// zigzag order, with a mask that tells which are not zero; the entropy coder
// walks the mask. The first two exist twice: in Go, which every machine can run
// and which says what is right, and in assembly for amd64 with AVX2. Both give
// the same bits on every machine, so a file never tells where it was made.
//
// Quality is 1 to 100 and scales the standard's example tables in the way that
// libjpeg made common; the Huffman tables are the standard's too, since finding
// better ones costs more than it saves. Below SharpQuality chroma has half the
// resolution both ways.
//
// Reading is the same backwards, with the inverse transform in both ways. The
// Decoder takes what VNC servers send and refuses all else unread; it never takes
// a file that is cut short for a whole one.
//
// The package knows no progressive or arithmetic kind, no grey pictures and no
// metadata.
package jpeg

import "errors"

// SharpQuality is the quality from which on chroma keeps its full resolution.
const SharpQuality = 95

// MaxSide is the largest width and height of a JPEG, in pixels.
const MaxSide = 65535

var errSize = errors.New("jpeg: a picture without pixels, or with a side above 65535")
