package disk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"deskside"
)

// BufferSize is how much of a file is moved at once. Rights are checked between
// two such pieces.
const BufferSize = 256 << 10

// Buffers holds what files are moved through.
var Buffers = sync.Pool{New: func() any { return new([BufferSize]byte) }}

// Meta is what is kept of a file besides its bytes.
type Meta struct {
	Size    int64
	Mode    fs.FileMode // permissions alone
	ModTime time.Time
}

// Same reports whether the bytes are, by all one can see from outside, those
// that other describes.
func (m Meta) Same(other Meta) bool {
	return m.Size == other.Size && m.ModTime.Equal(other.ModTime)
}

// Incoming is a file that arrives, on either side: bytes go to a partial file,
// which gets the file's name only when all of them are there and their hash is
// what the sender's is. One of commit, keep and discard ends it.
type Incoming struct {
	at   *Place // what it becomes; not owned
	tmp  string
	Meta Meta

	f    *os.File
	Sum  Hasher
	Have int64 // bytes in f, all of them in Sum or on the way there

	Origin string // what it is marked with; "" is nothing

	Reused int64 // bytes of Have that came from the basis

	out   writer // to f
	basis *Basis // nil: everything comes over the wire; not owned
}

// Receive opens the partial file tmp in the folder of at, and makes it if it is
// not there. It refuses a file for which the disk has no room.
func Receive(at *Place, tmp string, meta Meta, disk Spaces) (*Incoming, error) {
	f, err := openPartial(at.Dir, tmp)
	if errors.Is(err, fs.ErrNotExist) { // as /proc says it
		return nil, deskside.Errorf(deskside.CodeNoAccess, "write %q: no file can be made in its folder", Text(at.Name)).Hint("Use another folder.")
	}
	if err != nil {
		return nil, Explain(err, "write", at.Name)
	}
	in := &Incoming{at: at, tmp: tmp, Meta: meta, f: f, Sum: NewHasher(), out: writer{f: f}}
	if err := Lock(f); err != nil {
		f.Close()
		return nil, Explain(err, "lock", at.Name)
	}
	if err := in.fits(disk); err != nil {
		in.discard()
		return nil, err
	}
	return in, nil
}

// Name gives the name that the file gets.
func (in *Incoming) Name() string { return in.at.Name }

// fits checks before the first byte that there is room for those to come.
func (in *Incoming) fits(disk Spaces) error {
	there, err := in.There()
	if err != nil {
		return err
	}
	return disk.Of(in.at.Dir).fits(in.at.Name, in.Meta.Size-there)
}

// openPartial opens a partial file of ours, or makes one. Whatever else has
// that name is moved out of the way.
func openPartial(dir *os.Root, tmp string) (*os.File, error) {
	info, err := dir.Lstat(tmp)
	if err == nil && info.Mode().IsRegular() && ours(info) {
		f, err := dir.OpenFile(tmp, os.O_RDWR|openFlags, 0)
		if err != nil {
			return nil, err
		}
		if now, err := f.Stat(); err == nil && os.SameFile(info, now) {
			return f, nil
		}
		f.Close()
		return nil, Exchanged(tmp)
	}
	if err == nil {
		if err := dir.Remove(tmp); err != nil {
			return nil, err
		}
	}
	return dir.OpenFile(tmp, os.O_RDWR|os.O_CREATE|os.O_EXCL|openFlags, 0o600)
}

// There gives how many bytes an earlier transfer left.
func (in *Incoming) There() (int64, error) {
	info, err := in.f.Stat()
	if err != nil {
		return 0, Explain(err, "read", in.at.Name)
	}
	return min(info.Size(), in.Meta.Size), nil
}

// Skip goes on after the first offset bytes that are there, and gives their
// hash. What lies behind them is cut off.
func (in *Incoming) Skip(offset int64) (Hash, error) {
	if _, err := in.f.Seek(0, io.SeekStart); err != nil {
		return Hash{}, Explain(err, "read", in.at.Name)
	}
	in.Sum, in.Have = NewHasher(), 0
	if err := in.Sum.take(in.f, offset); err != nil {
		return Hash{}, Explain(err, "read", in.at.Name)
	}
	if err := in.f.Truncate(offset); err != nil {
		return Hash{}, Explain(err, "write", in.at.Name)
	}
	in.Have = offset
	return in.Sum.Now(), nil
}

// Resume goes on after the first offset bytes, whose hash at the sender is
// prefix. It refuses with CodeConflict when they are other bytes here.
func (in *Incoming) Resume(offset int64, prefix Hash) error {
	there, err := in.There()
	if err != nil {
		return err
	}
	if offset > there {
		return Conflict("there are %d bytes of %q to go on from, not %d", there, Text(in.at.Name), offset).Hint("Begin again.")
	}
	mine, err := in.Skip(offset)
	if err == nil && offset > 0 && mine != prefix {
		err = Conflict("what is there of %q does not agree with the source", Text(in.at.Name)).Hint("Begin again.")
	}
	return err
}

func (in *Incoming) tooLong() error {
	return Conflict("%q is longer than the %d bytes announced", Text(in.at.Name), in.Meta.Size).Hint("Copy it again.")
}

// BrokenError says that the way broke, not the file: what is there is kept.
type BrokenError struct{ Err error }

func (e *BrokenError) Error() string { return fmt.Sprintf("interrupted: %v", e.Err) }
func (e *BrokenError) Unwrap() error { return e.Err }

// Broken marks err as one of the way, if it is not marked yet.
func Broken(err error) error {
	if errors.As(err, new(*BrokenError)) {
		return err
	}
	return &BrokenError{err}
}

// Commit checks the hash and gives the file its permissions, time and name, in
// this order, so that a name is seen only with everything behind it. What has
// the name already is replaced only if told so.
func (in *Incoming) Commit(sum Hash, replace bool) error {
	if in.Have != in.Meta.Size {
		return Conflict("%q has %d of %d bytes", Text(in.at.Name), in.Have, in.Meta.Size).Hint("Copy it again.")
	}
	if in.Sum.Now() != sum {
		return in.changed()
	}
	if err := in.finish(); err != nil {
		return Explain(err, "write", in.at.Name)
	}
	from := &Place{Top: in.at.Dir, Dir: in.at.Dir, Name: in.tmp, Real: []string{in.tmp}}
	to := &Place{Top: in.at.Dir, Dir: in.at.Dir, Name: in.at.Name, Real: []string{in.at.Name}}
	if err := Move(from, to, replace); err != nil {
		return Explain(err, "write", in.at.Name)
	}
	if err := SyncDir(in.at.Dir); err != nil {
		return Explain(err, "write", in.at.Name)
	}
	return nil
}

// finish writes through what is kept of the file besides its name. The bytes go
// first, which may take long: whoever is killed over them left what can be gone on
// with. Too few for that are written through with the rest.
func (in *Incoming) finish() error {
	if err := in.through(); err != nil {
		return err
	}
	if err := in.dress(); err != nil {
		return err
	}
	if err := in.f.Sync(); err != nil {
		return err
	}
	now, err := in.at.Dir.Lstat(in.tmp)
	if err != nil {
		return err
	}
	mine, err := in.f.Stat()
	if err == nil && !os.SameFile(now, mine) {
		err = Exchanged(in.tmp)
	}
	return errors.Join(err, in.f.Close())
}

// through writes the bytes of the file through to the disk.
func (in *Incoming) through() error {
	if err := in.settle(); err != nil || in.Meta.Size < KeepLeast {
		return err
	}
	return in.f.Sync()
}

// dress gives the file what is kept of it besides its bytes and its name. It is no
// longer one to go on with then.
func (in *Incoming) dress() error {
	mark(in.f, in.Origin)
	if err := in.f.Chmod(KeptMode(in.Meta.Mode)); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return in.at.Dir.Chtimes(in.tmp, in.Meta.ModTime, in.Meta.ModTime)
}

// keep leaves what has arrived for a later transfer to go on from, unless it is
// too little to be worth it.
func (in *Incoming) keep() {
	there := in.Have
	if in.basis != nil {
		there = max(there, in.basis.inPlace) // also what was not come to yet
	}
	if there < KeepLeast {
		in.discard()
		return
	}
	in.release()
	in.f.Sync()
	in.f.Close()
}

// discard takes away what has arrived.
func (in *Incoming) discard() {
	in.at.Dir.Remove(in.tmp)
	in.f.Close()
}

// Fail ends a transfer that did not succeed: what broke on the way is kept,
// what was wrong is not. Nor is what found the disk full: it would leave the
// disk full, for everybody there.
func (in *Incoming) Fail(err error) {
	var broken *BrokenError
	if errors.As(err, &broken) {
		in.keep()
		return
	}
	in.discard()
}

// Replaceable refuses a target that exists, unless it is a file or link and is
// to be replaced.
func Replaceable(p *Place, replace bool) error {
	if p.Info == nil {
		return nil
	}
	switch kind := KindOf(p.Info.Mode()); {
	case kind != File && kind != Link:
		return deskside.Errorf(deskside.CodeExists, "%q exists and is %s", Text(p.Name), kind.Words()).Hint("Use another name.")
	case !replace:
		return Exists(p.Name)
	}
	return nil
}
