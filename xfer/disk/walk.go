package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"deskside"
)

const maxLinks = 40 // links followed on the way to one file, as in Linux

// Place is where a path led: a name in a folder that is held open. Whoever
// moves folders or links about after that moves nothing of what is done here.
type Place struct {
	Top  *os.Root // the top of the root
	Dir  *os.Root // the folder that holds name; may be top itself
	Name string   // one element, or "." for the top
	Real []string // elements below the top, without any link; to name itself
	Abs  []string // the same from the top of the file system

	Info fs.FileInfo // by Lstat; nil when there is nothing of that name
}

// Close lets go of the folders.
func (p *Place) Close() {
	if p.Dir != p.Top {
		p.Dir.Close()
	}
	p.Top.Close()
}

// walker goes down a path one element at a time, each relative to the folder
// opened before. It resolves links itself, so that the real place of every
// file is known to the rules about start-up and private files.
type walker struct {
	Top     *os.Root
	topAbs  []string
	cur     *os.Root // where it stands; top or one it opened
	Real    []string
	pending []string
	links   int
}

// Walk leads from the top of a root, given with its real path, along rest. The
// last element need not exist, and is followed when it is a link only if follow
// says so. The place owns top from then on; on an error top is closed.
func Walk(top *os.Root, topAbs, rest []string, follow bool) (*Place, error) {
	w := &walker{Top: top, topAbs: topAbs, cur: top, pending: slices.Clone(rest)}
	p, err := w.run(follow)
	if err != nil {
		w.restart()
		top.Close()
		return nil, err
	}
	return p, nil
}

func (w *walker) run(follow bool) (*Place, error) {
	for len(w.pending) > 0 {
		name := w.pending[0]
		w.pending = w.pending[1:]
		if name == ".." { // only a link's target holds one
			if err := w.up(); err != nil {
				return nil, err
			}
			continue
		}
		last := len(w.pending) == 0
		info, err := w.cur.Lstat(name)
		switch {
		case err != nil && last && errors.Is(err, fs.ErrNotExist):
			return w.Place(name, nil), nil
		case err != nil:
			return nil, Explain(err, "open", name)
		case info.Mode()&fs.ModeSymlink != 0 && (follow || !last):
			err = w.link(name)
		case last:
			return w.Place(name, info), nil
		default:
			err = w.enter(name, info)
		}
		if err != nil {
			return nil, err
		}
	}
	return w.here()
}

// here is the place of the folder the walker stands in, for a path that ends
// at the top or in a link to "..".
func (w *walker) here() (*Place, error) {
	info, err := w.cur.Lstat(".")
	if err != nil {
		return nil, Explain(err, "open", ".")
	}
	p := w.Place(".", info)
	p.Real = w.Real
	p.Abs = slices.Concat(w.topAbs, w.Real)
	return p, nil
}

func (w *walker) Place(name string, info fs.FileInfo) *Place {
	real := append(slices.Clone(w.Real), name)
	return &Place{Top: w.Top, Dir: w.cur, Name: name, Real: real, Abs: slices.Concat(w.topAbs, real), Info: info}
}

// enter opens the folder name, and refuses when it is no longer the one that
// Info describes.
func (w *walker) enter(name string, info fs.FileInfo) error {
	if !info.IsDir() {
		return deskside.Errorf(deskside.CodeNotFound, "%q is %s, not a folder", Text(name), KindOf(info.Mode()).Words())
	}
	next, err := w.cur.OpenRoot(name)
	if err != nil {
		return Explain(err, "open", name)
	}
	now, err := next.Lstat(".")
	if err == nil && !os.SameFile(info, now) {
		err = Exchanged(name)
	}
	if err != nil {
		next.Close()
		return Explain(err, "open", name)
	}
	w.leave()
	w.cur, w.Real = next, append(w.Real, name)
	return nil
}

// link replaces the element just read by what the link says, and begins again
// at the top.
func (w *walker) link(name string) error {
	if w.links++; w.links > maxLinks {
		return deskside.Errorf(deskside.CodeConflict, "%q leads through more than %d links", Text(name), maxLinks)
	}
	text, err := w.cur.Readlink(name)
	if err != nil {
		return Explain(err, "read the link", name)
	}
	base := w.Real
	steps := strings.FieldsFunc(filepath.ToSlash(text), func(r rune) bool { return r == '/' })
	steps = slices.DeleteFunc(steps, func(e string) bool { return e == "." })
	if filepath.IsAbs(text) {
		inside, ok := CutPrefix(steps, w.topAbs)
		if !ok {
			return leaves(name)
		}
		base, steps = nil, inside
	}
	if len(steps)+len(base)+len(w.pending) > MaxDepth {
		return deskside.Errorf(deskside.CodeBadRequest, "%q leads deeper than %d folders", Text(name), MaxDepth)
	}
	w.pending = slices.Concat(base, steps, w.pending)
	w.restart()
	return nil
}

// up goes to the folder above, whose real path is known.
func (w *walker) up() error {
	if len(w.Real) == 0 {
		return leaves("..")
	}
	w.pending = slices.Concat(w.Real[:len(w.Real)-1], w.pending)
	w.restart()
	return nil
}

func (w *walker) restart() {
	w.leave()
	w.cur, w.Real = w.Top, nil
}

func (w *walker) leave() {
	if w.cur != w.Top {
		w.cur.Close()
	}
}

func leaves(name string) error {
	return deskside.Errorf(deskside.CodeDenied, "the link %q leads out of the folder that policy opens", Text(name))
}

// Exchanged is the refusal of what became something else on the way to it.
func Exchanged(name string) error {
	return deskside.Errorf(deskside.CodeConflict, "%q was exchanged while it was opened", Text(name)).Hint("Try again.")
}
