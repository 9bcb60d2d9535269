package chat

import (
	"bufio"
	"errors"
	"io"
	"net"
	"time"

	"deskside"
)

// Times of a stream.
const (
	joinTime  = 10 * time.Second // until the first line
	lineTime  = 30 * time.Second // from a line's first byte to its last
	writeTime = 30 * time.Second // for a line to be taken
)

// lines reads and writes frames on a stream. One goroutine may read and one
// write at a time.
type lines struct {
	conn net.Conn
	in   *bufio.Reader
	out  []byte
}

func newLines(c net.Conn) *lines {
	return &lines{conn: c, in: bufio.NewReaderSize(c, MaxLine)}
}

// read waits for the next line as long as it takes, then for its end. A clean
// end between lines is io.EOF.
func (l *lines) read() (Frame, error) {
	if _, err := l.in.Peek(1); err != nil {
		return Frame{}, err
	}
	l.conn.SetReadDeadline(time.Now().Add(lineTime))
	line, err := l.in.ReadSlice('\n')
	l.conn.SetReadDeadline(time.Time{})
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return Frame{}, deskside.Errorf(deskside.CodeBadRequest, "a chat line of more than %d bytes", MaxLine)
	case errors.Is(err, io.EOF):
		return Frame{}, io.ErrUnexpectedEOF
	case err != nil:
		return Frame{}, err
	}
	return ParseFrame(line)
}

// readFirst is read for a peer that must speak at once.
func (l *lines) readFirst() (Frame, error) {
	l.conn.SetReadDeadline(time.Now().Add(joinTime))
	if _, err := l.in.Peek(1); err != nil {
		return Frame{}, err
	}
	return l.read()
}

func (l *lines) write(f Frame) (err error) {
	if l.out, err = AppendFrame(l.out[:0], f); err != nil {
		return err
	}
	l.conn.SetWriteDeadline(time.Now().Add(writeTime))
	_, err = l.conn.Write(l.out)
	return err
}
