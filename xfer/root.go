package xfer

import (
	"os"
	"path/filepath"
	"strings"

	"deskside"
)

// Root is one folder that policy opens to file transfer, with all below it.
type Root struct {
	Name  string `json:"name"` // what people call it, "home"
	Path  string `json:"path"` // absolute, in the agent's own form
	Write bool   `json:"write,omitempty"`

	// DotFiles opens what is hidden to files-write: files and folders whose
	// name begins with a dot, and all below them. The path of the root itself
	// does not count.
	DotFiles bool `json:"-"`

	// AllowStartup names files that files-write may change in this root
	// although they run by themselves or are hidden, in the form of the list
	// that is protected otherwise: ".bashrc", ".config/autostart", "~/bin",
	// "/etc/cron.d".
	AllowStartup []string `json:"-"`
}

// target is a path that lies in a root: the root and the elements below it.
type target struct {
	root Root
	rest []string
}

// locate finds the root in which text lies. An absolute path belongs to the
// deepest root that is a prefix of it, a relative one to the first root.
func locate(roots []Root, text string) (target, error) {
	p, err := parsePath(text)
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
	case p.abs || hasDrive(p):
		return target{}, outside(roots, text)
	}
	return target{roots[0], p.elems}, nil
}

// below gives the elements of p under top, if p is absolute and lies there.
func below(p wirePath, top []string) ([]string, bool) {
	if !p.abs && !hasDrive(p) {
		return nil, false
	}
	return cutPrefix(p.elems, top)
}

func cutPrefix(elems, top []string) ([]string, bool) {
	if len(elems) < len(top) {
		return nil, false
	}
	for i := range top {
		if !sameName(elems[i], top[i]) {
			return nil, false
		}
	}
	return elems[len(top):], true
}

// hasDrive reports whether p begins with a drive letter, on Windows; elsewhere
// that is a name.
func hasDrive(p wirePath) bool {
	return drives && len(p.elems) > 0 && len(p.elems[0]) == 2 && p.elems[0][1] == ':'
}

// rootForms gives the elements of a root's path as written and, where they
// differ, with every link resolved: people name a folder either way.
func rootForms(path string) [][]string {
	written := splitNative(path)
	real, err := filepath.EvalSymlinks(path)
	if err != nil || real == filepath.Clean(path) {
		return [][]string{written}
	}
	return [][]string{written, splitNative(real)}
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

// splitNative takes an absolute path of this system apart.
func splitNative(path string) []string {
	return strings.FieldsFunc(filepath.ToSlash(filepath.Clean(path)), func(r rune) bool { return r == '/' })
}

// outside is the refusal of a path in no root. It names the roots, which the
// operator may know, and nothing else of the disk.
func outside(roots []Root, text string) error {
	names := make([]string, len(roots))
	for i, r := range roots {
		names[i] = r.Path
	}
	return deskside.Errorf(deskside.CodeDenied, "%q is outside the folders that policy opens", textOf(text)).
		Hint("Use a path in %s.", strings.Join(names, " or "))
}

// open opens the top of a root.
func (r Root) open() (*os.Root, []string, error) {
	real, err := filepath.EvalSymlinks(r.Path)
	if err != nil {
		return nil, nil, explain(err, "open", r.Path)
	}
	top, err := os.OpenRoot(real)
	if err != nil {
		return nil, nil, explain(err, "open", r.Path)
	}
	return top, splitNative(real), nil
}
