package xfer

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"deskside/xfer/disk"
	"deskside/xfer/haul"
	"deskside/xfer/tree"
)

// PutTree copies the local folder and everything in it to the path remote,
// which becomes that folder, or is one already and is added to. What is there
// already is not sent again. What cannot be copied is noted; an error means that
// it went no further, and that the same call goes on from there.
func (c *Client) PutTree(ctx context.Context, local, remote string, o TreeOptions) (TreeResult, error) {
	p := &putTree{local: local}
	p.delivery = delivery{c: c, ctx: ctx, remote: remote, o: &o, t: new(TreeResult), name: p.at}
	err := p.run()
	return *p.t, here(err)
}

// putTree is a tree on its way from this machine.
type putTree struct {
	delivery
	local string
	from  *disk.Place // nil: local says where
	sent  int64       // bytes of files
	long  []*tree.Head
}

func (p *putTree) run() error {
	if err := p.o.ready(); err != nil {
		return err
	}
	dir, err := p.open()
	if err != nil {
		return err
	}
	defer dir.Close()
	p.mode = dir.Mode()
	if err := p.look(); err != nil {
		return p.t.failed(p.local, err)
	}
	if err := p.send(func() error { return p.walk(dir) }); err != nil {
		return p.t.failed(p.local, err)
	}
	for _, h := range p.long {
		if err := p.putLong(dir, h); err != nil {
			return err
		}
	}
	return p.mirror()
}

// open opens the folder that is sent.
func (p *putTree) open() (*disk.Dir, error) {
	if p.from != nil {
		return disk.OpenDir(p.from.Dir, p.from.Name)
	}
	return openLocal(p.local)
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

func (p *putTree) walk(dir *disk.Dir) error {
	walk := haul.Walk{
		Owners: p.o.Owners,
		Leave: func(path string, folder bool) bool {
			leave := p.o.leave(path, folder)
			if leave {
				p.extra.keep(path)
			}
			return leave
		},
		Each: p.entry,
		Trouble: func(path string, err error) error {
			p.extra.unread(err)
			p.t.noted(p.at(path), err)
			return nil
		},
	}
	return walk.Run(dir)
}

// at gives the local path of one in the tree.
func (p *putTree) at(path string) string { return filepath.Join(p.local, filepath.FromSlash(path)) }

// entry decides about an entry, and sends it.
func (p *putTree) entry(e *haul.Entry) error {
	there, err := p.meet(e.Head.Path)
	if err != nil {
		return err
	}
	if p.o.Checksum && e.Head.Kind == tree.File && there != nil && there.Size == e.Head.Size {
		if err := e.AddSum(p.ctx.Err); err != nil {
			return p.unread(e.Head.Path, err)
		}
	}
	switch send, err := p.wanted(e.Head, there); {
	case err != nil || !send:
		return err
	case e.Head.Kind != tree.File:
		return p.w.Entry(e.Head)
	case e.Head.Size > LongFile:
		if e.AddAttrs(); p.o.alone(e.Head, disk.MayHaveHoles(e.Info)) {
			p.long = append(p.long, e.Head)
			return nil
		}
	}
	sum, err := haul.Send(p.w, e, p.o.Owners, p.moved)
	if err == nil {
		p.o.each(e.Head, StepCopy, sum)
		if e.Lost != nil {
			p.t.noted(p.at(e.Head.Path), e.Lost)
		}
	}
	return p.unread(e.Head.Path, err)
}

func (p *putTree) unread(path string, err error) error {
	if what, ok := errors.AsType[*haul.Unread](err); ok {
		p.extra.unread(what.Err)
		p.t.noted(p.at(path), what.Err)
		return nil
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
		return p.t.odd(p.at(h.Path), err)
	}
	defer done()
	sent, err := p.c.put(p.ctx, at, p.at(h.Path), joinRemote(p.remote, h.Path), p.o.Options)
	if err != nil {
		return p.t.odd(p.at(h.Path), err)
	}
	p.t.Files++
	p.t.Bytes += sent.Size
	if sent.Plain {
		p.t.Plain++
	}
	p.o.each(h, StepCopy, &sent.Hash)
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
