package disk

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// renameNew renames unless the new name is taken, in one step.
func renameNew(a int, from string, b int, to string) error {
	err := unix.RenameatxNp(a, from, b, to, unix.RENAME_EXCL)
	if errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.EINVAL) {
		return linkNew(a, from, b, to)
	}
	return err
}

// blockSize is the unit in which a file system counts its blocks (statfs(2)).
func blockSize(st *unix.Statfs_t) uint64 { return uint64(st.Bsize) }

// FoldsCase says that file systems here usually do not tell names by case.
const FoldsCase = true

// preallocate: not here; a full disk is noticed when it is.
func preallocate(*os.File, int64) error { return nil }

// punch is not here: zeros are written.
func punch(*os.File, int64, int64) error { return errors.ErrUnsupported }

// direct: not here; all goes through the page cache.
func direct(*os.File) bool { return false }

func setDirect(*os.File, bool) error { return errors.ErrUnsupported }

// startWriting is not here: it is written when the system likes, and at the end.
func startWriting(*os.File, int64, int64) {}
