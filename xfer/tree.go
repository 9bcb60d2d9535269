package xfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"deskside/xfer/disk"

	"deskside"
)

// TreeResult says what became of a folder that was copied with everything in
// it.
type TreeResult struct {
	Files   int    `json:"files"`             // copied
	Same    int    `json:"same,omitempty"`    // there already, of the same size and time
	Folders int    `json:"folders"`           // made
	Bytes   int64  `json:"bytes"`             // of the files copied
	Skipped []Note `json:"skipped,omitempty"` // links, devices and the like
	Failed  []Note `json:"failed,omitempty"`  // files and folders that could not be copied
}

// Note is one path of a tree and what is to be said of it.
type Note struct {
	Path  string          `json:"path"`
	Error *deskside.Error `json:"error"`
}

func (t *TreeResult) skip(path string, kind disk.Kind) {
	t.Skipped = append(t.Skipped, Note{disk.Text(path), deskside.Errorf(deskside.CodeUnsupported, "is %s; only files and folders are copied", kind.Words())})
}

// failed notes that path could not be copied. It gives the error back if it
// stands against the whole tree and not that path alone.
func (t *TreeResult) failed(path string, err error) error {
	err = here(err)
	switch deskside.CodeOf(err) {
	case "":
		return nil
	case deskside.CodeBadRequest, deskside.CodeDenied, deskside.CodeNotFound, deskside.CodeExists,
		deskside.CodeConflict, deskside.CodeNoAccess, deskside.CodeUnsupported:
		t.Failed = append(t.Failed, Note{disk.Text(path), deskside.AsError(err)})
		return nil
	}
	return err
}

// PutTree copies the local folder and everything in it to the path remote,
// which becomes that folder, or is one already and is added to. Links are left
// out and noted. What cannot be copied is noted; an error means that it went no
// further, and that the same call goes on from there.
func (c *Client) PutTree(ctx context.Context, local, remote string, o Options) (TreeResult, error) {
	var t TreeResult
	dir, err := os.OpenRoot(local)
	if err != nil {
		return t, here(disk.Explain(err, "read", local))
	}
	defer dir.Close()
	info, err := dir.Stat(".")
	if err != nil {
		return t, here(disk.Explain(err, "read", local))
	}
	return t, c.putFolder(ctx, &t, dir, info, local, remote, 0, o)
}

func (c *Client) putFolder(ctx context.Context, t *TreeResult, dir *os.Root, info fs.FileInfo, local, remote string, depth int, o Options) error {
	if depth > disk.MaxDepth {
		return t.failed(local, disk.BadRequest("%q is deeper than %d folders", disk.Text(local), disk.MaxDepth))
	}
	if ok, err := c.remoteFolder(ctx, t, local, remote, info); !ok || err != nil {
		return err
	}
	list, err := fs.ReadDir(dir.FS(), ".")
	if err != nil {
		return t.failed(local, disk.Explain(err, "read", local))
	}
	for _, e := range list {
		name := e.Name()
		if err := c.putEntry(ctx, t, dir, name, filepath.Join(local, name), joinRemote(remote, name), depth, o); err != nil {
			return err
		}
	}
	return nil
}

// joinRemote gives the path of name in the folder dir, of which the empty path
// is the first root.
func joinRemote(dir, name string) string {
	if dir == "" || strings.HasSuffix(dir, "/") {
		return dir + name
	}
	return dir + "/" + name
}

// remoteFolder makes the folder remote if it is not there.
func (c *Client) remoteFolder(ctx context.Context, t *TreeResult, local, remote string, info fs.FileInfo) (ok bool, err error) {
	_, err = c.Mkdir(ctx, remote, Mode(disk.KeptMode(info.Mode())|0o700))
	if err == nil {
		t.Folders++
		return true, nil
	}
	if there, err := c.Stat(ctx, remote, true); err == nil && there.Kind == disk.Folder {
		return true, nil
	}
	return false, t.failed(local, err)
}

func (c *Client) putEntry(ctx context.Context, t *TreeResult, dir *os.Root, name, local, remote string, depth int, o Options) error {
	info, err := dir.Lstat(name)
	if err != nil {
		return t.failed(local, disk.Explain(err, "read", name))
	}
	switch kind := disk.KindOf(info.Mode()); {
	case kind == disk.Folder:
		sub, err := dir.OpenRoot(name)
		if err != nil {
			return t.failed(local, disk.Explain(err, "read", name))
		}
		defer sub.Close()
		return c.putFolder(ctx, t, sub, info, local, remote, depth+1, o)
	case kind != disk.File || disk.IsPartial(name):
		t.skip(local, kind)
		return nil
	}
	sent, err := c.put(ctx, &disk.Place{Top: dir, Dir: dir, Name: name, Info: info}, local, remote, o)
	if deskside.CodeOf(err) == deskside.CodeExists {
		if there, e := c.Stat(ctx, remote, true); e == nil && there.Kind == disk.File && disk.MetaOf(info).Same(there.Meta()) {
			t.Same++
			return nil
		}
	}
	return t.done(local, sent, err)
}

// done counts a file, or notes why it is not there.
func (t *TreeResult) done(path string, r Result, err error) error {
	if err != nil {
		return t.failed(path, err)
	}
	t.Files++
	t.Bytes += r.Size
	return nil
}

// GetTree copies the folder remote and everything in it to the local path,
// which becomes that folder, or is one already and is added to. It is otherwise
// as PutTree.
func (c *Client) GetTree(ctx context.Context, remote, local string, o Options) (TreeResult, error) {
	var t TreeResult
	at, err := localPlace(local)
	if err != nil {
		return t, here(err)
	}
	defer at.Close()
	return t, c.getFolder(ctx, &t, at, remote, 0o755, 0, o)
}

// getFolder copies the folder remote to at.
func (c *Client) getFolder(ctx context.Context, t *TreeResult, at *disk.Place, remote string, mode Mode, depth int, o Options) error {
	if depth > disk.MaxDepth {
		return t.failed(remote, disk.BadRequest("%q is deeper than %d folders", disk.Text(remote), disk.MaxDepth))
	}
	first, err := c.Page(ctx, remote, "", 0) // before a folder is made for nothing
	if err != nil {
		return t.failed(remote, err)
	}
	dir, err := t.localFolder(at, mode)
	if err != nil {
		return t.failed(remote, err)
	}
	defer dir.Close()
	for page := first; ; {
		for _, e := range page.Entries {
			if err := c.getEntry(ctx, t, dir, e, joinRemote(remote, e.Raw()), depth, o); err != nil {
				return err
			}
		}
		if !page.More {
			return nil
		}
		if page, err = c.next(ctx, remote, page); err != nil {
			return t.failed(remote, err)
		}
	}
}

// localFolder opens the folder at, and makes it if it is not there.
func (t *TreeResult) localFolder(at *disk.Place, mode Mode) (*os.Root, error) {
	if at.Info == nil {
		if err := at.Dir.Mkdir(at.Name, fs.FileMode(mode|0o700)); err != nil {
			return nil, disk.Explain(err, "make", at.Name)
		}
		t.Folders++
	} else if !at.Info.IsDir() {
		return nil, disk.Exists(at.Name)
	}
	dir, err := at.Dir.OpenRoot(at.Name)
	if err != nil {
		return nil, disk.Explain(err, "open", at.Name)
	}
	return dir, nil
}

func (c *Client) getEntry(ctx context.Context, t *TreeResult, dir *os.Root, e Entry, remote string, depth int, o Options) error {
	name := e.Raw()
	if err := checkArriving(name); err != nil {
		return t.failed(remote, err)
	}
	if e.Kind != disk.File && e.Kind != disk.Folder {
		t.skip(remote, e.Kind)
		return nil
	}
	at := &disk.Place{Top: dir, Dir: dir, Name: name}
	info, err := dir.Lstat(name)
	if err == nil {
		at.Info = info
	} else if !errors.Is(err, fs.ErrNotExist) {
		return t.failed(remote, disk.Explain(err, "open", name))
	}
	if e.Kind == disk.Folder {
		return c.getFolder(ctx, t, at, remote, e.Mode, depth+1, o)
	}
	if at.Info != nil && at.Info.Mode().IsRegular() && disk.MetaOf(info).Same(e.Meta()) {
		t.Same++
		return nil
	}
	got, err := c.get(ctx, e, remote, at, o)
	return t.done(remote, got, err)
}

// checkArriving refuses a name from the agent that is not one name, or that
// would be something else here.
func checkArriving(name string) error {
	if name == "" || name == "." || strings.Contains(name, "/") || disk.IsPartial(name) {
		return disk.BadRequest("the agent lists %q, which is no name", disk.Text(name))
	}
	return errors.Join(disk.CheckElem(name), disk.CheckNative(name))
}

// next gives the page behind p. An agent that goes back is not followed.
func (c *Client) next(ctx context.Context, path string, p Page) (Page, error) {
	if len(p.Entries) == 0 {
		return Page{}, disk.Conflict("the agent says there is more, and gives nothing")
	}
	last := p.Entries[len(p.Entries)-1].Raw()
	next, err := c.Page(ctx, path, last, 0)
	if err == nil && slices.ContainsFunc(next.Entries, func(e Entry) bool { return e.Raw() <= last }) {
		err = disk.Conflict("the agent lists %q twice", disk.Text(last))
	}
	return next, err
}

// String says the result in a line.
func (t TreeResult) String() string {
	text := fmt.Sprintf("%d files and %d folders, %d bytes", t.Files, t.Folders, t.Bytes)
	if t.Same > 0 {
		text += fmt.Sprintf("; %d were there already", t.Same)
	}
	return text
}
