package xfer

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"deskside"
	"deskside/xfer/disk"
	"deskside/xfer/haul"
	"deskside/xfer/tree"
)

// GetTree copies the folder remote and everything in it to the local path,
// which becomes that folder, or is one already and is added to. It is otherwise
// as PutTree.
func (c *Client) GetTree(ctx context.Context, remote, local string, o TreeOptions) (TreeResult, error) {
	g := &getTree{c: c, ctx: ctx, remote: remote, local: local, o: o}
	g.extra.o = &g.o
	err := g.run()
	return g.t, here(err)
}

// getTree is a tree on its way from the agent.
type getTree struct {
	c             *Client
	ctx           context.Context
	to            *disk.Place // nil: local says where
	remote, local string
	o             TreeOptions
	t             TreeResult

	list  *listing
	top   *disk.Dir // nil in a dry run to where nothing is
	made  bool
	l     *haul.Landing
	wants wants
	got   int64
	long  []*tree.Head
	extra extras
	mu    sync.Mutex // one step is told at a time
}

func (g *getTree) run() (err error) {
	if err := g.o.ready(); err != nil {
		return err
	}
	quiet := func(string, *deskside.Error) error { return nil } // until it is gone through
	g.list, err = g.c.listTree(g.ctx, g.remote, &g.o, quiet)    // before a folder is made for nothing
	if err != nil {
		return g.t.failed(g.remote, err)
	}
	if err := g.openTop(); err != nil {
		return g.t.failed(g.remote, err)
	}
	if g.top != nil {
		defer g.top.Close()
	}
	if err := g.surplus(); err != nil { // before what arrives is there too
		return err
	}
	g.list.note = g.note
	if err := g.list.rewind(); err != nil {
		return err
	}
	if err := g.land(); err != nil {
		return g.t.failed(g.remote, err)
	}
	return g.extra.remove(&g.t, g.at, g.removeOne)
}

// at gives the local path of one in the tree.
func (g *getTree) at(path string) string { return filepath.Join(g.local, filepath.FromSlash(path)) }

// each tells of a step: files are told of by the goroutine that names them.
func (g *getTree) each(h *tree.Head, do Step, sum *disk.Hash) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.o.each(h, do, sum)
}

// arrived tells of files that get their names.
func (g *getTree) arrived(list []haul.Arrival) error {
	for _, a := range list {
		if a.Head.Kind == tree.File {
			g.each(a.Head, StepCopy, &a.Sum)
		}
	}
	return nil
}

// note notes what the agent cannot read.
func (g *getTree) note(path string, why *deskside.Error) error {
	if g.o.leave(path, false) {
		return nil
	}
	g.t.noted(joinRemote(g.remote, path), why)
	return nil
}

// openTop opens the local folder, and makes it if it is not there.
func (g *getTree) openTop() error {
	at := g.to
	if at == nil {
		var err error
		if at, err = localPlace(g.local); err != nil {
			return err
		}
		defer at.Close()
	}
	if at.Info == nil {
		if g.made = true; g.o.DryRun {
			g.t.Folders++
			return nil
		}
		if err := disk.MakeFolder(at.Dir, at.Name, g.list.mode()); err != nil {
			return disk.Explain(err, "make", at.Name)
		}
	} else if !at.Info.IsDir() {
		return disk.Exists(at.Name)
	}
	var err error
	g.top, err = disk.OpenDir(at.Dir, at.Name)
	return err
}

// sweep takes away what was left in a folder.
func sweep(dir *os.Root) { disk.Sweep(dir, time.Now().Add(-disk.KeepPartial)) }

// land takes in all that is listed.
func (g *getTree) land() error {
	g.l = &haul.Landing{Top: g.top, Made: g.made, Replace: g.o.Replace, Owners: g.o.Owners, Disk: g.c.Disk, Origin: g.c.origin(g.o.Options), Record: g.arrived, Step: g.ctx.Err}
	if !g.o.DryRun {
		g.l.Sweep = sweep
	}
	err := g.entries()
	if err == nil {
		err = g.fetch()
	}
	before := len(g.t.Failed)
	for _, h := range g.long {
		if err == nil {
			g.l.Flush()
			err = g.getLong(h)
		}
	}
	long := slices.Clone(g.t.Failed[before:])
	g.t.Failed = g.t.Failed[:before]
	err = cmp.Or(g.l.Close(), err)
	g.t.Files += g.l.Result.Files
	g.t.Folders += g.l.Result.Folders
	g.t.Links += g.l.Result.Links
	g.t.Bytes += g.l.Result.Bytes
	g.t.More += g.l.Result.More
	for _, n := range g.l.Result.Failed {
		g.t.noted(joinRemote(g.remote, n.Path), n.Err)
	}
	g.t.Failed = append(g.t.Failed, long...) // behind the folders that they are not in
	return err
}

// entries goes through the list: folders and links are made from it, files are
// asked for.
func (g *getTree) entries() error {
	for h := g.list.next; h != nil; h = g.list.next {
		if err := g.list.advance(); err != nil {
			return err
		}
		if g.o.leave(h.Path, h.Kind == tree.Folder) {
			continue
		}
		if err := g.entry(h); err != nil {
			return err
		}
	}
	return nil
}

func (g *getTree) entry(h *tree.Head) error {
	if err := g.ctx.Err(); err != nil {
		return interrupted(err)
	}
	if h.Path == "" {
		return g.add(h)
	}
	there, err := g.there(h)
	if err != nil {
		return g.t.odd(joinRemote(g.remote, h.Path), err)
	}
	switch g.o.judge(h, there) {
	case sameThere:
		g.t.same(h)
		g.each(h, StepSame, nil)
		return nil
	case keepThere:
		g.t.Kept++
		g.each(h, StepKeep, nil)
		return nil
	case refused:
		return g.t.failed(joinRemote(g.remote, h.Path), disk.Exists(h.Name()))
	}
	if g.o.DryRun {
		if err := g.o.foresee(h); err != nil {
			return g.t.failed(joinRemote(g.remote, h.Path), err)
		}
	}
	if (there == nil || h.Kind != tree.Folder) && (g.o.DryRun || h.Kind != tree.File) {
		g.each(h, StepCopy, nil)
	}
	switch {
	case g.o.DryRun:
		g.t.would(h, there)
		return nil
	case h.Kind != tree.File:
		return g.add(h)
	case g.o.alone(h, h.Holes):
		g.long = append(g.long, h)
		return nil
	}
	if g.wants.full(h) {
		if err := g.fetch(); err != nil {
			return err
		}
	}
	g.wants.add(h)
	return nil
}

func (g *getTree) add(h *tree.Head) error {
	if g.o.DryRun {
		return nil
	}
	return g.l.Add(h, nil)
}

// there describes what this machine has of the path.
func (g *getTree) there(h *tree.Head) (*tree.Head, error) {
	if g.top == nil {
		return nil, nil
	}
	e, err := g.l.Look(h.Path)
	if err != nil || e == nil {
		return nil, err
	}
	if g.o.Checksum && e.Head.Kind == tree.File && h.Kind == tree.File && e.Head.Size == h.Size {
		if err := e.AddSum(g.ctx.Err); err != nil {
			return nil, err
		}
	}
	return e.Head, nil
}

// fetch brings the files that are wanted.
func (g *getTree) fetch() error {
	if len(g.wants.list) == 0 {
		return nil
	}
	body, err := g.c.fetchFiles(g.ctx, g.remote, g.o.Owners, &g.wants)
	if err != nil {
		return err
	}
	defer body.Close()
	r := tree.NewReader(counted{body, g}, true)
	err = g.wants.take(r, func(h *tree.Head) error { return g.l.Add(h, r) }, func(path string, why *deskside.Error) error {
		g.t.noted(joinRemote(g.remote, path), why)
		return nil
	})
	return body.fault(err)
}

// inMemory is the body of a request that is all there.
type inMemory struct{ b *bytes.Buffer }

func (m inMemory) attach(r *http.Request) {
	text := m.b.Bytes()
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	accepting{}.attach(r)
}

// fetched is the body of an answer with files.
type fetched struct {
	io.ReadCloser
	resp *http.Response
}

// fault gives err, which reading came to, or what the agent says went wrong.
func (f *fetched) fault(err error) error {
	if fault := FaultIn(f.resp.Trailer); fault != nil {
		return deskside.AsError(fault).From(deskside.ByAgent)
	}
	return cutShort(err)
}

// counted tells of bytes as they arrive.
type counted struct {
	io.Reader
	g *getTree
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.g.got += int64(n)
	if n > 0 {
		c.g.o.tell(c.g.remote, c.g.got, 0)
	}
	return n, err
}

// getLong fetches a file by itself.
func (g *getTree) getLong(h *tree.Head) error {
	remote := joinRemote(g.remote, h.Path)
	at, done, err := placeIn(g.top, h.Path)
	if err != nil {
		return g.t.odd(remote, err)
	}
	defer done()
	e := Entry{Kind: disk.File, Size: h.Size, Mode: Mode(h.Mode), ModTime: h.ModTime}
	got, err := g.c.get(g.ctx, e, remote, at, g.o.Options)
	if err != nil {
		return g.t.odd(remote, err)
	}
	g.t.Files++
	g.t.Bytes += got.Size
	g.each(h, StepCopy, &got.Hash)
	return nil
}

// surplus finds what this machine alone has.
func (g *getTree) surplus() error {
	if !g.o.Delete || g.top == nil {
		return nil
	}
	kept := make(map[string]bool) // what the agent has and cannot read
	g.list.note = func(path string, why *deskside.Error) error {
		if kept[path] = true; !g.o.leave(path, false) {
			g.extra.unread(why)
		}
		return nil
	}
	if err := g.list.rewind(); err != nil {
		return err
	}
	walk := haul.Walk{
		Leave: func(path string, folder bool) bool {
			leave := g.o.leave(path, folder)
			if leave {
				g.extra.keep(path)
			}
			return leave
		},
		Trouble: func(string, error) error { return nil },
		Each: func(e *haul.Entry) error {
			there, err := g.list.meet(e.Head.Path, func(*tree.Head) {})
			if there == nil && err == nil && !kept[e.Head.Path] {
				g.extra.add(e.Head)
			}
			return err
		},
	}
	if err := walk.Run(g.top); err != nil {
		return err
	}
	for g.list.next != nil { // for what is said of the rest
		if err := g.list.advance(); err != nil {
			return err
		}
	}
	return nil
}

func (g *getTree) removeOne(h *tree.Head) error {
	at, done, err := placeIn(g.top, h.Path)
	if err != nil {
		return err
	}
	defer done()
	if err := at.Dir.RemoveAll(at.Name); err != nil {
		return disk.Explain(err, "delete", at.Name)
	}
	return nil
}
