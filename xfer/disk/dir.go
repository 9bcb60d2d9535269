package disk

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"deskside/xfer/tree"

	"github.com/zeebo/blake3"
)

// Dir is a folder held open, for much to be done in it.
type Dir struct {
	Root *os.Root
	f    *os.File // of the folder itself
}

// OpenDir opens the folder called name in dir. A link is not followed: what is
// there must be a folder itself.
func OpenDir(dir *os.Root, name string) (*Dir, error) {
	info, err := dir.Lstat(name)
	if err != nil {
		return nil, Explain(err, "open", name)
	}
	if !info.IsDir() {
		return nil, Conflict("%q is %s, not a folder", Text(name), KindOf(info.Mode()).Words())
	}
	next, err := dir.OpenRoot(name)
	if err != nil {
		return nil, Explain(err, "open", name)
	}
	d := &Dir{Root: next}
	d.f, err = next.Open(".")
	if err == nil {
		var now fs.FileInfo
		if now, err = d.f.Stat(); err == nil && !os.SameFile(info, now) {
			err = Exchanged(name)
		}
	}
	if err != nil {
		d.Close()
		return nil, Explain(err, "open", name)
	}
	return d, nil
}

// Descend opens a folder below this one, through no link. The path is one of a
// tree, and not empty.
func (d *Dir) Descend(path string) (*Dir, error) {
	at := d
	for name := range strings.SplitSeq(path, "/") {
		next, err := OpenDir(at.Root, name)
		if at != d {
			at.Close()
		}
		if err != nil {
			return nil, err
		}
		at = next
	}
	return at, nil
}

// Close lets go of the folder.
func (d *Dir) Close() {
	if d.f != nil {
		d.f.Close()
	}
	d.Root.Close()
}

// Mode gives the folder's permissions, or none where they cannot be read.
func (d *Dir) Mode() uint16 {
	info, err := d.f.Stat()
	if err != nil {
		return 0
	}
	return uint16(KeptMode(info.Mode()))
}

// SameDisk reports whether the folder is on the file system of other, as far as
// the system says.
func (d *Dir) SameDisk(other *Dir) bool {
	mine, err := d.f.Stat()
	if err != nil {
		return true
	}
	theirs, err := other.f.Stat()
	return err != nil || sameDisk(mine, theirs)
}

// Names gives the names in the folder, without those of transfers that have not
// ended.
func (d *Dir) Names() (list []string, err error) {
	names, err := d.f.Readdirnames(-1)
	for _, name := range names {
		if !IsPartial(name) {
			list = append(list, name)
		}
	}
	return list, err
}

// Link makes a link called name that says target. A file or a link that has the
// name is replaced only if told so.
func (d *Dir) Link(target, name string, replace bool) error {
	err := d.Root.Symlink(target, name)
	if !errors.Is(err, fs.ErrExist) || !replace {
		return err
	}
	tmp := draftName()
	if err := d.Root.Symlink(target, tmp); err != nil {
		return err
	}
	if err := d.rename(tmp, name, true); err != nil {
		d.Root.Remove(tmp)
		return err
	}
	return nil
}

// DressLink gives the link of h its own time, where links have one, and its owner.
func (d *Dir) DressLink(h *tree.Head, owners bool) error {
	if owners && h.Owner != nil && os.Geteuid() == 0 {
		if err := d.Root.Lchown(h.Name(), int(h.Owner.User), int(h.Owner.Group)); err != nil {
			return err
		}
	}
	return d.setTime(h.Name(), h.ModTime)
}

// OpenFile opens the file at p for reading. Only plain files are opened: reading
// a device or a pipe may wait for ever or change something.
func OpenFile(p *Place) (*os.File, fs.FileInfo, error) {
	if err := sendable(p.Name, p.Info); err != nil {
		return nil, nil, err
	}
	f, err := p.Dir.OpenFile(p.Name, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return nil, nil, Explain(err, "read", p.Name)
	}
	info, err := f.Stat()
	if err == nil && !os.SameFile(info, p.Info) {
		err = Exchanged(p.Name)
	}
	if err != nil {
		f.Close()
		return nil, nil, Explain(err, "read", p.Name)
	}
	return f, info, nil
}

// SumOf gives the hash of bytes that are all there.
func SumOf(b []byte) Hash { return blake3.Sum256(b) }

// HeadOf describes an entry for a tree, as far as it is known without opening
// it; path is its own in the tree. It gives false for what no tree holds.
func HeadOf(dir *os.Root, name, path string, info fs.FileInfo) (*tree.Head, bool, error) {
	h := &tree.Head{Path: path, Mode: uint16(KeptMode(info.Mode())), ModTime: WireTime(info.ModTime())}
	switch KindOf(info.Mode()) {
	case File:
		h.Kind, h.Size = tree.File, info.Size()
	case Folder:
		h.Kind = tree.Folder
	case Link:
		target, err := dir.Readlink(name)
		if err != nil {
			return nil, true, Explain(err, "read the link", name)
		}
		h.Kind, h.Target = tree.Link, target
	default:
		return nil, false, nil
	}
	return h, true, nil
}

// whileFilled is what the owner of a folder may do there while it is filled,
// whatever it is to have in the end.
const whileFilled = 0o700

// MakeFolder makes a folder that can be filled, with the permissions mode beside
// that: whatever ends the program before DressSelf, others find what they will find.
func MakeFolder(dir *os.Root, name string, mode uint16) error {
	if err := dir.Mkdir(name, whileFilled); err != nil {
		return err
	}
	err := dir.Chmod(name, KeptMode(fs.FileMode(mode)|whileFilled)) // the umask has no say in it
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}

// HalfMade reports whether a folder that is to have the permissions mode has those
// of MakeFolder instead: a copy that made it was cut off. A folder that somebody has
// closed further than its source is never one.
func HalfMade(info fs.FileInfo, mode uint16) bool {
	want := KeptMode(fs.FileMode(mode))
	there := KeptMode(info.Mode())
	return there != want && there == want|whileFilled
}

// DressSelf gives the folder itself its time, and if it was made for the tree its
// permissions and owner.
func (d *Dir) DressSelf(h *tree.Head, made, owners bool) error {
	if !made {
		return d.setTime(".", h.ModTime)
	}
	if owners && h.Owner != nil && os.Geteuid() == 0 {
		if err := d.f.Chown(int(h.Owner.User), int(h.Owner.Group)); err != nil {
			return err
		}
	}
	if err := d.Root.Chmod(".", KeptMode(fs.FileMode(h.Mode))); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return d.setTime(".", h.ModTime)
}
