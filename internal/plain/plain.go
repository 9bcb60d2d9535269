// Package plain makes texts that strangers chose fit to be shown: names, hosts
// and reasons in windows, pages and terminals. Characters that do not show, or
// change how others show, are written as their code point, "[U+202E]".
//
// It does not judge which script a letter is of, so letters that look alike
// stay alike, and it does not escape for HTML or for shells.
package plain

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMarks is how many marks a letter may carry; real writing needs no more,
// and a tower of them covers the lines above and below.
const maxMarks = 2

// Text gives s on one line with every character visible. Each byte that is no
// UTF-8 becomes "[0xFF]". Spaces stay, save for the first, the last, and all
// but one in a row.
func Text(s string) string {
	var b strings.Builder
	marks, before := maxMarks, ' '
	for i, r := range s {
		switch {
		case r == utf8.RuneError && isByte(s[i:]):
			fmt.Fprintf(&b, "[0x%02X]", s[i])
		case r == ' ' && (before == ' ' || i == len(s)-1), !visible(r), isMark(r) && marks >= maxMarks:
			fmt.Fprintf(&b, "[U+%04X]", r)
		default:
			b.WriteRune(r)
		}
		marks, before = marksAfter(r, marks), r
	}
	return b.String()
}

// Short is Text with at most n characters, the last of them an ellipsis where
// something was cut. An escape is cut as a whole.
func Short(s string, n int) string {
	if cut := (n + 1) * utf8.UTFMax; len(s) > cut {
		s = s[:cut] + "…" // so that a long text costs no more than a short one
	}
	t := Text(s)
	if utf8.RuneCountInString(t) <= n {
		return t
	}
	runes := []rune(t)[:max(n-1, 0)]
	for i := len(runes) - 1; i >= 0 && i >= len(runes)-len("[U+10FFFF]"); i-- {
		if runes[i] == ']' {
			break
		}
		if runes[i] == '[' {
			runes = runes[:i]
			break
		}
	}
	return string(runes) + "…"
}

func isByte(s string) bool {
	_, size := utf8.DecodeRuneInString(s)
	return size == 1
}

// marksAfter counts the marks since the last character that may carry some.
func marksAfter(r rune, marks int) int {
	switch {
	case isMark(r):
		return marks + 1
	case unicode.In(r, unicode.L, unicode.N, unicode.Mc):
		return 0
	}
	return maxMarks
}

func isMark(r rune) bool { return unicode.In(r, unicode.Mn, unicode.Me) }

// blanks are characters of visible categories that show nothing.
var blanks = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x034f, 0x034f, 1}, // combining grapheme joiner
		{0x115f, 0x1160, 1}, // Hangul fillers
		{0x17b4, 0x17b5, 1}, // Khmer inherent vowels
		{0x180b, 0x180f, 1}, // Mongolian variation selectors
		{0x2800, 0x2800, 1}, // Braille blank
		{0x3164, 0x3164, 1}, // Hangul filler
		{0xfe00, 0xfe0f, 1}, // variation selectors
		{0xffa0, 0xffa0, 1}, // half-width Hangul filler
		{0xfffc, 0xfffc, 1}, // object replacement
	},
	R32: []unicode.Range32{
		{0x1d159, 0x1d159, 1}, // musical null notehead
		{0xe0100, 0xe01ef, 1}, // variation selectors
	},
}

// visible reports whether a character shows and leaves its neighbours alone.
// unicode.IsPrint has letters, marks, numbers, punctuation, symbols and the
// common space, and so neither control, format and private characters nor the
// other spaces.
func visible(r rune) bool { return unicode.IsPrint(r) && !unicode.Is(blanks, r) }
