package disk

import (
	"math"
	"os"

	"deskside"
)

// Space is what a disk has, in bytes. A disk of no size is one that does not
// tell.
type Space struct{ Size, Free int64 }

// mostReserve is what a transfer leaves free of a large disk: a machine whose
// disk is full to the last byte cannot even be helped.
const mostReserve = 64 << 20

// Room gives how much may be written: all but a twentieth, or but mostReserve;
// as much as can be counted where the disk does not tell.
func (s Space) Room() int64 {
	if s.Size == 0 {
		return math.MaxInt64
	}
	return max(0, s.Free-min(mostReserve, s.Size/20))
}

// fits refuses need more bytes for the file called name where the disk, which
// has s, does not have them.
func (s Space) fits(name string, need int64) error {
	if room := s.Room(); need > room {
		return NoRoom(name, need, room)
	}
	return nil
}

// NoRoom is the refusal of a file that needs more bytes than the disk has.
func NoRoom(name string, need, room int64) error {
	return deskside.Errorf(deskside.CodeNoSpace, "there is no room for %q: it needs %d bytes, and %d are left", Text(name), need, room).
		Hint("Free some room on that disk, then copy again.")
}

// Spaces asks what a folder's disk has. Tests have disks of their own.
type Spaces func(dir *os.Root) Space

func (d Spaces) Of(dir *os.Root) Space {
	if d == nil {
		return diskSpace(dir)
	}
	return d(dir)
}
