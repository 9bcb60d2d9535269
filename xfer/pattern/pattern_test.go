package pattern

import (
	"math/rand/v2"
	"path"
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern string
		yes, no string // paths; those that end in a slash are folders
	}{
		{"*.o", "a.o d/a.o d/e/.o", "a.oo a o/a"},
		{"/build", "build build/", "d/build builds"},
		{"cache/", "cache/ d/cache/", "cache d/cache"},
		{"/cache/", "cache/", "cache d/cache/"},
		{"docs/*.pdf", "docs/a.pdf x/docs/a.pdf", "docs/d/a.pdf a.pdf docs"},
		{"/docs/*.pdf", "docs/a.pdf", "x/docs/a.pdf"},
		{"/a/**/tmp", "a/tmp a/b/tmp a/b/c/tmp", "tmp b/a/tmp a/tmp/x"},
		{"a/**", "a/b a/b/c x/a/y", "a b x/a"},
		{"**/tmp", "tmp a/tmp a/b/tmp", "tmp/a"},
		{"/**/tmp", "tmp a/tmp", "tmp/a"},
		{"**", "a a/b", ""},
		{"a/**/b/**/c", "a/b/c a/x/b/y/z/c a/b/b/c/c a/c/b/c", "a/c b/c"},
		{"[a-c]?", "ab cc", "a dd abc"},
		{"[!a]*", "b bc", "a ab"},
		{`\*`, "* d/*", "a"},
		{"雪?", "雪x", "雪 x雪"},
		{".*", ".a d/.git/", "a a.b"},
	} {
		p, err := Parse(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		for want, list := range map[bool]string{true: c.yes, false: c.no} {
			for at := range strings.FieldsSeq(list) {
				name, folder := strings.CutSuffix(at, "/")
				if p.Match(name, folder) != want {
					t.Errorf("%q matches %q: %v", c.pattern, at, !want)
				}
			}
		}
	}
}

func TestParse(t *testing.T) {
	for _, bad := range []string{"", "/", "//", "a//b", "[", "a/[b", `a\`, "..", "a/../b", "./a", strings.Repeat("a", maxPattern+1)} {
		if _, err := Parse(bad); err == nil {
			t.Errorf("%.20q is taken", bad)
		}
	}
}

func TestCovers(t *testing.T) {
	list, err := ParseList([]string{"*.o", "/out/", "keep/*"})
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]bool{
		"": false, "a": false, "a.o": true, "a.o/b": true, "out": false, "out/": true, "out/b": true, "x/out/b": false, "keep": false, "keep/": false, "keep/x/y": true,
	} {
		name, folder := strings.CutSuffix(at, "/")
		if list.Covers(name, folder) != want {
			t.Errorf("%q: %v", at, !want)
		}
	}
	if (List)(nil).Covers("a", false) {
		t.Error("nothing leaves something out")
	}
}

// slow is matches as it is told, by trying everything.
func slow(elems, names []string) bool {
	if len(elems) == 0 {
		return len(names) == 0
	}
	if elems[0] == "**" {
		for n := range len(names) + 1 {
			if slow(elems[1:], names[n:]) {
				return true
			}
		}
		return false
	}
	if len(names) == 0 {
		return false
	}
	ok, _ := path.Match(elems[0], names[0])
	return ok && slow(elems[1:], names[1:])
}

// TestLikeItsSlowTwin matches random patterns with random paths.
func TestLikeItsSlowTwin(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	some := func(from ...string) (list []string) {
		for range 1 + rnd.IntN(6) {
			list = append(list, from[rnd.IntN(len(from))])
		}
		return list
	}
	matched := 0
	for range 20_000 {
		elems, names := some("a", "b", "**", "*", "a*", "**"), some("a", "b", "ab", "ba")
		got := matches(elems, names)
		if got != slow(elems, names) {
			t.Fatalf("%q on %q: %v", elems, names, got)
		}
		if got {
			matched++
		}
	}
	if matched < 1000 {
		t.Errorf("only %d matched", matched)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("a/**/[!b]*.o", "a/b/c.o")
	f.Fuzz(func(t *testing.T, text, at string) {
		p, err := Parse(text)
		if err == nil {
			p.Match(at, true)
		}
	})
}
