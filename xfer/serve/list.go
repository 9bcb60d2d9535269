package serve

import (
	"io"
	"os"
	"slices"

	"deskside"
	"deskside/wire"
	"deskside/xfer"
	"deskside/xfer/disk"
)

// roots answers with the folders that policy opens.
func (c *call) roots() error {
	wire.WriteJSON(c.w, append([]xfer.Root{}, c.s.config.Roots()...))
	return nil
}

// list answers with a page of a folder.
func (c *call) list() error {
	p, err := c.s.at(c.req.Path, intent{follow: true})
	if err != nil {
		return err
	}
	defer p.Close()
	if err := isFolder(p); err != nil {
		return err
	}
	dir, err := p.Dir.OpenRoot(p.Name)
	if err != nil {
		return disk.Explain(err, "list", p.Name)
	}
	defer dir.Close()
	d, err := dir.Open(".")
	if err != nil {
		return disk.Explain(err, "list", p.Name)
	}
	defer d.Close()
	limit := c.req.Limit
	if limit == 0 {
		limit = xfer.PageSize
	}
	names, more, err := pageOf(d, c.req.After, limit)
	if err != nil {
		return disk.Explain(err, "list", p.Name)
	}
	page := xfer.Page{Path: c.detail["path"], More: more, Entries: make([]xfer.Entry, 0, len(names))}
	book := c.s.book(c.s.config.Roots())
	for _, name := range names {
		page.Entries = append(page.Entries, c.entry(book, p, dir, d, name))
	}
	wire.WriteJSON(c.w, page)
	return nil
}

func isFolder(p *disk.Place) error {
	if p.Info == nil {
		return disk.Explain(os.ErrNotExist, "list", p.Name)
	}
	if !p.Info.IsDir() {
		return disk.BadRequest("%q is %s, not a folder", disk.Text(p.Name), disk.KindOf(p.Info.Mode()).Words())
	}
	return nil
}

// pageOf gives the first names behind after, and whether there are more. It
// reads the whole folder and keeps no more than two pages of it, so that a
// folder of any size takes little memory.
func pageOf(d *os.File, after string, limit int) (page []string, more bool, err error) {
	for {
		batch, err := d.Readdirnames(1024)
		for _, name := range batch {
			if name > after {
				page = append(page, name)
			}
		}
		if len(page) > 2*limit {
			page, more = cutPage(page, limit), true
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, false, err
		}
	}
	more = more || len(page) > limit
	return cutPage(page, limit), more, nil
}

func cutPage(names []string, limit int) []string {
	slices.Sort(names)
	return names[:min(limit, len(names))]
}

// entry describes one entry of the folder at p, opened as dir and d, with what
// stands against reading it.
func (c *call) entry(book *book, p *disk.Place, dir *os.Root, d *os.File, name string) xfer.Entry {
	e := describe(dir, name)
	abs := append(slices.Clone(p.Abs), name)
	switch {
	case e.Why != "":
	case book.private(abs, false):
		e.Why = "belongs to deskside itself"
	case e.Kind == disk.Link:
		e.Why = linkTrouble(p, name)
	default:
		if err := disk.Readable(d, name); err != nil {
			e.Why = disk.Explain(err, "read", name).Error()
		}
	}
	return e
}

// linkTrouble says why the link called name in the folder at p cannot be
// followed, if it cannot.
func linkTrouble(p *disk.Place, name string) string {
	top, err := p.Top.OpenRoot(".")
	if err != nil {
		return disk.Explain(err, "read", name).Error()
	}
	rest := append(slices.Clone(p.Real), name)
	to, err := disk.Walk(top, p.Abs[:len(p.Abs)-len(p.Real)], rest, true)
	if err != nil {
		return err.Error()
	}
	defer to.Close()
	if to.Info == nil {
		return "the link leads to nothing"
	}
	return ""
}

// stat answers with the entry at a path. A link is described itself, unless its
// target is asked for.
func (c *call) stat() error {
	p, err := c.s.at(c.req.Path, intent{follow: c.req.Follow})
	if err != nil {
		return err
	}
	defer p.Close()
	if !c.req.Sums {
		return c.answer(p)
	}
	return c.sum(p)
}

// sum answers as answer does, with the file's hash, which tells of its bytes and
// so needs the right to read them.
func (c *call) sum(p *disk.Place) error {
	if err := c.pass.Check(deskside.FilesRead); err != nil {
		return err
	}
	out, err := disk.Open(p)
	if err != nil {
		return err
	}
	defer out.Close()
	if _, err := io.Copy(stepped{c}, out); err != nil {
		return err
	}
	e, hash := describe(p.Dir, p.Name), out.Hash()
	e.Hash = &hash
	wire.WriteJSON(c.w, e)
	return nil
}

// stepped takes what is only to be hashed.
type stepped struct{ c *call }

func (s stepped) Write(b []byte) (int, error) { return len(b), s.c.step(deskside.FilesRead) }

// answer replies with the entry at p as it is now.
func (c *call) answer(p *disk.Place) error {
	if _, err := p.Dir.Lstat(p.Name); err != nil {
		return disk.Explain(err, "read", p.Name)
	}
	wire.WriteJSON(c.w, describe(p.Dir, p.Name))
	return nil
}
