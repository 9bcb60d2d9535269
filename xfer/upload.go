package xfer

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"deskside/xfer/disk"

	"deskside"
)

// Options say how a file is copied.
type Options struct {
	Replace bool // what has the target's name already may go, if it is a file

	// Progress is called as bytes move, from the goroutine of the call.
	// Done begins above zero where an interrupted transfer goes on. Nil is fine.
	Progress func(Progress)
}

// Progress is how far a file has come.
type Progress struct {
	Path  string // as the caller named the source
	Done  int64  // bytes
	Total int64  // bytes
}

func (o Options) tell(path string, done, total int64) {
	if o.Progress != nil {
		o.Progress(Progress{path, done, total})
	}
}

// Result says what was copied.
type Result struct {
	Receipt
	Resumed int64 `json:"resumed,omitempty"` // bytes that were there from an interrupted transfer
}

// Put copies the local file to the path remote, which is the file's own path,
// not its folder's. Called again after an interruption it goes on.
func (c *Client) Put(ctx context.Context, local, remote string, o Options) (_ Result, err error) {
	defer func() { err = here(err) }()
	real, err := filepath.EvalSymlinks(local)
	if err != nil {
		return Result{}, disk.Explain(err, "read", local)
	}
	p, err := localPlace(real)
	if err != nil {
		return Result{}, err
	}
	defer p.Close()
	return c.put(ctx, p, local, remote, o)
}

// localPlace opens the folder of a local path.
func localPlace(path string) (*disk.Place, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, disk.Explain(err, "open", path)
	}
	dir, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, disk.Explain(err, "open", filepath.Dir(path))
	}
	p := &disk.Place{Top: dir, Dir: dir, Name: filepath.Base(path)}
	p.Info, err = dir.Lstat(p.Name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		p.Close()
		return nil, disk.Explain(err, "open", path)
	}
	return p, nil
}

// put copies the file at p. Where the agent has a beginning that turns out to
// be another file's, it begins again, once.
func (c *Client) put(ctx context.Context, p *disk.Place, name, remote string, o Options) (Result, error) {
	out, err := disk.Open(p)
	if err != nil {
		return Result{}, err
	}
	defer out.Close()
	req := &Request{Path: remote, Size: out.Meta.Size, ModTime: out.Meta.ModTime, Mode: Mode(out.Meta.Mode), Replace: o.Replace}
	if err := c.goOn(ctx, req, out); err != nil {
		return Result{}, err
	}
	receipt, err := c.upload(ctx, req, &upload{src: out, Fault: out.Fault, name: name, o: o})
	if req.Offset > 0 && deskside.CodeOf(err) == deskside.CodeConflict && out.Fault() == nil {
		if err := out.Rewind(); err != nil {
			return Result{}, err
		}
		req.Offset, req.Prefix = 0, nil
		receipt, err = c.upload(ctx, req, &upload{src: out, Fault: out.Fault, name: name, o: o})
	}
	return Result{receipt, req.Offset}, err
}

// goOn asks how much of the file is there, and skips that much of the source.
func (c *Client) goOn(ctx context.Context, req *Request, out *disk.Outgoing) error {
	var there struct{ Offset int64 }
	ask := &Request{Path: req.Path, Size: req.Size, ModTime: req.ModTime}
	if err := c.ask(ctx, "GET /partial", ask, &there); err != nil {
		return err
	}
	if there.Offset <= 0 || there.Offset > req.Size {
		return nil
	}
	prefix, err := out.Skip(there.Offset)
	req.Offset, req.Prefix = there.Offset, &prefix
	return err
}

// Source is a file that is sent from somewhere else than a local disk.
type Source struct {
	io.Reader           // exactly Size bytes
	Name      string    // for Progress
	Size      int64     // bytes
	Mode      Mode      // permissions; zero stands for 0644
	ModTime   time.Time // zero stands for now
}

// Send copies a file from a reader to the path remote. It does not go on where
// an earlier one broke, for a reader cannot.
func (c *Client) Send(ctx context.Context, src Source, remote string, o Options) (Receipt, error) {
	if src.Mode == 0 {
		src.Mode = 0o644
	}
	if src.ModTime.IsZero() {
		src.ModTime = time.Now()
	}
	req := &Request{Path: remote, Size: src.Size, ModTime: disk.WireTime(src.ModTime), Mode: src.Mode, Replace: o.Replace}
	s := &summed{Reader: src.Reader, left: src.Size, sum: disk.NewHasher()}
	return c.upload(ctx, req, &upload{src: s, Fault: s.Fault, name: src.Name, o: o})
}

// upload sends one body and reads its receipt.
func (c *Client) upload(ctx context.Context, req *Request, up *upload) (Receipt, error) {
	up.done, up.total = req.Offset, req.Size
	resp, err := c.send(ctx, "PUT /file", req, up)
	if up.closed != nil {
		<-up.closed
	}
	if fault := up.Fault(); fault != nil {
		err = fault // the agent only repeats it
	}
	if err != nil {
		if resp != nil {
			resp.Body.Close()
		}
		return Receipt{}, err
	}
	defer resp.Body.Close()
	var receipt Receipt
	if err := readReply(resp, &receipt); err != nil {
		return Receipt{}, err
	}
	if receipt.Hash != up.src.Hash() || receipt.Size != req.Size {
		return Receipt{}, disk.Conflict("the agent's receipt is for another file than was sent").Hint("Copy it again.")
	}
	return receipt, nil
}

// hashed is a reader that knows the hash of what it gave.
type hashed interface {
	io.Reader
	Hash() disk.Hash
}

// upload is a request's body. At its end it sets the trailer: the hash, or why
// the source could not be read to the end as it was.
type upload struct {
	src   hashed
	Fault func() error // why src failed, if it did
	name  string
	o     Options

	done, total int64
	trailer     http.Header
	once        sync.Once
	closed      chan struct{}
}

const expectFrom = 1 << 20 // bytes from which on the agent is asked first whether it takes them

// attach makes u the body of r.
func (u *upload) attach(r *http.Request) {
	u.trailer = http.Header{HeaderHash: nil, HeaderFault: nil}
	r.Body, r.Trailer, r.ContentLength = u, u.trailer, -1
	u.closed = make(chan struct{})
	if u.total-u.done >= expectFrom {
		r.Header.Set("Expect", "100-continue")
	}
}

func (u *upload) Read(b []byte) (int, error) {
	n, err := u.src.Read(b)
	u.done += int64(n)
	if n > 0 {
		u.o.tell(u.name, u.done, u.total)
	}
	switch {
	case err == io.EOF:
		u.trailer.Set(HeaderHash, u.src.Hash().String())
	case err != nil:
		u.trailer.Set(HeaderFault, FaultText(err))
		err = io.EOF // the body ends in order, with the fault as its trailer
	}
	return n, err
}

// Close leaves the source open, for it may be sent again. An http.RoundTripper
// calls it when it is done with the body, which may be after it gave the reply.
func (u *upload) Close() error {
	u.once.Do(func() { close(u.closed) })
	return nil
}

// summed hashes what a Source gives and holds it to its size.
type summed struct {
	io.Reader
	left int64
	sum  disk.Hasher
	err  error
}

func (s *summed) Hash() disk.Hash { return s.sum.Now() }
func (s *summed) Fault() error    { return s.err }

func (s *summed) Read(b []byte) (int, error) {
	n, err := s.Reader.Read(b)
	s.sum.Write(b[:n])
	s.left -= int64(n)
	switch {
	case s.left < 0:
		s.err = disk.Conflict("the source is longer than it said").Hint("Copy it again.")
	case err == io.EOF && s.left > 0:
		s.err = disk.Conflict("the source ended %d bytes early", s.left).Hint("Copy it again.")
	case err != nil && err != io.EOF:
		s.err = err
	}
	if s.err != nil {
		return 0, s.err
	}
	return n, err
}
