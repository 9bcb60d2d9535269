package haul

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"

	"deskside"
	"deskside/xfer/disk"
	"deskside/xfer/tree"
)

// Entry is an entry of a tree where it is on this disk.
type Entry struct {
	Head *tree.Head
	Dir  *disk.Dir // the folder that holds it; nil for the top
	Info fs.FileInfo

	// Lost says after Send what of the file is not in the body, its bytes aside.
	Lost error
}

// Place is where the entry is, for reading it.
func (e *Entry) Place() *disk.Place {
	return &disk.Place{Top: e.Dir.Root, Dir: e.Dir.Root, Name: e.Head.Name(), Info: e.Info}
}

// Walk goes through a tree.
type Walk struct {
	Owners bool // say who owns things

	// Leave says what is left out: a folder with all that is in it. Nil leaves
	// nothing out.
	Leave func(path string, folder bool) bool

	// Each is called for every entry in the order of a body, the top first. An
	// error ends the walk.
	Each func(*Entry) error

	// Trouble is called for what cannot be read, or cannot be in a tree.
	Trouble func(path string, err error) error
}

// Run walks through the folder top.
func (w *Walk) Run(top *disk.Dir) error {
	info, err := top.Root.Lstat(".")
	if err != nil {
		return disk.Explain(err, "read", ".")
	}
	h, _, _ := disk.HeadOf(top.Root, ".", "", info)
	if w.Owners {
		h.Owner = disk.OwnerOf(info)
	}
	if err := w.Each(&Entry{Head: h, Info: info}); err != nil {
		return err
	}
	return w.folder(top, "", 0)
}

func (w *Walk) folder(dir *disk.Dir, at string, depth int) error {
	names, err := dir.Names()
	if err != nil {
		return w.Trouble(at, disk.Explain(err, "read", at))
	}
	slices.Sort(names)
	for _, name := range names {
		path := name
		if at != "" {
			path = at + "/" + name
		}
		if err := w.entry(dir, name, path, depth); err != nil {
			return err
		}
	}
	return nil
}

func (w *Walk) entry(dir *disk.Dir, name, path string, depth int) error {
	info, err := dir.Root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it went since the folder was read
	}
	if long := tree.CheckPath(path); err == nil && long != nil {
		return w.Trouble(parentOf(path), disk.BadRequest("what is in it cannot be copied: %v", long)) // no path can say more
	}
	if err != nil {
		return w.Trouble(path, disk.Explain(err, "read", name))
	}
	if w.Leave != nil && w.Leave(path, info.IsDir()) {
		return nil
	}
	h, ok, err := disk.HeadOf(dir.Root, name, path, info)
	if err == nil && !ok {
		err = deskside.Errorf(deskside.CodeUnsupported, "is %s; only files, folders and links are copied", disk.KindOf(info.Mode()).Words())
	}
	if err != nil {
		return w.Trouble(path, err)
	}
	if w.Owners {
		h.Owner = disk.OwnerOf(info)
	}
	e := &Entry{Head: h, Dir: dir, Info: info}
	if h.Kind != tree.Folder {
		return w.Each(e)
	}
	sub, err := disk.OpenDir(dir.Root, name)
	if err != nil {
		return w.Trouble(path, err)
	}
	defer sub.Close()
	if err := w.Each(e); err != nil {
		return err
	}
	return w.folder(sub, path, depth+1)
}

// Send writes the file e into a body, and gives the hash of what it wrote, or none
// if the file changed meanwhile, which the body says. An error that is no *Unread
// is one of writing, after which the body is worth nothing.
func Send(w *tree.Writer, e *Entry, owners bool, step func(n int) error) (*disk.Hash, error) {
	f, info, err := disk.OpenFile(e.Place())
	if err != nil {
		return nil, &Unread{err}
	}
	defer f.Close()
	h := *e.Head
	h.Size, h.ModTime, h.Mode = info.Size(), disk.WireTime(info.ModTime()), uint16(disk.KeptMode(info.Mode()))
	whole := true
	if h.Attrs, whole = disk.Attrs(f); !whole {
		e.Lost = deskside.Errorf(deskside.CodeUnsupported, "some of its extended attributes: %d of %d bytes together go with a file, of those that can be read", tree.MaxAttrs, tree.MaxAttr)
	}
	if owners {
		h.Owner = disk.OwnerOf(info)
	}
	h.Extents, h.Holes = disk.Extents(f, info)
	if !h.Holes && h.Size <= disk.BufferSize {
		return sendShort(w, &h, f, step)
	}
	return sendLong(w, &h, f, step)
}

// Unread is why a file could not be read. Nothing of it is in the body.
type Unread struct{ Err error }

func (e *Unread) Error() string { return e.Err.Error() }
func (e *Unread) Unwrap() error { return e.Err }

func sendShort(w *tree.Writer, h *tree.Head, f *os.File, step func(int) error) (*disk.Hash, error) {
	buf := disk.Buffers.Get().(*[disk.BufferSize]byte)
	defer disk.Buffers.Put(buf)
	b := buf[:h.Size]
	if _, err := io.ReadFull(f, b); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = changed(h)
		}
		return nil, &Unread{disk.Explain(err, "read", h.Name())}
	}
	if err := unchanged(f, h); err != nil {
		return nil, &Unread{err}
	}
	if err := step(len(b)); err != nil {
		return nil, err
	}
	w.Entry(h)
	w.Write(b)
	sum := disk.SumOf(b)
	return &sum, w.End(sum)
}

// unchanged checks that the file is what it was when it was opened.
func unchanged(f *os.File, h *tree.Head) error {
	info, err := f.Stat()
	if err != nil {
		return disk.Explain(err, "read", h.Name())
	}
	if info.Size() != h.Size || !disk.WireTime(info.ModTime()).Equal(h.ModTime) {
		return changed(h)
	}
	return nil
}

func changed(h *tree.Head) error {
	return disk.Conflict("%q changed while it was copied", disk.Text(h.Name())).Hint("Copy it again.")
}

// sendLong sends a file in pieces. What it lacks at its end is made up, and said
// in the file's end.
func sendLong(w *tree.Writer, h *tree.Head, f *os.File, step func(int) error) (*disk.Hash, error) {
	buf := disk.Buffers.Get().(*[disk.BufferSize]byte)
	defer disk.Buffers.Put(buf)
	if err := w.Entry(h); err != nil {
		return nil, err
	}
	sum := disk.NewHasher()
	sum.Write(h.Seed())
	var fault error
	for _, e := range h.Stretches() {
		for at := e.Offset; at < e.Offset+e.Length; {
			b := buf[:min(int64(len(buf)), e.Offset+e.Length-at)]
			if fault == nil {
				fault = readAt(f, b, at, h)
			}
			if err := step(len(b)); err != nil {
				return nil, err
			}
			sum.Write(b)
			if _, err := w.Write(b); err != nil {
				return nil, err
			}
			at += int64(len(b))
		}
	}
	if fault == nil {
		fault = unchanged(f, h)
	}
	if fault != nil {
		return nil, w.Fault(deskside.AsError(fault))
	}
	whole := sum.Now()
	return &whole, w.End(whole)
}

func readAt(f *os.File, b []byte, at int64, h *tree.Head) error {
	n, err := f.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	clear(b[n:])
	if err == io.EOF {
		return changed(h)
	}
	return disk.Explain(err, "read", h.Name())
}

// AddAttrs marks a head with that the file has extended attributes, as a list has
// it. One that cannot be read is told when it is to be sent.
func (e *Entry) AddAttrs() {
	f, _, err := disk.OpenFile(e.Place())
	if err != nil {
		return
	}
	defer f.Close()
	if disk.HasAttrs(f) {
		e.Head.Attrs = []tree.Attr{{Name: "any"}}
	}
}

// AddSum puts the hash of a file into its head, as a body has it. What keeps it
// from being read is an *Unread.
func (e *Entry) AddSum(step func() error) error {
	f, info, err := disk.OpenFile(e.Place())
	if err != nil {
		return &Unread{err}
	}
	defer f.Close()
	h := e.Head
	h.Size, h.ModTime = info.Size(), disk.WireTime(info.ModTime())
	seen := *h
	seen.Extents, seen.Holes = disk.Extents(f, info)
	buf := disk.Buffers.Get().(*[disk.BufferSize]byte)
	defer disk.Buffers.Put(buf)
	sum := disk.NewHasher()
	sum.Write(seen.Seed())
	for _, x := range seen.Stretches() {
		for at := x.Offset; at < x.Offset+x.Length; {
			b := buf[:min(int64(len(buf)), x.Offset+x.Length-at)]
			if err := readAt(f, b, at, h); err != nil {
				return &Unread{err}
			}
			if err := step(); err != nil {
				return err
			}
			sum.Write(b)
			at += int64(len(b))
		}
	}
	got := [32]byte(sum.Now())
	h.Hash = &got
	return nil
}
