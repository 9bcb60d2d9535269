package disk

import (
	"io"
	"io/fs"
	"os"
	"time"
)

// Outgoing is a file that is read to be sent, on either side. It notices when
// the file changes meanwhile.
type Outgoing struct {
	Name string
	Meta Meta

	f    *os.File
	Sum  Hasher
	Sent int64 // bytes read, all of them in sum
	Err  error // why reading failed
}

// Open opens the file at p for reading. Only plain files are opened: reading a
// device or a pipe may wait for ever or change something.
func Open(p *Place) (*Outgoing, error) {
	f, info, err := OpenFile(p)
	if err != nil {
		return nil, err
	}
	return &Outgoing{Name: p.Name, Meta: MetaOf(info), f: f, Sum: NewHasher()}, nil
}

func sendable(name string, info fs.FileInfo) error {
	switch {
	case info == nil:
		return Explain(fs.ErrNotExist, "read", name)
	case info.IsDir():
		return BadRequest("%q is a folder", Text(name))
	case !info.Mode().IsRegular():
		return BadRequest("%q is %s; only files are copied", Text(name), KindOf(info.Mode()).Words())
	case IsPartial(name):
		return Conflict("%q is a transfer that has not ended", Text(name)).Hint("Finish that transfer first.")
	}
	return nil
}

// MetaOf gives what is kept of a file besides its bytes.
func MetaOf(info fs.FileInfo) Meta {
	return Meta{Size: info.Size(), Mode: KeptMode(info.Mode()), ModTime: WireTime(info.ModTime())}
}

// WireTime gives t as RFC 3339 can write it; a time far out of all range, which
// a file system may hold, becomes the epoch.
func WireTime(t time.Time) time.Time {
	if t = t.UTC(); t.Year() < 1 || t.Year() > 9999 {
		return time.Unix(0, 0).UTC()
	}
	return t
}

// Skip leaves out the first offset bytes, which the receiver has, and gives
// their hash.
func (out *Outgoing) Skip(offset int64) (Hash, error) {
	if err := out.Sum.take(out.f, offset); err != nil {
		return Hash{}, Explain(err, "read", out.Name)
	}
	out.Sent += offset
	return out.Sum.Now(), nil
}

// Rewind begins again at the first byte.
func (out *Outgoing) Rewind() error {
	if _, err := out.f.Seek(0, io.SeekStart); err != nil {
		return Explain(err, "read", out.Name)
	}
	out.Sum, out.Sent, out.Err = NewHasher(), 0, nil
	return nil
}

func (out *Outgoing) Hash() Hash   { return out.Sum.Now() }
func (out *Outgoing) Fault() error { return out.Err }

// Read gives the bytes of the file, no more than it had when it was opened. At
// its end it fails instead of giving io.EOF if the file has changed meanwhile.
func (out *Outgoing) Read(b []byte) (n int, err error) {
	left := out.Meta.Size - out.Sent
	if left == 0 {
		err = out.unchanged()
	} else {
		n, err = out.f.Read(b[:min(int64(len(b)), left)])
		out.Sum.Write(b[:n])
		out.Sent += int64(n)
		if err == io.EOF {
			err = out.Exchanged()
		}
	}
	if err != nil && err != io.EOF {
		out.Err = Explain(err, "read", out.Name)
		return n, out.Err
	}
	return n, err
}

// ReadAt reads again what was read before.
func (out *Outgoing) ReadAt(b []byte, at int64) (int, error) {
	n, err := out.f.ReadAt(b, at)
	if n == len(b) {
		return n, nil
	}
	if err == io.EOF {
		err = out.Exchanged()
	}
	out.Err = Explain(err, "read", out.Name)
	return n, out.Err
}

// Unchanged says if the file is no longer the one that was opened.
func (out *Outgoing) Unchanged() error {
	if err := out.unchanged(); err != io.EOF {
		out.Err = Explain(err, "read", out.Name)
		return out.Err
	}
	return nil
}

// unchanged gives io.EOF if the file is still the one that was opened.
func (out *Outgoing) unchanged() error {
	info, err := out.f.Stat()
	if err != nil {
		return err
	}
	if !MetaOf(info).Same(out.Meta) {
		return out.Exchanged()
	}
	return io.EOF
}

func (out *Outgoing) Exchanged() error {
	return Conflict("%q changed while it was copied", Text(out.Name)).Hint("Copy it again.")
}

// Close ends the reading.
func (out *Outgoing) Close() error { return out.f.Close() }
