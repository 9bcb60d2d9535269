package disk

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// renameNew renames unless the new name is taken, in one step.
func renameNew(a int, from string, b int, to string) error {
	err := unix.Renameat2(a, from, b, to, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		return linkNew(a, from, b, to)
	}
	return err
}

// blockSize is the unit in which a file system counts its blocks: f_frsize where
// it is given, else f_bsize (statfs(2)).
func blockSize(st *unix.Statfs_t) uint64 {
	if st.Frsize > 0 {
		return uint64(st.Frsize)
	}
	return uint64(st.Bsize)
}

// FoldsCase says that file systems here usually do not tell names by case.
const FoldsCase = false

// preallocate reserves the disk's room for the first size bytes of f, without
// making it longer. A file system that cannot does not.
func preallocate(f *os.File, size int64) error {
	err := unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, 0, size)
	if noSpace(err) {
		return err
	}
	return nil
}

// punch makes n bytes of f zero and gives their room back.
func punch(f *os.File, offset, n int64) error {
	return unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, offset, n)
}

// direct reports whether f can be written past the page cache and gains by it: on
// the file systems of local disks that do so themselves, and flush nothing else
// for it. A write that is refused after all is made again in the usual way.
func direct(f *os.File) bool {
	var st unix.Statfs_t
	err := unix.Fstatfs(int(f.Fd()), &st)
	return err == nil && (st.Type == unix.EXT4_SUPER_MAGIC || st.Type == unix.XFS_SUPER_MAGIC)
}

// setDirect has what is written to f from now on go past the page cache, or not.
func setDirect(f *os.File, on bool) error {
	flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFL, 0)
	if err != nil {
		return err
	}
	if flags &^= unix.O_DIRECT; on {
		flags |= unix.O_DIRECT
	}
	_, err = unix.FcntlInt(f.Fd(), unix.F_SETFL, flags)
	return err
}

// startWriting has n bytes of f written to the disk, without waiting for it. The
// flush at the end says whether that went well.
func startWriting(f *os.File, offset, n int64) {
	_ = unix.SyncFileRange(int(f.Fd()), offset, n, unix.SYNC_FILE_RANGE_WRITE)
}
