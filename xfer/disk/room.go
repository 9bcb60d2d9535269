package disk

import (
	"os"

	"deskside"
)

// Space is what a disk has, in bytes. A disk of no size is one that does not
// tell.
type Space struct{ Size, Free int64 }

// mostReserve is what a transfer leaves free of a large disk: a machine whose
// disk is full to the last byte cannot even be helped.
const mostReserve = 64 << 20

// room gives how much may be written: all but a twentieth, or but mostReserve.
func (s Space) room() int64 { return s.Free - min(mostReserve, s.Size/20) }

// fits refuses need more bytes for the file called name where the disk, which
// has s, does not have them.
func (s Space) fits(name string, need int64) error {
	if s.Size == 0 || need <= max(0, s.room()) {
		return nil
	}
	return deskside.Errorf(deskside.CodeNoSpace, "there is no room for %q: it needs %d bytes, and %d are left", Text(name), need, max(0, s.room())).
		Hint("Free some room on that disk, then copy again.")
}

// Spaces asks what a folder's disk has. Tests have disks of their own.
type Spaces func(dir *os.Root) Space

func (d Spaces) of(dir *os.Root) Space {
	if d == nil {
		return diskSpace(dir)
	}
	return d(dir)
}
