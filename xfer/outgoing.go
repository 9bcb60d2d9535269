package xfer

import (
	"io"
	"io/fs"
	"os"
	"time"
)

// outgoing is a file that is read to be sent, on either side. It notices when
// the file changes meanwhile.
type outgoing struct {
	name string
	meta fileMeta

	f    *os.File
	sum  hasher
	sent int64 // bytes read, all of them in sum
	err  error // why reading failed
}

// send opens the file at p for reading. Only plain files are opened: reading a
// device or a pipe may wait for ever or change something.
func send(p *place) (*outgoing, error) {
	if err := sendable(p.name, p.info); err != nil {
		return nil, err
	}
	f, err := p.dir.OpenFile(p.name, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return nil, explain(err, "read", p.name)
	}
	info, err := f.Stat()
	if err == nil && !os.SameFile(info, p.info) {
		err = changed(p.name)
	}
	if err != nil {
		f.Close()
		return nil, explain(err, "read", p.name)
	}
	return &outgoing{name: p.name, meta: metaOf(info), f: f, sum: newHasher()}, nil
}

func sendable(name string, info fs.FileInfo) error {
	switch {
	case info == nil:
		return explain(fs.ErrNotExist, "read", name)
	case info.IsDir():
		return badRequest("%q is a folder", textOf(name))
	case !info.Mode().IsRegular():
		return badRequest("%q is %s; only files are copied", textOf(name), kindOf(info.Mode()).words())
	case isPartial(name):
		return conflict("%q is a transfer that has not ended", textOf(name)).Hint("Finish that transfer first.")
	}
	return nil
}

func metaOf(info fs.FileInfo) fileMeta {
	return fileMeta{Size: info.Size(), Mode: keptMode(info.Mode()), ModTime: wireTime(info.ModTime())}
}

// wireTime gives t as RFC 3339 can write it; a time far out of all range, which
// a file system may hold, becomes the epoch.
func wireTime(t time.Time) time.Time {
	if t = t.UTC(); t.Year() < 1 || t.Year() > 9999 {
		return time.Unix(0, 0).UTC()
	}
	return t
}

// skip leaves out the first offset bytes, which the receiver has, and gives
// their hash.
func (out *outgoing) skip(offset int64) (Hash, error) {
	if err := out.sum.take(out.f, offset); err != nil {
		return Hash{}, explain(err, "read", out.name)
	}
	out.sent += offset
	return out.sum.now(), nil
}

// rewind begins again at the first byte.
func (out *outgoing) rewind() error {
	if _, err := out.f.Seek(0, io.SeekStart); err != nil {
		return explain(err, "read", out.name)
	}
	out.sum, out.sent, out.err = newHasher(), 0, nil
	return nil
}

func (out *outgoing) hash() Hash   { return out.sum.now() }
func (out *outgoing) fault() error { return out.err }

// Read gives the bytes of the file, no more than it had when it was opened. At
// its end it fails instead of giving io.EOF if the file has changed meanwhile.
func (out *outgoing) Read(b []byte) (n int, err error) {
	left := out.meta.Size - out.sent
	if left == 0 {
		err = out.unchanged()
	} else {
		n, err = out.f.Read(b[:min(int64(len(b)), left)])
		out.sum.Write(b[:n])
		out.sent += int64(n)
		if err == io.EOF {
			err = out.changed()
		}
	}
	if err != nil && err != io.EOF {
		out.err = explain(err, "read", out.name)
		return n, out.err
	}
	return n, err
}

// unchanged gives io.EOF if the file is still the one that was opened.
func (out *outgoing) unchanged() error {
	info, err := out.f.Stat()
	if err != nil {
		return err
	}
	if !metaOf(info).same(out.meta) {
		return out.changed()
	}
	return io.EOF
}

func (out *outgoing) changed() error {
	return conflict("%q changed while it was copied", textOf(out.name)).Hint("Copy it again.")
}

// Close ends the reading.
func (out *outgoing) Close() error { return out.f.Close() }
