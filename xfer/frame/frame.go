package frame

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Limits of a record.
const (
	MaxData  = 1 << 20   // bytes that a record brings
	MaxNamed = 128 << 20 // bytes that Copy and Hole stand for
	MaxFault = 8 << 10   // bytes of a fault
)

// Kind is what a record is.
type Kind byte

// The kinds.
const (
	Data   Kind = 'd'
	Packed Kind = 'z'
	Copy   Kind = 'c'
	Hole   Kind = 'h'
	End    Kind = 'e'
	Fault  Kind = 'f'
)

// room is what a Buffer has in front of its bytes: enough for the head of a record,
// and a whole page, so that the bytes begin at one, as they must that are written
// past the page cache.
const room = 4 << 10

// Buffer holds what one record brings, with room for the record's head in front
// of it, so that both go out in one piece.
type Buffer struct {
	bytes [room + MaxData]byte
}

// Bytes gives the place for what the record brings.
func (b *Buffer) Bytes() []byte { return b.bytes[room:] }

// Record is one record.
type Record struct {
	Kind   Kind
	Length int64    // bytes of the file that it brings; of Fault the bytes of the text
	Offset int64    // of Copy
	Sum    [32]byte // of End
}

// Writer writes records to W. It allocates nothing.
type Writer struct {
	W io.Writer

	head [1 + 32]byte
}

// Data writes the first n bytes of b.
func (w *Writer) Data(b *Buffer, n int) error {
	head := b.bytes[room-5:]
	head[0] = byte(Data)
	binary.BigEndian.PutUint32(head[1:], uint32(n))
	_, err := w.W.Write(head[:5+n])
	return err
}

// Packed writes a record that brings n bytes, which are packed in the first
// packed bytes of b.
func (w *Writer) Packed(b *Buffer, n, packed int) error {
	head := b.bytes[room-9:]
	head[0] = byte(Packed)
	binary.BigEndian.PutUint32(head[1:], uint32(n))
	binary.BigEndian.PutUint32(head[5:], uint32(packed))
	_, err := w.W.Write(head[:9+packed])
	return err
}

// Copy writes that the next n bytes are those the receiver has at offset.
func (w *Writer) Copy(offset, n int64) error {
	w.head[0] = byte(Copy)
	binary.BigEndian.PutUint64(w.head[1:], uint64(offset))
	binary.BigEndian.PutUint64(w.head[9:], uint64(n))
	return w.write(17)
}

// Hole writes that the next n bytes are zero.
func (w *Writer) Hole(n int64) error {
	w.head[0] = byte(Hole)
	binary.BigEndian.PutUint64(w.head[1:], uint64(n))
	return w.write(9)
}

// End ends the body with the hash of the file.
func (w *Writer) End(sum [32]byte) error {
	w.head[0] = byte(End)
	copy(w.head[1:], sum[:])
	return w.write(33)
}

// Fault ends the body with the reason why it ends. text is cut at MaxFault.
func (w *Writer) Fault(text []byte) error {
	text = text[:min(len(text), MaxFault)]
	w.head[0] = byte(Fault)
	binary.BigEndian.PutUint32(w.head[1:], uint32(len(text)))
	if err := w.write(5); err != nil {
		return err
	}
	_, err := w.W.Write(text)
	return err
}

func (w *Writer) write(n int) error {
	_, err := w.W.Write(w.head[:n])
	return err
}

// ErrRecord says that what was read is no record.
var ErrRecord = errors.New("the body of the file cannot be read")

func bad(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrRecord, fmt.Sprintf(format, args...))
}

// Reader reads records from R. It allocates nothing for a record.
type Reader struct {
	R      io.Reader
	Unpack func(to, packed []byte) (int, error) // gives how many bytes of to it filled, and fails if they do not fit

	packed *Buffer
	head   [32]byte
}

// Next reads a record; what Data and Packed bring and the text of a Fault is
// then in into. Errors of R are passed on, io.ErrUnexpectedEOF among them where
// a record is cut off, io.EOF where one should begin; all others are ErrRecord.
func (r *Reader) Next(into *Buffer) (rec Record, err error) {
	if err := r.read(1); err != nil {
		return rec, err
	}
	rec.Kind = Kind(r.head[0])
	switch rec.Kind {
	case Data:
		err = r.bytes(&rec, into, MaxData)
	case Fault:
		err = r.bytes(&rec, into, MaxFault)
	case Packed:
		err = r.unpack(&rec, into)
	case Copy:
		rec.Offset, err = r.long()
		if err == nil {
			rec.Length, err = r.named()
		}
	case Hole:
		rec.Length, err = r.named()
	case End:
		err = r.read(len(rec.Sum))
		rec.Sum = r.head
		return rec, within(err)
	default:
		return rec, bad("there is no record %q", rec.Kind)
	}
	if err == nil && rec.Length == 0 {
		err = bad("a record %q brings nothing", rec.Kind)
	}
	return rec, within(err)
}

// within turns an end in the middle of a record into what it is.
func within(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (r *Reader) read(n int) error {
	_, err := io.ReadFull(r.R, r.head[:n])
	return err
}

// long reads a number of eight bytes.
func (r *Reader) long() (int64, error) {
	if err := r.read(8); err != nil {
		return 0, within(err)
	}
	n := binary.BigEndian.Uint64(r.head[:])
	if n > 1<<62 {
		return 0, bad("a length or offset of %d", n)
	}
	return int64(n), nil
}

// named reads how many bytes a record stands for that brings none.
func (r *Reader) named() (int64, error) {
	n, err := r.long()
	if err == nil && n > MaxNamed {
		err = bad("%d bytes in a record that stands for %d at most", n, MaxNamed)
	}
	return n, err
}

// short reads a number of four bytes from 1 to most.
func (r *Reader) short(most int) (int, error) {
	if err := r.read(4); err != nil {
		return 0, err
	}
	n := binary.BigEndian.Uint32(r.head[:])
	if n == 0 || n > uint32(most) {
		return 0, bad("%d bytes in a record that has 1 to %d", n, most)
	}
	return int(n), nil
}

func (r *Reader) bytes(rec *Record, into *Buffer, most int) error {
	n, err := r.short(most)
	if err != nil {
		return err
	}
	rec.Length = int64(n)
	_, err = io.ReadFull(r.R, into.Bytes()[:n])
	return err
}

func (r *Reader) unpack(rec *Record, into *Buffer) error {
	n, err := r.short(MaxData)
	if err != nil {
		return err
	}
	packed, err := r.short(n - 1)
	if err != nil {
		return err
	}
	if r.packed == nil {
		r.packed = new(Buffer)
	}
	from := r.packed.Bytes()[:packed]
	if _, err := io.ReadFull(r.R, from); err != nil {
		return err
	}
	got, err := r.Unpack(into.Bytes()[:n], from)
	if err != nil || got != n {
		return bad("%d packed bytes do not give %d: %v", packed, n, err)
	}
	rec.Length = int64(n)
	return nil
}
