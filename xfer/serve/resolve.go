package serve

import (
	"io/fs"
	"slices"

	"deskside/xfer"
	"deskside/xfer/disk"

	"deskside"
)

// intent is what is about to be done at a path, as far as rules depend on it.
type intent struct {
	follow bool // if the path ends in a link, its target is meant
	change bool // something is created, replaced, renamed or removed
	fill   bool // what is in it is changed: each of that is judged by itself too
	tree   bool // with everything below
	clear  bool // a partial file may be meant, to be removed
}

// at finds the place of a path and checks that policy allows what is intended
// there. The caller closes the place.
func (s *Service) at(text string, want intent) (*disk.Place, error) {
	roots := s.config.Roots()
	t, err := locate(roots, text)
	if err != nil {
		return nil, err
	}
	if err := disk.CheckNames(t.rest); err != nil {
		return nil, err
	}
	top, topAbs, err := openRoot(t.root)
	if err != nil {
		return nil, err
	}
	p, err := disk.Walk(top, topAbs, t.rest, want.follow)
	if err != nil {
		return nil, err
	}
	if err := s.book(roots).rules(p, want); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// book is what policy says at one moment, with every link in it resolved, so
// that many places can be checked by it.
type book struct {
	s     *Service
	roots []xfer.Root
	forms [][][]string // of each root, as rootForms gives them
	own   [][]string   // the agent's own
}

func (s *Service) book(roots []xfer.Root) *book {
	b := &book{s: s, roots: roots}
	for _, root := range roots {
		b.forms = append(b.forms, rootForms(root.Path))
	}
	for _, path := range s.config.Private {
		b.own = append(b.own, rootForms(path)...)
	}
	return b
}

// rules checks a place by its real path, to which links may have led.
func (b *book) rules(p *disk.Place, want intent) error {
	s := b.s
	if b.private(p.Abs, want.change) {
		return deskside.Errorf(deskside.CodeDenied, "%q belongs to deskside itself", disk.Text(p.Name)).
			Hint("The agent's owner changes it on that machine.")
	}
	root, top := b.governing(p.Abs)
	if !want.change {
		if want.fill && !root.Write {
			return readOnly(root)
		}
		return nil
	}
	partial := disk.IsPartial(p.Name)
	switch {
	case !root.Write:
		return readOnly(root)
	case p.Name == ".":
		return deskside.Errorf(deskside.CodeDenied, "%q is the top of a folder that policy opens", root.Path).Hint("Name something in it.")
	case partial && !want.clear:
		return deskside.Errorf(deskside.CodeDenied, "%q is a name for transfers that have not ended", p.Name).Hint("Use another name.")
	case named(root, p.Abs, s.home()):
	case s.startup(p.Abs, top, want.tree):
		return deskside.Errorf(deskside.CodeDenied, "%q is among the files that run by themselves, which the right to write leaves out", disk.Text(p.Name)).
			Hint("Ask the agent's owner to name it in policy, under startup-files.")
	case !root.DotFiles && hidden(visible(p.Abs, partial), top):
		return deskside.Errorf(deskside.CodeDenied, "%q is hidden, which the right to write leaves out: what begins with a dot may say what programs run", disk.Text(p.Name)).
			Hint("Use a name without a dot at its beginning, or ask the agent's owner to set dot-files in policy.")
	}
	if want.tree {
		return b.nested(p.Abs)
	}
	return nil
}

// visible is abs without the name of a partial file, which is ours.
func visible(abs []string, partial bool) []string {
	if partial {
		return abs[:len(abs)-1]
	}
	return abs
}

func readOnly(root xfer.Root) error {
	return deskside.Errorf(deskside.CodeDenied, "policy lets %q be read only", root.Path).Hint("Use a folder that may be written.")
}

// governing gives the deepest root in which abs lies, with its real elements:
// its rules hold. Without one there is a root that allows nothing.
func (b *book) governing(abs []string) (best xfer.Root, top []string) {
	depth := -1
	for i, root := range b.roots {
		for _, form := range b.forms[i] {
			if _, ok := disk.CutPrefix(abs, form); ok && len(form) > depth {
				best, top, depth = root, form, len(form)
			}
		}
	}
	return best, top
}

// execute are the permissions to execute.
const execute = 0o111

// mode gives the permissions that a file at abs may have of those that are asked
// for.
func (b *book) mode(abs []string, asked fs.FileMode) fs.FileMode {
	if root, _ := b.governing(abs); !root.Executables {
		return asked &^ execute
	}
	return asked
}

// nested refuses to touch a whole folder in which a read-only root lies.
func (b *book) nested(abs []string) error {
	for i, root := range b.roots {
		for _, form := range b.forms[i] {
			if _, ok := disk.CutPrefix(form, abs); ok && !root.Write {
				return readOnly(root)
			}
		}
	}
	return nil
}

// private reports whether abs is the agent's own or, where it is to change,
// holds what is: a link on the way there may be moved as well as a folder.
func (b *book) private(abs []string, change bool) bool {
	return slices.ContainsFunc(b.own, func(own []string) bool {
		_, in := cutFold(abs, own)
		_, holds := cutFold(own, abs)
		return in || change && holds
	})
}
