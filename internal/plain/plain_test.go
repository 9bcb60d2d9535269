package plain_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"deskside/internal/plain"
)

func TestText(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"empty", "", ""},
		{"plain", "Maria", "Maria"},
		{"a name with spaces", "Maria García Núñez", "Maria García Núñez"},
		{"other scripts", "Ольга 王小明 علي", "Ольга 王小明 علي"},
		{"bidi override", "gpj\u202eexe.txt", "gpj[U+202E]exe.txt"},
		{"bidi isolate", "a\u2066b\u2069", "a[U+2066]b[U+2069]"},
		{"Arabic letter mark", "a\u061cb", "a[U+061C]b"},
		{"controls", "a\nb\x00\x1b[31m", "a[U+000A]b[U+0000][U+001B][31m"},
		{"C1 controls", "a\u009bb", "a[U+009B]b"},
		{"delete", "a\x7fb", "a[U+007F]b"},
		{"zero width", "a\u200bb\ufeffc\u00add", "a[U+200B]b[U+FEFF]c[U+00AD]d"},
		{"fillers", "\u3164\u2800\u115f", "[U+3164][U+2800][U+115F]"},
		{"tags", "a\U000e0041", "a[U+E0041]"},
		{"variation selector", "a\ufe0f", "a[U+FE0F]"},
		{"private use", "a\ue000", "a[U+E000]"},
		{"line separators", "a\u2028b\u2029", "a[U+2028]b[U+2029]"},
		{"other spaces", "a\u00a0b\u3000c", "a[U+00A0]b[U+3000]c"},
		{"only spaces", "   ", "[U+0020][U+0020][U+0020]"},
		{"spaces around and in a row", " a  b ", "[U+0020]a [U+0020]b[U+0020]"},
		{"two marks", "a\u0301\u0302", "a\u0301\u0302"},
		{"a tower of marks", "a\u0301\u0302\u0303\u0304", "a\u0301\u0302[U+0303][U+0304]"},
		{"a mark on nothing", "\u0301a", "[U+0301]a"},
		{"not UTF-8", "a\xff\xc3", "a[0xFF][0xC3]"},
		{"a real replacement character", "a\ufffd", "a\ufffd"},
	} {
		if got := plain.Text(c.in); got != c.want {
			t.Errorf("%s: Text(%+q) = %+q, want %+q", c.name, c.in, got, c.want)
		}
	}
}

func TestShort(t *testing.T) {
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{
		{"Maria", 5, "Maria"},
		{"Mariana", 5, "Mari…"},
		{"ab\u202ecd", 8, "ab…"},
		{"ab\u202ecd", 12, "ab[U+202E]cd"},
		{"a[b", 9, "a[b"},
		{strings.Repeat("ж", 300), 10, strings.Repeat("ж", 9) + "…"},
		{"abc", 0, "…"},
		{strings.Repeat("x", 1<<20), 4, "xxx…"},
	} {
		if got := plain.Short(c.in, c.n); got != c.want {
			t.Errorf("Short(%.20q, %d) = %q, want %q", c.in, c.n, got, c.want)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("a\u202e\xff\n", 5)
	f.Add("[[[[U+", 3)
	f.Fuzz(func(t *testing.T, s string, n int) {
		got := plain.Text(s)
		if !utf8.ValidString(got) {
			t.Fatalf("%q is not UTF-8", got)
		}
		for _, r := range got {
			if !unicode.IsPrint(r) {
				t.Fatalf("%q has %U", got, r)
			}
		}
		if again := plain.Text(got); again != got {
			t.Fatalf("%q became %q the second time", got, again)
		}
		n = max(1, n%64)
		if short := plain.Short(s, n); utf8.RuneCountInString(short) > n {
			t.Fatalf("Short(%q, %d) = %q", s, n, short)
		}
	})
}
