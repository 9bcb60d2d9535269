package codec

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zlib"
)

// deflater is a zlib stream (RFC 1950) that lasts as long as the connection. Each
// piece ends with a whole byte, so that the other end can decode all of it. The
// stream has no end and so never a checksum; what comes between is blocks of
// deflate (RFC 1951), and who makes them may change from one piece to the next
// as long as nobody refers to bytes that another wrote. So one deflater either
// searches for matches or does without.
type deflater struct {
	begun bool
	z     *flate.Writer
	dst   []byte
}

// begin appends the head of the stream to what comes first.
func (d *deflater) begin(dst []byte) []byte {
	if d.begun {
		return dst
	}
	d.begun = true
	return append(dst, 0x78, 0x01) // a window of 32 KiB, fastest
}

// append appends the compressed form of plain, matches and all. Only the first
// call's level counts.
func (d *deflater) append(dst, plain []byte, level int) []byte {
	if d.z == nil {
		d.z, _ = flate.NewWriter(d, min(level, flate.BestCompression)) // fails for other levels alone
	}
	d.dst = d.begin(dst)
	d.z.Write(plain) // writing to memory does not fail
	d.z.Flush()
	dst, d.dst = d.dst, nil
	return dst
}

// Write is where the compressor puts its output.
func (d *deflater) Write(p []byte) (int, error) {
	d.dst = append(d.dst, p...)
	return len(p), nil
}

// maxStored is the most bytes of a block without compression.
const maxStored = 65535

// appendStored appends plain as it is. An empty block follows, for decoders that
// give out a block's bytes when they see the next.
func (d *deflater) appendStored(dst, plain []byte) []byte {
	dst = d.begin(dst)
	for len(plain) > 0 {
		n := min(len(plain), maxStored)
		dst = append(dst, 0, byte(n), byte(n>>8), byte(^n), byte(^n>>8))
		dst = append(dst, plain[:n]...)
		plain = plain[n:]
	}
	return append(dst, 0, 0, 0, 0xff, 0xff)
}

// appendLiterals appends plain by codes for its bytes, or as it is if those are
// no shorter.
func (d *deflater) appendLiterals(dst, plain []byte, h *huffman) []byte {
	if h.count(plain) > len(plain)*31/32 {
		return d.appendStored(dst, plain)
	}
	return h.append(d.begin(dst), plain)
}

// maxTail is how much of a piece may be left once all its pixels are out: the
// block's end and the flush, which the decompressor need not have looked at.
const maxTail = 64

// inflater is the other end of a deflater.
type inflater struct {
	in    bytes.Buffer
	z     io.ReadCloser
	plain *bufio.Reader
}

// feed takes the next piece of n bytes from src. Memory grows with what
// arrives, not with what was announced.
func (i *inflater) feed(src io.Reader, n int) error {
	if _, err := io.CopyN(&i.in, src, int64(n)); err != nil {
		return cut(err)
	}
	if i.z != nil {
		return nil
	}
	z, err := zlib.NewReader(&i.in)
	if err != nil {
		return cut(err)
	}
	i.z, i.plain = z, bufio.NewReaderSize(z, 4096)
	return nil
}

// read fills p from what was fed.
func (i *inflater) read(p []byte) error {
	_, err := io.ReadFull(i.plain, p)
	return cut(err)
}

// ReadByte reads one byte of what was fed.
func (i *inflater) ReadByte() (byte, error) {
	b, err := i.plain.ReadByte()
	return b, cut(err)
}

// end checks that the piece was used up.
func (i *inflater) end() error {
	if n := i.plain.Buffered(); n > 0 {
		return fmt.Errorf("%d bytes more than the pixels need", n)
	}
	if n := i.in.Len(); n > maxTail {
		return fmt.Errorf("%d compressed bytes more than the pixels need", n)
	}
	return nil
}

// reset begins a new stream.
func (i *inflater) reset() { *i = inflater{} }
