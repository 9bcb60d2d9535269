//go:build !linux && !darwin && !windows

package disk

import (
	"errors"
	"io/fs"
	"os"
)

var errNotHere = errors.New("file transfer is not here on this system yet")

const (
	openFlags = 0
	drives    = false
)

func sameName(a, b string) bool       { return a == b }
func CheckNative(string) error        { return errNotHere }
func noSpace(error) bool              { return false }
func diskSpace(*os.Root) Space        { return Space{} }
func ours(fs.FileInfo) bool           { return false }
func sweepable(fs.FileInfo) bool      { return false }
func Lock(*os.File) error             { return errNotHere }
func SyncDir(*os.Root) error          { return errNotHere }
func Readable(*os.File, string) error { return errNotHere }
func Move(_, _ *Place, _ bool) error  { return errNotHere }

func (d *Dir) rename(string, string, bool) error { return errNotHere }

// ID tells a file from all others, where the system says: not here.
type ID struct{ name string }

// sameDisk: nothing here is flushed by the disk.
func sameDisk(_, _ fs.FileInfo) bool { return true }

// Identity gives what tells the file of info from others as well as may be: its
// name.
func Identity(info fs.FileInfo) ID { return ID{info.Name()} }

// Sync is not here.
func (d *Dir) Sync() error { return errNotHere }

// FoldsCase says that file systems here usually do not tell names by case.
const FoldsCase = false

// preallocate: not here; a full disk is noticed when it is.
func preallocate(*os.File, int64) error { return nil }

// punch is not here: zeros are written.
func punch(*os.File, int64, int64) error { return errors.ErrUnsupported }

// direct: not here; all goes through the page cache.
func direct(*os.File) bool { return false }

func setDirect(*os.File, bool) error { return errors.ErrUnsupported }

// startWriting is not here: it is written when the system likes, and at the end.
func startWriting(*os.File, int64, int64) {}
