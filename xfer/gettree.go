package xfer

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/http"
	"path/filepath"

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
	err := g.run()
	return g.t, here(err)
}

// getTree is a tree on its way from the agent.
type getTree struct {
	c             *Client
	ctx           context.Context
	remote, local string
	o             TreeOptions
	t             TreeResult

	list  *listing
	top   *disk.Dir // nil in a dry run to where nothing is
	made  bool
	l     *haul.Landing
	wants []*tree.Head
	asked int // bytes of their paths
	got   int64
	long  []*tree.Head
}

func (g *getTree) run() (err error) {
	if err := g.o.checkExclude(); err != nil {
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
	extra, err := g.extra() // before what arrives is there too
	if err != nil {
		return err
	}
	g.list.note = g.note
	if err := g.list.rewind(); err != nil {
		return err
	}
	if err := g.land(); err != nil {
		return g.t.failed(g.remote, err)
	}
	return g.remove(extra)
}

// note notes what the agent cannot read.
func (g *getTree) note(path string, why *deskside.Error) error {
	if g.o.leave(path) {
		return nil
	}
	return g.t.failed(joinRemote(g.remote, path), why)
}

// openTop opens the local folder, and makes it if it is not there.
func (g *getTree) openTop() error {
	at, err := localPlace(g.local)
	if err != nil {
		return err
	}
	defer at.Close()
	if at.Info == nil {
		if g.made = true; g.o.DryRun {
			g.t.Folders++
			return nil
		}
		if err := at.Dir.Mkdir(at.Name, 0o700); err != nil {
			return disk.Explain(err, "make", at.Name)
		}
	} else if !at.Info.IsDir() {
		return disk.Exists(at.Name)
	}
	g.top, err = disk.OpenDir(at.Dir, at.Name)
	return err
}

// land takes in all that is listed.
func (g *getTree) land() error {
	g.l = &haul.Landing{Top: g.top, Made: g.made, Replace: g.o.Replace, Owners: g.o.Owners, Disk: g.c.Disk, Step: g.ctx.Err}
	err := g.entries()
	if err == nil {
		err = g.fetch()
	}
	for _, h := range g.long {
		if err == nil {
			g.l.Flush()
			err = g.getLong(h)
		}
	}
	err = cmp.Or(g.l.Close(), err)
	g.t.Files += g.l.Result.Files
	g.t.Folders += g.l.Result.Folders
	g.t.Links += g.l.Result.Links
	g.t.Bytes += g.l.Result.Bytes
	g.t.More += g.l.Result.More
	for _, n := range g.l.Result.Failed {
		if stop := g.t.failed(joinRemote(g.remote, n.Path), n.Err); stop != nil {
			err = cmp.Or(err, stop)
		}
	}
	return err
}

// entries goes through the list: folders and links are made from it, files are
// asked for.
func (g *getTree) entries() error {
	for h := g.list.next; h != nil; h = g.list.next {
		if err := g.list.advance(); err != nil {
			return err
		}
		if g.o.leave(h.Path) {
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
		return g.t.failed(joinRemote(g.remote, h.Path), err)
	}
	switch g.o.judge(h, there) {
	case sameThere:
		g.t.same(h)
		return nil
	case keepThere:
		g.t.Kept++
		return nil
	case refused:
		return g.t.failed(joinRemote(g.remote, h.Path), disk.Exists(h.Name()))
	}
	if there == nil || h.Kind != tree.Folder {
		g.o.each(h, "copy")
	}
	switch {
	case g.o.DryRun:
		g.count(h, there)
		return nil
	case h.Kind != tree.File:
		return g.add(h)
	case h.Size > longFile && !h.Holes:
		g.long = append(g.long, h)
		return nil
	}
	if len(g.wants) == MaxWants || g.asked+len(h.Path)+8 > MaxWantBytes-64 {
		if err := g.fetch(); err != nil {
			return err
		}
	}
	g.wants = append(g.wants, h)
	g.asked += len(h.Path) + 8
	return nil
}

func (g *getTree) add(h *tree.Head) error {
	if g.o.DryRun {
		return nil
	}
	return g.l.Add(h, nil)
}

func (g *getTree) count(h, there *tree.Head) {
	switch {
	case h.Kind == tree.File:
		g.t.Files++
		g.t.Bytes += h.Size
	case h.Kind == tree.Link:
		g.t.Links++
	case there == nil:
		g.t.Folders++
	}
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
	if len(g.wants) == 0 {
		return nil
	}
	var ask bytes.Buffer
	w := tree.NewWriter(&ask)
	for _, h := range g.wants {
		w.Want(h.Path)
	}
	w.Close()
	resp, err := g.c.send(g.ctx, "POST /fetch", &Request{Path: g.remote, Owners: g.o.Owners}, wanted{&ask})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	err = g.take(tree.NewReader(counted{resp.Body, g}, true))
	g.wants, g.asked = g.wants[:0], 0
	if fault := FaultIn(resp.Trailer); fault != nil {
		return deskside.AsError(fault).From(deskside.ByAgent)
	}
	return cutShort(err)
}

// wanted is the body of a fetch.
type wanted struct{ b *bytes.Buffer }

func (w wanted) attach(r *http.Request) {
	text := w.b.Bytes()
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
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

// take takes in what was asked for, in that order and nothing else.
func (g *getTree) take(r *tree.Reader) error {
	for _, h := range g.wants {
		rec, err := r.Next()
		switch {
		case err == io.EOF:
			return disk.Conflict("the agent left out %q", disk.Text(h.Path))
		case err != nil:
			return err
		case rec.Why != nil && rec.Path == h.Path:
			if err := g.t.failed(joinRemote(g.remote, h.Path), rec.Why.From(deskside.ByAgent)); err != nil {
				return err
			}
			continue
		case rec.Head == nil || rec.Head.Kind != tree.File || rec.Head.Path != h.Path:
			return disk.Conflict("the agent sent something else than %q, which was asked for", disk.Text(h.Path))
		}
		if err := g.l.Add(rec.Head, r); err != nil {
			return err
		}
	}
	if _, err := r.Next(); err != io.EOF {
		return cmp.Or(err, error(disk.Conflict("the agent sent more files than were asked for")))
	}
	return nil
}

// getLong fetches a file by itself.
func (g *getTree) getLong(h *tree.Head) error {
	remote := joinRemote(g.remote, h.Path)
	at, done, err := placeIn(g.top, h.Path)
	if err != nil {
		return g.t.failed(remote, err)
	}
	defer done()
	e := Entry{Kind: disk.File, Size: h.Size, Mode: Mode(h.Mode), ModTime: h.ModTime}
	got, err := g.c.get(g.ctx, e, remote, at, g.o.Options)
	if err != nil {
		return g.t.failed(remote, err)
	}
	g.t.Files++
	g.t.Bytes += got.Size
	return nil
}

// extra finds what this machine alone has.
func (g *getTree) extra() (list []*tree.Head, err error) {
	if !g.o.Delete || g.top == nil {
		return nil, nil
	}
	kept := make(map[string]bool) // what the agent has and cannot read
	g.list.note = func(path string, _ *deskside.Error) error {
		kept[path] = true
		return nil
	}
	if err := g.list.rewind(); err != nil {
		return nil, err
	}
	walk := haul.Walk{
		Leave:   func(path string, _ bool) bool { return g.o.leave(path) },
		Trouble: func(string, error) error { return nil },
		Each: func(e *haul.Entry) error {
			there, err := g.list.meet(e.Head.Path, func(*tree.Head) {})
			if there == nil && err == nil && !kept[e.Head.Path] {
				list = addExtra(list, e.Head, &g.o)
			}
			return err
		},
	}
	return list, walk.Run(g.top)
}

// remove takes away what this machine alone has.
func (g *getTree) remove(extra []*tree.Head) error {
	for _, h := range extra {
		g.o.each(h, "delete")
		if !g.o.DryRun {
			if err := g.removeOne(h); err != nil {
				if err := g.t.failed(filepath.Join(g.local, filepath.FromSlash(h.Path)), err); err != nil {
					return err
				}
				continue
			}
		}
		g.t.Deleted++
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
