package disk

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/windows"

	"deskside"
)

const openFlags = 0

func sameName(a, b string) bool { return strings.EqualFold(a, b) }

// drives: a path may begin with a letter and a colon.
const drives = true

// CheckNative refuses a name that this system cannot hold.
func CheckNative(e string) error { return WindowsName(e) }

func noSpace(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL)
}

// ours: permissions of Windows are inherited from the folder, so a partial file
// is as safe as the file it becomes.
func ours(fs.FileInfo) bool { return true }

// sweepable: as ours.
func sweepable(fs.FileInfo) bool { return true }

// ID tells a file from all others, where the system says: not here.
type ID struct{ name string }

// sameDisk: nothing here is flushed by the disk.
func sameDisk(_, _ fs.FileInfo) bool { return true }

// Identity gives what tells the file of info from others as well as may be: its
// name.
func Identity(info fs.FileInfo) ID { return ID{info.Name()} }

// Lock takes the partial file for this transfer alone, until it is closed.
func Lock(f *os.File) error {
	const whole = ^uint32(0)
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY,
		0, whole, whole, new(windows.Overlapped))
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return deskside.Errorf(deskside.CodeBusy, "the same file is being copied to the same place already").
			Hint("Wait for the other copy to end.")
	}
	return err
}

// syncDir: NTFS keeps names in its journal; folders cannot be flushed.
func SyncDir(*os.Root) error { return nil }

// readable: rights are only known when a file is opened.
func Readable(*os.File, string) error { return nil }

// Move gives what is called from the name to. Without replace there is a moment
// between the look and the rename in which somebody else may take the name; the
// system has no call for both in one step that os.Root opens.
func Move(from, to *Place, replace bool) error {
	if !replace {
		if _, err := to.Dir.Lstat(to.Name); err == nil {
			return fs.ErrExist
		}
	}
	return from.Top.Rename(path.Join(from.Real...), path.Join(to.Real...))
}

// diskSpace: not asked here; a full disk is noticed when it is.
func diskSpace(*os.Root) Space { return Space{} }

// rename gives what is called from the name to, as Move does.
func (d *Dir) rename(from, to string, replace bool) error {
	if !replace {
		if _, err := d.Root.Lstat(to); err == nil {
			return fs.ErrExist
		}
	}
	return d.Root.Rename(from, to)
}

// Sync: NTFS keeps names in its journal; folders cannot be flushed.
func (d *Dir) Sync() error { return nil }

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
