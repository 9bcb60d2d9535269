package wire

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"

	"deskside"
)

// Lines reads and writes JSON objects, one a line, on a raw stream. One
// goroutine may read while another writes.
type Lines struct {
	r *bufio.Reader
	w io.Writer
}

// NewLines makes Lines that take lines of at most limit bytes.
func NewLines(rw io.ReadWriter, limit int) *Lines {
	return &Lines{bufio.NewReaderSize(rw, limit), rw}
}

// Read reads one line into v, strictly as Decode does. A line over the limit
// is an error, and so is an end within a line; an end between lines is io.EOF.
func (l *Lines) Read(v any) error {
	line, err := l.r.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return deskside.Errorf(deskside.CodeBadRequest, "a line has more than %d bytes", l.r.Size())
	case err == io.EOF && len(line) > 0:
		return io.ErrUnexpectedEOF
	case err != nil:
		return err
	}
	return Decode(line, v)
}

// Write writes v as one line, in one write.
func (l *Lines) Write(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = l.w.Write(append(line, '\n'))
	return err
}
