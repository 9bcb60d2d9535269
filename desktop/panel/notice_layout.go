package panel

import (
	"fmt"
	"image"
	"strings"

	"deskside"
	"deskside/desktop"
)

// Measures at scale 1.
const (
	noticeWidth = 560
	wordGap     = 22 // between words that are read out one by one
	valuePad    = 14
	statusRow   = 40
	statusText  = 36 // from the left, behind the dot
)

// noticeLayout is where everything of a notice is.
type noticeLayout struct {
	size   image.Point
	parts  []part
	footer image.Rectangle
	button image.Rectangle
	label  string
}

// terse is how much a layout of a notice leaves out.
type terse struct {
	values   int // of a row
	sessions int
	lines    int // of a paragraph
	gap      float64
}

var noticeVariants = []terse{{3, 3, 3, 1}, {3, 3, 3, 0.6}, {2, 2, 2, 0.6}, {1, 1, 2, 0.4}}

// maxNotice bounds the paragraphs, and the rows, that are shown.
const maxNotice = 4

func layOutNotice(n desktop.Notice, list []desktop.BarEntry, w, h int, scale float64) (*style, noticeLayout) {
	var l noticeLayout
	st := shrink(w, h, scale, len(noticeVariants), func(st *style, i int) image.Point {
		l = st.notice(n, list, noticeVariants[i])
		return l.size
	})
	return st, l
}

// telling places what a notice has.
type telling struct {
	column
	terse
	l *noticeLayout
}

func (st *style) notice(n desktop.Notice, list []desktop.BarEntry, v terse) noticeLayout {
	var l noticeLayout
	c := &telling{column{st, &l.parts, st.px(margin), st.px(24), st.px(noticeWidth - 2*margin), v.gap}, v, &l}
	c.head(n)
	for _, r := range n.Rows[:min(len(n.Rows), maxNotice)] {
		c.row(r)
	}
	c.space(18)
	c.status(list)
	c.space(20)
	c.foot(n)
	l.size = image.Pt(st.px(noticeWidth), l.footer.Max.Y)
	return l
}

// head places the heading and the paragraphs beside the sign.
func (c *telling) head(n desktop.Notice) {
	in := c.beside("icon")
	in.add("title", roleName, ink, n.Title, 2)
	for i, text := range n.Text[:min(len(n.Text), maxNotice)] {
		in.space(6)
		in.add(fmt.Sprint("text ", i), roleBody, inkSoft, text, c.lines)
	}
	c.y = max(in.y, c.y+c.px(iconSize))
}

// row places a label and a box with what is read out.
func (c *telling) row(r desktop.NoticeRow) {
	c.space(16)
	c.add("label", roleTitle, inkSoft, r.Label, 1)
	c.y += c.px(4)
	box := c.put(part{name: "box", rect: image.Rect(c.x, c.y, c.x+c.wide, c.y)})
	at := len(*c.parts) - 1
	in := c.column
	in.x, in.y, in.wide = c.x+c.px(valuePad), box.rect.Min.Y+c.px(valuePad/2), c.wide-2*c.px(valuePad)
	for _, v := range r.Values[:min(len(r.Values), c.values)] {
		in.value(v)
	}
	if more := len(r.Values) - c.values; more > 0 {
		in.add("more", roleSmall, inkSoft, fmt.Sprintf("and %d more", more), 1)
	}
	(*c.parts)[at].rect.Max.Y = in.y + c.px(valuePad/2)
	c.y = (*c.parts)[at].rect.Max.Y
}

// maxWords bounds the words of a value that are set apart; a text of more is
// none to be read out.
const maxWords = 32

// value places one value: its words in columns where they are many, else on
// lines, as large as they go into one.
func (c *column) value(text string) {
	words := strings.Fields(c.fit(roleSpelt, text))
	wide := 0
	for _, w := range words {
		wide = max(wide, c.width(roleSpelt, w))
	}
	fits := (c.wide + c.px(wordGap)) / (wide + c.px(wordGap))
	switch {
	case len(words) > 1 && len(words) <= maxWords && fits > 1:
		c.grid(words, fits)
	case wide <= c.wide && len(words) == 1:
		c.add("value", roleSpelt, ink, text, 1)
	default:
		c.add("value", roleFine, ink, text, 2)
	}
}

// grid places words in rows of nearly equal length, at most so many in one.
func (c *column) grid(words []string, most int) {
	rows := (len(words) + most - 1) / most
	columns := (len(words) + rows - 1) / rows
	high := c.lineHeight(roleSpelt)
	for i, w := range words {
		x, y := c.x+i%columns*c.wide/columns, c.y+i/columns*high
		r := image.Rect(x, y, x+c.wide/columns, y+high)
		*c.parts = append(*c.parts, part{"value", r, roleSpelt, ink, []string{w}, r})
	}
	c.y += rows * high
}

// status places who is connected.
func (c *telling) status(list []desktop.BarEntry) {
	if len(list) == 0 {
		c.line("nobody", "", "Nobody is connected")
	}
	for i, e := range list {
		if i > 0 {
			c.y += c.px(6)
		}
		if i == c.sessions-1 && len(list) > c.sessions {
			words := "%d more"
			if i == 0 {
				words = "%d operators"
			}
			c.line("connected", fmt.Sprintf(words, len(list)-i), "connected")
			return
		}
		name := "connected"
		if e.State != deskside.Active {
			name = "lost"
		}
		c.line(name, who(e.Operator), doing(e))
	}
}

// line places a line of the status. What happens is always there to read; a
// long name gives way to it.
func (c *telling) line(name, who, what string) {
	r := image.Rect(c.x, c.y, c.x+c.wide, c.y+c.px(statusRow))
	free := c.wide - c.px(statusText) - c.px(valuePad)
	text := r
	text.Min.X += c.px(statusText)
	text.Min.Y += (r.Dy() - c.lineHeight(roleStrong)) / 2
	if who != "" {
		what = c.cut(roleBody, what, free*2/3)
		taken := c.width(roleBody, what) + c.px(8)
		who = c.cut(roleStrong, c.fit(roleStrong, who), free-taken)
	}
	c.put(part{name: name, rect: r, role: roleStrong, ink: ink, lines: []string{who}, text: text})
	text.Min.X += c.width(roleStrong, who)
	if who != "" {
		text.Min.X += c.px(8)
	}
	text.Max.X = r.Max.X
	*c.parts = append(*c.parts, part{"what", text, roleBody, inkSoft, []string{what}, text})
}

// foot places the button, and the note before it.
func (c *telling) foot(n desktop.Notice) {
	c.l.footer = image.Rect(0, c.y, c.px(noticeWidth), c.y+c.px(footerHeight))
	top, right := c.y+(c.px(footerHeight)-c.px(buttonHeight))/2, c.x+c.wide
	c.l.label = c.cut(roleButton, c.fit(roleButton, n.Button), c.wide/2-c.px(40))
	wide := max(c.width(roleButton, c.l.label)+c.px(40), c.px(buttonWidth))
	c.l.button = image.Rect(right-wide, top, right, top+c.px(buttonHeight))
	note := column{c.style, c.parts, c.x, c.y, c.l.button.Min.X - c.px(20) - c.x, 1}
	p := note.add("note", roleSmall, inkSoft, n.Note, 3)
	down := (c.px(footerHeight) - p.rect.Dy()) / 2
	p.rect = p.rect.Add(image.Pt(0, down))
	p.text = p.rect
}

// centre puts everything in the middle of a window of w by h pixels.
func (l *noticeLayout) centre(w, h int) {
	by := image.Pt(w, h).Sub(l.size).Div(2)
	by = image.Pt(max(by.X, 0), max(by.Y, 0))
	for i := range l.parts {
		l.parts[i].rect, l.parts[i].text = l.parts[i].rect.Add(by), l.parts[i].text.Add(by)
	}
	l.footer, l.button = l.footer.Add(by), l.button.Add(by)
	l.footer.Min.X, l.footer.Max.X, l.footer.Max.Y = 0, w, h
	l.size = image.Pt(w, h)
}
