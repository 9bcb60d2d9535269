package xfer

import (
	"strings"
	"unicode/utf8"

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

// checkName refuses the names that mean something else than a file on Windows.
// They are refused everywhere, so that a tree copied from here to there stays
// what it was. A colon names a stream on Windows alone and is common elsewhere
// (times of day): it is refused in what is created and, on Windows, at all.
func checkName(e string, create bool) error {
	switch {
	case reserved(e):
		return deskside.Errorf(deskside.CodeBadRequest, "%q is the name of a device on Windows", e).Hint("Use another name.")
	case strings.HasSuffix(e, ".") || strings.HasSuffix(e, " "):
		return deskside.Errorf(deskside.CodeBadRequest, "%q ends in a dot or a space, which Windows takes away", e).Hint("Use another name.")
	case strings.ContainsRune(e, ':') && create:
		return deskside.Errorf(deskside.CodeBadRequest, "%q holds a colon, which names a stream on Windows", e).Hint("Use another name.")
	}
	return checkNative(e)
}

// checkNames is checkName for every element of a path of which only the last
// may be about to be created.
func checkNames(elems []string, create bool) error {
	for i, e := range elems {
		if err := checkName(e, create && i == len(elems)-1); err != nil {
			return err
		}
	}
	return nil
}

// reserved reports whether name is one of the device names of Windows, with or
// without an extension and in any case ("Naming Files, Paths, and Namespaces",
// learn.microsoft.com). The superscript digits count as digits there.
func reserved(name string) bool {
	base, _, _ := strings.Cut(name, ".")
	base = strings.ToUpper(strings.TrimRight(base, " "))
	switch base {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	for _, port := range [...]string{"COM", "LPT"} {
		if rest, ok := strings.CutPrefix(base, port); ok && utf8.RuneCountInString(rest) == 1 {
			return strings.Contains("123456789¹²³", rest)
		}
	}
	return false
}

// textOf gives a name or path as valid UTF-8 for people and for the audit. A
// byte that is no UTF-8 shows as a replacement character.
func textOf(name string) string { return strings.ToValidUTF8(name, "\uFFFD") }
