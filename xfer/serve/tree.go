package serve

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"deskside"
	"deskside/wire"
	"deskside/xfer"
	"deskside/xfer/disk"
	"deskside/xfer/flow"
	"deskside/xfer/frame"
	"deskside/xfer/haul"
	"deskside/xfer/tree"
)

// grove is a tree that is served: a folder held open, and what policy says of
// what is in it.
type grove struct {
	c    *call
	dir  *disk.Dir
	abs  []string // of the folder
	book *book
	read time.Time // when book was

	plain atomic.Int64 // files that policy made not executable
}

// grove opens the folder at p.
func (c *call) grove(p *disk.Place) (*grove, error) {
	if err := isFolder(p); err != nil {
		return nil, err
	}
	dir, err := disk.OpenDir(p.Dir, p.Name)
	if err != nil {
		return nil, err
	}
	return &grove{c: c, dir: dir, abs: p.Abs}, nil
}

// ask reads what policy says, if that was not just done.
func (g *grove) ask() *book {
	if now := time.Now(); g.book == nil || now.Sub(g.read) > lookEvery {
		g.book, g.read = g.c.s.book(g.c.s.config.Roots()), now
	}
	return g.book
}

// at gives the place of a path in the tree, for the rules.
func (g *grove) at(path string) *disk.Place {
	abs := slices.Concat(g.abs, strings.Split(path, "/"))
	return &disk.Place{Name: abs[len(abs)-1], Abs: abs}
}

// leave reports whether a path is left out of what is read.
func (g *grove) leave(path string, _ bool) bool {
	return path != "" && g.ask().private(g.at(path).Abs, false)
}

// listTree answers with every entry of a folder and those below it.
func (c *call) listTree() error {
	g, done, err := c.readTree()
	if err != nil {
		return err
	}
	defer done()
	w, end := c.treeBody()
	defer end()
	entries := 0
	step := func() error { return c.step(deskside.FilesRead) }
	walk := haul.Walk{
		Owners: c.req.Owners,
		Leave:  g.leave,
		Each: func(e *haul.Entry) error {
			if entries++; entries > c.s.config.Limits.tree() {
				return tooMany(c.s.config.Limits.tree())
			}
			if err := step(); err != nil {
				return err
			}
			if c.req.Sums && e.Head.Kind == tree.File {
				if err := e.AddSum(step); err != nil {
					return unread(w.Writer, e.Head.Path, err)
				}
			}
			e.Head.Holes = e.Head.Kind == tree.File && disk.MayHaveHoles(e.Info)
			if e.Head.Size > xfer.LongFile {
				e.AddAttrs()
			}
			return w.Entry(e.Head)
		},
		Trouble: func(path string, err error) error { return w.Note(path, deskside.AsError(err)) },
	}
	if err := walk.Run(g.dir); err != nil {
		return c.reason(err)
	}
	return c.reason(w.Close())
}

// unread notes what could not be read, and gives back another error.
func unread(w *tree.Writer, path string, err error) error {
	if what, ok := errors.AsType[*haul.Unread](err); ok {
		return w.Note(path, deskside.AsError(what.Err))
	}
	return err
}

// readTree opens the folder that a request reads. The caller calls done.
func (c *call) readTree() (g *grove, done func(), err error) {
	p, err := c.s.at(c.req.Path, intent{follow: true})
	if err != nil {
		return nil, nil, err
	}
	if g, err = c.grove(p); err != nil {
		p.Close()
		return nil, nil, err
	}
	w := c.watch(p, intent{follow: true})
	return g, func() {
		w.close()
		c.calm()
		g.dir.Close()
		p.Close()
	}, nil
}

func tooMany(limit int) error {
	return deskside.Errorf(deskside.CodeDenied, "the folder holds more than the %d files and folders that one copy may have", limit).
		Hint("Copy the folders in it one by one.")
}

// treeBody is the body of package tree that answers a request.
type treeBody struct {
	*tree.Writer
	pack *flow.Pack // nil: as it is
}

// treeBody begins to answer with a body, packed for who takes that. The caller
// calls done.
func (c *call) treeBody() (b *treeBody, done func()) {
	h := c.w.Header()
	h.Set("Trailer", xfer.HeaderFault)
	h.Set("Content-Type", xfer.TypeBytes)
	packed := c.r.Header.Get("Accept") == xfer.TypePacked
	if packed {
		h.Set("Content-Type", xfer.TypePacked)
	}
	c.body = true
	c.w.WriteHeader(http.StatusOK)
	if !packed {
		return &treeBody{tree.NewWriter(sending{c}), nil}, func() {}
	}
	pack := flow.NewPack(sending{c})
	return &treeBody{tree.NewWriter(pack), pack}, pack.Close
}

// Close writes the end of the body.
func (b *treeBody) Close() error {
	if err := b.Writer.Close(); err != nil || b.pack == nil {
		return err
	}
	return b.pack.Flush()
}

// treeIn reads a body of package tree that a request brings, packed or not. The
// caller calls done.
func (c *call) treeIn() (r *tree.Reader, done func()) {
	if c.r.Header.Get("Content-Type") != xfer.TypePacked {
		return tree.NewReader(patient{c, c.r.Body}, true), func() {}
	}
	u := flow.NewUnpack(patient{c, c.r.Body})
	return tree.NewReader(u, true), u.Close
}

// sending writes a body that may take long, but not stand still.
type sending struct{ c *call }

func (s sending) Write(b []byte) (int, error) {
	s.c.patience()
	n, err := s.c.w.Write(b)
	if err != nil {
		err = &disk.BrokenError{Err: err}
	}
	return n, err
}

// recordsAtOnce is how many entries of the audit are written together.
const recordsAtOnce = 256

// treeEvent says in the audit what is done with a file of a tree.
func (c *call) treeEvent(path string) deskside.Event {
	return deskside.Event{Kind: deskside.EventFile, Detail: map[string]string{
		"op": c.detail["op"], "path": strings.TrimSuffix(c.detail["path"], "/") + "/" + disk.Text(path),
	}}
}

// putTree receives a tree.
func (c *call) putTree() error {
	p, made, err := c.treeTop()
	if err != nil {
		return err
	}
	defer p.Close()
	g, err := c.grove(p)
	if err != nil {
		return err
	}
	defer g.dir.Close()
	root, _ := g.ask().governing(p.Abs)
	watched := c.watch(p, intent{follow: true, fill: root.Write}) // one that may not be written may hold one that may
	defer c.calm()
	defer watched.close()
	l := &haul.Landing{
		Top: g.dir, Made: made, Replace: c.req.Replace, Owners: c.req.Owners,
		Largest: c.s.config.Limits.File, Disk: c.s.disk, Origin: disk.FromOperator,
		Sweep: func(dir *os.Root) { disk.Sweep(dir, time.Now().Add(-c.s.config.Limits.keep())) },
		Allow: g.allow, Record: g.recordArrivals, Step: func() error { return c.step(deskside.FilesWrite) },
	}
	err = c.landTree(l)
	err = cmp.Or(l.Close(), err)
	r := c.receipt(&l.Result)
	r.Plain = int(g.plain.Load())
	if err = errors.Join(err, c.recordFailed(l.Result.Failed)); err != nil {
		return c.reason(err)
	}
	wire.WriteJSON(c.w, r)
	return nil
}

// receipt says what arrived, to the operator and to the audit.
func (c *call) receipt(got *haul.Result) *xfer.TreeReceipt {
	c.detail["files"], c.detail["bytes"] = strconv.Itoa(got.Files), strconv.FormatInt(got.Bytes, 10)
	if failed := len(got.Failed) + got.More; failed > 0 {
		c.detail["failed"] = strconv.Itoa(failed)
	}
	r := &xfer.TreeReceipt{Files: got.Files, Folders: got.Folders, Links: got.Links, Bytes: got.Bytes, More: got.More}
	for _, n := range got.Failed {
		r.Failed = append(r.Failed, xfer.Note{Path: disk.Text(n.Path), Error: deskside.AsError(n.Err).From(deskside.ByAgent)})
	}
	return r
}

// treeTop finds the folder that a tree becomes, and makes it if it is not there.
func (c *call) treeTop() (p *disk.Place, made bool, err error) {
	p, err = c.s.at(c.req.Path, intent{follow: true})
	if err != nil || p.Info != nil {
		return p, false, err
	}
	p.Close()
	if p, err = c.s.at(c.req.Path, intent{change: true}); err != nil {
		return nil, false, err
	}
	err = disk.MakeFolder(p.Dir, p.Name, uint16(c.req.Mode.Or(0)))
	if err == nil {
		p.Info, err = p.Dir.Lstat(p.Name)
	}
	if err == nil {
		err = disk.SyncDir(p.Dir)
	}
	if err != nil {
		p.Close()
		return nil, false, disk.Explain(err, "make", p.Name)
	}
	return p, true, nil
}

// landTree takes in a tree from the request's body.
func (c *call) landTree(l *haul.Landing) error {
	r, done := c.treeIn()
	defer done()
	for entries := 0; ; entries++ {
		rec, err := r.Next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return cut(err)
		case rec.Head == nil:
			return disk.BadRequest("a tree that is sent holds entries, and nothing else")
		case entries == c.s.config.Limits.tree():
			return tooMany(entries)
		}
		if err := c.step(deskside.FilesWrite); err != nil {
			return err
		}
		if err := l.Add(rec.Head, r); err != nil {
			return cut(err)
		}
		if rec.Head.Kind == tree.File {
			c.row.File()
		}
	}
}

// cut makes of a body that ended early a way that broke.
func cut(err error) error {
	if errors.Is(err, frame.ErrRecord) {
		return disk.BadRequest("%v", err)
	}
	if early, ok := errors.AsType[*tree.Broken](err); ok {
		return &disk.BrokenError{Err: early}
	}
	return err
}

// allow says whether policy lets an entry be made, and takes the permissions from
// it that policy leaves out. A link must lead to where a
// file might be made too: what opens it later might write there.
func (g *grove) allow(h *tree.Head) error { return g.judge(g.ask(), h) }

func (g *grove) judge(book *book, h *tree.Head) error {
	at := g.at(h.Path)
	if err := book.rules(at, intent{change: true}); err != nil {
		return err
	}
	switch h.Kind {
	case tree.Folder:
		return nil
	case tree.File:
		if mode := uint16(book.mode(at.Abs, fs.FileMode(h.Mode))); mode != h.Mode {
			h.Mode = mode
			g.plain.Add(1)
		}
		return nil
	}
	to := at.Abs[:len(at.Abs)-1]
	for e := range strings.SplitSeq(h.Target, "/") {
		switch e {
		case "", ".":
		case "..":
			to = to[:len(to)-1]
		default:
			to = append(to, e)
		}
	}
	if len(to) <= len(g.abs) { // the top itself
		return nil
	}
	return book.rules(&disk.Place{Name: to[len(to)-1], Abs: to}, intent{change: true})
}

// recordArrivals writes to the audit what is about to get its names, if policy
// still lets it: it may have changed since the entry came. Where it no longer does,
// nothing more of the tree gets a name. It is called by the landing's own goroutines.
func (g *grove) recordArrivals(list []haul.Arrival) error {
	c := g.c
	if err := c.watched.look(); err != nil {
		return err
	}
	book := c.s.book(c.s.config.Roots())
	events := make([]deskside.Event, len(list))
	for i, a := range list {
		if err := g.judge(book, a.Head); err != nil {
			return err
		}
		events[i] = c.treeEvent(a.Head.Path)
		d := events[i].Detail
		switch a.Head.Kind {
		case tree.File:
			d["size"], d["hash"] = strconv.FormatInt(a.Head.Size, 10), a.Sum.String()
		case tree.Folder:
			d["kind"] = string(disk.Folder)
		case tree.Link:
			d["kind"], d["to"] = string(disk.Link), disk.Text(a.Head.Target)
		}
	}
	return c.pass.Record(events...)
}

// recordFailed writes to the audit what came to nothing.
func (c *call) recordFailed(list []haul.Note) error {
	for part := range slices.Chunk(list, recordsAtOnce) {
		events := make([]deskside.Event, len(part))
		for i, note := range part {
			events[i] = c.treeEvent(note.Path)
			events[i].Code, events[i].Words = xfer.Outcome(note.Err)
		}
		if err := c.pass.Record(events...); err != nil {
			return err
		}
	}
	return nil
}
