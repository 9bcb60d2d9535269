package haul

import (
	"errors"
	"io/fs"
	"runtime"
	"sync"

	"deskside/xfer/disk"
	"deskside/xfer/tree"
)

// writers is how many short files are written at once: making a file is many
// small waits, for the folder and for the disk.
var writers = max(2, min(4, runtime.GOMAXPROCS(0)))

// waiting is how many short files wait for a writer at most.
const waiting = 32

// shortFile is the size to which a file is read whole, and then written by one of
// the writers.
const shortFile = 64 << 10

// pages holds what short files wait in.
var pages = sync.Pool{New: func() any { return new([shortFile]byte) }}

// job is a short file to be written.
type job struct {
	it   *item
	page *[shortFile]byte
	of   *group
}

// file takes in a file. A short one is handed to the writers.
func (l *Landing) file(a *arriving, in *folder) error {
	h := a.h
	if err := l.fits(h, in); err != nil {
		return err
	}
	if !short(h) {
		return l.long(h, in, a.body)
	}
	if a.page == nil {
		if err := a.read(); err != nil {
			return &stopError{err}
		}
	}
	if a.fault != nil {
		return a.fault
	}
	j := job{&item{Arrival: Arrival{h, a.sum}, in: in}, a.page, l.group}
	a.page = nil
	l.mu.Lock()
	in.using++ // by the writer
	l.mu.Unlock()
	j.of.writing.Add(1)
	l.jobs <- j
	l.take(j.it, h.Size)
	return nil
}

// write writes a short file.
func (l *Landing) write(j job) {
	defer j.of.writing.Done()
	defer l.leave(j.it.in)
	defer pages.Put(j.page)
	it, b := j.it, j.page[:j.it.Head.Size]
	if disk.SumOf(b) != it.Sum {
		it.err = wrongHash(it.Head)
		return
	}
	it.has = it.Head.Mode
	it.f, it.err = l.draft(it.Head, it.in, func(f *disk.Draft) error {
		_, err := f.F.Write(b)
		return err
	})
}

func wrongHash(h *tree.Head) error {
	return disk.Conflict("the hash of %q is not the sender's", disk.Text(h.Name())).Hint("Copy it again.")
}

// long takes in a file piece by piece.
func (l *Landing) long(h *tree.Head, in *folder, body *tree.Reader) error {
	it := &item{Arrival: Arrival{Head: h}, in: in, has: h.Mode}
	var err error
	it.f, err = l.draft(h, in, func(f *disk.Draft) (err error) {
		it.Sum, err = l.fill(f, h, body)
		return err
	})
	if err != nil {
		return err
	}
	l.take(it, h.Bytes())
	return nil
}

// draft makes a file that has all but its name, with what fill puts into it.
func (l *Landing) draft(h *tree.Head, in *folder, fill func(*disk.Draft) error) (*disk.Draft, error) {
	info, err := in.dir.Root.Lstat(h.Name())
	if err == nil {
		err = l.free(h, in, info)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, disk.Explain(err, "write", h.Name())
	}
	f, err := in.dir.Draft()
	if err != nil {
		return nil, disk.Explain(err, "write", h.Name())
	}
	if err = fill(f); err == nil {
		err = f.Dress(h, l.Owners, l.Origin)
	}
	if err == nil {
		return f, nil
	}
	f.Drop()
	if stop, ok := errors.AsType[*stopError](err); ok {
		return nil, stop
	}
	return nil, disk.Explain(err, "write", h.Name())
}

// fits checks that the disk has room for the file, beside the others of its
// group, which it does not count yet.
func (l *Landing) fits(h *tree.Head, in *folder) error {
	if l.room < 0 {
		l.room = l.Disk.Of(in.dir.Root).Room()
	}
	if h.Bytes() > l.room {
		return disk.NoRoom(h.Name(), h.Bytes(), l.room)
	}
	l.room -= h.Bytes()
	return nil
}

// fill writes the file's bytes and compares their hash.
func (l *Landing) fill(f *disk.Draft, h *tree.Head, body *tree.Reader) (disk.Hash, error) {
	sum, err := l.pieces(f, h, body)
	if err != nil {
		return sum, err
	}
	said, fault, err := body.Sum()
	switch {
	case err != nil:
		return sum, &stopError{err}
	case fault != nil:
		return sum, fault
	case said != sum:
		return sum, wrongHash(h)
	}
	return sum, nil
}

func (l *Landing) pieces(f *disk.Draft, h *tree.Head, body *tree.Reader) (disk.Hash, error) {
	buf := disk.Buffers.Get().(*[disk.BufferSize]byte)
	defer disk.Buffers.Put(buf)
	if err := f.F.Truncate(h.Size); err != nil {
		return disk.Hash{}, err
	}
	sum := disk.NewHasher()
	sum.Write(h.Seed())
	for _, e := range h.Stretches() {
		for at := e.Offset; at < e.Offset+e.Length; {
			n, err := body.Read(buf[:min(int64(len(buf)), e.Offset+e.Length-at)])
			if n == 0 && err != nil {
				return disk.Hash{}, &stopError{err}
			}
			if _, err := f.F.WriteAt(buf[:n], at); err != nil {
				return disk.Hash{}, err
			}
			sum.Write(buf[:n])
			at += int64(n)
			if err := l.step(); err != nil {
				return disk.Hash{}, &stopError{err}
			}
		}
	}
	return sum.Now(), nil
}

func (l *Landing) step() error {
	if l.Step == nil {
		return nil
	}
	return l.Step()
}
