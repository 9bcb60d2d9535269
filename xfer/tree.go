package xfer

import (
	"errors"
	"strings"

	"deskside"
	"deskside/xfer/disk"
	"deskside/xfer/haul"
	"deskside/xfer/pattern"
	"deskside/xfer/tree"
)

// TreeOptions say how a folder is copied with everything in it.
type TreeOptions struct {
	Options

	Exclude  []string // what is left out, and stays at the target: see package pattern
	Keep     bool     // what has a name already stays, and is no failure
	Checksum bool     // files are the same by their hash, not by size and time
	Owners   bool     // keep owners, where the receiving side runs as root
	Delete   bool     // take away at the target what the source does not have, if all of the source could be read
	DryRun   bool     // change nothing, and say what would be done

	// Spare says of a path that Delete would take away that it stays; nil spares
	// nothing.
	Spare func(path string) bool

	// Each is called for every entry that is copied, or would be, that stays as it
	// is, or is taken away: once at a time, from whichever goroutine. One that is
	// told may yet be in TreeResult.Failed. Nil is fine.
	Each func(TreeStep)

	leaves pattern.List // Exclude
}

// TreeStep is what is done about an entry.
type TreeStep struct {
	Path string     // in the tree
	Do   Step       //
	Kind tree.Kind  //
	Size int64      // bytes of a file
	Hash *disk.Hash // of a file that is copied; nil if it is not known
}

// Step is what is done.
type Step string

// The steps.
const (
	StepCopy   Step = "copy"
	StepDelete Step = "delete"
	StepSame   Step = "same" // there already
	StepKeep   Step = "keep" // there already, another one, and left as it is
)

// TreeResult says what became of a folder that was copied with everything in
// it.
type TreeResult struct {
	Files   int    `json:"files"`                    // copied
	Same    int    `json:"same,omitempty"`           // there already
	Kept    int    `json:"kept,omitempty"`           // there already, other ones, and left as they are
	Folders int    `json:"folders"`                  // made
	Links   int    `json:"links,omitempty"`          // made
	Plain   int    `json:"not_executable,omitempty"` // files that were executable, which the target's policy leaves out
	Bytes   int64  `json:"bytes"`                    // of the files copied
	Deleted int    `json:"deleted,omitempty"`        // taken away, a folder with all in it counted once
	Spared  int    `json:"spared,omitempty"`         // not taken away, for not all of the source could be read
	Skipped []Note `json:"skipped,omitempty"`        // devices and the like, and files of which something besides their bytes was left out
	Failed  []Note `json:"failed,omitempty"`         // what could not be copied
	More    int    `json:"more,omitempty"`           // failures that are not listed
}

// Note is one path of a tree and what is to be said of it.
type Note struct {
	Path  string          `json:"path"`
	Error *deskside.Error `json:"error"`
}

// noted notes that path could not be copied, whatever it is that stands against it.
func (t *TreeResult) noted(path string, err error) {
	err = here(err)
	note := Note{disk.Text(path), deskside.AsError(err)}
	if deskside.CodeOf(err) == deskside.CodeUnsupported {
		t.Skipped = append(t.Skipped, note)
		return
	}
	t.Failed = append(t.Failed, note)
}

// odd is failed for a file that went by itself: what its disk says of it, or an
// agent's disk, stands against that file alone.
func (t *TreeResult) odd(path string, err error) error {
	var known *deskside.Error
	if !errors.As(err, new(*haul.Unread)) && (!errors.As(err, &known) || known.Code != deskside.CodeInternal) {
		return t.failed(path, err)
	}
	t.noted(path, err)
	return nil
}

// failed notes that path could not be copied. It gives the error back if it
// stands against the whole tree and not that path alone.
func (t *TreeResult) failed(path string, err error) error {
	switch deskside.CodeOf(err) {
	case "":
		return nil
	case deskside.CodeUnsupported, deskside.CodeBadRequest, deskside.CodeDenied, deskside.CodeNotFound, deskside.CodeExists,
		deskside.CodeConflict, deskside.CodeNoAccess, deskside.CodeNoSpace:
		t.noted(path, err)
		return nil
	}
	return here(err)
}

// same counts a file that is there.
func (t *TreeResult) same(h *tree.Head) {
	if h.Kind == tree.File {
		t.Same++
	}
}

// would counts what a dry run would do.
func (t *TreeResult) would(h, there *tree.Head) {
	switch {
	case h.Kind == tree.File:
		t.Files++
		t.Bytes += h.Size
	case h.Kind == tree.Link:
		t.Links++
	case there == nil:
		t.Folders++
	}
}

// joinRemote gives the path of name in the folder dir, of which the empty path
// is the first root.
func joinRemote(dir, name string) string {
	if dir == "" || strings.HasSuffix(dir, "/") {
		return dir + name
	}
	return dir + "/" + name
}

// LongFile is the size from which on a file goes by itself, so that it can go on
// after a break.
const LongFile = 4 << 20

// alone reports whether a file goes by itself. The way it then goes knows neither
// holes nor owners nor attributes.
func (o *TreeOptions) alone(h *tree.Head, holes bool) bool {
	return h.Size > LongFile && !holes && !o.Owners && h.Attrs == nil
}

// leave reports whether the path of an entry, or of a folder above it, is
// excluded.
func (o *TreeOptions) leave(at string, folder bool) bool { return o.leaves.Covers(at, folder) }

// ready reads the patterns.
func (o *TreeOptions) ready() (err error) {
	if o.leaves, err = pattern.ParseList(o.Exclude); err != nil {
		return disk.BadRequest("%v", err)
	}
	return nil
}

// foresee gives what would keep an entry from being made, as far as it can be
// known before.
func (o *TreeOptions) foresee(h *tree.Head) error {
	if h.Kind == tree.Link {
		return haul.CheckTarget(h)
	}
	return nil
}

func (o *TreeOptions) each(h *tree.Head, do Step, sum *disk.Hash) {
	if o.Each != nil {
		o.Each(TreeStep{h.Path, do, h.Kind, h.Size, sum})
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
	return a.Size == b.Size && a.ModTime.Equal(b.ModTime) && !(o.Replace && ModesDiffer(Mode(a.Mode), Mode(b.Mode)))
}
