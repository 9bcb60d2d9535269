//go:build !linux

package disk

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"deskside/xfer/tree"
)

// SyncAll is not here.
func (d *Dir) SyncAll() error { return errors.ErrUnsupported }

// Attrs are not kept here.
func Attrs(*os.File) ([]tree.Attr, bool) { return nil, true }

// HasAttrs: none are known here.
func HasAttrs(*os.File) bool { return false }

// SetAttrs gives none here.
func SetAttrs(_ *os.File, list []tree.Attr) error {
	if len(list) > 0 {
		return errors.ErrUnsupported
	}
	return nil
}

// MayHaveHoles: none are known here.
func MayHaveHoles(fs.FileInfo) bool { return false }

// Extents are not known here.
func Extents(*os.File, fs.FileInfo) ([]tree.Extent, bool) { return nil, false }

// setTime gives a file its time of change; a link keeps its own.
func (d *Dir) setTime(name string, t time.Time) error {
	if info, err := d.Root.Lstat(name); err != nil || info.Mode()&fs.ModeSymlink != 0 {
		return err
	}
	return d.Root.Chtimes(name, time.Time{}, t)
}

// OwnerOf knows none here.
func OwnerOf(fs.FileInfo) *tree.Owner { return nil }
