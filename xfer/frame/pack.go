package frame

import (
	"github.com/klauspost/compress/zstd"
)

// Packer packs and unpacks. It keeps its tables for the next record, and is
// not for several goroutines at once.
type Packer struct {
	fast, small *zstd.Encoder
	dec         *zstd.Decoder
}

func newEncoder(level zstd.EncoderLevel) *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(MaxData), zstd.WithEncoderCRC(false), zstd.WithLowerEncoderMem(true))
	if err != nil {
		panic(err) // the options are constants
	}
	return e
}

// Pack puts b packed into to and gives its length, or 0 if it does not become
// shorter by a sixteenth.
func (p *Packer) Pack(to *Buffer, b []byte, hard bool) int {
	e := &p.fast
	level := zstd.SpeedFastest
	if hard {
		e, level = &p.small, zstd.SpeedBetterCompression
	}
	if *e == nil {
		*e = newEncoder(level)
	}
	most := len(b) - len(b)/16 - 1
	out := (*e).EncodeAll(b, to.Bytes()[:0])
	if len(out) > most || len(out) == 0 {
		return 0
	}
	if &out[0] != &to.Bytes()[0] { // it outgrew the buffer on the way
		copy(to.Bytes(), out)
	}
	return len(out)
}

// Unpack is for Reader.Unpack.
func (p *Packer) Unpack(to, packed []byte) (int, error) {
	if p.dec == nil {
		dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxMemory(MaxData), zstd.WithDecoderMaxWindow(MaxData), zstd.WithDecodeAllCapLimit(true))
		if err != nil {
			return 0, err
		}
		p.dec = dec
	}
	out, err := p.dec.DecodeAll(packed, to[:0:len(to)])
	return len(out), err
}

// Close frees the tables.
func (p *Packer) Close() {
	if p.dec != nil {
		p.dec.Close()
	}
}
