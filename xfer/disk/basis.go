package disk

import (
	"encoding/binary"
	"io"
	"os"
)

// Basis is what is there of a file before it arrives: the beginning that an
// interrupted transfer left, which lies in place, and behind it an older file
// to copy from. Offsets count through both.
type Basis struct {
	parts   []part
	inPlace int64
}

// part is a file of a basis, as it was when it was opened.
type part struct {
	f    *os.File
	meta Meta
	size int64 // of which so much counts
}

// OpenBasis opens what is there for a file of size bytes which arrives at at by
// the name tmp; the file that at is itself only if older says so. What cannot be
// read is not there.
func OpenBasis(at *Place, tmp string, size int64, older bool) *Basis {
	b := new(Basis)
	if info, err := at.Dir.Lstat(tmp); err == nil && info.Mode().IsRegular() && ours(info) {
		b.open(at.Dir, tmp, info, size)
		b.inPlace = b.Size()
	}
	if older && at.Info != nil && at.Info.Mode().IsRegular() {
		b.open(at.Dir, at.Name, at.Info, at.Info.Size())
	}
	return b
}

// open adds the file called name, which info describes, unless it has become
// another one.
func (b *Basis) open(dir *os.Root, name string, info os.FileInfo, most int64) {
	f, err := dir.OpenFile(name, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return
	}
	now, err := f.Stat()
	if err != nil || !os.SameFile(info, now) || now.Size() == 0 || most == 0 {
		f.Close()
		return
	}
	b.parts = append(b.parts, part{f, MetaOf(now), min(most, now.Size())})
}

// Size gives how many bytes are there.
func (b *Basis) Size() (size int64) {
	for _, p := range b.parts {
		size += p.size
	}
	return size
}

// Token gives what the state of the basis is known by: the same for the same
// files with the same sizes and times. Without any bytes it is empty.
func (b *Basis) Token() string {
	if len(b.parts) == 0 {
		return ""
	}
	h := NewHasher()
	for _, n := range []int64{b.inPlace, int64(len(b.parts))} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(n)))
	}
	for _, p := range b.parts {
		state, _ := p.meta.ModTime.MarshalBinary()
		h.Write(binary.BigEndian.AppendUint64(state, uint64(p.meta.Size)))
	}
	return h.Now().String()
}

// Unchanged reports whether the older file is still what it was.
func (b *Basis) Unchanged() bool {
	for i, p := range b.parts {
		if i == 0 && b.inPlace > 0 {
			continue // which the transfer itself goes on with
		}
		if now, err := p.f.Stat(); err != nil || !MetaOf(now).Same(p.meta) {
			return false
		}
	}
	return true
}

// InPlace gives how many bytes lie in place.
func (b *Basis) InPlace() int64 { return b.inPlace }

// Parts gives readers of what lies in place and of the older file, as far as
// they are there.
func (b *Basis) Parts() (list []io.Reader) {
	for _, p := range b.parts {
		list = append(list, explained{io.NewSectionReader(p.f, 0, p.size), p.f.Name()})
	}
	return list
}

// explained has errors that say which file could not be read.
type explained struct {
	io.Reader
	name string
}

func (e explained) Read(b []byte) (int, error) {
	n, err := e.Reader.Read(b)
	if err != nil && err != io.EOF {
		err = Explain(err, "read", e.name)
	}
	return n, err
}

// readAt fills buf from offset on, which must lie in one of the parts.
func (b *Basis) readAt(buf []byte, offset int64) error {
	for _, p := range b.parts {
		if offset < p.size {
			if int64(len(buf)) > p.size-offset {
				break
			}
			_, err := p.f.ReadAt(buf, offset)
			return err
		}
		offset -= p.size
	}
	return Conflict("there is nothing to copy from at that offset")
}

// Close lets go of the files.
func (b *Basis) Close() {
	for _, p := range b.parts {
		p.f.Close()
	}
}
