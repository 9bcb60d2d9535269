package disk

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"io/fs"
	"os"
	"strings"
	"time"

	"deskside"
)

// A file that is arriving has a hidden name in the folder it will be in, so
// that the last step is a rename. The name is the same each time the same peer
// sends the same file (by size and time) to the same place, which is what lets
// a transfer go on where it broke, and another one for another peer, so that
// nobody goes on with bytes that somebody else laid out. Names of this form are
// refused as the target of every operation but delete.
//
// A draft, with which nobody goes on, has a name of its own kind, so that one
// that a killed program left is known to be worth nothing.
const (
	partialPrefix = ".deskside-"
	partialSuffix = ".part"
	draftSuffix   = ".draft"
	partialLetter = 32 // letters between the two: 20 bytes in base32
)

var partialCode = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// PartialName names what arrives from peer to become name, of size bytes and
// last changed at mtime.
func PartialName(peer deskside.KeyID, name string, size int64, mtime time.Time) string {
	h := NewHasher()
	h.Write(peer[:])
	var n [24]byte
	binary.BigEndian.PutUint64(n[0:], uint64(size))
	binary.BigEndian.PutUint64(n[8:], uint64(mtime.Unix()))
	binary.BigEndian.PutUint64(n[16:], uint64(mtime.Nanosecond()))
	h.Write(n[:])
	h.Write([]byte(name))
	sum := h.Now()
	return partialPrefix + partialCode.EncodeToString(sum[:20]) + partialSuffix
}

// draftName names a draft, as no other transfer does.
func draftName() string {
	var b [20]byte
	rand.Read(b[:])
	return partialPrefix + partialCode.EncodeToString(b[:]) + draftSuffix
}

// IsPartial reports whether name has the form of PartialName, or of a draft's.
func IsPartial(name string) bool { return hasForm(name, partialSuffix) || isDraft(name) }

func isDraft(name string) bool { return hasForm(name, draftSuffix) }

func hasForm(name, suffix string) bool {
	return len(name) == len(partialPrefix)+partialLetter+len(suffix) &&
		strings.HasPrefix(name, partialPrefix) && strings.HasSuffix(name, suffix)
}

// PartialSize gives how many bytes of a transfer are there to go on from: zero
// when it is not there or not ours.
func PartialSize(dir *os.Root, tmp string, size int64) int64 {
	info, err := dir.Lstat(tmp)
	if err != nil || !info.Mode().IsRegular() || !ours(info) || info.Size() > size {
		return 0
	}
	return info.Size()
}

const (
	KeepLeast    = 64 << 10       // a shorter beginning is not worth keeping
	KeepPartial  = 24 * time.Hour // after this without a byte a transfer is abandoned
	sweepEvery   = time.Hour      // one folder is looked through no more often
	SweepFolders = 4096           // folders remembered for that
)

// KeptMode gives the permissions of a file as they are kept: neither set-user-ID,
// set-group-ID nor sticky, and execution only where the source had it.
func KeptMode(m fs.FileMode) fs.FileMode { return m.Perm() }
