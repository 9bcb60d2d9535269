package xfer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"deskside"
	"deskside/xfer/disk"
	"deskside/xfer/flow"
)

// Get copies the file at the path remote to the local path, which is the file's
// own path, not its folder's. It arrives under a hidden name and gets its own
// when all of it is there and its hash is right. Called again after an
// interruption it goes on.
func (c *Client) Get(ctx context.Context, remote, local string, o Options) (_ Result, err error) {
	defer func() { err = here(err) }()
	e, err := c.Stat(ctx, remote, true)
	if err != nil {
		return Result{}, err
	}
	p, err := localPlace(local)
	if err != nil {
		return Result{}, err
	}
	defer p.Close()
	return c.get(ctx, e, remote, p, o)
}

// get copies the file that e describes to p.
func (c *Client) get(ctx context.Context, e Entry, remote string, p *disk.Place, o Options) (Result, error) {
	if e.Kind != disk.File {
		return Result{}, disk.BadRequest("%q is %s; only files are copied", disk.Text(remote), e.Kind.Words())
	}
	if err := disk.CheckNative(p.Name); err != nil {
		return Result{}, err
	}
	if err := disk.Replaceable(p, o.Replace); err != nil {
		return Result{}, err
	}
	meta := disk.Meta{Size: e.Size, ModTime: e.ModTime}
	result, err := c.fetch(ctx, p, remote, meta, o, true)
	if result.Resumed > 0 && deskside.CodeOf(err) == deskside.CodeConflict {
		result, err = c.fetch(ctx, p, remote, meta, o, false)
	}
	return result, err
}

// fetch brings the file remote to p; with help, from what is there of it.
func (c *Client) fetch(ctx context.Context, p *disk.Place, remote string, meta disk.Meta, o Options, help bool) (r Result, err error) {
	tmp := disk.PartialName(c.Agent, p.Name, meta.Size, meta.ModTime)
	in, err := disk.Receive(p, tmp, meta, c.Disk)
	if err != nil {
		return r, err
	}
	in.Origin = c.origin(o)
	c.Sweeper.Look(p.Dir, disk.KeepPartial) // now that this one is held, however old it is
	basis := new(disk.Basis)
	if help {
		basis = disk.OpenBasis(p, tmp, meta.Size, o.Replace)
		defer basis.Close()
		err = in.On(basis)
	} else {
		err = in.Resume(0, disk.Hash{})
	}
	if err == nil {
		r, err = c.fill(ctx, in, basis, remote, o)
	}
	if err != nil {
		in.Fail(err)
		return r, lost(err)
	}
	return r, nil
}

// lost turns a broken way into the error of Client.
func lost(err error) error {
	var b *disk.BrokenError
	if !errors.As(err, &b) {
		return err
	}
	var known *deskside.Error
	if errors.As(b.Err, &known) {
		return known
	}
	return interrupted(b.Err)
}

// fill brings in to its end and gives it its name.
func (c *Client) fill(ctx context.Context, in *disk.Incoming, basis *disk.Basis, remote string, o Options) (r Result, err error) {
	r.Resumed = basis.Size()
	req := &Request{Path: remote, Size: in.Meta.Size, ModTime: in.Meta.ModTime}
	resp, err := c.send(ctx, "POST /file", req, &list{basis, in.Meta.Size})
	if err != nil {
		return r, broke(err)
	}
	defer resp.Body.Close()
	meta, err := readHead(resp.Header)
	if err != nil {
		return r, err
	}
	if !meta.Same(in.Meta) {
		return r, disk.Conflict("%q changed meanwhile", disk.Text(remote)).Hint("Copy it again.")
	}
	in.Meta.Mode = meta.Mode
	body := flow.NewFramed(resp.Body, func(text []byte) error { return deskside.AsError(FaultOf(text)).From(deskside.ByAgent) })
	defer body.Close()
	sum, err := flow.Receive(in, body, func(have int64) error {
		o.tell(remote, have, in.Meta.Size)
		return nil
	})
	if err == nil {
		err = in.Commit(sum, o.Replace)
	}
	return Result{Receipt{Path: in.Name(), Size: in.Meta.Size, Hash: sum}, in.Reused, body.Length}, err
}

// origin gives what files that arrive from the agent are marked with.
func (c *Client) origin(o Options) string {
	if o.Unmarked {
		return ""
	}
	return disk.FromAgent(c.Agent)
}

// list is the body of a request for a file: what there is of it.
type list struct {
	basis *disk.Basis
	size  int64
}

// attach makes l the body of r.
func (l *list) attach(r *http.Request) {
	r.Body, r.ContentLength = l, -1
	r.Header.Set("Content-Type", TypeManifest)
}

// WriteTo writes the body.
func (l *list) WriteTo(w io.Writer) (int64, error) {
	return 0, flow.List(w, l.basis, l.size, func() error { return nil })
}

// Read is there because a body has it.
func (l *list) Read([]byte) (int, error) { return 0, errors.ErrUnsupported }

func (l *list) Close() error { return nil }

// broke marks an error of the way as one after which the partial file is kept,
// as is one that only says "not now"; not one that says "no".
func broke(err error) error {
	switch deskside.CodeOf(err) {
	case deskside.CodeConflict, deskside.CodeRefused:
		return err
	}
	return &disk.BrokenError{Err: err}
}

// Download is a file on its way to somewhere else than a local disk. Reading to
// io.EOF means that the bytes were the agent's; any other end that they must
// not be used.
type Download struct {
	Size    int64 // bytes
	Mode    Mode  // permissions
	ModTime time.Time

	name string
	o    Options
	resp *http.Response
	sum  disk.Hasher
	have int64
}

// trailers asks for a body that ends in a trailer.
type trailers struct{}

func (trailers) attach(r *http.Request) { r.Header.Set("TE", "trailers") }

// Open begins to fetch the file at the path remote. The caller closes it.
func (c *Client) Open(ctx context.Context, remote string, o Options) (*Download, error) {
	resp, err := c.send(ctx, "GET /file", &Request{Path: remote}, trailers{})
	if err != nil {
		return nil, err
	}
	meta, err := readHead(resp.Header)
	if err != nil {
		resp.Body.Close()
		return nil, err
	}
	return &Download{Size: meta.Size, Mode: Mode(meta.Mode), ModTime: meta.ModTime, name: remote, o: o, resp: resp, sum: disk.NewHasher()}, nil
}

// Read gives the next bytes of the file.
func (d *Download) Read(b []byte) (int, error) {
	n, err := d.resp.Body.Read(b)
	d.sum.Write(b[:n])
	d.have += int64(n)
	if n > 0 {
		d.o.tell(d.name, d.have, d.Size)
	}
	switch {
	case err == io.EOF:
		err = d.verify()
	case err != nil:
		err = interrupted(err)
	}
	return n, err
}

// verify gives io.EOF if what came is what was sent.
func (d *Download) verify() error {
	if fault := FaultIn(d.resp.Trailer); fault != nil {
		return fault
	}
	sum, err := HashIn(d.resp.Trailer)
	if err != nil {
		return err
	}
	if sum != d.sum.Now() || d.have != d.Size {
		return disk.Conflict("%q arrived damaged", disk.Text(d.name)).Hint("Copy it again.")
	}
	return io.EOF
}

// Close ends the fetching, wherever it is.
func (d *Download) Close() error { return d.resp.Body.Close() }

// ranged asks for the first bytes of a file alone, by RFC 9110, section 14.
type ranged int64

func (n ranged) attach(r *http.Request) { r.Header.Set("Range", fmt.Sprintf("bytes=0-%d", int64(n)-1)) }

// Start fetches the first n bytes of the file at the path remote, or all of it if
// it has less, and tells how many it has. Nothing says that the rest can be read.
func (c *Client) Start(ctx context.Context, remote string, n int64) (head []byte, meta disk.Meta, err error) {
	resp, err := c.send(ctx, "GET /file", &Request{Path: remote}, ranged(n))
	if err != nil {
		return nil, meta, err
	}
	defer resp.Body.Close()
	if meta, err = readHead(resp.Header); err != nil {
		return nil, meta, err
	}
	want := min(n, meta.Size)
	if head, err = io.ReadAll(io.LimitReader(resp.Body, want)); err != nil || int64(len(head)) < want {
		return nil, meta, interrupted(cmp.Or(err, io.ErrUnexpectedEOF))
	}
	return head, meta, nil
}
