package xfer

import (
	"strings"

	"deskside"
)

// Limits of a path. A path is bytes, not text: on most systems a name may hold
// any byte but the slash and NUL, and such files must be reachable too.
const (
	maxPath  = 4096 // bytes of a whole path
	maxName  = 255  // bytes of one element
	maxDepth = 200  // elements
)

// wirePath is a path as an operator writes it, taken apart: the elements
// between slashes without empty ones and dots.
type wirePath struct {
	abs   bool // began with a slash
	elems []string
}

// parsePath takes a path apart. It refuses what no file can be called and what
// would climb: ".." is never resolved by text, because the folder above may be
// another one than the text says when a link is on the way.
func parsePath(text string) (wirePath, error) {
	if len(text) > maxPath {
		return wirePath{}, deskside.Errorf(deskside.CodeBadRequest, "a path of %d bytes is longer than %d", len(text), maxPath)
	}
	p := wirePath{abs: strings.HasPrefix(text, "/")}
	for e := range strings.SplitSeq(text, "/") {
		if e == "" || e == "." {
			continue
		}
		if err := checkElem(e); err != nil {
			return wirePath{}, err
		}
		p.elems = append(p.elems, e)
	}
	if len(p.elems) > maxDepth {
		return wirePath{}, deskside.Errorf(deskside.CodeBadRequest, "a path of %d folders is deeper than %d", len(p.elems), maxDepth)
	}
	return p, nil
}

// String gives the path as text that parsePath reads.
func (p wirePath) String() string {
	text := strings.Join(p.elems, "/")
	if p.abs {
		return "/" + text
	}
	return text
}

func checkElem(e string) error {
	switch {
	case e == "..":
		return deskside.Errorf(deskside.CodeDenied, "a path with %q in it is not taken", "..").
			Hint("Write the path as it is from the top of the folder.")
	case len(e) > maxName:
		return deskside.Errorf(deskside.CodeBadRequest, "a name of %d bytes is longer than %d", len(e), maxName)
	case strings.ContainsRune(e, 0):
		return deskside.Errorf(deskside.CodeBadRequest, "%q holds a NUL", e)
	case strings.ContainsRune(e, '\\'):
		return deskside.Errorf(deskside.CodeBadRequest, "%q holds a backslash, which is a separator on Windows", e).
			Hint("Separate folders with a slash.")
	}
	return nil
}

// checkNames refuses the names in a path that this system cannot hold.
func checkNames(elems []string) error {
	for _, e := range elems {
		if err := checkNative(e); err != nil {
			return err
		}
	}
	return nil
}

// textOf gives a name or path as valid UTF-8 for people and for the audit. A
// byte that is no UTF-8 shows as a replacement character.
func textOf(name string) string { return strings.ToValidUTF8(name, "\uFFFD") }
