package xfer

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

// bufferSize is how much of a file is moved at once. Rights are checked between
// two such pieces.
const bufferSize = 256 << 10

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// fileMeta is what is kept of a file besides its bytes.
type fileMeta struct {
	Size    int64
	Mode    fs.FileMode // permissions alone
	ModTime time.Time
}

// same reports whether the bytes are, by all one can see from outside, those
// that other describes.
func (m fileMeta) same(other fileMeta) bool {
	return m.Size == other.Size && m.ModTime.Equal(other.ModTime)
}

// incoming is a file that arrives, on either side: bytes go to a partial file,
// which gets the file's name only when all of them are there and their hash is
// what the sender's is. One of commit, keep and discard ends it.
type incoming struct {
	at   *place // what it becomes; not owned
	tmp  string
	meta fileMeta

	f    *os.File
	sum  hasher
	have int64 // bytes in f, all of them in sum
}

// receive opens the partial file tmp in the folder of at, and makes it if it is
// not there. It refuses a file for which the disk has no room.
func receive(at *place, tmp string, meta fileMeta, disk diskOf) (*incoming, error) {
	f, err := openPartial(at.dir, tmp)
	if errors.Is(err, fs.ErrNotExist) { // as /proc says it
		return nil, deskside.Errorf(deskside.CodeNoAccess, "write %q: no file can be made in its folder", textOf(at.name)).Hint("Use another folder.")
	}
	if err != nil {
		return nil, explain(err, "write", at.name)
	}
	in := &incoming{at: at, tmp: tmp, meta: meta, f: f, sum: newHasher()}
	if err := lock(f); err != nil {
		f.Close()
		return nil, explain(err, "lock", at.name)
	}
	if err := in.fits(disk); err != nil {
		in.discard()
		return nil, err
	}
	return in, nil
}

// fits checks before the first byte that there is room for those to come.
func (in *incoming) fits(disk diskOf) error {
	there, err := in.there()
	if err != nil {
		return err
	}
	return disk.of(in.at.dir).fits(in.at.name, in.meta.Size-there)
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
		return nil, changed(tmp)
	}
	if err == nil {
		if err := dir.Remove(tmp); err != nil {
			return nil, err
		}
	}
	return dir.OpenFile(tmp, os.O_RDWR|os.O_CREATE|os.O_EXCL|openFlags, 0o600)
}

// there gives how many bytes an earlier transfer left.
func (in *incoming) there() (int64, error) {
	info, err := in.f.Stat()
	if err != nil {
		return 0, explain(err, "read", in.at.name)
	}
	return min(info.Size(), in.meta.Size), nil
}

// skip goes on after the first offset bytes that are there, and gives their
// hash. What lies behind them is cut off.
func (in *incoming) skip(offset int64) (Hash, error) {
	if _, err := in.f.Seek(0, io.SeekStart); err != nil {
		return Hash{}, explain(err, "read", in.at.name)
	}
	in.sum, in.have = newHasher(), 0
	if err := in.sum.take(in.f, offset); err != nil {
		return Hash{}, explain(err, "read", in.at.name)
	}
	if err := in.f.Truncate(offset); err != nil {
		return Hash{}, explain(err, "write", in.at.name)
	}
	in.have = offset
	return in.sum.now(), nil
}

// resume goes on after the first offset bytes, whose hash at the sender is
// prefix. It refuses with CodeConflict when they are other bytes here.
func (in *incoming) resume(offset int64, prefix Hash) error {
	there, err := in.there()
	if err != nil {
		return err
	}
	if offset > there {
		return conflict("there are %d bytes of %q to go on from, not %d", there, textOf(in.at.name), offset).Hint("Begin again.")
	}
	mine, err := in.skip(offset)
	if err == nil && offset > 0 && mine != prefix {
		err = conflict("what is there of %q does not agree with the source", textOf(in.at.name)).Hint("Begin again.")
	}
	return err
}

// Write adds bytes. It takes no more than were announced.
func (in *incoming) Write(b []byte) (int, error) {
	if int64(len(b)) > in.meta.Size-in.have {
		return 0, in.tooLong()
	}
	n, err := in.f.Write(b)
	in.sum.Write(b[:n])
	in.have += int64(n)
	if err != nil {
		return n, explain(err, "write", in.at.name)
	}
	return n, nil
}

func (in *incoming) tooLong() error {
	return conflict("%q is longer than the %d bytes announced", textOf(in.at.name), in.meta.Size).Hint("Copy it again.")
}

// fill takes bytes from r until the file is whole, calling step after each
// piece, and checks that r ends there.
func (in *incoming) fill(r io.Reader, step func(have int64) error) error {
	buf := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buf)
	for in.have < in.meta.Size {
		n, err := r.Read(buf[:min(bufferSize, in.meta.Size-in.have)])
		if _, err := in.Write(buf[:n]); err != nil {
			return err
		}
		if n > 0 {
			if err := step(in.have); err != nil {
				return err
			}
		}
		if err == io.EOF && in.have < in.meta.Size {
			return conflict("%q ended after %d of %d bytes", textOf(in.at.name), in.have, in.meta.Size).Hint("Copy it again.")
		}
		if err != nil && err != io.EOF {
			return &brokenError{err}
		}
	}
	return in.end(r)
}

// end reads on to the end of r, where nothing but the end may be.
func (in *incoming) end(r io.Reader) error {
	var more [1]byte
	for {
		n, err := r.Read(more[:])
		switch {
		case n > 0:
			return in.tooLong()
		case err == io.EOF:
			return nil
		case err != nil:
			return &brokenError{err}
		}
	}
}

// brokenError says that the way broke, not the file: what is there is kept.
type brokenError struct{ err error }

func (e *brokenError) Error() string { return fmt.Sprintf("interrupted: %v", e.err) }
func (e *brokenError) Unwrap() error { return e.err }

// commit checks the hash and gives the file its permissions, time and name, in
// this order, so that a name is seen only with everything behind it. What has
// the name already is replaced only if told so.
func (in *incoming) commit(sum Hash, replace bool) error {
	if in.have != in.meta.Size {
		return conflict("%q has %d of %d bytes", textOf(in.at.name), in.have, in.meta.Size).Hint("Copy it again.")
	}
	if in.sum.now() != sum {
		return conflict("the hash of %q is not the sender's", textOf(in.at.name)).Hint("Copy it again.")
	}
	if err := in.finish(); err != nil {
		return explain(err, "write", in.at.name)
	}
	from := &place{top: in.at.dir, dir: in.at.dir, name: in.tmp, real: []string{in.tmp}}
	to := &place{top: in.at.dir, dir: in.at.dir, name: in.at.name, real: []string{in.at.name}}
	if err := move(from, to, replace); err != nil {
		return explain(err, "write", in.at.name)
	}
	if err := syncDir(in.at.dir); err != nil {
		return explain(err, "write", in.at.name)
	}
	return nil
}

// finish writes through what is kept of the file besides its name.
func (in *incoming) finish() error {
	if err := in.f.Chmod(keptMode(in.meta.Mode)); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	if err := in.at.dir.Chtimes(in.tmp, in.meta.ModTime, in.meta.ModTime); err != nil {
		return err
	}
	if err := in.f.Sync(); err != nil {
		return err
	}
	now, err := in.at.dir.Lstat(in.tmp)
	if err != nil {
		return err
	}
	mine, err := in.f.Stat()
	if err == nil && !os.SameFile(now, mine) {
		err = changed(in.tmp)
	}
	return errors.Join(err, in.f.Close())
}

// keep leaves what has arrived for a later transfer to go on from, unless it is
// too little to be worth it.
func (in *incoming) keep() {
	if in.have < keepLeast {
		in.discard()
		return
	}
	in.f.Sync()
	in.f.Close()
}

// discard takes away what has arrived.
func (in *incoming) discard() {
	in.at.dir.Remove(in.tmp)
	in.f.Close()
}

// fail ends a transfer that did not succeed: what broke on the way is kept,
// what was wrong is not. Nor is what found the disk full: it would leave the
// disk full, for everybody there.
func (in *incoming) fail(err error) {
	var broken *brokenError
	if errors.As(err, &broken) {
		in.keep()
		return
	}
	in.discard()
}
