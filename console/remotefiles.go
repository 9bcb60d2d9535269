package console

import (
	"context"
	"io"
	"path"
	"strings"

	"deskside"
	"deskside/console/here"
	"deskside/console/queue"
	"deskside/xfer"
	"deskside/xfer/disk"
)

// Files gives the far files.
func (r *remote) Files() Files { return remoteFiles{r.Session.Files()} }

// remoteFiles are Files over the network.
type remoteFiles struct{ c *xfer.Client }

func (f remoteFiles) List(ctx context.Context, dir string) (Listing, error) {
	roots, err := f.c.Roots(ctx)
	if err != nil {
		return Listing{}, err
	}
	l := Listing{Path: dir}
	for _, r := range roots {
		l.Roots = append(l.Roots, Entry{Name: r.Name, Path: slashed(r.Path), Dir: true})
	}
	if dir == "" && len(l.Roots) > 0 {
		l.Path = l.Roots[0].Path
	}
	err = f.c.List(ctx, l.Path, func(e xfer.Entry) bool {
		if l.More = len(l.Entries) == here.MaxEntries; l.More {
			return false
		}
		l.Entries = append(l.Entries, entryOf(l.Path, e))
		return true
	})
	return l, err
}

func (f remoteFiles) Walk(ctx context.Context, dir string, yield func(Entry) bool) error {
	return f.c.List(ctx, dir, func(e xfer.Entry) bool { return yield(entryOf(dir, e)) })
}

// slashed writes a path of Windows with the slashes that the protocol takes on
// every system.
func slashed(p string) string {
	if len(p) > 1 && p[1] == ':' || strings.HasPrefix(p, `\\`) {
		return strings.ReplaceAll(p, `\`, "/")
	}
	return p
}

func entryOf(dir string, e xfer.Entry) Entry {
	shown := Entry{Name: e.Name, Path: path.Join(dir, e.Name), Dir: e.Kind == disk.Folder, Size: e.Size, Changed: e.ModTime, Words: e.Why}
	switch {
	case len(e.NameBytes) > 0:
		shown.Words = "its name is no text: copy its folder with deskside cp --recursive"
	case e.Kind == disk.Link:
		shown.Words = "link to " + e.Target
	}
	return shown
}

func (f remoteFiles) Open(ctx context.Context, p string) (Entry, io.ReadCloser, error) {
	d, err := f.c.Open(ctx, p, xfer.Options{})
	if err != nil {
		return Entry{}, nil, err
	}
	return Entry{Name: path.Base(p), Path: p, Size: d.Size, Changed: d.ModTime}, d, nil
}

func (f remoteFiles) Start(ctx context.Context, p string, n int64) ([]byte, int64, error) {
	head, meta, err := f.c.Start(ctx, p, n)
	return head, meta.Size, err
}

func (f remoteFiles) Put(ctx context.Context, u Upload, r io.Reader) (string, error) {
	src := xfer.Source{Reader: r, Name: path.Base(u.Path), Size: u.Size, ModTime: u.Changed}
	o := xfer.Options{Replace: u.Replace}
	if u.Tell != nil {
		o.Progress = func(p xfer.Progress) { u.Tell(p.Done) }
	}
	got, err := f.c.Send(ctx, src, u.Path, o)
	return got.Hash.String(), err
}

func (f remoteFiles) Mkdir(ctx context.Context, p string) error {
	_, err := f.c.Mkdir(ctx, p, 0)
	return err
}

func (f remoteFiles) Rename(ctx context.Context, from, to string) error {
	_, err := f.c.Rename(ctx, from, to, false)
	return err
}

func (f remoteFiles) Delete(ctx context.Context, p string) error {
	return f.c.Delete(ctx, p, true)
}

// Root gives the deepest folder of policy that the path lies in.
func (f remoteFiles) Root(ctx context.Context, p string) (best string, err error) {
	roots, err := f.c.Roots(ctx)
	if err != nil {
		return "", err
	}
	for _, r := range roots {
		if top := strings.TrimSuffix(slashed(r.Path), "/"); strings.HasPrefix(p+"/", top+"/") && len(top) >= len(best) {
			best = top + "/"
		}
	}
	if best == "" {
		return "", deskside.Errorf(deskside.CodeDenied, "%q is outside the folders that policy opens", p)
	}
	return best, nil
}

func (f remoteFiles) Send(ctx context.Context, from *disk.Place, to string, c Copy) (queue.Outcome, error) {
	if c.Tree {
		return treeOutcome(f.c.PutTreeAt(ctx, from, to, c.tree()))
	}
	out, err := fileOutcome(f.c.PutAt(ctx, from, to, c.options()))
	return f.arrived(ctx, from, to, out, err)
}

func (f remoteFiles) Fetch(ctx context.Context, from string, to *disk.Place, c Copy) (queue.Outcome, error) {
	if c.Tree {
		return treeOutcome(f.c.GetTreeAt(ctx, from, to, c.tree()))
	}
	out, err := fileOutcome(f.c.GetAt(ctx, from, to, c.options()))
	return f.arrived(ctx, to, from, out, err)
}

// arrived makes it no failure that both sides have the same file, which may be
// because it was copied and the answer lost.
func (f remoteFiles) arrived(ctx context.Context, near *disk.Place, far string, out queue.Outcome, err error) (queue.Outcome, error) {
	if deskside.CodeOf(err) != deskside.CodeExists {
		return out, err
	}
	there, failed := f.c.Stat(ctx, far, true)
	if failed != nil || there.Kind != disk.File {
		return out, err
	}
	file, info, failed := disk.OpenFile(near)
	if failed != nil {
		return out, err
	}
	defer file.Close()
	if info.Size() != there.Size {
		return out, err
	}
	h := disk.NewHasher()
	if _, failed := io.Copy(h, file); failed != nil {
		return out, err
	}
	there, failed = f.c.Sum(ctx, far)
	if failed != nil || there.Hash == nil || *there.Hash != h.Now() {
		return out, err
	}
	return queue.Outcome{Size: there.Size, Hash: there.Hash.String()}, nil
}

func (c Copy) options() xfer.Options {
	return xfer.Options{Replace: c.Replace, Progress: func(p xfer.Progress) { c.Tell(p.Done, p.Total) }}
}

func (c Copy) tree() xfer.TreeOptions {
	return xfer.TreeOptions{Options: c.options(), Checksum: c.Checksum}
}

func fileOutcome(r xfer.Result, err error) (queue.Outcome, error) {
	return queue.Outcome{Size: r.Size, Hash: r.Hash.String()}, err
}

// treeOutcome makes a failure of the first entry that could not be copied.
func treeOutcome(r xfer.TreeResult, err error) (queue.Outcome, error) {
	out := queue.Outcome{Size: r.Bytes, Files: r.Files, Same: r.Same, Left: len(r.Skipped) + r.Kept + r.Spared}
	switch n := len(r.Failed) + r.More; {
	case err != nil || n == 0:
	case len(r.Failed) == 0:
		err = deskside.Errorf(deskside.CodeConflict, "%d could not be copied", n).Hint("deskside cp -r names each.")
	default:
		first := r.Failed[0]
		err = deskside.Errorf(first.Error.Code, "%d could not be copied, first %q: %s", n, path.Base(first.Path), first.Error.Words).Hint("%s", first.Error.Do)
	}
	return out, err
}
