package console

import (
	"context"
	"io"
	"path"
	"strings"

	"deskside/xfer"
	"deskside/xfer/disk"
)

// Files gives the far files.
func (r *remote) Files() Files { return remoteFiles{r.Session.Files()} }

// remoteFiles are Files over the network.
type remoteFiles struct{ c *xfer.Client }

// maxEntries bounds what the page is sent of one folder.
const maxEntries = 20_000

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
		if l.More = len(l.Entries) == maxEntries; l.More {
			return false
		}
		l.Entries = append(l.Entries, entryOf(l.Path, e))
		return true
	})
	return l, err
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

func (f remoteFiles) Put(ctx context.Context, u Upload, r io.Reader) error {
	src := xfer.Source{Reader: r, Name: path.Base(u.Path), Size: u.Size, ModTime: u.Changed}
	_, err := f.c.Send(ctx, src, u.Path, xfer.Options{Replace: u.Replace})
	return err
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
