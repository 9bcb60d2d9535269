package codec

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	"github.com/klauspost/compress/zlib"
)

// deflater is a zlib stream that lasts as long as the connection. Each piece
// ends with a sync flush, so that the other end can decode all of it.
type deflater struct {
	z   *zlib.Writer
	dst []byte
}

// append appends the compressed form of plain.
func (d *deflater) append(dst, plain []byte, level int) []byte {
	if d.z == nil {
		z, err := zlib.NewWriterLevel(d, level)
		if err != nil {
			z = zlib.NewWriter(d)
		}
		d.z = z
	}
	d.dst = dst
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
