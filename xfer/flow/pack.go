package flow

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"time"

	"deskside/xfer/frame"
)

const packFrom = 256 // bytes from which packing is tried

// parcels sends buffers as records, each packed if that pays.
type parcels struct {
	out   frame.Writer
	pack  *frame.Packer
	judge frame.Judge
}

// send sends what is in b in the shortest way that pays.
func (p *parcels) send(b *buffer) error {
	packed, err := p.packed(b)
	if err == nil && !packed {
		began := time.Now()
		err = p.out.Data(b.Buffer, b.n)
		p.judge.Sent(b.n, false, time.Since(began))
	}
	return err
}

// packed sends what is in b packed, if that pays.
func (p *parcels) packed(b *buffer) (bool, error) {
	if b.n < packFrom {
		return false, nil
	}
	pack, hard := p.judge.Pack()
	if !pack {
		return false, nil
	}
	to := buffers.Get().(*frame.Buffer)
	defer buffers.Put(to)
	began := time.Now()
	n := p.pack.Pack(to, b.bytes(), hard)
	now := time.Now()
	p.judge.Tried(b.n, n, now.Sub(began))
	if n == 0 {
		return false, nil
	}
	err := p.out.Packed(to, b.n, n)
	p.judge.Sent(n, true, time.Since(now))
	return true, err
}

// Pack sends what is written to it as records, packed where that pays. They have
// no end of their own: what is written has.
type Pack struct {
	parcels
	buf *buffer
}

// NewPack makes a Pack that writes to w. The caller closes it.
func NewPack(w io.Writer) *Pack {
	return &Pack{
		parcels: parcels{out: frame.Writer{W: w}, pack: new(frame.Packer)},
		buf:     &buffer{Buffer: buffers.Get().(*frame.Buffer)},
	}
}

// Write takes b, and sends it when there is enough for a record.
func (p *Pack) Write(b []byte) (int, error) {
	for done := 0; done < len(b); {
		n := copy(p.buf.Bytes()[p.buf.n:frame.MaxData], b[done:])
		p.buf.n += n
		done += n
		if p.buf.n < frame.MaxData {
			break
		}
		if err := p.Flush(); err != nil {
			return done, err
		}
	}
	return len(b), nil
}

// Flush sends what was written.
func (p *Pack) Flush() error {
	if p.buf.n == 0 {
		return nil
	}
	err := p.send(p.buf)
	p.buf.n = 0
	return err
}

// Close lets go of the buffers, and sends nothing more.
func (p *Pack) Close() {
	p.pack.Close()
	buffers.Put(p.buf.Buffer)
}

// Unpack reads what a Pack sent.
type Unpack struct {
	r    frame.Reader
	pack *frame.Packer
	buf  *frame.Buffer
	left []byte // of buf
}

// NewUnpack reads records from r. The caller closes it.
func NewUnpack(r io.Reader) *Unpack {
	u := &Unpack{pack: new(frame.Packer), buf: buffers.Get().(*frame.Buffer)}
	u.r = frame.Reader{R: bufio.NewReader(r), Unpack: u.pack.Unpack}
	return u
}

// Read gives what was written to the Pack. Errors are those of r and
// frame.ErrRecord.
func (u *Unpack) Read(b []byte) (int, error) {
	if u.buf == nil {
		return 0, fs.ErrClosed
	}
	if len(u.left) == 0 {
		rec, err := u.r.Next(u.buf)
		if err != nil {
			return 0, err
		}
		if rec.Kind != frame.Data && rec.Kind != frame.Packed {
			return 0, fmt.Errorf("%w: a record %q has no place in it", frame.ErrRecord, rec.Kind)
		}
		u.left = u.buf.Bytes()[:rec.Length]
	}
	n := copy(b, u.left)
	u.left = u.left[n:]
	return n, nil
}

// Close lets go of the buffers. It may be called again.
func (u *Unpack) Close() {
	if u.buf == nil {
		return
	}
	u.pack.Close()
	buffers.Put(u.buf)
	u.buf, u.left = nil, nil
}
