package disk

import (
	"encoding/binary"
	"io"
	"os"

	"deskside/xfer/chunk"
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

// List writes the manifest of what is there, for a file of size bytes. It calls
// step now and then.
func (b *Basis) List(w io.Writer, size int64, step func() error) error {
	average := chunk.AverageFor(size)
	line := chunk.AppendHead(nil, chunk.Head{Average: average, InPlace: b.inPlace})
	left := chunk.MostPieces
	lister := chunk.NewLister(average, func(p chunk.Piece) error {
		if left--; left < 0 {
			return io.EOF
		}
		line = chunk.AppendPiece(line, p)
		return nil
	})
	for _, p := range b.parts {
		err := p.list(lister, func() error {
			_, err := w.Write(line)
			if line = line[:0]; err != nil {
				return &BrokenError{err}
			}
			return step()
		})
		if err != nil && err != io.EOF {
			return err
		}
	}
	if _, err := w.Write(chunk.AppendEnd(line)); err != nil {
		return &BrokenError{err}
	}
	return nil
}

// list puts the part's bytes into l, and calls flush in between.
func (p part) list(l *chunk.Lister, flush func() error) error {
	buf := Buffers.Get().(*[BufferSize]byte)
	defer Buffers.Put(buf)
	for r := io.NewSectionReader(p.f, 0, p.size); ; {
		n, err := r.Read(buf[:])
		if _, err := l.Write(buf[:n]); err != nil {
			return err
		}
		if err == io.EOF {
			return l.Close()
		}
		if err != nil {
			return Explain(err, "read", p.f.Name())
		}
		if err := flush(); err != nil {
			return err
		}
	}
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
