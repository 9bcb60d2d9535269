package serve

import (
	"os"
	"path/filepath"
	"strings"

	"deskside/xfer"
	"deskside/xfer/disk"

	"deskside"
)

// target is a path that lies in a root: the root and the elements below it.
type target struct {
	root xfer.Root
	rest []string
}

// locate finds the root in which text lies. An absolute path belongs to the
// deepest root that is a prefix of it, a relative one to the first root.
func locate(roots []xfer.Root, text string) (target, error) {
	p, err := disk.ParsePath(text)
	if err != nil {
		return target{}, err
	}
	if len(roots) == 0 {
		return target{}, deskside.Errorf(deskside.CodeDenied, "policy opens no folder to file transfer").
			Hint("Ask the agent's owner to name one in its policy.")
	}
	best, depth := target{}, -1
	for _, root := range roots {
		for _, top := range rootForms(root.Path) {
			if rest, ok := below(p, top); ok && len(top) > depth {
				best, depth = target{root, rest}, len(top)
			}
		}
	}
	switch {
	case depth >= 0:
		return best, nil
	case p.Abs || disk.HasDrive(p):
		return target{}, outside(roots, text)
	}
	return target{roots[0], p.Elems}, nil
}

// below gives the elements of p under top, if p is absolute and lies there.
func below(p disk.Path, top []string) ([]string, bool) {
	if !p.Abs && !disk.HasDrive(p) {
		return nil, false
	}
	return disk.CutPrefix(p.Elems, top)
}

// rootForms gives the elements of a root's path as written and, where they
// differ, with every link resolved: people name a folder either way.
func rootForms(path string) [][]string {
	written := disk.SplitNative(path)
	real, err := filepath.EvalSymlinks(path)
	if err != nil || real == filepath.Clean(path) {
		return [][]string{written}
	}
	return [][]string{written, disk.SplitNative(real)}
}

// realPath resolves the links of a path as far as it is there.
func realPath(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	dir, name := filepath.Split(filepath.Clean(path))
	if name == "" || dir == "" {
		return path
	}
	return filepath.Join(realPath(dir), name)
}

// outside is the refusal of a path in no root. It names the roots, which the
// operator may know, and nothing else of the disk.
func outside(roots []xfer.Root, text string) error {
	names := make([]string, len(roots))
	for i, r := range roots {
		names[i] = r.Path
	}
	return deskside.Errorf(deskside.CodeDenied, "%q is outside the folders that policy opens", disk.Text(text)).
		Hint("Use a path in %s.", strings.Join(names, " or "))
}

// openRoot opens the top of a root.
func openRoot(r xfer.Root) (*os.Root, []string, error) {
	real, err := filepath.EvalSymlinks(r.Path)
	if err != nil {
		return nil, nil, disk.Explain(err, "open", r.Path)
	}
	top, err := os.OpenRoot(real)
	if err != nil {
		return nil, nil, disk.Explain(err, "open", r.Path)
	}
	return top, disk.SplitNative(real), nil
}
