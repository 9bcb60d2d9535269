package here

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"deskside"
	"deskside/xfer/disk"
)

// MaxEntries bounds what a listing has of one folder.
const MaxEntries = 100_000

// Trash is the folder at the top of a root, on this machine as on a far one,
// that holds what was taken away. It is not hidden: the right to write leaves
// out what is, and the person shall find it.
const Trash = "Deskside trash"

// Folder is what the operator chose.
type Folder struct {
	root *os.Root
	path string
	abs  []string
}

// Open opens the folder at a path of this system.
func Open(dir string) (*Folder, error) {
	real, err := filepath.EvalSymlinks(dir)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	if err != nil {
		return nil, disk.Explain(err, "open", dir)
	}
	root, err := os.OpenRoot(real)
	if err != nil {
		return nil, disk.Explain(err, "open", dir)
	}
	return &Folder{root, real, disk.SplitNative(real)}, nil
}

// Path is the folder's own, as this system writes it.
func (f *Folder) Path() string { return f.path }

// Close lets go of it.
func (f *Folder) Close() error { return f.root.Close() }

// Entry is one file or folder.
type Entry struct {
	Name    string
	Path    string
	Dir     bool
	Size    int64
	Changed time.Time
	Words   string // why it cannot be copied
}

// At finds the place of a path; of a link at its end the target, if follow says
// so. The caller closes it.
func (f *Folder) At(p string, follow bool) (*disk.Place, error) {
	parsed, err := disk.ParsePath(p)
	if err != nil {
		return nil, err
	}
	if err := disk.CheckNames(parsed.Elems); err != nil {
		return nil, err
	}
	top, err := f.root.OpenRoot(".")
	if err != nil {
		return nil, disk.Explain(err, "open", f.path)
	}
	return disk.Walk(top, f.abs, parsed.Elems, follow)
}

// List gives a folder's entries in no order, and whether there are more than
// MaxEntries.
func (f *Folder) List(ctx context.Context, dir string) (list []Entry, more bool, err error) {
	p, err := f.At(dir, true)
	if err != nil {
		return nil, false, err
	}
	defer p.Close()
	if p.Info != nil && !p.Info.IsDir() {
		return nil, false, disk.BadRequest("%q is %s, not a folder", disk.Text(p.Name), disk.KindOf(p.Info.Mode()).Words())
	}
	d, err := p.Dir.Open(p.Name)
	if err != nil {
		return nil, false, disk.Explain(err, "list", p.Name)
	}
	defer d.Close()
	for ctx.Err() == nil {
		batch, err := d.ReadDir(1024)
		for _, e := range batch {
			if disk.IsPartial(e.Name()) {
				continue
			}
			if len(list) == MaxEntries {
				return list, true, nil
			}
			list = append(list, entryOf(dir, e))
		}
		if err == io.EOF {
			return list, false, nil
		}
		if err != nil {
			return nil, false, disk.Explain(err, "list", p.Name)
		}
	}
	return nil, false, ctx.Err()
}

func entryOf(dir string, d fs.DirEntry) Entry {
	e := Entry{Name: disk.Text(d.Name()), Path: path.Join("/", dir, disk.Text(d.Name())), Dir: d.IsDir()}
	info, err := d.Info()
	switch {
	case e.Name != d.Name():
		e.Words = "its name is no text"
	case err != nil:
		e.Words = disk.Explain(err, "read", e.Name).Error()
	case d.Type()&^fs.ModeDir != 0 && d.Type()&fs.ModeSymlink == 0:
		e.Words = "is " + disk.KindOf(info.Mode()).Words()
	}
	if err == nil {
		e.Size, e.Changed = info.Size(), info.ModTime()
	}
	return e
}

// Read opens the file at a path, or what a link there leads to. The caller
// closes it.
func (f *Folder) Read(p string) (*disk.Outgoing, error) {
	at, err := f.At(p, true)
	if err != nil {
		return nil, err
	}
	defer at.Close()
	return disk.Open(at)
}

// Mkdir makes one folder.
func (f *Folder) Mkdir(_ context.Context, p string) error {
	at, err := f.At(p, false)
	if err != nil {
		return err
	}
	defer at.Close()
	return explained(at.Dir.Mkdir(at.Name, 0o755), "make", at.Name)
}

// Rename gives a file or folder another path. Nothing is replaced.
func (f *Folder) Rename(_ context.Context, from, to string) error {
	a, err := f.At(from, false)
	if err != nil {
		return err
	}
	defer a.Close()
	b, err := f.At(to, false)
	if err != nil {
		return err
	}
	defer b.Close()
	switch _, in := disk.CutPrefix(b.Abs, a.Abs); {
	case a.Info == nil:
		return disk.Explain(fs.ErrNotExist, "rename", a.Name)
	case a.Name == "." || b.Name == ".":
		return disk.BadRequest("the top of the folder keeps its name")
	case in && len(a.Abs) < len(b.Abs):
		return disk.BadRequest("%q cannot be put into itself", disk.Text(a.Name))
	}
	return explained(disk.Move(a, b, false), "rename", b.Name)
}

// Delete takes away for good what lies in the trash, and nothing else.
func (f *Folder) Delete(_ context.Context, p string) error {
	at, err := f.At(p, false)
	if err != nil {
		return err
	}
	defer at.Close()
	if len(at.Real) < 2 || at.Real[0] != Trash {
		return deskside.Errorf(deskside.CodeDenied, "%q is not in the trash", disk.Text(at.Name)).Hint("Put it there first.")
	}
	return explained(at.Dir.RemoveAll(at.Name), "delete", at.Name)
}

// Changer is a side that things are taken away at.
type Changer interface {
	Mkdir(ctx context.Context, path string) error
	Rename(ctx context.Context, from, to string) error
}

// Discard puts what is at a path into the trash at the top of its root, and
// gives the path it has there; Rename undoes it. now is part of that name.
func Discard(ctx context.Context, c Changer, root, p string, now time.Time) (string, error) {
	bin := path.Join(root, Trash)
	if p == bin || path.Dir(p) == bin {
		return "", deskside.Errorf(deskside.CodeBadRequest, "%q is in the trash already", path.Base(p)).Hint("Delete it there for good.")
	}
	if err := c.Mkdir(ctx, bin); err != nil && deskside.CodeOf(err) != deskside.CodeExists && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	const tries = 20 // several of one name within a second
	for i := range tries {
		to := path.Join(bin, now.Add(time.Duration(i)*time.Second).Format("2006-01-02 15.04.05 ")+path.Base(p))
		err := c.Rename(ctx, p, to)
		if err == nil {
			return to, nil
		}
		if deskside.CodeOf(err) != deskside.CodeExists {
			return "", err
		}
	}
	return "", deskside.Errorf(deskside.CodeExists, "the trash has too many of the name %q", path.Base(p)).Hint("Empty it.")
}

func explained(err error, what, name string) error {
	if err == nil {
		return nil
	}
	return disk.Explain(err, what, name)
}
