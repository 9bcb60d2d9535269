package panel

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/image/font"

	"deskside/internal/plain"
)

// fit gives s as it can be shown in the role: plain, and with the characters
// that the font lacks as their code point.
func (st *style) fit(r role, s string) string {
	var b strings.Builder
	for _, c := range plain.Short(s, maxShown) {
		if i, err := types[r].ttf().GlyphIndex(&st.buf, c); err != nil || i == 0 || unicode.Is(unicode.M, c) {
			fmt.Fprintf(&b, "[U+%04X]", c)
			continue
		}
		b.WriteRune(c)
	}
	return b.String()
}

// maxShown bounds the characters of a text that are looked at; no place on a
// panel holds as many.
const maxShown = 600

func (st *style) width(r role, s string) int { return font.MeasureString(st.face(r), s).Ceil() }

const ellipsis = "…"

// cut gives s cut to a width, with an ellipsis if it was longer.
func (st *style) cut(r role, s string, width int) string {
	if st.width(r, s) <= width {
		return s
	}
	runes := []rune(s)
	n := st.count(r, runes, width-st.width(r, ellipsis))
	return strings.TrimRight(string(runes[:n]), " ") + ellipsis
}

// count gives how many of the characters go into a width.
func (st *style) count(r role, runes []rune, width int) int {
	low, high := 0, len(runes)
	for low < high {
		middle := (low + high + 1) / 2
		if st.width(r, string(runes[:middle])) <= width {
			low = middle
		} else {
			high = middle - 1
		}
	}
	return low
}

// wrap breaks s into at most limit lines no wider than width, at spaces where
// there are some and anywhere else where a word is too long. What does not go
// into the last line is cut.
func (st *style) wrap(r role, s string, width, limit int) []string {
	var lines []string
	for rest := s; rest != ""; {
		if len(lines) == limit-1 {
			return append(lines, st.cut(r, rest, width))
		}
		runes := []rune(rest)
		n := max(st.count(r, runes, width), 1)
		if n < len(runes) {
			if space := strings.LastIndexByte(string(runes[:n+1]), ' '); space > 0 {
				n = len([]rune(rest[:space]))
			}
		}
		lines = append(lines, strings.TrimRight(string(runes[:n]), " "))
		rest = strings.TrimLeft(string(runes[n:]), " ")
	}
	return lines
}
