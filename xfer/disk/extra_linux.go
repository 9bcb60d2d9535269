package disk

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"deskside/xfer/tree"
)

// SyncAll writes through everything on the folder's file system (syncfs(2)),
// which for many files is one wait where each alone is as many.
func (d *Dir) SyncAll() error { return unix.Syncfs(int(d.f.Fd())) }

const userAttr = "user."

// Attrs gives the extended attributes that users set, as many as a tree takes;
// whole is false if the file has others, or some that cannot be read. A file system
// without any gives none.
func Attrs(f *os.File) (list []tree.Attr, whole bool) {
	names, whole := attrNames(f)
	left := tree.MaxAttr
	for _, name := range names {
		value, err := attr(f, name, left-len(name))
		switch {
		case errors.Is(err, unix.ENODATA): // it went meanwhile
		case err != nil || len(list) == tree.MaxAttrs:
			whole = false
		default:
			list = append(list, tree.Attr{Name: name, Value: value})
			left -= len(name) + len(value)
		}
	}
	return list, whole
}

// HasAttrs reports whether f has any but the mark of its origin, which it does not
// keep where it arrives.
func HasAttrs(f *os.File) bool {
	names, whole := attrNames(f)
	return !whole || slices.ContainsFunc(names, func(name string) bool { return name != markAttr })
}

// maxAttrNames is the most the system gives (xattr(7)).
const maxAttrNames = 64 << 10

func attrNames(f *os.File) (names []string, whole bool) {
	buf := make([]byte, 1024)
	n, err := unix.Flistxattr(int(f.Fd()), buf)
	if errors.Is(err, unix.ERANGE) {
		buf = make([]byte, maxAttrNames)
		n, err = unix.Flistxattr(int(f.Fd()), buf)
	}
	if err != nil {
		return nil, !errors.Is(err, unix.ERANGE) && !errors.Is(err, unix.E2BIG)
	}
	for name := range bytes.SplitSeq(buf[:n], []byte{0}) {
		if short, ok := strings.CutPrefix(string(name), userAttr); ok {
			names = append(names, short)
		}
	}
	return names, true
}

// attr reads one of at most most bytes.
func attr(f *os.File, name string, most int) ([]byte, error) {
	n, err := unix.Fgetxattr(int(f.Fd()), userAttr+name, nil)
	switch {
	case err != nil:
		return nil, err
	case n > most:
		return nil, unix.E2BIG
	}
	value := make([]byte, n)
	if n > 0 { // none asks for the length again
		n, err = unix.Fgetxattr(int(f.Fd()), userAttr+name, value)
	}
	return value[:max(n, 0)], err
}

// SetAttrs gives a file its extended attributes. Where the file system has none
// the error is errors.ErrUnsupported.
func SetAttrs(f *os.File, list []tree.Attr) error {
	for _, a := range list {
		if err := unix.Fsetxattr(int(f.Fd()), userAttr+a.Name, a.Value, 0); err != nil {
			return err
		}
	}
	return nil
}

// MayHaveHoles reports whether a file takes less room than its size.
func MayHaveHoles(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && info.Size()-st.Blocks*512 >= leastHole
}

// Extents gives where a file holds data, if it has holes worth leaving out; one
// of more stretches than a tree takes is one without.
func Extents(f *os.File, info fs.FileInfo) (list []tree.Extent, holes bool) {
	if !MayHaveHoles(info) {
		return nil, false
	}
	for at := int64(0); at < info.Size(); {
		from, err := f.Seek(at, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) { // a hole to the end
			break
		}
		if err != nil || len(list) == tree.MaxExtents {
			return nil, false
		}
		to, err := f.Seek(from, unix.SEEK_HOLE)
		if err != nil {
			return nil, false
		}
		if to = min(to, info.Size()); to <= from {
			break
		}
		list = append(list, tree.Extent{Offset: from, Length: to - from})
		at = to
	}
	return list, true
}

// setTime gives what is called name, were it a link, its time of change.
func (d *Dir) setTime(name string, t time.Time) error {
	return unix.UtimesNanoAt(int(d.f.Fd()), name, changedAt(t), unix.AT_SYMLINK_NOFOLLOW)
}

func changedAt(t time.Time) []unix.Timespec {
	return []unix.Timespec{{Nsec: unix.UTIME_OMIT}, {Sec: t.Unix(), Nsec: int64(t.Nanosecond())}}
}

// OwnerOf gives the owner of what info describes.
func OwnerOf(info fs.FileInfo) *tree.Owner {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return &tree.Owner{User: st.Uid, Group: st.Gid}
	}
	return nil
}

// leastHole is the size of holes from which on they are left out.
const leastHole = 64 << 10
