package disk

import (
	"errors"
	"io/fs"
	"os"

	"deskside/xfer/tree"
)

// Draft is a file that arrives in a folder and has no name there yet: none at
// all where the system can make such files, else a hidden one that ends with it.
// One of Name and Drop ends it.
type Draft struct {
	F   *os.File
	dir *Dir
	tmp string // its hidden name, "" while it has none
}

// Draft begins a file.
func (d *Dir) Draft() (*Draft, error) {
	if f := d.nameless(); f != nil {
		return &Draft{F: f, dir: d}, nil
	}
	return d.named()
}

// named begins a file with a hidden name. One that was swept away before it was
// held is begun again.
func (d *Dir) named() (draft *Draft, err error) {
	for range 10 {
		tmp := draftName()
		f, err := d.Root.OpenFile(tmp, os.O_RDWR|os.O_CREATE|os.O_EXCL|openFlags, 0o600)
		if err != nil {
			return nil, err
		}
		draft = &Draft{f, d, tmp}
		if err = Lock(f); err == nil {
			err = draft.mine()
		}
		if err == nil {
			return draft, nil
		}
		draft.Drop()
	}
	return nil, err
}

// Drop takes the file away.
func (f *Draft) Drop() {
	f.F.Close()
	if f.tmp != "" {
		f.dir.Root.Remove(f.tmp)
	}
}

// Name gives the file its name, in one step. A file or a link that has the name
// is replaced only if told so; nothing else ever is.
func (f *Draft) Name(name string, replace bool) error {
	err := f.first(name)
	if errors.Is(err, fs.ErrExist) && replace {
		err = f.instead(name)
	}
	f.Drop() // or what is left of it
	return err
}

// first gives it a name that nothing has.
func (f *Draft) first(name string) error {
	if f.tmp == "" {
		return f.dir.link(f.F, name)
	}
	if err := f.mine(); err != nil {
		return err
	}
	f.F.Close() // Windows renames nothing that is open
	return f.moved(f.dir.rename(f.tmp, name, false))
}

// instead gives it a name that something has.
func (f *Draft) instead(name string) error {
	info, err := f.dir.Root.Lstat(name)
	if err != nil {
		return err
	}
	if err := Replaceable(&Place{Dir: f.dir.Root, Name: name, Info: info}, true); err != nil {
		return err
	}
	if f.tmp == "" {
		if err := Lock(f.F); err != nil { // or it is swept away in between
			return err
		}
		tmp := draftName()
		if err := f.dir.link(f.F, tmp); err != nil {
			return err
		}
		f.tmp = tmp
	}
	return f.moved(f.dir.rename(f.tmp, name, true))
}

func (f *Draft) moved(err error) error {
	if err == nil {
		f.tmp = ""
	}
	return err
}

// mine checks that the hidden name is still the file's.
func (f *Draft) mine() error {
	mine, err := f.F.Stat()
	if err != nil {
		return err
	}
	there, err := f.dir.Root.Lstat(f.tmp)
	if err == nil && !os.SameFile(mine, there) {
		err = Exchanged(f.tmp)
	}
	return err
}

// Dress gives the file what is kept of it besides its name and bytes, and marks it
// with its origin, "" being none, whatever mark its source had. Attributes that the
// file system does not take are no error.
func (f *Draft) Dress(h *tree.Head, owners bool, origin string) error {
	if owners && h.Owner != nil && os.Geteuid() == 0 {
		if err := f.F.Chown(int(h.Owner.User), int(h.Owner.Group)); err != nil {
			return err
		}
	}
	if err := SetAttrs(f.F, h.Attrs); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	mark(f.F, origin)
	if err := f.Chmod(h.Mode); err != nil {
		return err
	}
	return f.setTime(h.ModTime)
}

// Chmod gives the file its permissions, where files have any.
func (f *Draft) Chmod(mode uint16) error {
	err := f.F.Chmod(KeptMode(fs.FileMode(mode)))
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}
