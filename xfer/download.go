package xfer

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"deskside/xfer/disk"

	"deskside"
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
	in, err := disk.Receive(p, disk.PartialName(c.Agent, p.Name, meta.Size, meta.ModTime), meta, c.Disk)
	if err != nil {
		return Result{}, err
	}
	resumed, err := c.fill(ctx, in, remote, o)
	if err != nil {
		in.Fail(err)
		return Result{}, lost(err)
	}
	return Result{Receipt{p.Name, meta.Size, in.Sum.Now()}, resumed}, nil
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

// fill brings in to its end, and gives with how many bytes it began.
func (c *Client) fill(ctx context.Context, in *disk.Incoming, remote string, o Options) (int64, error) {
	there, err := in.There()
	if err != nil {
		return 0, err
	}
	err = c.fetch(ctx, in, there, remote, o)
	if there > 0 && in.Have == there && deskside.CodeOf(err) == deskside.CodeConflict {
		there = 0
		err = c.fetch(ctx, in, 0, remote, o)
	}
	return there, err
}

// fetch brings in from offset to its end.
func (c *Client) fetch(ctx context.Context, in *disk.Incoming, offset int64, remote string, o Options) error {
	prefix, err := in.Skip(offset)
	if err != nil {
		return err
	}
	req := &Request{Path: remote, Offset: offset, Size: in.Meta.Size, ModTime: in.Meta.ModTime}
	if offset > 0 {
		req.Prefix = &prefix
	}
	resp, err := c.send(ctx, "GET /file", req, nil)
	if err != nil {
		return broke(err)
	}
	defer resp.Body.Close()
	meta, err := readHead(resp.Header)
	if err != nil {
		return err
	}
	if !meta.Same(in.Meta) {
		return disk.Conflict("%q changed meanwhile", disk.Text(remote)).Hint("Copy it again.")
	}
	in.Meta.Mode = meta.Mode
	err = in.Fill(resp.Body, func(have int64) error {
		o.tell(remote, have, in.Meta.Size)
		return nil
	})
	if fault := FaultIn(resp.Trailer); fault != nil {
		return deskside.AsError(fault).From(deskside.ByAgent)
	}
	if err != nil {
		return err
	}
	sum, err := HashIn(resp.Trailer)
	if err != nil {
		return err
	}
	return in.Commit(sum, o.Replace)
}

// broke marks an error of the way as one after which the partial file is kept,
// as is one that only says "not now".
func broke(err error) error {
	if deskside.CodeOf(err) == deskside.CodeConflict {
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

// Open begins to fetch the file at the path remote. The caller closes it.
func (c *Client) Open(ctx context.Context, remote string, o Options) (*Download, error) {
	resp, err := c.send(ctx, "GET /file", &Request{Path: remote}, nil)
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
