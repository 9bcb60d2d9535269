package flow

import (
	"bufio"
	"errors"
	"io"
	"sync"

	"deskside/xfer/disk"
	"deskside/xfer/frame"
)

// Records is a body that arrives.
type Records interface {
	// Next gives the next record, the bytes of it in the buffer, or why there
	// is none: a *disk.BrokenError where the way broke.
	Next(*frame.Buffer) (frame.Record, error)
}

// Receive fills in with what records bring, and gives the hash that the sender
// has. It calls step for each record with the bytes that came so far. Also with an
// error the file and its hash have, when it returns, everything up to some place:
// all that came, but for what begins with a copy that was not ended by then.
func Receive(in *disk.Incoming, records Records, step func(have int64) error) (disk.Hash, error) {
	if err := in.Reserve(); err != nil {
		return disk.Hash{}, err
	}
	r := &receiver{in: in, write: make(chan item, depth), hash: make(chan item, depth), failed: make(chan struct{}), over: make(chan struct{})}
	var working sync.WaitGroup
	working.Go(r.writing)
	working.Go(r.hashing)
	sum, err := r.read(records, step)
	if err != nil {
		close(r.over)
	}
	close(r.write)
	working.Wait()
	if r.err != nil && r.err != errOver {
		err = r.err
	}
	return sum, err
}

type item struct {
	rec frame.Record
	buf *frame.Buffer // the record's bytes; nil for a hole that is to be hashed
}

type receiver struct {
	in          *disk.Incoming
	write, hash chan item

	err    error         // why writing failed; set before failed is closed
	failed chan struct{} // closed when nothing more need be read
	over   chan struct{} // closed when reading failed: nobody waits for a long copy any more
}

var (
	errFailed = errors.New("writing failed")
	errOver   = errors.New("reading failed")
)

// read takes records until the end.
func (r *receiver) read(records Records, step func(have int64) error) (disk.Hash, error) {
	have := r.in.Have
	for {
		buf := buffers.Get().(*frame.Buffer)
		rec, err := records.Next(buf)
		if err != nil || rec.Kind == frame.End {
			buffers.Put(buf)
			return rec.Sum, err
		}
		have += rec.Length
		select {
		case r.write <- item{rec, buf}:
		case <-r.failed:
			buffers.Put(buf)
			return disk.Hash{}, errFailed
		}
		if err := step(have); err != nil {
			return disk.Hash{}, err
		}
	}
}

// writing puts what was read into the file, in order, until a first error.
func (r *receiver) writing() {
	defer close(r.hash)
	for it := range r.write {
		if r.err != nil {
			buffers.Put(it.buf)
			continue
		}
		if r.err = r.apply(it); r.err != nil {
			close(r.failed)
		}
	}
	if err := r.in.Flush(); r.err == nil {
		r.err = err
	}
}

// apply puts one record into the file, and passes its bytes on to be hashed.
func (r *receiver) apply(it item) error {
	switch it.rec.Kind {
	case frame.Copy:
		return r.copy(it)
	case frame.Hole:
		buffers.Put(it.buf)
		err := r.in.Zero(it.rec.Length)
		if err == nil {
			r.hash <- item{it.rec, nil}
		}
		return err
	}
	err := r.in.Add(it.buf.Bytes()[:it.rec.Length])
	if err != nil {
		buffers.Put(it.buf)
		return err
	}
	r.hash <- it
	return nil
}

func (r *receiver) copy(it item) error {
	buffers.Put(it.buf)
	for offset, left := it.rec.Offset, it.rec.Length; left > 0; {
		select {
		case <-r.over:
			return errOver
		default:
		}
		// Up to a multiple of MaxData, from where whole buffers can be written.
		buf, n := buffers.Get().(*frame.Buffer), min(left, frame.MaxData-r.in.Have%frame.MaxData)
		if err := r.in.Reuse(offset, buf.Bytes()[:n]); err != nil {
			buffers.Put(buf)
			return err
		}
		r.hash <- item{frame.Record{Length: n}, buf}
		offset, left = offset+n, left-n
	}
	return nil
}

// hashing hashes what was written.
func (r *receiver) hashing() {
	for it := range r.hash {
		if it.buf == nil {
			r.in.HashZeros(it.rec.Length)
			continue
		}
		r.in.Sum.Write(it.buf.Bytes()[:it.rec.Length])
		buffers.Put(it.buf)
	}
}

// Framed reads a body of records.
type Framed struct {
	Fault func(text []byte) error // makes an error of what the sender says

	r      frame.Reader
	pack   *frame.Packer
	Length int64 // bytes that came
}

// NewFramed reads records from r. The caller closes it.
func NewFramed(r io.Reader, fault func(text []byte) error) *Framed {
	f := &Framed{Fault: fault, pack: new(frame.Packer)}
	f.r = frame.Reader{R: bufio.NewReader(&way{r, &f.Length}), Unpack: f.pack.Unpack}
	return f
}

// Close lets go of the unpacker.
func (f *Framed) Close() { f.pack.Close() }

// Next implements Records. Nothing but the end of the body follows the end.
func (f *Framed) Next(buf *frame.Buffer) (frame.Record, error) {
	rec, err := f.r.Next(buf)
	switch {
	case err != nil:
		return rec, unreadable(err)
	case rec.Kind == frame.Fault:
		return rec, f.Fault(buf.Bytes()[:rec.Length])
	case rec.Kind == frame.End:
		return rec, end(f.r.R)
	}
	return rec, nil
}

func unreadable(err error) error {
	var broken *disk.BrokenError
	switch {
	case errors.As(err, &broken):
		return err
	case err == io.EOF, err == io.ErrUnexpectedEOF:
		return disk.Conflict("the file ended early").Hint("Copy it again.")
	}
	return disk.Conflict("%v", err).Hint("Copy it again.")
}

// end reads on to the end of r, where nothing but the end may be.
func end(r io.Reader) error {
	var more [1]byte
	switch n, err := io.ReadFull(r, more[:]); {
	case n > 0:
		return disk.Conflict("something follows the end of the file").Hint("Copy it again.")
	case err != io.EOF:
		return err
	}
	return nil
}

// Plain reads a body that is the bytes of a file and has its hash behind it.
type Plain struct {
	Left int64                     // bytes to come
	Hash func() (disk.Hash, error) // what is behind the body

	r      io.Reader
	Length int64 // bytes that came
}

// NewPlain reads a body of so many bytes.
func NewPlain(r io.Reader, left int64, hash func() (disk.Hash, error)) *Plain {
	p := &Plain{Left: left, Hash: hash}
	p.r = &way{r, &p.Length}
	return p
}

// Next implements Records.
func (p *Plain) Next(buf *frame.Buffer) (rec frame.Record, err error) {
	if p.Left == 0 {
		if err := end(p.r); err != nil {
			return rec, err
		}
		rec.Kind = frame.End
		sum, err := p.Hash()
		rec.Sum = sum
		return rec, err
	}
	n, err := io.ReadAtLeast(p.r, buf.Bytes()[:min(p.Left, frame.MaxData)], 1)
	p.Left -= int64(n)
	if n > 0 { // what came before the way broke is kept
		return frame.Record{Kind: frame.Data, Length: int64(n)}, nil
	}
	if err == io.EOF {
		if _, err := p.Hash(); err != nil {
			return rec, err // the sender says why
		}
		err = disk.Conflict("the file ended %d bytes early", p.Left).Hint("Copy it again.")
	}
	return rec, err
}

// way marks the errors of a body as those of the way.
type way struct {
	io.Reader
	length *int64
}

func (w *way) Read(b []byte) (int, error) {
	n, err := w.Reader.Read(b)
	*w.length += int64(n)
	if err != nil && err != io.EOF {
		err = &disk.BrokenError{Err: err}
	}
	return n, err
}
