//go:build linux || darwin

package disk

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"deskside"
)

// openFlags keep the opening of a pipe or terminal from waiting, should one
// have taken the place of a file.
const openFlags = unix.O_NONBLOCK | unix.O_NOCTTY

func sameName(a, b string) bool { return a == b }

// drives: no path begins with a letter and a colon that were not a name.
const drives = false

// checkNative: every name that parsePath takes can be held.
func CheckNative(string) error { return nil }

func noSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

// ours reports whether a partial file belongs to the user that runs here and
// to nobody else: one laid out by another could be changed after the check.
func ours(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid() && st.Nlink == 1 && info.Mode().Perm()&0o077 == 0
}

// sweepable reports whether what has the name of a partial file may be taken away
// as one of ours, whatever was done to its permissions and owner before it was to
// get its own name.
func sweepable(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && (int(st.Uid) == os.Geteuid() || os.Geteuid() == 0) && st.Nlink == 1
}

// ID tells a file from all others of this machine, where the system says.
type ID struct{ device, inode uint64 }

// Identity gives the ID of what info describes.
func Identity(info fs.FileInfo) ID {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return ID{uint64(st.Dev), st.Ino}
	}
	return ID{}
}

func sameDisk(a, b fs.FileInfo) bool { return Identity(a).device == Identity(b).device }

// Lock takes the partial file for this transfer alone, until it is closed.
func Lock(f *os.File) error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return deskside.Errorf(deskside.CodeBusy, "the same file is being copied to the same place already").
			Hint("Wait for the other copy to end.")
	}
	return err
}

// diskSpace asks what the user that runs here may use of a folder's disk.
func diskSpace(dir *os.Root) (s Space) {
	withFolder(dir, func(fd int) error {
		var st unix.Statfs_t
		if err := unix.Fstatfs(fd, &st); err != nil {
			return err
		}
		s = Space{bytesOf(uint64(st.Blocks), &st), bytesOf(uint64(st.Bavail), &st)}
		return nil
	})
	return s
}

// bytesOf gives n blocks in bytes, as far as they can be counted.
func bytesOf(n uint64, st *unix.Statfs_t) int64 {
	unit := blockSize(st)
	if unit == 0 || n > math.MaxInt64/unit {
		return math.MaxInt64
	}
	return int64(n * unit)
}

// withFolder runs f with the descriptor of a folder.
func withFolder(dir *os.Root, f func(fd int) error) error {
	d, err := dir.Open(".")
	if err != nil {
		return err
	}
	defer d.Close()
	return f(int(d.Fd()))
}

// SyncDir makes the names in a folder last.
func SyncDir(dir *os.Root) error {
	return withFolder(dir, func(fd int) error {
		err := unix.Fsync(fd)
		if errors.Is(err, unix.EINVAL) { // a file system without it
			return nil
		}
		return err
	})
}

// Readable says why the name in d cannot be read, or nil.
func Readable(d *os.File, name string) error {
	return unix.Faccessat(int(d.Fd()), name, unix.R_OK, unix.AT_EACCESS)
}

// Move gives what is called from the name to, both in folders held open. It
// replaces what is there only if told so.
func Move(from, to *Place, replace bool) error {
	return withFolder(from.Dir, func(a int) error {
		return withFolder(to.Dir, func(b int) error {
			if replace {
				return unix.Renameat(a, from.Name, b, to.Name)
			}
			return renameNew(a, from.Name, b, to.Name)
		})
	})
}

// linkNew is a rename that never replaces, where the file system has no other:
// a second name, made only if it is free, then the first taken away.
func linkNew(a int, from string, b int, to string) error {
	if err := unix.Linkat(a, from, b, to, 0); err != nil {
		return err
	}
	return unix.Unlinkat(a, from, 0)
}

// rename gives what is called from the name to, in one step. It replaces what is
// there only if told so.
func (d *Dir) rename(from, to string, replace bool) error {
	fd := int(d.f.Fd())
	if replace {
		return unix.Renameat(fd, from, fd, to)
	}
	return renameNew(fd, from, fd, to)
}

// Sync makes the names in the folder last.
func (d *Dir) Sync() error {
	if err := unix.Fsync(int(d.f.Fd())); err != nil && !errors.Is(err, unix.EINVAL) { // a file system without it
		return err
	}
	return nil
}
