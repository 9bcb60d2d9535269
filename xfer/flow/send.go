package flow

import (
	"bytes"
	"hash"
	"io"
	"sync"

	"github.com/zeebo/blake3"

	"deskside/xfer/chunk"
	"deskside/xfer/disk"
	"deskside/xfer/frame"
)

const (
	depth = 3         // buffers between two goroutines
	slice = 256 << 10 // bytes that are written at once, so that a slow way is seen to move
)

// buffers are used again. Packers are not: they hold channels, which belong to
// the transfer that made them.
var buffers = sync.Pool{New: func() any { return new(frame.Buffer) }}

// Source is a file's bytes, and at their end their hash.
type Source interface {
	io.Reader
	Hash() disk.Hash
}

// Sender sends one file as a body.
type Sender struct {
	From  Source
	Have  *chunk.Manifest           // what the receiver has; nil for nothing
	Plain bool                      // the bytes alone, with neither records nor an end
	Step  func(done, n int64) error // called for each n bytes of the file, with all that were; an error ends it

	Sent   int64 // bytes of the body
	Reused int64 // bytes of the file that the receiver had

	to   io.Writer
	done int64
	parcels

	pos   int64    // bytes that were cut
	open  []byte   // the piece that is being cut
	kept  *buffer  // pieces to be sent
	reuse [2]int64 // offset and length to be copied
	cut   *chunk.Cutter
	sum   hash.Hash
}

// buffer is a buffer with n bytes in it, and why no more come.
type buffer struct {
	*frame.Buffer
	n   int
	err error
}

func (b *buffer) bytes() []byte { return b.Bytes()[:b.n] }

// Send sends the whole file to w, and its end. An error of the way is a
// *disk.BrokenError; any other is of the source or of Step, and the body is not
// ended.
func (s *Sender) Send(w io.Writer) error {
	s.to = w
	s.out.W = (*counted)(s)
	s.pack = new(frame.Packer)
	defer s.pack.Close()
	full, stop := make(chan *buffer, depth), make(chan struct{})
	var reading sync.WaitGroup
	reading.Go(func() { s.read(full, stop) })
	err := s.drain(full)
	close(stop)
	reading.Wait()
	for b := range full {
		buffers.Put(b.Buffer)
	}
	if s.kept != nil {
		buffers.Put(s.kept.Buffer)
	}
	if err != nil || s.Plain {
		return err
	}
	return s.out.End(s.From.Hash())
}

// Fault ends the body with the reason why it has no better end.
func (s *Sender) Fault(text string) error { return s.out.Fault([]byte(text)) }

// read fills buffers until the source ends or stop is closed.
func (s *Sender) read(full chan<- *buffer, stop <-chan struct{}) {
	defer close(full)
	for {
		b := &buffer{Buffer: buffers.Get().(*frame.Buffer)}
		for b.n < frame.MaxData && b.err == nil {
			var n int
			n, b.err = s.From.Read(b.Bytes()[b.n:])
			b.n += n
		}
		ended := b.err != nil
		select {
		case full <- b:
		case <-stop:
			buffers.Put(b.Buffer)
			return
		}
		if ended {
			return
		}
	}
}

// drain sends what comes through full to the source's end.
func (s *Sender) drain(full <-chan *buffer) error {
	if s.Have != nil && s.Have.Len() > 0 && !s.Plain {
		s.cut, s.sum = chunk.NewCutter(s.Have.Average), blake3.New()
	}
	for b := range full {
		why := b.err
		err := s.take(b)
		switch {
		case err != nil:
			return err
		case why == io.EOF:
			return s.finish()
		case why != nil:
			return why
		}
	}
	return nil
}

// take sends what is in b, or cuts it.
func (s *Sender) take(b *buffer) error {
	defer buffers.Put(b.Buffer)
	switch {
	case b.n == 0:
		return nil
	case s.Plain:
		return s.plain(b.bytes())
	case s.cut == nil:
		return s.data(b)
	}
	for rest := b.bytes(); len(rest) > 0; {
		here := rest
		if left := s.Have.InPlace - s.pos; left > 0 && left < int64(len(rest)) {
			here = rest[:left]
		}
		n, end := s.cut.Next(here)
		s.sum.Write(here[:n])
		s.open = append(s.open, here[:n]...)
		rest = rest[n:]
		// What lies in place ends where the way broke, and was cut there.
		if s.pos += int64(n); s.pos == s.Have.InPlace {
			s.cut.Reset()
			end = true
		}
		if end {
			if err := s.piece(); err != nil {
				return err
			}
		}
	}
	return nil
}

// finish sends what is left at the end of the source.
func (s *Sender) finish() error {
	if len(s.open) > 0 {
		if err := s.piece(); err != nil {
			return err
		}
	}
	if err := s.flush(); err != nil {
		return err
	}
	return s.copy()
}

// piece ends the piece that is open: it is copied where the receiver has it.
func (s *Sender) piece() error {
	p := chunk.Piece{Length: len(s.open)}
	s.sum.Sum(p.Sum[:0])
	s.sum.Reset()
	defer func() { s.open = s.open[:0] }()
	at := s.done + s.reuse[1]
	if s.kept != nil {
		at += int64(s.kept.n)
	}
	offset, ok := s.Have.Find(at, p)
	if !ok {
		return s.keep(s.open)
	}
	if err := s.flush(); err != nil {
		return err
	}
	// What lies in place and what does not are two files: no copy goes over both.
	if s.reuse[1] > 0 && (s.reuse[0]+s.reuse[1] != offset || offset == s.Have.InPlace) {
		if err := s.copy(); err != nil {
			return err
		}
	}
	if s.reuse[1] == 0 {
		s.reuse[0] = offset
	}
	s.reuse[1] += int64(p.Length)
	if s.reuse[1] < mostCopied {
		return nil
	}
	return s.copy()
}

const mostCopied = 64 << 20 // bytes that one record copies, so that progress is seen

// keep puts a piece to those that are to be sent.
func (s *Sender) keep(b []byte) error {
	if err := s.copy(); err != nil {
		return err
	}
	for len(b) > 0 {
		if s.kept == nil {
			s.kept = &buffer{Buffer: buffers.Get().(*frame.Buffer)}
		}
		n := copy(s.kept.Bytes()[s.kept.n:], b)
		s.kept.n += n
		b = b[n:]
		if s.kept.n == frame.MaxData {
			if err := s.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush sends what was kept.
func (s *Sender) flush() error {
	if s.kept == nil || s.kept.n == 0 {
		return nil
	}
	err := s.data(s.kept)
	s.kept.n = 0
	return err
}

// copy sends what is to be copied.
func (s *Sender) copy() error {
	offset, n := s.reuse[0], s.reuse[1]
	if n == 0 {
		return nil
	}
	s.reuse[1] = 0
	s.Reused += n
	return s.moved(s.out.Copy(offset, n), n)
}

// moved counts n bytes of the file, which were written unless err says so.
func (s *Sender) moved(err error, n int64) error {
	if err != nil {
		return err
	}
	s.done += n
	if s.Step == nil {
		return nil
	}
	return s.Step(s.done, n)
}

func (s *Sender) plain(b []byte) error {
	_, err := (*counted)(s).Write(b)
	return s.moved(err, int64(len(b)))
}

// data sends what is in b in the shortest way that pays.
func (s *Sender) data(b *buffer) error {
	n := int64(b.n)
	if b.n == frame.MaxData && zero(b.bytes()) {
		return s.moved(s.out.Hole(n), n)
	}
	return s.moved(s.send(b), n)
}

// zero reports whether there is nothing but zeros in b.
func zero(b []byte) bool {
	return b[0] == 0 && bytes.Equal(b[1:], b[:len(b)-1])
}

// counted is the way of a Sender: its errors are those of the way, and what goes
// over it is counted.
type counted Sender

func (c *counted) Write(b []byte) (int, error) {
	for done := 0; done < len(b); {
		n, err := c.to.Write(b[done:min(len(b), done+slice)])
		c.Sent += int64(n)
		done += n
		if err != nil {
			return done, disk.Broken(err)
		}
	}
	return len(b), nil
}
