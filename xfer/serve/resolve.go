package serve

import (
	"slices"

	"deskside/xfer"
	"deskside/xfer/disk"

	"deskside"
)

// intent is what is about to be done at a path, as far as rules depend on it.
type intent struct {
	follow bool // if the path ends in a link, its target is meant
	change bool // something is created, replaced, renamed or removed
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
	if err := s.rules(roots, p, want); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// rules checks a place by its real path, to which links may have led.
func (s *Service) rules(roots []xfer.Root, p *disk.Place, want intent) error {
	if s.private(p.Abs, want.change) {
		return deskside.Errorf(deskside.CodeDenied, "%q belongs to deskside itself", disk.Text(p.Name)).
			Hint("The agent's owner changes it on that machine.")
	}
	if !want.change {
		return nil
	}
	root, top := governing(roots, p.Abs)
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
		return nested(roots, p.Abs)
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
func governing(roots []xfer.Root, abs []string) (best xfer.Root, top []string) {
	depth := -1
	for _, root := range roots {
		for _, form := range rootForms(root.Path) {
			if _, ok := disk.CutPrefix(abs, form); ok && len(form) > depth {
				best, top, depth = root, form, len(form)
			}
		}
	}
	return best, top
}

// nested refuses to touch a whole folder in which a read-only root lies.
func nested(roots []xfer.Root, abs []string) error {
	for _, root := range roots {
		for _, form := range rootForms(root.Path) {
			if _, ok := disk.CutPrefix(form, abs); ok && !root.Write {
				return readOnly(root)
			}
		}
	}
	return nil
}

// private reports whether abs is the agent's own or, where it is to change,
// holds what is: a link on the way there may be moved as well as a folder.
func (s *Service) private(abs []string, change bool) bool {
	return slices.ContainsFunc(s.config.Private, func(path string) bool {
		return slices.ContainsFunc(rootForms(path), func(own []string) bool {
			_, in := cutFold(abs, own)
			_, holds := cutFold(own, abs)
			return in || change && holds
		})
	})
}
