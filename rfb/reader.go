package rfb

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Reader reads messages from a stream. It is also the io.Reader from which the
// pixels that follow a rectangle's header are read.
type Reader struct {
	// ExtendedButtons says that the client was told that it may send pointer
	// events with more than eight buttons.
	ExtendedButtons bool

	r   *bufio.Reader
	err error // the first; all reads after it give zeros
	b   [16]byte
}

// NewReader makes a Reader of r.
func NewReader(r io.Reader) *Reader { return &Reader{r: bufio.NewReaderSize(r, 1<<16)} }

// Read reads the bytes that follow.
func (r *Reader) Read(p []byte) (int, error) { return r.r.Read(p) }

// Buffered gives the number of bytes that can be read without waiting.
func (r *Reader) Buffered() int { return r.r.Buffered() }

// fail makes err what reading the present message gives.
func (r *Reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

// take gives the next n bytes, at most 16, zeros after an error.
func (r *Reader) take(n int) []byte {
	b := r.b[:n]
	if r.err == nil {
		_, r.err = io.ReadFull(r.r, b)
	}
	if r.err != nil {
		clear(b)
	}
	return b
}

func (r *Reader) u8() uint8   { return r.take(1)[0] }
func (r *Reader) u16() uint16 { return binary.BigEndian.Uint16(r.take(2)) }
func (r *Reader) u32() uint32 { return binary.BigEndian.Uint32(r.take(4)) }
func (r *Reader) pad(n int)   { r.take(n) }

// text reads n bytes, which the caller has bounded.
func (r *Reader) text(n int) string {
	if r.err != nil || n == 0 {
		return ""
	}
	b := make([]byte, n)
	if _, r.err = io.ReadFull(r.r, b); r.err != nil {
		return ""
	}
	return string(b)
}

// skip throws n bytes away.
func (r *Reader) skip(n int64) {
	if r.err == nil {
		_, r.err = io.CopyN(io.Discard, r.r, n)
	}
}

// reason reads a text with its length in four bytes before it.
func (r *Reader) reason() string {
	n := r.u32()
	if n > MaxText {
		r.fail("text of %d bytes: at most %d", n, MaxText)
	}
	return r.text(int(n))
}

// done gives the error of what was read; an end within a message is an
// unexpected one.
func (r *Reader) done(what string) error {
	if r.err == nil {
		return nil
	}
	err := r.err
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("%s: %w", what, err)
}

var be = binary.BigEndian

// appendBool appends a byte, 1 for true.
func appendBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, 1)
	}
	return append(dst, 0)
}
