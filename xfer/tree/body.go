package tree

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"

	"deskside"
)

// The records.
const (
	recordEntry = 'e'
	recordNote  = 'n'
	recordWant  = 'w'
	recordEnd   = 'z'
)

// bufferSize is what a Writer gathers, and a Reader reads at once.
const bufferSize = 256 << 10

// Writer writes a body. An error of the writer below stays.
type Writer struct {
	w     *bufio.Writer
	buf   []byte
	count uint64
}

// NewWriter begins a body on w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: bufio.NewWriterSize(w, bufferSize)} }

// Entry writes the head of an entry. Where the body has files, the bytes of a
// file follow by Write, as many as the head says, and End or Fault.
func (w *Writer) Entry(h *Head) error { return w.record(recordEntry, h.append(nil)) }

// Note writes that what is at path is not here, and why.
func (w *Writer) Note(path string, why *deskside.Error) error {
	text, err := json.Marshal(why)
	if err != nil || len(text) > maxNote-MaxPath {
		text = []byte(`{"code":"internal","words":"the reason cannot be written"}`)
	}
	return w.record(recordNote, append(appendText(nil, path), text...))
}

// Want writes a path that is asked for.
func (w *Writer) Want(path string) error {
	w.count++
	_, err := w.w.Write(appendText(append(w.buf[:0], recordWant), path))
	return err
}

func (w *Writer) record(kind byte, b []byte) error {
	w.count++
	w.buf = binary.AppendUvarint(append(w.buf[:0], kind), uint64(len(b)))
	w.w.Write(w.buf)
	_, err := w.w.Write(b)
	return err
}

// Write writes bytes of a file.
func (w *Writer) Write(b []byte) (int, error) { return w.w.Write(b) }

// End writes that the file was read to its end as it was.
func (w *Writer) End(sum [32]byte) error {
	w.w.WriteByte(0)
	_, err := w.w.Write(sum[:])
	return err
}

// Fault writes that the file was not, behind as many bytes as were announced.
func (w *Writer) Fault(why *deskside.Error) error {
	text, err := json.Marshal(why)
	if err != nil || len(text) > maxNote {
		text = []byte(`{"code":"internal","words":"the reason cannot be written"}`)
	}
	w.w.WriteByte(1)
	w.w.Write(binary.AppendUvarint(nil, uint64(len(text))))
	_, err = w.w.Write(text)
	return err
}

// Flush hands on what is gathered.
func (w *Writer) Flush() error { return w.w.Flush() }

// Close writes the end of the body.
func (w *Writer) Close() error {
	w.w.Write(binary.AppendUvarint([]byte{recordEnd}, w.count))
	return w.w.Flush()
}

// Record is one record of a body: an entry, a note, or a path that is wanted.
type Record struct {
	Head *Head           // of an entry
	Path string          // of a note or a want
	Why  *deskside.Error // of a note
}

// Reader reads a body.
type Reader struct {
	r     *bufio.Reader
	files bool  // bytes follow the heads of files
	left  int64 // bytes of the file that have not been read
	open  bool  // the end of a file has not been read
	count uint64
}

// NewReader reads a body from r. With files the bytes of a file follow its head.
func NewReader(r io.Reader, files bool) *Reader {
	return &Reader{r: bufio.NewReaderSize(r, bufferSize), files: files}
}

// Broken is an error of the reader below: the body was cut off, and was right as
// far as it came.
type Broken struct{ Err error }

func (e *Broken) Error() string { return fmt.Sprintf("the body ends early: %v", e.Err) }
func (e *Broken) Unwrap() error { return e.Err }

func broken(err error) error {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return &Broken{err}
}

func damaged(format string, args ...any) error {
	return deskside.Errorf(deskside.CodeBadRequest, "the body of a tree cannot be read: "+format, args...)
}

// Next gives the next record, and io.EOF behind the last. The file before must
// have been read to its end.
func (r *Reader) Next() (Record, error) {
	if r.open {
		return Record{}, damaged("a file was not read to its end")
	}
	kind, err := r.r.ReadByte()
	if err != nil {
		return Record{}, broken(err)
	}
	switch kind {
	case recordEnd:
		return Record{}, r.end()
	case recordEntry:
		return r.entry()
	case recordNote:
		return r.note()
	case recordWant:
		b, err := r.take(MaxPath)
		if err == nil {
			err = CheckPath(string(b))
		}
		r.count++
		return Record{Path: string(b)}, asDamaged(err)
	}
	return Record{}, damaged("%q begins no record", kind)
}

func asDamaged(err error) error {
	switch err.(type) {
	case nil, *Broken, *deskside.Error:
		return err
	}
	return damaged("%v", err)
}

// take reads a length and as many bytes, no more than most.
func (r *Reader) take(most uint64) ([]byte, error) {
	n, err := r.number()
	if err != nil {
		return nil, err
	}
	if n > most {
		return nil, damaged("a part of %d bytes is longer than %d", n, most)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r.r, b); err != nil {
		return nil, broken(err)
	}
	return b, nil
}

// number reads one, telling what is none from an end that came early.
func (r *Reader) number() (v uint64, err error) {
	for shift := 0; shift < 64; shift += 7 {
		c, err := r.r.ReadByte()
		if err != nil {
			return 0, broken(err)
		}
		if shift == 63 && c > 1 {
			break
		}
		if v |= uint64(c&0x7f) << shift; c < 0x80 {
			return v, nil
		}
	}
	return 0, damaged("a number is too large")
}

func (r *Reader) entry() (Record, error) {
	b, err := r.take(maxHead)
	if err != nil {
		return Record{}, err
	}
	h, err := parse(b)
	if err != nil {
		return Record{}, asDamaged(err)
	}
	r.count++
	if r.files && h.Kind == File {
		r.left, r.open = h.Bytes(), true
	}
	return Record{Head: h}, nil
}

func (r *Reader) note() (Record, error) {
	b, err := r.take(maxNote)
	if err != nil {
		return Record{}, err
	}
	c := &cursor{b: b}
	n := Record{Path: c.text(MaxPath), Why: new(deskside.Error)}
	if err := CheckPath(n.Path); err != nil || c.bad {
		return Record{}, damaged("a note is not in its form")
	}
	if err := json.Unmarshal(c.b, n.Why); err != nil || n.Why.Code == "" {
		return Record{}, damaged("a note gives no reason")
	}
	r.count++
	return n, nil
}

func (r *Reader) end() error {
	n, err := r.number()
	if err != nil {
		return err
	}
	if n != r.count {
		return damaged("%d records came of %d", r.count, n)
	}
	// One that is packed, and was not said to be, may begin as one that is empty.
	// What has not come yet is not waited for.
	if r.r.Buffered() > 0 {
		return damaged("it goes on behind its end")
	}
	return io.EOF
}

// Read gives bytes of the file whose head came last, and io.EOF behind them.
func (r *Reader) Read(b []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n, err := r.r.Read(b[:min(int64(len(b)), r.left)])
	if r.left -= int64(n); err != nil {
		err = broken(err)
	}
	return n, err
}

// Skip passes over what is left of a file, if its end was not read.
func (r *Reader) Skip() error {
	if !r.open {
		return nil
	}
	_, _, err := r.Sum()
	return err
}

// Sum ends the file: it gives the hash of its bytes, or as fault why they are
// worth nothing. What was not read of them is passed over.
func (r *Reader) Sum() (sum [32]byte, fault *deskside.Error, err error) {
	if _, err := io.Copy(io.Discard, r); err != nil {
		return sum, nil, err
	}
	kind, err := r.r.ReadByte()
	if err != nil {
		return sum, nil, broken(err)
	}
	r.open = false
	switch kind {
	case 0:
		if _, err := io.ReadFull(r.r, sum[:]); err != nil {
			return sum, nil, broken(err)
		}
		return sum, nil, nil
	case 1:
		b, err := r.take(maxNote)
		if err != nil {
			return sum, nil, err
		}
		fault = new(deskside.Error)
		if json.Unmarshal(b, fault) != nil || fault.Code == "" {
			return sum, nil, damaged("a file ends without a reason")
		}
		return sum, fault, nil
	}
	return sum, nil, damaged("%q ends no file", kind)
}
