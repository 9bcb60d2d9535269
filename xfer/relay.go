package xfer

import (
	"bytes"
	"cmp"
	"context"
	"io"

	"deskside"
	"deskside/xfer/disk"
	"deskside/xfer/tree"
)

// Relay copies the file at the path remote to the path target of another agent.
// Its bytes pass through this machine and stay in none of it; after a break it
// begins again.
func (c *Client) Relay(ctx context.Context, remote string, to *Client, target string, o Options) (Result, error) {
	d, err := c.Open(ctx, remote, o)
	if err != nil {
		return Result{}, err
	}
	defer d.Close()
	receipt, err := to.Send(ctx, Source{Reader: d, Name: remote, Size: d.Size, Mode: d.Mode, ModTime: d.ModTime}, target, Options{Replace: o.Replace})
	return Result{Receipt: receipt}, err
}

// RelayTree copies the folder remote and everything in it to the path target of
// another agent, as PutTree does.
func (c *Client) RelayTree(ctx context.Context, remote string, to *Client, target string, o TreeOptions) (TreeResult, error) {
	r := &crossing{from: c, source: remote}
	r.delivery = delivery{c: to, ctx: ctx, remote: target, o: &o, t: new(TreeResult), name: r.at}
	err := r.run()
	return *r.t, err
}

// crossing is a tree on its way from one agent to another: files come in the body of
// a fetch, and go on in the one that is sent.
type crossing struct {
	delivery
	from   *Client
	source string
	list   *listing
	wants  wants
	moved  int64 // bytes of files
}

// at gives a path of the source.
func (r *crossing) at(path string) string { return joinRemote(r.source, path) }

func (r *crossing) run() (err error) {
	if err := r.o.ready(); err != nil {
		return err
	}
	r.list, err = r.from.listTree(r.ctx, r.source, r.o, r.note)
	if err != nil {
		return r.t.failed(r.source, err)
	}
	r.mode = r.list.mode()
	if err := r.look(); err != nil {
		return r.t.failed(r.source, err)
	}
	if err := r.send(r.entries); err != nil {
		return r.t.failed(r.source, err)
	}
	return r.mirror()
}

// note notes what the source cannot read.
func (r *crossing) note(path string, why *deskside.Error) error {
	if r.o.leave(path, false) {
		return nil
	}
	r.extra.unread(why)
	r.t.noted(r.at(path), why)
	return nil
}

// entries goes through the source's list: folders and links are sent from it,
// files are asked for.
func (r *crossing) entries() error {
	for h := r.list.next; h != nil; h = r.list.next {
		if err := r.list.advance(); err != nil {
			return err
		}
		if r.o.leave(h.Path, h.Kind == tree.Folder) {
			r.extra.keep(h.Path)
			continue
		}
		there, err := r.meet(h.Path)
		if err != nil {
			return err
		}
		switch send, err := r.wanted(h, there); {
		case err != nil:
			return err
		case !send:
			continue
		case h.Kind != tree.File:
			if err := r.w.Entry(h); err != nil {
				return err
			}
			continue
		}
		if r.wants.full(h) {
			if err := r.fetch(); err != nil {
				return err
			}
		}
		r.wants.add(h)
	}
	return r.fetch()
}

// fetch brings the files that are wanted, and sends them on.
func (r *crossing) fetch() error {
	if len(r.wants.list) == 0 {
		return nil
	}
	body, err := r.from.fetchFiles(r.ctx, r.source, r.o.Owners, &r.wants)
	if err != nil {
		return err
	}
	defer body.Close()
	in := tree.NewReader(body, true)
	err = r.wants.take(in, func(h *tree.Head) error { return r.forward(h, in) }, func(path string, why *deskside.Error) error {
		r.extra.unread(why)
		r.t.noted(r.at(path), why)
		return nil
	})
	return body.fault(err)
}

// forward sends one file on, as it comes.
func (r *crossing) forward(h *tree.Head, in *tree.Reader) error {
	if err := r.w.Entry(h); err != nil {
		return err
	}
	if _, err := io.Copy(relayed{r}, in); err != nil {
		return err
	}
	sum, fault, err := in.Sum()
	switch {
	case err != nil:
		return err
	case fault != nil:
		return r.w.Fault(fault)
	}
	whole := disk.Hash(sum)
	r.o.each(h, StepCopy, &whole)
	return r.w.End(sum)
}

// relayed counts what is sent on.
type relayed struct{ r *crossing }

func (w relayed) Write(b []byte) (int, error) {
	n, err := w.r.w.Write(b)
	w.r.moved += int64(n)
	w.r.o.tell(w.r.source, w.r.moved, 0)
	return n, cmp.Or(err, w.r.ctx.Err())
}

// wants are files of a tree that are asked for at once.
type wants struct {
	list  []*tree.Head
	bytes int // of their paths
}

// full reports whether h must wait for the next time.
func (w *wants) full(h *tree.Head) bool {
	return len(w.list) == MaxWants || w.bytes+len(h.Path)+8 > MaxWantBytes-64
}

func (w *wants) add(h *tree.Head) {
	w.list = append(w.list, h)
	w.bytes += len(h.Path) + 8
}

// take goes through the files that come, which must be those that were asked for,
// in that order and nothing else. A file may have a note behind it, of what of it did
// not come. Then nothing is wanted any more.
func (w *wants) take(r *tree.Reader, file func(*tree.Head) error, note func(path string, why *deskside.Error) error) error {
	left := w.list
	defer func() { w.list, w.bytes = w.list[:0], 0 }()
	for came := ""; ; {
		rec, err := r.Next()
		switch {
		case err == io.EOF && len(left) == 0:
			return nil
		case err == io.EOF:
			return disk.Conflict("the agent left out %q", disk.Text(left[0].Path))
		case err != nil:
			return err
		case rec.Why != nil && came != "" && rec.Path == came:
			came = ""
			if err := note(rec.Path, rec.Why.From(deskside.ByAgent)); err != nil {
				return err
			}
			continue
		case len(left) == 0:
			return disk.Conflict("the agent sent more files than were asked for")
		}
		came = left[0].Path
		switch {
		case rec.Why != nil && rec.Path == came:
			came = ""
			err = note(rec.Path, rec.Why.From(deskside.ByAgent))
		case rec.Head == nil || rec.Head.Kind != tree.File || rec.Head.Path != came:
			err = disk.Conflict("the agent sent something else than %q, which was asked for", disk.Text(came))
		default:
			err = file(rec.Head)
		}
		if err != nil {
			return err
		}
		left = left[1:]
	}
}

// fetchFiles asks for the files that are wanted of the folder remote.
func (c *Client) fetchFiles(ctx context.Context, remote string, owners bool, wanted *wants) (*fetched, error) {
	var ask bytes.Buffer
	w := tree.NewWriter(&ask)
	for _, h := range wanted.list {
		w.Want(h.Path)
	}
	w.Close()
	resp, err := c.send(ctx, "POST /fetch", &Request{Path: remote, Owners: owners}, inMemory{&ask})
	if err != nil {
		return nil, err
	}
	return &fetched{unpacked(resp), resp}, nil
}
