package disk

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
	"io/fs"
	"os"

	"deskside"
)

// Tag names the state of a file: another one when its bytes may have changed, by
// all that the file system tells without reading it. 32 letters and digits.
func Tag(info fs.FileInfo) string {
	h := NewHasher()
	t := info.ModTime()
	for _, n := range append(changed(info), uint64(info.Size()), uint64(t.Unix()), uint64(t.Nanosecond())) {
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], n)
		h.Write(b[:])
	}
	sum := h.Now()
	return hex.EncodeToString(sum[:16])
}

// SHA256 is what others know a file by.
type SHA256 [sha256.Size]byte

// Tag names the state of the file when it was opened.
func (out *Outgoing) Tag() (string, error) {
	info, err := out.f.Stat()
	if err == nil && !MetaOf(info).Same(out.Meta) {
		err = out.Exchanged()
	}
	if err != nil {
		return "", Explain(err, "read", out.Name)
	}
	return Tag(info), nil
}

// ReadSame reads bytes of the file as it was opened, as io.ReaderAt, and fails when it has changed
// since.
func (out *Outgoing) ReadSame(b []byte, at int64) (int, error) {
	n, err := out.f.ReadAt(b, at)
	if err == nil || err == io.EOF {
		if now := out.unchanged(); now != io.EOF {
			n, err = 0, now
		}
	}
	if err != nil && err != io.EOF {
		err = Explain(err, "read", out.Name)
	}
	return n, err
}

// SHA256 reads the whole file for its SHA-256, calling step between its pieces.
func (out *Outgoing) SHA256(step func() error) (SHA256, error) {
	return sumOf(sameFile{out}, out.Meta.Size, step)
}

// SHA256 reads what has arrived for its SHA-256, calling step between its pieces.
func (in *Incoming) SHA256(step func() error) (SHA256, error) {
	sum, err := sumOf(in.f, in.Have, step)
	if err != nil {
		err = Explain(err, "read", in.at.Name)
	}
	return sum, err
}

// sameFile reads a file as long as it is the same.
type sameFile struct{ *Outgoing }

func (s sameFile) ReadAt(b []byte, at int64) (int, error) { return s.ReadSame(b, at) }

func sumOf(f io.ReaderAt, size int64, step func() error) (sum SHA256, err error) {
	buf := Buffers.Get().(*[BufferSize]byte)
	defer Buffers.Put(buf)
	h := sha256.New()
	for at := int64(0); at < size; {
		n, err := f.ReadAt(buf[:min(BufferSize, size-at)], at)
		h.Write(buf[:n])
		if at += int64(n); at < size && err != nil {
			return sum, err
		}
		if err := step(); err != nil {
			return sum, err
		}
	}
	h.Sum(sum[:0])
	return sum, nil
}

// Suspend leaves what has arrived, however little it is, for a later request to
// go on from.
func (in *Incoming) Suspend() error {
	in.release()
	err := in.f.Sync()
	if err2 := in.f.Close(); err == nil {
		err = err2
	}
	if err != nil {
		return Explain(err, "write", in.at.Name)
	}
	return nil
}

// HasPartial reports whether a transfer of ours, however little of it, is there to
// go on from.
func HasPartial(dir *os.Root, tmp string) bool {
	info, err := dir.Lstat(tmp)
	return err == nil && info.Mode().IsRegular() && ours(info)
}

// DropPartial takes away what an interrupted transfer left.
func DropPartial(dir *os.Root, tmp, name string) error {
	if !HasPartial(dir, tmp) {
		return deskside.Errorf(deskside.CodeNotFound, "there is no transfer of %q to end", Text(name)).Hint(LookThere)
	}
	if err := dir.Remove(tmp); err != nil {
		return Explain(err, "remove", name)
	}
	return nil
}
