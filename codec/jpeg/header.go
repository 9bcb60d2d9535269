package jpeg

import "encoding/binary"

// The markers that we write and read: T.81 table B.1.
const (
	markSOI   = 0xffd8
	markEOI   = 0xffd9
	markAPP0  = 0xffe0
	markAPP14 = 0xffee // read only
	markCOM   = 0xfffe // read only
	markDQT   = 0xffdb
	markSOF0  = 0xffc0
	markDHT   = 0xffc4
	markSOS   = 0xffda
)

// setup is what the files of one quality have in common.
type setup struct {
	quality int
	sharp   bool           // chroma in full resolution
	head    []byte         // of the file, up to the entropy coded data
	size    int            // where in head height and width stand
	scale   [2][64]float32 // for transform, of luma and chroma
}

// prepare makes s ready for a quality, 1 to 100.
func (s *setup) prepare(quality int) {
	quality = min(max(quality, 1), 100)
	if s.quality == quality {
		return
	}
	s.quality, s.sharp = quality, quality >= SharpQuality
	var steps [2][64]byte
	for i := range steps {
		steps[i] = stepsOf(&exampleSteps[i], quality)
		s.scale[i] = scaleOf(&steps[i])
	}
	s.writeHead(&steps)
}

// stepsOf scales a table of steps, in zigzag order, as libjpeg does.
func stepsOf(example *[64]byte, quality int) (steps [64]byte) {
	percent := 200 - 2*quality
	if quality < 50 {
		percent = 5000 / quality
	}
	for i, v := range example {
		steps[i] = byte(min(max((int(v)*percent+50)/100, 1), 255))
	}
	return steps
}

// aan are the factors by which the transform's results are too large in each
// direction; those of both directions and 8 make up the whole.
var aan = [8]float64{1, 1.387039845, 1.306562965, 1.175875602, 1, 0.785694958, 0.541196100, 0.275899379}

// scaleOf gives what the transform multiplies with, by horizontal frequency and
// within that by vertical frequency.
func scaleOf(steps *[64]byte) (scale [64]float32) {
	for u := range 8 {
		for v := range 8 {
			scale[8*u+v] = float32(1 / (8 * aan[u] * aan[v] * float64(steps[zigzag[8*v+u]])))
		}
	}
	return scale
}

// writeHead makes the head, with a size of zero.
func (s *setup) writeHead(steps *[2][64]byte) {
	b := s.head[:0]
	mark := func(m uint16, body ...byte) {
		b = binary.BigEndian.AppendUint16(b, m)
		b = binary.BigEndian.AppendUint16(b, uint16(2+len(body)))
		b = append(b, body...)
	}
	b = binary.BigEndian.AppendUint16(b, markSOI)
	mark(markAPP0, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0)
	mark(markDQT, append(append(append([]byte{0}, steps[0][:]...), 1), steps[1][:]...)...)
	sampling := byte(0x22)
	if s.sharp {
		sampling = 0x11
	}
	s.size = len(b) + 5
	mark(markSOF0, 8, 0, 0, 0, 0, 3, 1, sampling, 0, 2, 0x11, 1, 3, 0x11, 1)
	var tables []byte
	for i, t := range codeTables {
		tables = append(tables, byte(i&1<<4|i>>1)) // the upper half says DC or AC
		tables = append(tables, t.counts[:]...)
		tables = append(tables, t.values...)
	}
	mark(markDHT, tables...)
	mark(markSOS, 3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0)
	s.head = b
}

// appendHead appends the head for a picture of w by h.
func (s *setup) appendHead(dst []byte, w, h int) []byte {
	at := len(dst) + s.size
	dst = append(dst, s.head...)
	binary.BigEndian.PutUint16(dst[at:], uint16(h))
	binary.BigEndian.PutUint16(dst[at+2:], uint16(w))
	return dst
}
