package xfer

import (
	"io"
	"os"
	"slices"

	"deskside/wire"
)

// Page is a part of a folder's entries, in the order of their names' bytes.
type Page struct {
	Path    string  `json:"path"` // of the folder, from the top of the file system; for showing
	Entries []Entry `json:"entries"`
	More    bool    `json:"more,omitempty"` // ask again, after the last entry's name
}

// roots answers with the folders that policy opens.
func (c *call) roots() error {
	wire.WriteJSON(c.w, append([]Root{}, c.s.config.Roots()...))
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
	dir, err := p.dir.OpenRoot(p.name)
	if err != nil {
		return explain(err, "list", p.name)
	}
	defer dir.Close()
	d, err := dir.Open(".")
	if err != nil {
		return explain(err, "list", p.name)
	}
	defer d.Close()
	limit := c.req.Limit
	if limit == 0 {
		limit = pageSize
	}
	names, more, err := pageOf(d, c.req.After, limit)
	if err != nil {
		return explain(err, "list", p.name)
	}
	page := Page{Path: c.detail["path"], More: more, Entries: make([]Entry, 0, len(names))}
	for _, name := range names {
		page.Entries = append(page.Entries, c.entry(p, dir, d, name))
	}
	wire.WriteJSON(c.w, page)
	return nil
}

func isFolder(p *place) error {
	if p.info == nil {
		return explain(os.ErrNotExist, "list", p.name)
	}
	if !p.info.IsDir() {
		return badRequest("%q is %s, not a folder", textOf(p.name), kindOf(p.info.Mode()).words())
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
func (c *call) entry(p *place, dir *os.Root, d *os.File, name string) Entry {
	e := describe(dir, name)
	abs := append(slices.Clone(p.abs), name)
	switch {
	case e.Why != "":
	case c.s.private(abs, false):
		e.Why = "belongs to deskside itself"
	case e.Kind == Link:
		e.Why = linkTrouble(p, name)
	default:
		if err := readable(d, name); err != nil {
			e.Why = explain(err, "read", name).Error()
		}
	}
	return e
}

// linkTrouble says why the link called name in the folder at p cannot be
// followed, if it cannot.
func linkTrouble(p *place, name string) string {
	top, err := p.top.OpenRoot(".")
	if err != nil {
		return explain(err, "read", name).Error()
	}
	rest := append(slices.Clone(p.real), name)
	to, err := walk(top, p.abs[:len(p.abs)-len(p.real)], rest, true)
	if err != nil {
		return err.Error()
	}
	defer to.Close()
	if to.info == nil {
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
	return c.answer(p)
}

// answer replies with the entry at p as it is now.
func (c *call) answer(p *place) error {
	if _, err := p.dir.Lstat(p.name); err != nil {
		return explain(err, "read", p.name)
	}
	wire.WriteJSON(c.w, describe(p.dir, p.name))
	return nil
}
