package xfer

import (
	"strings"

	"deskside"
	"deskside/xfer/tree"
)

// extras are what the target alone has, gathered in the order of a tree.
type extras struct {
	o     *TreeOptions
	list  []*tree.Head
	kept  map[string]bool // folders that hold what stays
	blind bool            // not all of the source could be read: what seems to be missing there may be there
}

// add adds what the target has and the source does not.
func (x *extras) add(h *tree.Head) {
	switch {
	case !x.o.Delete || h.Path == "":
	case x.o.leave(h.Path, h.Kind == tree.Folder):
		x.keep(h.Path)
	default:
		x.list = append(x.list, h)
	}
}

// keep notes that what is at path stays, and so the folders that it is in.
func (x *extras) keep(path string) {
	if x.kept == nil {
		x.kept = make(map[string]bool)
	}
	for at := strings.LastIndexByte(path, '/'); at > 0; at = strings.LastIndexByte(path, '/') {
		if path = path[:at]; x.kept[path] {
			return
		}
		x.kept[path] = true
	}
}

// unread notes that a path of the source could not be read. What can never be in
// a tree is nothing that was missed.
func (x *extras) unread(err error) {
	if code := deskside.CodeOf(err); code != "" && code != deskside.CodeUnsupported {
		x.blind = true
	}
}

// remove takes away by one what is to be taken away: each file, and a folder with
// all in it if none of that stays. name gives a path as it is reported.
func (x *extras) remove(t *TreeResult, name func(path string) string, one func(*tree.Head) error) error {
	var last *tree.Head
	for _, h := range x.list {
		switch {
		case x.kept[h.Path] || last != nil && within(h.Path, last.Path):
			continue
		case x.o.Spare != nil && x.o.Spare(h.Path):
			last = h // with what is in it
			continue
		}
		if last = h; x.blind {
			t.Spared++
			continue
		}
		if !x.o.DryRun {
			if err := one(h); err != nil {
				if err := t.failed(name(h.Path), err); err != nil {
					return err
				}
				continue
			}
		}
		x.o.each(h, StepDelete, nil)
		t.Deleted++
	}
	return nil
}

func within(path, folder string) bool {
	return len(path) > len(folder) && path[:len(folder)] == folder && path[len(folder)] == '/'
}
