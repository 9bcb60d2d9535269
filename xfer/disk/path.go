package disk

import (
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"deskside"
)

// Limits of a path. A path is bytes, not text: on most systems a name may hold
// any byte but the slash and NUL, and such files must be reachable too.
const (
	maxPath  = 4096 // bytes of a whole path
	MaxName  = 255  // bytes of one element
	MaxDepth = 200  // elements
)

// Path is a path as an operator writes it, taken apart: the elements
// between slashes without empty ones and dots.
type Path struct {
	Abs   bool // began with a slash
	Elems []string
}

// ParsePath takes a path apart. It refuses what no file can be called and what
// would climb: ".." is never resolved by text, because the folder above may be
// another one than the text says when a link is on the way.
func ParsePath(text string) (Path, error) {
	if len(text) > maxPath {
		return Path{}, deskside.Errorf(deskside.CodeBadRequest, "a path of %d bytes is longer than %d", len(text), maxPath)
	}
	p := Path{Abs: strings.HasPrefix(text, "/")}
	for e := range strings.SplitSeq(text, "/") {
		if e == "" || e == "." {
			continue
		}
		if err := CheckElem(e); err != nil {
			return Path{}, err
		}
		p.Elems = append(p.Elems, e)
	}
	if len(p.Elems) > MaxDepth {
		return Path{}, deskside.Errorf(deskside.CodeBadRequest, "a path of %d folders is deeper than %d", len(p.Elems), MaxDepth)
	}
	return p, nil
}

// String gives the path as text that parsePath reads.
func (p Path) String() string {
	text := strings.Join(p.Elems, "/")
	if p.Abs {
		return "/" + text
	}
	return text
}

// CheckElem refuses what no element of a path may be, on any system.
func CheckElem(e string) error {
	switch {
	case e == "..":
		return deskside.Errorf(deskside.CodeDenied, "a path with %q in it is not taken", "..").
			Hint("Write the path as it is from the top of the folder.")
	case len(e) > MaxName:
		return deskside.Errorf(deskside.CodeBadRequest, "a name of %d bytes is longer than %d", len(e), MaxName)
	case strings.ContainsRune(e, 0):
		return deskside.Errorf(deskside.CodeBadRequest, "%q holds a NUL", e)
	case strings.ContainsRune(e, '\\'):
		return deskside.Errorf(deskside.CodeBadRequest, "%q holds a backslash, which is a separator on Windows", e).
			Hint("Separate folders with a slash.")
	}
	return nil
}

// CheckNames refuses the names in a path that this system cannot hold.
func CheckNames(elems []string) error {
	for _, e := range elems {
		if err := CheckNative(e); err != nil {
			return err
		}
	}
	return nil
}

// Text gives a name or path as valid UTF-8 for people and for the audit. A
// byte that is no UTF-8 shows as a replacement character.
func Text(name string) string { return strings.ToValidUTF8(name, "\uFFFD") }

// CutPrefix gives the elements behind top, if elems begins with it.
func CutPrefix(elems, top []string) ([]string, bool) {
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

// SplitNative takes an absolute path of this system apart.
func SplitNative(path string) []string {
	return strings.FieldsFunc(filepath.ToSlash(filepath.Clean(path)), func(r rune) bool { return r == '/' })
}

// HasDrive reports whether p begins with a drive letter, on Windows; elsewhere
// that is a name.
func HasDrive(p Path) bool {
	return drives && len(p.Elems) > 0 && len(p.Elems[0]) == 2 && p.Elems[0][1] == ':'
}

// Fold gives what a name or path has in common with those that differ only in
// case: each letter as the first of its kind.
func Fold(name string) string {
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf {
			if 'A' <= r && r <= 'Z' {
				r += 'a' - 'A'
			}
			return r
		}
		least := r
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			least = min(least, other)
		}
		if 'A' <= least && least <= 'Z' {
			least += 'a' - 'A'
		}
		return least
	}, name)
}
