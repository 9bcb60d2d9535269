package xfer

import (
	"fmt"
	"path"
	"strings"

	"deskside"
	"deskside/xfer/disk"
	"deskside/xfer/tree"
)

// TreeOptions say how a folder is copied with everything in it.
type TreeOptions struct {
	Options

	Exclude  []string // what is left out: patterns of path.Match, for a name or, with a slash, for the path in the tree
	Keep     bool     // what has a name already stays, and is no failure
	Checksum bool     // files are the same by their hash, not by size and time
	Owners   bool     // keep owners, where the receiving side runs as root
	Delete   bool     // take away at the target what the source does not have
	DryRun   bool     // change nothing, and say what would be done

	// Each is called for every entry that is copied, or would be, or would be
	// taken away, from the goroutine of the call. One that is told may yet be in
	// TreeResult.Failed. Nil is fine.
	Each func(TreeStep)
}

// TreeStep is what is done about an entry.
type TreeStep struct {
	Path string `json:"path"` // in the tree
	Do   string `json:"do"`   // "copy" or "delete"
	Size int64  `json:"size,omitempty"`
}

// TreeResult says what became of a folder that was copied with everything in
// it.
type TreeResult struct {
	Files   int    `json:"files"`             // copied
	Same    int    `json:"same,omitempty"`    // there already
	Kept    int    `json:"kept,omitempty"`    // there already, other ones, and left as they are
	Folders int    `json:"folders"`           // made
	Links   int    `json:"links,omitempty"`   // made
	Bytes   int64  `json:"bytes"`             // of the files copied
	Deleted int    `json:"deleted,omitempty"` // taken away, a folder with all in it counted once
	Skipped []Note `json:"skipped,omitempty"` // devices and the like
	Failed  []Note `json:"failed,omitempty"`  // what could not be copied
	More    int    `json:"more,omitempty"`    // failures that are not listed
}

// Note is one path of a tree and what is to be said of it.
type Note struct {
	Path  string          `json:"path"`
	Error *deskside.Error `json:"error"`
}

// failed notes that path could not be copied. It gives the error back if it
// stands against the whole tree and not that path alone.
func (t *TreeResult) failed(path string, err error) error {
	err = here(err)
	note := Note{disk.Text(path), deskside.AsError(err)}
	switch deskside.CodeOf(err) {
	case "":
		return nil
	case deskside.CodeUnsupported:
		t.Skipped = append(t.Skipped, note)
		return nil
	case deskside.CodeBadRequest, deskside.CodeDenied, deskside.CodeNotFound, deskside.CodeExists,
		deskside.CodeConflict, deskside.CodeNoAccess, deskside.CodeNoSpace:
		t.Failed = append(t.Failed, note)
		return nil
	}
	return err
}

// same counts a file that is there.
func (t *TreeResult) same(h *tree.Head) {
	if h.Kind == tree.File {
		t.Same++
	}
}

// String says the result in a line.
func (t TreeResult) String() string {
	text := fmt.Sprintf("%d files and %d folders, %d bytes", t.Files, t.Folders, t.Bytes)
	for _, also := range []struct {
		n     int
		words string
	}{{t.Links, "links"}, {t.Same, "were there already"}, {t.Kept, "were left as they are"}, {t.Deleted, "were deleted"}} {
		if also.n > 0 {
			text += fmt.Sprintf("; %d %s", also.n, also.words)
		}
	}
	return text
}

// joinRemote gives the path of name in the folder dir, of which the empty path
// is the first root.
func joinRemote(dir, name string) string {
	if dir == "" || strings.HasSuffix(dir, "/") {
		return dir + name
	}
	return dir + "/" + name
}

// longFile is the size from which on a file goes by itself, so that it can go on
// after a break. One with holes does not, for its holes.
const longFile = 4 << 20

// leave reports whether the path of an entry, or of a folder above it, is
// excluded.
func (o *TreeOptions) leave(at string) bool {
	for len(o.Exclude) > 0 && at != "" {
		for _, pattern := range o.Exclude {
			what := at
			if pattern = strings.TrimSuffix(pattern, "/"); !strings.Contains(pattern, "/") {
				what = path.Base(at)
			}
			if ok, _ := path.Match(strings.TrimPrefix(pattern, "/"), what); ok {
				return true
			}
		}
		at = at[:max(0, strings.LastIndexByte(at, '/'))]
	}
	return false
}

// checkExclude refuses a pattern that is none.
func (o *TreeOptions) checkExclude() error {
	for _, pattern := range o.Exclude {
		if _, err := path.Match(pattern, ""); err != nil {
			return disk.BadRequest("%q is no pattern for names: %v", pattern, err)
		}
	}
	return nil
}

func (o *TreeOptions) each(h *tree.Head, do string) {
	if o.Each != nil {
		o.Each(TreeStep{disk.Text(h.Path), do, h.Size})
	}
}

// verdict is what is to be done about an entry of the source.
type verdict uint8

const (
	copyIt verdict = iota
	sameThere
	keepThere
	refused // and noted
)

// judge compares an entry of the source with what the target has of that name.
func (o *TreeOptions) judge(from, there *tree.Head) verdict {
	switch {
	case there == nil || from.Kind == tree.Folder:
		return copyIt
	case from.Kind == there.Kind && o.same(from, there):
		return sameThere
	case o.Keep:
		return keepThere
	case !o.Replace || there.Kind == tree.Folder:
		return refused
	}
	return copyIt
}

func (o *TreeOptions) same(a, b *tree.Head) bool {
	switch {
	case a.Kind == tree.Link:
		return a.Target == b.Target
	case o.Checksum:
		return a.Size == b.Size && a.Hash != nil && b.Hash != nil && *a.Hash == *b.Hash
	}
	return a.Size == b.Size && a.ModTime.Equal(b.ModTime)
}
