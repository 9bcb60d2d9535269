package xfer

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	"deskside"
	"deskside/xfer/disk"
	"deskside/xfer/haul"
	"deskside/xfer/tree"
)

// PutTree copies the local folder and everything in it to the path remote,
// which becomes that folder, or is one already and is added to. What is there
// already is not sent again. What cannot be copied is noted; an error means that
// it went no further, and that the same call goes on from there.
func (c *Client) PutTree(ctx context.Context, local, remote string, o TreeOptions) (TreeResult, error) {
	p := &putTree{c: c, ctx: ctx, local: local, remote: remote, o: o}
	err := p.run()
	return p.t, here(err)
}

// putTree is a tree on its way to the agent.
type putTree struct {
	c             *Client
	ctx           context.Context
	local, remote string
	o             TreeOptions
	t             TreeResult

	there *listing // nil: nothing is there
	w     *tree.Writer
	body  *flow
	sent  int64 // bytes of files
	long  []*tree.Head
	extra []*tree.Head // at the target alone
}

func (p *putTree) run() error {
	if err := p.o.checkExclude(); err != nil {
		return err
	}
	dir, err := openLocal(p.local)
	if err != nil {
		return err
	}
	defer dir.Close()
	p.there, err = p.c.listTree(p.ctx, p.remote, &p.o, func(string, *deskside.Error) error { return nil })
	if err != nil && deskside.CodeOf(err) != deskside.CodeNotFound {
		return p.t.failed(p.local, err)
	}
	if err := p.stream(dir); err != nil {
		return p.t.failed(p.local, err)
	}
	for _, h := range p.long {
		if err := p.putLong(dir, h); err != nil {
			return err
		}
	}
	return p.remove()
}

// openLocal opens a folder of this machine.
func openLocal(path string) (*disk.Dir, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, disk.Explain(err, "read", path)
	}
	at, err := localPlace(real)
	if err != nil {
		return nil, err
	}
	defer at.Close()
	return disk.OpenDir(at.Dir, at.Name)
}

// stream sends all that goes in one body.
func (p *putTree) stream(dir *disk.Dir) error {
	if p.o.DryRun {
		return p.walk(dir)
	}
	type answer struct {
		r   TreeReceipt
		err error
	}
	p.body = newFlow()
	p.w = tree.NewWriter(p.body)
	done := make(chan answer, 1)
	go func() {
		var a answer
		resp, err := p.c.send(p.ctx, "PUT /tree", &Request{Path: p.remote, Replace: p.o.Replace, Owners: p.o.Owners}, p.body)
		if a.err = err; err == nil {
			defer resp.Body.Close()
			a.err = readReply(resp, &a.r)
		}
		p.body.Close() // nobody reads on
		done <- a
	}()
	err := p.walk(dir)
	if err == nil {
		err = p.w.Close()
	}
	p.body.end(err)
	a := <-done
	if a.err != nil && (err == nil || errors.Is(err, io.ErrClosedPipe)) {
		err = a.err
	}
	if err != nil {
		return err
	}
	p.take(a.r)
	return nil
}

// take counts what arrived.
func (p *putTree) take(r TreeReceipt) {
	p.t.Files += r.Files
	p.t.Folders += r.Folders
	p.t.Links += r.Links
	p.t.Bytes += r.Bytes
	p.t.More += r.More
	for _, n := range r.Failed {
		if n.Error != nil {
			p.t.Failed = append(p.t.Failed, Note{filepath.Join(p.local, filepath.FromSlash(n.Path)), n.Error.From(deskside.ByAgent)})
		}
	}
}

func (p *putTree) walk(dir *disk.Dir) error {
	walk := haul.Walk{
		Owners: p.o.Owners,
		Leave:  func(path string, _ bool) bool { return p.o.leave(path) },
		Each:   p.entry,
		Trouble: func(path string, err error) error {
			return p.t.failed(p.at(path), err)
		},
	}
	if err := walk.Run(dir); err != nil {
		return err
	}
	if p.there == nil {
		return nil
	}
	for h := p.there.next; h != nil; h = p.there.next {
		p.pass(h)
		if err := p.there.advance(); err != nil {
			return err
		}
	}
	return nil
}

// at gives the local path of one in the tree.
func (p *putTree) at(path string) string { return filepath.Join(p.local, filepath.FromSlash(path)) }

// pass goes past what the target alone has.
func (p *putTree) pass(h *tree.Head) { p.extra = addExtra(p.extra, h, &p.o) }

// addExtra adds what is to be taken away, but not what is in a folder that is.
func addExtra(list []*tree.Head, h *tree.Head, o *TreeOptions) []*tree.Head {
	if !o.Delete || h.Path == "" || o.leave(h.Path) {
		return list
	}
	if n := len(list); n > 0 && within(h.Path, list[n-1].Path) {
		return list
	}
	return append(list, h)
}

func within(path, folder string) bool {
	return len(path) > len(folder) && path[:len(folder)] == folder && path[len(folder)] == '/'
}

// entry decides about an entry, and sends it.
func (p *putTree) entry(e *haul.Entry) error {
	if err := p.ctx.Err(); err != nil {
		return interrupted(err)
	}
	var there *tree.Head
	if p.there != nil {
		var err error
		if there, err = p.there.meet(e.Head.Path, p.pass); err != nil {
			return err
		}
	}
	if p.o.Checksum && e.Head.Kind == tree.File && there != nil && there.Size == e.Head.Size {
		if err := e.AddSum(p.ctx.Err); err != nil {
			return p.unread(e.Head.Path, err)
		}
	}
	switch p.o.judge(e.Head, there) {
	case sameThere:
		p.t.same(e.Head)
		return nil
	case keepThere:
		p.t.Kept++
		return nil
	case refused:
		return p.t.failed(p.at(e.Head.Path), disk.Exists(e.Head.Name()))
	}
	if there == nil || e.Head.Kind != tree.Folder {
		p.o.each(e.Head, "copy")
	}
	e.Head.Hash = nil
	switch {
	case p.o.DryRun:
		p.count(e.Head, there)
	case e.Head.Kind != tree.File:
		return p.w.Entry(e.Head)
	case e.Head.Size > longFile && !disk.MayHaveHoles(e.Info):
		p.long = append(p.long, e.Head)
	default:
		return p.unread(e.Head.Path, haul.Send(p.w, e, p.o.Owners, p.moved))
	}
	return nil
}

// count counts what would be done.
func (p *putTree) count(h, there *tree.Head) {
	switch {
	case h.Kind == tree.File:
		p.t.Files++
		p.t.Bytes += h.Size
	case h.Kind == tree.Link:
		p.t.Links++
	case there == nil:
		p.t.Folders++
	}
}

func (p *putTree) unread(path string, err error) error {
	if what, ok := errors.AsType[*haul.Unread](err); ok {
		return p.t.failed(p.at(path), what.Err)
	}
	return err
}

// moved counts bytes of files.
func (p *putTree) moved(n int) error {
	p.sent += int64(n)
	p.o.tell(p.local, p.sent, 0)
	return p.ctx.Err()
}

// putLong sends a file by itself.
func (p *putTree) putLong(top *disk.Dir, h *tree.Head) error {
	at, done, err := placeIn(top, h.Path)
	if err != nil {
		return p.t.failed(p.at(h.Path), err)
	}
	defer done()
	sent, err := p.c.put(p.ctx, at, p.at(h.Path), joinRemote(p.remote, h.Path), p.o.Options)
	if err != nil {
		return p.t.failed(p.at(h.Path), err)
	}
	p.t.Files++
	p.t.Bytes += sent.Size
	return nil
}

// placeIn gives the place of a path in a tree of this machine.
func placeIn(top *disk.Dir, path string) (*disk.Place, func(), error) {
	dir, name, done := top, path, func() {}
	if folder, base := filepath.Split(path); folder != "" {
		in, err := top.Descend(folder[:len(folder)-1])
		if err != nil {
			return nil, nil, err
		}
		dir, name, done = in, base, in.Close
	}
	at := &disk.Place{Top: dir.Root, Dir: dir.Root, Name: name}
	info, err := dir.Root.Lstat(name)
	if err == nil {
		at.Info = info
	} else if !errors.Is(err, os.ErrNotExist) {
		done()
		return nil, nil, disk.Explain(err, "open", name)
	}
	return at, done, nil
}

// remove takes away what the target alone has, unless something could not be
// copied: then it may be what is left of it.
func (p *putTree) remove() error {
	for _, h := range p.extra {
		p.o.each(h, "delete")
		if !p.o.DryRun {
			err := p.c.Delete(p.ctx, joinRemote(p.remote, h.Path), h.Kind == tree.Folder)
			if err != nil {
				if err := p.t.failed(joinRemote(p.remote, h.Path), err); err != nil {
					return err
				}
				continue
			}
		}
		p.t.Deleted++
	}
	return nil
}
