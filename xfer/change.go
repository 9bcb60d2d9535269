package xfer

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"

	"deskside"
	"deskside/wire"
)

// mkdir makes one folder.
func (c *call) mkdir() error {
	p, err := c.s.at(c.req.Path, intent{change: true})
	if err != nil {
		return err
	}
	defer p.Close()
	mode := fs.FileMode(c.req.Mode)
	if mode == 0 {
		mode = 0o755
	}
	if err := p.dir.Mkdir(p.name, mode); err != nil {
		return explain(err, "make", p.name)
	}
	if err := syncDir(p.dir); err != nil {
		return explain(err, "make", p.name)
	}
	return c.answer(p)
}

// rename gives a file or folder another path in the same root.
func (c *call) rename() error {
	from, err := c.s.at(c.req.Path, intent{change: true})
	if err != nil {
		return err
	}
	defer from.Close()
	if from.info == nil {
		return explain(fs.ErrNotExist, "rename", from.name)
	}
	tree := from.info.IsDir()
	if err := c.s.rules(c.s.config.Roots(), from, intent{change: true, tree: tree}); err != nil {
		return err
	}
	to, err := c.s.at(c.req.To, intent{change: true, tree: tree})
	if err != nil {
		return err
	}
	defer to.Close()
	if err := c.renamable(from, to); err != nil {
		return err
	}
	if err := move(from, to, c.req.Replace); err != nil {
		return explain(err, "rename", to.name)
	}
	if err := errors.Join(syncDir(from.dir), syncDir(to.dir)); err != nil {
		return explain(err, "rename", to.name)
	}
	return c.answer(to)
}

func (c *call) renamable(from, to *place) error {
	roots := c.s.config.Roots()
	a, _ := governing(roots, from.abs)
	b, _ := governing(roots, to.abs)
	if a.Path != b.Path || from.top.Name() != to.top.Name() {
		return badRequest("%q and %q lie in different folders of policy: copy, then delete", textOf(a.Path), textOf(b.Path))
	}
	if _, in := cutPrefix(to.abs, from.abs); in {
		return badRequest("%q cannot be put into itself", textOf(from.name))
	}
	return replaceable(to, c.req.Replace)
}

// replaceable refuses a target that exists, unless it is a file or link and is
// to be replaced.
func replaceable(p *place, replace bool) error {
	if p.info == nil {
		return nil
	}
	switch kind := kindOf(p.info.Mode()); {
	case kind != File && kind != Link:
		return deskside.Errorf(deskside.CodeExists, "%q exists and is %s", textOf(p.name), kind.words()).Hint("Use another name.")
	case !replace:
		return exists(p.name)
	}
	return nil
}

// remove takes a file, a link or a folder away; a folder that is not empty only
// with everything in it, if that is asked.
func (c *call) remove() error {
	want := intent{change: true, tree: c.req.Tree, clear: true}
	p, err := c.s.at(c.req.Path, want)
	if err != nil {
		return err
	}
	defer p.Close()
	defer c.watch(p, want).close()
	if p.info == nil {
		return explain(fs.ErrNotExist, "delete", p.name)
	}
	if c.req.Tree && p.info.IsDir() {
		if err := c.removeTree(p); err != nil {
			return err
		}
	} else if err := p.dir.Remove(p.name); err != nil {
		return explain(err, "delete", p.name)
	}
	if err := syncDir(p.dir); err != nil {
		return explain(err, "delete", p.name)
	}
	wire.WriteJSON(c.w, struct{}{})
	return nil
}

// removeTree removes the folder at p with everything in it. It looks through
// all of it for what must stay before it takes the first file away.
func (c *call) removeTree(p *place) error {
	roots := c.s.config.Roots()
	check := func(dir *os.Root, name string, abs []string) error {
		at := &place{dir: dir, name: name, abs: abs}
		if err := c.s.rules(roots, at, intent{change: true, clear: true}); err != nil {
			return err
		}
		return c.step(deskside.FilesWrite)
	}
	if err := visit(p.dir, p.name, p.abs, 0, check); err != nil {
		return err
	}
	return visit(p.dir, p.name, p.abs, 0, func(dir *os.Root, name string, _ []string) error {
		if err := c.step(deskside.FilesWrite); err != nil {
			return err
		}
		return dir.Remove(name)
	})
}

// visit calls f for everything in the folder called name in dir, then for the
// folder itself. It follows no link.
func visit(dir *os.Root, name string, abs []string, depth int, f func(dir *os.Root, name string, abs []string) error) error {
	info, err := dir.Lstat(name)
	if err == nil && info.IsDir() {
		err = visitBelow(dir, name, info, abs, depth, f)
	}
	if err == nil {
		err = f(dir, name, abs)
	}
	if err != nil {
		return explain(err, "delete", name)
	}
	return nil
}

func visitBelow(dir *os.Root, name string, info fs.FileInfo, abs []string, depth int, f func(*os.Root, string, []string) error) error {
	if depth > maxDepth {
		return badRequest("%q holds folders deeper than %d", textOf(name), maxDepth)
	}
	sub, err := dir.OpenRoot(name)
	if err != nil {
		return err
	}
	defer sub.Close()
	if now, err := sub.Lstat("."); err != nil || !os.SameFile(info, now) {
		return errors.Join(err, changed(name))
	}
	d, err := sub.Open(".")
	if err != nil {
		return err
	}
	defer d.Close()
	for {
		names, err := d.Readdirnames(1024)
		for _, below := range names {
			if err := visit(sub, below, append(slices.Clip(abs), below), depth+1, f); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
