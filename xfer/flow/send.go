package flow

import (
	"bytes"
	"io"
	"sync"

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
	Plan  *Plan                     // what of it the receiver has; nil for nothing
	Plain bool                      // the bytes alone, with neither records nor an end
	Step  func(done, n int64) error // called for each n bytes of the file, with all that were; an error ends it

	Sent   int64 // bytes of the body
	Reused int64 // bytes of the file that the receiver had

	to   io.Writer
	done int64
	parcels

	kept  *buffer  // pieces to be sent
	reuse [2]int64 // offset and length to be copied
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
	var err error
	if s.Plan != nil && !s.Plain {
		err = s.follow()
	} else {
		err = ahead(s.From, s.take)
	}
	if err != nil || s.Plain {
		return err
	}
	return s.out.End(s.From.Hash())
}

// Fault ends the body with the reason why it has no better end.
func (s *Sender) Fault(text string) error { return s.out.Fault([]byte(text)) }

// ahead reads r to its end, and has take use what was read while it reads on.
func ahead(r io.Reader, take func(*buffer) error) error {
	full, stop := make(chan *buffer, depth), make(chan struct{})
	var reading sync.WaitGroup
	reading.Go(func() { fill(r, full, stop) })
	err := drain(full, take)
	close(stop)
	reading.Wait()
	for b := range full {
		buffers.Put(b.Buffer)
	}
	return err
}

// fill fills buffers until r ends or stop is closed.
func fill(r io.Reader, full chan<- *buffer, stop <-chan struct{}) {
	defer close(full)
	for {
		b := &buffer{Buffer: buffers.Get().(*frame.Buffer)}
		for b.n < frame.MaxData && b.err == nil {
			var n int
			n, b.err = r.Read(b.Bytes()[b.n:])
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

// drain has take use what comes through full, to its end.
func drain(full <-chan *buffer, take func(*buffer) error) error {
	for b := range full {
		var err error
		if b.n > 0 {
			err = take(b)
		}
		why := b.err
		buffers.Put(b.Buffer)
		switch {
		case err != nil:
			return err
		case why == io.EOF:
			return nil
		case why != nil:
			return why
		}
	}
	return nil
}

// take sends what is in b.
func (s *Sender) take(b *buffer) error {
	if s.Plain {
		return s.plain(b.bytes())
	}
	return s.data(b)
}

// follow sends the pieces of the plan that the receiver does not have.
func (s *Sender) follow() error {
	s.kept = &buffer{Buffer: buffers.Get().(*frame.Buffer)}
	defer func() { buffers.Put(s.kept.Buffer) }()
	at := int64(0)
	for _, p := range s.Plan.pieces {
		var err error
		if offset, ok := s.Plan.have.Find(at, p); ok {
			err = s.again(offset, int64(p.Length))
		} else {
			err = s.keep(at, int64(p.Length))
		}
		if err != nil {
			return err
		}
		at += int64(p.Length)
	}
	if err := s.flush(); err != nil {
		return err
	}
	if err := s.copy(); err != nil {
		return err
	}
	return s.Plan.from.Unchanged()
}

// again has n bytes copied that the receiver has at offset.
func (s *Sender) again(offset, n int64) error {
	if err := s.flush(); err != nil {
		return err
	}
	// What lies in place and what does not are two files: no copy goes over both.
	if s.reuse[1] > 0 && (s.reuse[0]+s.reuse[1] != offset || offset == s.Plan.have.InPlace) {
		if err := s.copy(); err != nil {
			return err
		}
	}
	if s.reuse[1] == 0 {
		s.reuse[0] = offset
	}
	s.reuse[1] += n
	if s.reuse[1] < mostCopied {
		return nil
	}
	return s.copy()
}

const mostCopied = frame.MaxNamed / 2 // bytes at which a copy ends, with the piece that reaches them

// keep puts the n bytes of the file from at on to those that are to be sent.
func (s *Sender) keep(at, n int64) error {
	if err := s.copy(); err != nil {
		return err
	}
	for n > 0 {
		b := s.kept.Bytes()[s.kept.n:frame.MaxData]
		b = b[:min(int64(len(b)), n)]
		if _, err := s.Plan.from.ReadAt(b, at); err != nil {
			return err
		}
		s.kept.n += len(b)
		at, n = at+int64(len(b)), n-int64(len(b))
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
	if s.kept.n == 0 {
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
