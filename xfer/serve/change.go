package serve

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"

	"deskside"
	"deskside/wire"
	"deskside/xfer/disk"
)

// mkdir makes one folder.
func (c *call) mkdir() error {
	p, err := c.s.at(c.req.Path, intent{change: true})
	if err != nil {
		return err
	}
	defer p.Close()
	if err := p.Dir.Mkdir(p.Name, fs.FileMode(c.req.Mode.Or(0o755))); err != nil {
		return disk.Explain(err, "make", p.Name)
	}
	if err := disk.SyncDir(p.Dir); err != nil {
		return disk.Explain(err, "make", p.Name)
	}
	return c.answer(p)
}

// rename gives a file or folder another path in the same root. The request's
// conditions are about what it moves.
func (c *call) rename() error {
	from, err := c.s.at(c.req.Path, intent{change: true})
	if err != nil {
		return err
	}
	defer from.Close()
	if _, err := c.mayReplace(from.Info); err != nil {
		return err
	}
	if from.Info == nil {
		return disk.Explain(fs.ErrNotExist, "rename", from.Name)
	}
	tree := from.Info.IsDir()
	if err := c.s.book(c.s.config.Roots()).rules(from, intent{change: true, tree: tree}); err != nil {
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
	done, err := c.still(from)
	if err != nil {
		return err
	}
	defer done()
	if err := disk.Move(from, to, c.req.Replace); err != nil {
		return disk.Explain(err, "rename", to.Name)
	}
	if err := errors.Join(disk.SyncDir(from.Dir), disk.SyncDir(to.Dir)); err != nil {
		return disk.Explain(err, "rename", to.Name)
	}
	return c.answer(to)
}

func (c *call) renamable(from, to *disk.Place) error {
	book := c.s.book(c.s.config.Roots())
	a, _ := book.governing(from.Abs)
	b, _ := book.governing(to.Abs)
	if a.Path != b.Path || from.Top.Name() != to.Top.Name() {
		return disk.BadRequest("%q and %q lie in different folders of policy: copy, then delete", disk.Text(a.Path), disk.Text(b.Path))
	}
	if _, in := disk.CutPrefix(to.Abs, from.Abs); in {
		return disk.BadRequest("%q cannot be put into itself", disk.Text(from.Name))
	}
	return disk.Replaceable(to, c.req.Replace)
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
	done, err := c.still(p)
	if err != nil {
		return err
	}
	defer done()
	if p.Info == nil {
		return disk.Explain(fs.ErrNotExist, "delete", p.Name)
	}
	if c.req.Tree && p.Info.IsDir() {
		if err := c.removeTree(p); err != nil {
			return err
		}
	} else if err := p.Dir.Remove(p.Name); err != nil {
		return disk.Explain(err, "delete", p.Name)
	}
	if err := disk.SyncDir(p.Dir); err != nil {
		return disk.Explain(err, "delete", p.Name)
	}
	wire.WriteJSON(c.w, struct{}{})
	return nil
}

// removeTree removes the folder at p with everything in it. It looks through
// all of it for what must stay before it takes the first file away.
func (c *call) removeTree(p *disk.Place) error {
	book := c.s.book(c.s.config.Roots())
	check := func(dir *os.Root, name string, abs []string) error {
		at := &disk.Place{Dir: dir, Name: name, Abs: abs}
		if err := book.rules(at, intent{change: true, clear: true}); err != nil {
			return err
		}
		return c.step(deskside.FilesWrite)
	}
	if err := visit(p.Dir, p.Name, p.Abs, 0, check); err != nil {
		return err
	}
	return visit(p.Dir, p.Name, p.Abs, 0, func(dir *os.Root, name string, _ []string) error {
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
		return disk.Explain(err, "delete", name)
	}
	return nil
}

func visitBelow(dir *os.Root, name string, info fs.FileInfo, abs []string, depth int, f func(*os.Root, string, []string) error) error {
	if depth > disk.MaxDepth {
		return disk.BadRequest("%q holds folders deeper than %d", disk.Text(name), disk.MaxDepth)
	}
	sub, err := dir.OpenRoot(name)
	if err != nil {
		return err
	}
	defer sub.Close()
	if now, err := sub.Lstat("."); err != nil || !os.SameFile(info, now) {
		return errors.Join(err, disk.Exchanged(name))
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
