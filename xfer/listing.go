package xfer

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"

	"deskside"
	"deskside/xfer/disk"
	"deskside/xfer/flow"
	"deskside/xfer/frame"
	"deskside/xfer/tree"
)

// Limits of the list of a tree, which is held in memory, packed.
const (
	maxListed = 1 << 30  // bytes of it
	maxHeld   = 32 << 20 // and of what is held
)

// listing is what the agent has in a folder and below it, in order.
type listing struct {
	shelf *flow.Shelf // as it came
	r     *tree.Reader
	next  *tree.Head // nil behind the last
	note  func(path string, why *deskside.Error) error
}

// listTree fetches the list of the folder remote. note is told of what the agent
// cannot read.
func (c *Client) listTree(ctx context.Context, remote string, o *TreeOptions, note func(string, *deskside.Error) error) (*listing, error) {
	resp, err := c.send(ctx, "GET /tree", &Request{Path: remote, Sums: o.Checksum, Owners: o.Owners}, accepting{})
	if err != nil {
		return nil, err
	}
	body := unpacked(resp)
	defer body.Close()
	l := &listing{note: note, shelf: new(flow.Shelf)}
	for {
		err := l.shelf.Take(body)
		if l.shelf.Bytes > maxListed || l.shelf.Held > maxHeld {
			return nil, disk.Conflict("the list of %q is longer than can be held here", disk.Text(remote)).Hint("Copy the folders in it one by one.")
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF && FaultIn(resp.Trailer) == nil {
			break
		}
		if fault := FaultIn(resp.Trailer); fault != nil {
			return nil, deskside.AsError(fault).From(deskside.ByAgent)
		}
		if err != nil {
			return nil, cutShort(&tree.Broken{Err: err})
		}
	}
	if fault := FaultIn(resp.Trailer); fault != nil {
		return nil, deskside.AsError(fault).From(deskside.ByAgent)
	}
	return l, l.rewind()
}

// rewind goes to the first entry.
func (l *listing) rewind() error {
	l.r, l.next = tree.NewReader(l.shelf.Reader(), false), nil
	return l.advance()
}

// mode gives the permissions of the folder itself, at the beginning.
func (l *listing) mode() uint16 {
	if l.next == nil || l.next.Path != "" {
		return 0
	}
	return l.next.Mode
}

// meet goes on to path, and gives what is listed there. pass is told of what is
// listed before it.
func (l *listing) meet(path string, pass func(*tree.Head)) (*tree.Head, error) {
	for l.next != nil {
		d := tree.Compare(l.next.Path, path)
		if d > 0 {
			return nil, nil
		}
		h := l.next
		if d < 0 {
			pass(h)
		}
		if err := l.advance(); err != nil || d == 0 {
			return h, err
		}
	}
	return nil, nil
}

// advance goes to the next entry. An agent that goes back is not followed.
func (l *listing) advance() error {
	for {
		rec, err := l.r.Next()
		switch {
		case err == io.EOF:
			l.next = nil
			return nil
		case err != nil:
			return cutShort(err)
		case rec.Why != nil:
			if err := l.note(rec.Path, rec.Why.From(deskside.ByAgent)); err != nil {
				return err
			}
			continue
		case rec.Head == nil:
			return disk.Conflict("the agent's list holds what is no entry")
		case l.next != nil && tree.Compare(rec.Head.Path, l.next.Path) <= 0:
			return disk.Conflict("the agent lists %q out of order", disk.Text(rec.Head.Path))
		}
		l.next = rec.Head
		return nil
	}
}

// cutShort gives an error of reading a body as the client's.
func cutShort(err error) error {
	if errors.Is(err, frame.ErrRecord) {
		return disk.Conflict("the agent sent what cannot be read: %v", err)
	}
	if _, ok := err.(*tree.Broken); ok {
		return interrupted(err)
	}
	return err
}

// pipe carries a body from the goroutine that makes it to the one that sends it.
// What is made waits in a few buffers, so that neither waits for the other's
// every piece.
type pipe struct {
	full   chan []byte
	empty  chan []byte
	closed chan struct{} // by the reader, once: nobody wants more
	close  sync.Once
	err    error  // of the writer; set before full is closed
	now    []byte // being read
	back   []byte // the buffer of now
}

const (
	pipeBuffers = 4
	pipeSize    = 256 << 10
)

func newPipe() *pipe {
	f := &pipe{full: make(chan []byte, pipeBuffers), empty: make(chan []byte, pipeBuffers), closed: make(chan struct{})}
	for range pipeBuffers {
		f.empty <- make([]byte, 0, pipeSize)
	}
	return f
}

// Write hands on a copy of b.
func (f *pipe) Write(b []byte) (n int, err error) {
	for n < len(b) {
		select {
		case <-f.closed:
			return n, io.ErrClosedPipe
		case buf := <-f.empty:
			buf = append(buf[:0], b[n:min(len(b), n+pipeSize)]...)
			n += len(buf)
			f.full <- buf
		}
	}
	return n, nil
}

// end says that no more is written; the reader then gets err, or io.EOF.
func (f *pipe) end(err error) {
	f.err = err
	close(f.full)
}

func (f *pipe) Read(b []byte) (int, error) {
	for len(f.now) == 0 {
		if f.back != nil {
			f.empty <- f.back
			f.back = nil
		}
		next, ok := <-f.full
		if !ok {
			if f.err != nil {
				return 0, f.err
			}
			return 0, io.EOF
		}
		f.now, f.back = next, next
	}
	n := copy(b, f.now)
	f.now = f.now[n:]
	return n, nil
}

// Close is called by an http.RoundTripper when it is done with the body, and by
// whoever has the answer, at the same time.
func (f *pipe) Close() error {
	f.close.Do(func() { close(f.closed) })
	return nil
}

func (f *pipe) attach(r *http.Request) {
	r.Body, r.ContentLength = f, -1
	r.Header.Set("Content-Type", TypePacked)
}

// accepting is no body, of a request whose answer may be packed.
type accepting struct{}

func (accepting) attach(r *http.Request) { r.Header.Set("Accept", TypePacked) }

// unpacked reads the body of an answer, packed or not.
func unpacked(resp *http.Response) io.ReadCloser {
	if resp.Header.Get("Content-Type") != TypePacked {
		return resp.Body
	}
	return &unpacking{flow.NewUnpack(resp.Body), resp.Body}
}

type unpacking struct {
	*flow.Unpack
	body io.Closer
}

func (u *unpacking) Close() error {
	u.Unpack.Close()
	return u.body.Close()
}
