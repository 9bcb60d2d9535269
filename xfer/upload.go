package xfer

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"deskside"
	"deskside/xfer/disk"
	"deskside/xfer/flow"
)

// Options say how a file is copied.
type Options struct {
	Replace  bool // what has the target's name already may go, if it is a file
	Unmarked bool // what arrives here is not marked as from elsewhere

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
	Resumed int64 `json:"resumed,omitempty"` // bytes that were there, from an interrupted transfer or an older file
	Sent    int64 `json:"sent"`              // bytes of the body that brought it
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

// put copies the file at p. Where it cannot be made of what the agent has, all
// of it is sent, once.
func (c *Client) put(ctx context.Context, p *disk.Place, name, remote string, o Options) (Result, error) {
	out, err := disk.Open(p)
	if err != nil {
		return Result{}, err
	}
	defer out.Close()
	mode := Mode(out.Meta.Mode)
	req := &Request{Path: remote, Size: out.Meta.Size, ModTime: out.Meta.ModTime, Mode: &mode, Replace: o.Replace}
	plan, err := c.plan(ctx, req, out)
	if err != nil {
		return Result{}, err
	}
	result, err := c.upload(ctx, req, newUpload(out, plan, out.Fault, name, o))
	if plan != nil && deskside.CodeOf(err) == deskside.CodeConflict && out.Fault() == nil {
		if err := out.Rewind(); err != nil {
			return Result{}, err
		}
		req.Have = ""
		result, err = c.upload(ctx, req, newUpload(out, nil, out.Fault, name, o))
	}
	return result, err
}

// plan asks what the agent has of the file that req is to send; nil stands for
// nothing.
func (c *Client) plan(ctx context.Context, req *Request, out *disk.Outgoing) (*flow.Plan, error) {
	resp, err := c.send(ctx, "GET /chunks", &Request{Path: req.Path, Size: req.Size, ModTime: req.ModTime, Replace: req.Replace}, nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	plan, err := flow.MakePlan(out, resp.Body, func() error {
		if err := ctx.Err(); err != nil {
			return interrupted(err)
		}
		return nil
	})
	if err != nil {
		return nil, lost(err)
	}
	if req.Have = resp.Header.Get(HeaderHave); req.Have != "" && plan != nil {
		return plan, nil
	}
	req.Have = ""
	return nil, out.Rewind()
}

// Source is a file that is sent from somewhere else than a local disk.
type Source struct {
	io.Reader           // exactly Size bytes
	Name      string    // for Progress
	Size      int64     // bytes
	Mode      Mode      // permissions; zero stands for 0644
	ModTime   time.Time // zero stands for now
}

// Send copies a file from a reader to the path remote. A source that says when it
// changed goes on where an earlier one of the same broke: what has arrived is read
// again, and not sent.
func (c *Client) Send(ctx context.Context, src Source, remote string, o Options) (Receipt, error) {
	if src.Mode == 0 {
		src.Mode = usualMode
	}
	again := !src.ModTime.IsZero()
	if !again {
		src.ModTime = time.Now()
	}
	req := &Request{Path: remote, Size: src.Size, ModTime: disk.WireTime(src.ModTime), Mode: &src.Mode, Replace: o.Replace}
	s := &summed{Reader: src.Reader, left: src.Size, sum: disk.NewHasher()}
	if again && src.Size > disk.KeepLeast {
		if err := c.passOver(ctx, req, s); err != nil {
			return Receipt{}, err
		}
	}
	up := newUpload(s, nil, s.Fault, src.Name, o)
	up.sender.Step = func(done, _ int64) error {
		o.tell(src.Name, req.Offset+done, src.Size)
		return nil
	}
	result, err := c.upload(ctx, req, up)
	return result.Receipt, err
}

// passOver reads what the agent has of the file from its source, and has req go on
// behind it. What the two have there is compared by the agent.
func (c *Client) passOver(ctx context.Context, req *Request, s *summed) error {
	var there struct {
		Offset int64 `json:"offset"`
	}
	if err := c.ask(ctx, "GET /partial", &Request{Path: req.Path, Size: req.Size, ModTime: req.ModTime}, &there); err != nil {
		return err
	}
	if there.Offset <= 0 || there.Offset > req.Size {
		return nil
	}
	if _, err := io.CopyN(io.Discard, s, there.Offset); err != nil {
		return cmp.Or(s.err, err)
	}
	prefix := s.Hash()
	req.Offset, req.Prefix = there.Offset, &prefix
	return nil
}

// upload sends one body and reads its receipt.
func (c *Client) upload(ctx context.Context, req *Request, up *upload) (Result, error) {
	up.total = req.Size
	resp, err := c.send(ctx, "PUT /file", req, up)
	if up.closed != nil {
		<-up.closed
	}
	if fault := up.fault(); fault != nil {
		err = fault // the agent only repeats it
	}
	if err != nil {
		if resp != nil {
			resp.Body.Close()
		}
		return Result{}, err
	}
	defer resp.Body.Close()
	var receipt Receipt
	if err := readReply(resp, &receipt); err != nil {
		return Result{}, err
	}
	if receipt.Hash != up.sender.From.Hash() || receipt.Size != req.Size {
		return Result{}, disk.Conflict("the agent's receipt is for another file than was sent").Hint("Copy it again.")
	}
	return Result{receipt, up.sender.Reused, up.sender.Sent}, nil
}

// upload is a request's body: the records of a file.
type upload struct {
	sender flow.Sender
	fault  func() error // why the source failed, if it did
	total  int64
	once   sync.Once
	closed chan struct{}
}

func newUpload(src flow.Source, plan *flow.Plan, fault func() error, name string, o Options) *upload {
	u := &upload{fault: fault}
	u.sender = flow.Sender{From: src, Plan: plan, Step: func(done, _ int64) error {
		o.tell(name, done, u.total)
		return nil
	}}
	return u
}

const expectFrom = 1 << 20 // bytes from which on the agent is asked first whether it takes them

// attach makes u the body of r.
func (u *upload) attach(r *http.Request) {
	r.Body, r.ContentLength = u, -1
	r.Header.Set("Content-Type", TypeRecords)
	u.closed = make(chan struct{})
	if u.total >= expectFrom {
		r.Header.Set("Expect", "100-continue")
	}
}

// WriteTo writes the body. A fault of the source ends it in order, as its last
// record.
func (u *upload) WriteTo(w io.Writer) (int64, error) {
	err := u.sender.Send(w)
	var broken *disk.BrokenError
	if err != nil && !errors.As(err, &broken) {
		err = u.sender.Fault(FaultText(err))
	}
	return u.sender.Sent, err
}

// Read is there because a body has it; net/http takes WriteTo, which keeps the
// records in one piece each.
func (u *upload) Read([]byte) (int, error) { return 0, errors.ErrUnsupported }

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
