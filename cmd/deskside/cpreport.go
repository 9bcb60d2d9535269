package main

import (
	"fmt"
	"io"
	"path"
	"path/filepath"
	"strings"
	"time"

	"deskside"
	"deskside/internal/plain"
	"deskside/xfer"
	"deskside/xfer/disk"
	"deskside/xfer/tree"
)

// outcome is what became of a file, as --json says it.
type outcome string

const (
	wasCopied   outcome = "copied"
	wasSame     outcome = "same" // there already
	wasKept     outcome = "kept" // another one is there, and stays
	wasDeleted  outcome = "deleted"
	wasLeft     outcome = "left-out" // a device or the like
	wasFailed   outcome = "failed"
	wouldCopy   outcome = "would-copy"
	wouldDelete outcome = "would-delete"
)

// copyItem is one file, folder or link of a copy.
type copyItem struct {
	Path    string          `json:"path"` // of the source as it was named; of what is deleted, the target's
	Outcome outcome         `json:"outcome"`
	Kind    disk.Kind       `json:"kind,omitempty"`
	Bytes   int64           `json:"bytes,omitempty"`
	Hash    *disk.Hash      `json:"hash,omitempty"`
	Error   *deskside.Error `json:"error,omitempty"`
}

// copied is what was copied.
type copied struct {
	Files   []xfer.Result  `json:"copied"`
	Folders []copiedFolder `json:"folders,omitempty"`
	DryRun  bool           `json:"dry_run,omitempty"`
	Report  []*copyItem    `json:"report,omitempty"` // under --json; nil items are never there

	keep  bool // Report is wanted
	index map[string]*copyItem
	lines func(*copyItem) // is told of each item; nil is fine
	still []copyItem      // files that are there already
	all   []error         // of sources that could not be copied
}

type copiedFolder struct {
	Path string `json:"path"` // the source
	To   string `json:"to"`
	xfer.TreeResult
	took time.Duration
}

// add puts an item into the report. A copy that went on after a break says of
// what it had copied that it is there.
func (c *copied) add(item copyItem) {
	if c.lines != nil {
		c.lines(&item)
	}
	if !c.keep {
		return
	}
	if c.index == nil {
		c.index = make(map[string]*copyItem)
	}
	key := item.Path
	if item.Outcome == wasDeleted || item.Outcome == wouldDelete {
		key = "\x00" + key // of the other side
	}
	if was := c.index[key]; was != nil {
		if was.Outcome != wasCopied || item.Outcome != wasSame {
			*was = item
		}
		return
	}
	c.index[key] = &item
	c.Report = append(c.Report, &item)
}

// step gives a step of a tree as an item. from and to are the tree's two ends,
// each with the way to join a path to it.
func stepItem(s xfer.TreeStep, dry bool, from, to func(string) string) copyItem {
	item := copyItem{Path: from(s.Path), Kind: kindOf(s.Kind), Bytes: s.Size, Hash: s.Hash}
	switch s.Do {
	case xfer.StepCopy:
		item.Outcome = wasCopied
		if dry {
			item.Outcome = wouldCopy
		}
	case xfer.StepSame:
		item.Outcome = wasSame
	case xfer.StepKeep:
		item.Outcome = wasKept
	case xfer.StepDelete:
		item.Path, item.Outcome = to(s.Path), wasDeleted
		if dry {
			item.Outcome = wouldDelete
		}
	}
	return item
}

func kindOf(k tree.Kind) disk.Kind {
	switch k {
	case tree.Folder:
		return disk.Folder
	case tree.Link:
		return disk.Link
	}
	return disk.File
}

// nearJoin and farJoin give the paths of a tree's entries below path.
func nearJoin(path string) func(string) string {
	return func(at string) string { return disk.Text(filepath.Join(path, filepath.FromSlash(at))) }
}

func farJoin(path string) func(string) string {
	return func(at string) string { return disk.Text(remotePath{path: path}.join(at).path) }
}

// folder adds what became of a folder.
func (c *copied) folder(t copiedFolder) {
	c.Folders = append(c.Folders, t)
	failed := make(map[string]*deskside.Error)
	for _, n := range t.Failed {
		c.add(copyItem{Path: n.Path, Outcome: wasFailed, Error: n.Error})
		failed[n.Path] = n.Error
	}
	if len(failed) > 0 {
		c.without(failed)
	}
	for _, n := range t.Skipped {
		c.add(copyItem{Path: n.Path, Outcome: wasLeft, Error: n.Error})
	}
}

// without takes back what was sent below folders that the other side refused.
func (c *copied) without(failed map[string]*deskside.Error) {
	for _, item := range c.Report {
		for at := path.Dir(item.Path); item.Outcome == wasCopied && at != "." && at != "/"; at = path.Dir(at) {
			if why := failed[at]; why != nil {
				item.Outcome, item.Hash, item.Error = wasFailed, nil, why
			}
		}
	}
}

// stayed adds a file that was not copied, and need not be, for the line about it.
func (c *copied) stayed(item copyItem) { c.still = append(c.still, item) }

// failed adds a source that could not be copied.
func (c *copied) failed(path string, err error) {
	c.all = append(c.all, fmt.Errorf("%s: %w", plain.Text(path), err))
	c.add(copyItem{Path: disk.Text(path), Outcome: wasFailed, Error: deskside.AsError(err)})
}

func (c *copied) write(w io.Writer) error {
	for _, r := range c.Files {
		if _, err := fmt.Fprintf(w, "%s  %s  %s%s\n", r.Hash, plural(int(r.Size), "byte"), plain.Text(r.Path), notExecutable(r.Plain)); err != nil {
			return err
		}
	}
	for _, item := range c.still {
		if words := map[outcome]string{wasSame: "is there already", wasKept: "is left as it is"}[item.Outcome]; words != "" {
			if _, err := fmt.Fprintf(w, "%s %s\n", plain.Text(item.Path), words); err != nil {
				return err
			}
		}
	}
	for _, t := range c.Folders {
		if _, err := fmt.Fprintf(w, "%s: %s\n", plain.Text(t.Path), t.text(c.DryRun)); err != nil {
			return err
		}
	}
	return nil
}

func notExecutable(is bool) string {
	if is {
		return "  (not executable there, by policy)"
	}
	return ""
}

// text says in a line what became of a folder.
func (t *copiedFolder) text(dry bool) string {
	text := plural(t.Files, "file") + " and " + plural(t.Folders, "folder")
	if t.Links > 0 {
		text = plural(t.Files, "file") + ", " + plural(t.Folders, "folder") + " and " + plural(t.Links, "link")
	}
	if text += ", " + size(t.Bytes); dry {
		text = "would copy " + text
	} else if t.Bytes >= 1<<20 {
		text += fmt.Sprintf(" in %.1f s", t.took.Seconds())
	}
	deleted := [2]string{"was deleted", "were deleted"}
	if dry {
		deleted = [2]string{"would be deleted", "would be deleted"}
	}
	for _, also := range []struct {
		n            int
		one, several string
	}{
		{t.Plain, "is not executable there, by policy", "are not executable there, by policy"},
		{t.Same, "was there already", "were there already"},
		{t.Kept, "was left as it is", "were left as they are"},
		{t.Deleted, deleted[0], deleted[1]},
		{t.Spared, "was not deleted, for not all of the source could be read", "were not deleted, for not all of the source could be read"},
	} {
		switch {
		case also.n == 1:
			text += "; 1 " + also.one
		case also.n > 1:
			text += fmt.Sprintf("; %d %s", also.n, also.several)
		}
	}
	return text
}

func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// size gives a number of bytes for people.
func size(n int64) string {
	if n < 10<<10 {
		return plural(int(n), "byte")
	}
	v, unit := float64(n), 0
	for ; v >= 1024 && unit < 4; unit++ {
		v /= 1024
	}
	return fmt.Sprintf("%.1f %s", v, []string{"bytes", "KiB", "MiB", "GiB", "TiB"}[unit])
}

// tell says what was not copied. Then the command has failed, unless all of it
// was devices and the like.
func (c *copied) tell(e *env) error {
	failed := 0
	for _, t := range c.Folders {
		for _, n := range t.Skipped {
			fmt.Fprintf(e.stderr, "left out: %s: %s\n", plain.Text(n.Path), plain.Text(n.Error.Words))
		}
		for _, n := range t.Failed {
			fmt.Fprintf(e.stderr, "not copied: %s: %s\n", plain.Text(n.Path), plain.Text(n.Error.Error()))
		}
		if t.More > 0 {
			fmt.Fprintf(e.stderr, "not copied: %d more of %s\n", t.More, plain.Text(t.Path))
		}
		failed += len(t.Failed) + t.More
	}
	status := exitDone
	for i, err := range c.all {
		fmt.Fprintf(e.stderr, "not copied: %s\n", plain.Text(err.Error()))
		if one := exitStatus(err); i == 0 || one == status {
			status = one
		} else {
			status = exitFailed
		}
	}
	if failed > 0 {
		status = exitFailed
	}
	if status != exitDone {
		return statusError{status}
	}
	return nil
}

// line prints an item of a dry run.
func (c *copied) line(w io.Writer) func(*copyItem) {
	return func(item *copyItem) {
		switch item.Outcome {
		case wouldCopy, wouldDelete:
			text := plain.Text(item.Path)
			if item.Kind == disk.Folder && !strings.HasSuffix(text, "/") {
				text += "/"
			}
			if item.Kind == disk.File && item.Outcome == wouldCopy {
				text += "  " + size(item.Bytes)
			}
			fmt.Fprintf(w, "%-6s  %s\n", strings.TrimPrefix(string(item.Outcome), "would-"), text)
		}
	}
}
