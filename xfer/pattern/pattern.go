// Package pattern matches paths in a tree of files by patterns, as cp --exclude
// takes them.
//
// # Patterns
//
// A pattern is elements between slashes. In an element ? is any one character, *
// any number of them, [a-z] one of a set and [!a-z] one that is not in it; a
// backslash takes its meaning from what follows. An element ** is any number of
// folders; at the end it is everything in the folder before it.
//
//	*.o         every such name, in any folder
//	/build      build at the top, and nowhere else
//	cache/      every folder called cache, and no file
//	docs/*.pdf  such names in any folder called docs
//	/a/**/tmp   tmp anywhere below a
//
// What a pattern matches is left out with everything in it. Case matters. These
// are the patterns of rsync, but that rsync lets a * in a pattern with ** in it
// match slashes; there is no including again.
//
// The package looks at no file.
package pattern

import (
	"fmt"
	"path"
	"strings"
)

const maxPattern = 4096 // bytes

// Pattern is one pattern. Parse makes it.
type Pattern struct {
	folder bool // matches folders alone
	elems  []string
}

// Parse reads a pattern.
func Parse(text string) (Pattern, error) {
	if len(text) > maxPattern {
		return Pattern{}, fmt.Errorf("a pattern of %d bytes is longer than %d", len(text), maxPattern)
	}
	rest, anchored := strings.CutPrefix(text, "/")
	rest, folder := strings.CutSuffix(rest, "/")
	p := Pattern{folder: folder}
	if !anchored {
		p.elems = []string{"**"}
	}
	for e := range strings.SplitSeq(rest, "/") {
		e = strings.ReplaceAll(e, "[!", "[^")
		if _, err := path.Match(e, ""); err != nil {
			return Pattern{}, fmt.Errorf("%q is no pattern for names: a set in [ ] is not closed, or a backslash ends it", text)
		}
		if e == "" || e == "." || e == ".." {
			return Pattern{}, fmt.Errorf("%q is no pattern for names: it has an element %q", text, e)
		}
		p.elems = append(p.elems, e)
	}
	if p.elems[len(p.elems)-1] == "**" {
		p.elems = append(p.elems, "*") // something in it, not the folder itself
	}
	return p, nil
}

// Match reports whether the pattern matches the path of an entry in a tree.
func (p Pattern) Match(at string, folder bool) bool {
	return (folder || !p.folder) && matches(p.elems, strings.Split(at, "/"))
}

// matches goes back to no more than the last **, which is enough: one before it
// has found its place, and the last may take whatever follows.
func matches(elems, names []string) bool {
	e, n, star, taken := 0, 0, -1, 0
	for n < len(names) {
		switch {
		case e < len(elems) && elems[e] == "**":
			star, taken = e, n
			e++
		case e < len(elems) && Name(elems[e], names[n]):
			e++
			n++
		case star >= 0:
			taken++
			e, n = star+1, taken
		default:
			return false
		}
	}
	for e < len(elems) && elems[e] == "**" {
		e++
	}
	return e == len(elems)
}

// Name reports whether one element of a pattern matches a name.
func Name(elem, name string) bool {
	ok, err := path.Match(elem, name)
	return ok && err == nil
}

// Any reports whether text holds what has a meaning in patterns.
func Any(text string) bool { return strings.ContainsAny(text, "*?[") }

// List is patterns of which each leaves something out.
type List []Pattern

// ParseList reads a list.
func ParseList(texts []string) (list List, err error) {
	for _, text := range texts {
		p, err := Parse(text)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

// Covers reports whether the entry at a path, or a folder above it, is left out.
// The tree's top, which has the empty path, never is.
func (l List) Covers(at string, folder bool) bool {
	for len(l) > 0 && at != "" {
		for _, p := range l {
			if p.Match(at, folder) {
				return true
			}
		}
		at, folder = at[:max(0, strings.LastIndexByte(at, '/'))], true
	}
	return false
}
