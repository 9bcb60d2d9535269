package panel

import (
	"fmt"
	"image"
	"slices"
	"strings"
	"testing"

	"deskside"
	"deskside/desktop"
)

const spelt = "q7xk 2mfa n3cd ot5v w4hz b2ye u6jr k7pl s3gi d5nx a2tq f4mw z6co"

func helping() desktop.Notice {
	return desktop.Notice{
		Title: "Get help with this computer",
		Text: []string{
			"Read the address to the person who helps you, and the ID if they ask for it.",
			"They see and do nothing until you type six digits that they read to you, and press Allow.",
		},
		Rows: []desktop.NoticeRow{
			{Label: "Address", Values: []string{"192.0.2.17", "2001:db8:85a3:8d3:1319:8a2e:370:7348"}},
			{Label: "ID", Values: []string{spelt}},
		},
		Note:   "Closing this window ends the help. What is done is recorded in /tmp/deskside-help-me-2481632.",
		Button: "End help",
	}
}

// notices are one of each kind, and hostile ones, each with who is connected.
func notices() map[string]*struct {
	n    desktop.Notice
	list []desktop.BarEntry
} {
	type notice = struct {
		n    desktop.Notice
		list []desktop.BarEntry
	}
	list := map[string]*notice{
		"usual": {helping(), nil}, "empty": {}, "one connected": {helping(), entries(1)}, "twenty connected": {helping(), entries(20)},
	}
	many := helping()
	for i := range 200 {
		many.Rows[0].Values = append(many.Rows[0].Values, fmt.Sprintf("[2001:db8:1234:5678:9abc:def0:%04x:%04x]:50122", i, i))
	}
	list["many addresses"] = &notice{many, entries(2)}
	for name, text := range hostileTexts() {
		n := desktop.Notice{Title: text, Text: []string{text, text}, Rows: []desktop.NoticeRow{{Label: text, Values: []string{text, text}}}, Note: text, Button: text}
		who := entries(3)
		for i := range who {
			who[i].Operator = deskside.Operator{SaysName: text}
		}
		who[1].State, who[1].Until = deskside.Suspended, noon
		list["all "+name] = &notice{n, who}
		host := helping()
		host.Rows[0].Values = []string{text, text + ":50122", "192.0.2.1"}
		list["host "+name] = &notice{host, who}
	}
	return list
}

func TestNothingOfANoticeOverlaps(t *testing.T) {
	for _, screen := range []image.Point{{640, 480}, {800, 600}, {1280, 720}, {3840, 2160}} {
		for name, c := range notices() {
			t.Run(fmt.Sprintf("%s on %v", name, screen), func(t *testing.T) {
				scale := Scale(screen.X, screen.Y, 96)
				p := NewNotice(c.n, c.list, screen.X, screen.Y, scale)
				w, h := p.Size()
				if w > screen.X || h > screen.Y {
					t.Errorf("the window has %dx%d pixels", w, h)
				}
				checkNotice(t, p)
				p.Fill(screen.X, screen.Y, scale)
				if w, h := p.Size(); w != screen.X || h != screen.Y {
					t.Errorf("the window filled has %dx%d pixels", w, h)
				}
				checkNotice(t, p)
			})
		}
	}
}

func checkNotice(t *testing.T, p *Notice) {
	t.Helper()
	l := &p.layout
	all := image.Rectangle{Max: l.size}
	behind := func(a, b part) bool { // what may stand on what
		return a.name == "box" && (b.name == "value" || b.name == "more") ||
			slices.Contains([]string{"nobody", "lost", "connected"}, a.name) && b.name == "what"
	}
	for i, a := range l.parts {
		if !a.text.In(a.rect) || !a.rect.In(all) {
			t.Errorf("%s is at %v with its text at %v, of %v", a.name, a.rect, a.text, all)
		}
		if high := len(a.lines) * p.style.lineHeight(a.role); high > a.text.Dy() {
			t.Errorf("%s has %d lines, %d pixels in %d", a.name, len(a.lines), high, a.text.Dy())
		}
		for _, line := range a.lines {
			if wide := p.style.width(a.role, line); wide > a.text.Dx() {
				t.Errorf("%s: %q is %d pixels wide, has %d", a.name, line, wide, a.text.Dx())
			}
		}
		for _, b := range l.parts[:i] {
			if a.rect.Overlaps(b.rect) && !behind(b, a) {
				t.Errorf("%s %q at %v overlaps %s %q at %v", a.name, a.lines, a.rect, b.name, b.lines, b.rect)
			}
		}
		if a.rect.Overlaps(l.button) {
			t.Errorf("%s at %v overlaps the button at %v", a.name, a.rect, l.button)
		}
		if a.name == "what" {
			line := l.parts[i-1]
			if end := line.text.Min.X + p.style.width(line.role, line.lines[0]); end > a.rect.Min.X {
				t.Errorf("%q reaches %d, into %q at %d", line.lines, end, a.lines, a.rect.Min.X)
			}
		}
	}
	if !l.button.In(l.footer) || !l.footer.In(all) || p.style.width(roleButton, l.label) > l.button.Dx() {
		t.Errorf("the button is at %v, the footer at %v of %v", l.button, l.footer, all)
	}
}

// shown gives the lines of the parts with a name.
func (p *Notice) shown(name string) (list []string) {
	for _, part := range p.layout.parts {
		if part.name == name {
			list = append(list, part.lines...)
		}
	}
	return list
}

// TestIDIsWhole finds every group of the ID in its order, whatever else there
// is: part of an ID names nobody.
func TestIDIsWhole(t *testing.T) {
	for _, screen := range []image.Point{{640, 480}, {800, 600}, {3840, 2160}} {
		n := helping()
		n.Rows[0].Values = []string{strings.Repeat("W", 300), hostileName, hostileName, hostileName}
		n.Text = append(n.Text, hostileName, hostileName)
		p := NewNotice(n, entries(5), screen.X, screen.Y, Scale(screen.X, screen.Y, 0))
		if got := strings.Join(p.shown("value"), " "); !strings.HasSuffix(got, spelt) {
			t.Errorf("on %v the values are %q", screen, got)
		}
	}
}

func TestNoticeSaysWhoIsConnected(t *testing.T) {
	lost := entries(2)[1:]
	lost[0].State, lost[0].Until, lost[0].Operator = deskside.Suspended, noon, deskside.Operator{SaysName: "Ola"}
	for _, c := range []struct {
		list    []desktop.BarEntry
		who     []string
		what    []string
		caption string
	}{
		{nil, nil, []string{"Nobody is connected"}, "Get help with this computer"},
		{entries(1), []string{"Maria García"}, []string{"connected — can see and control"}, "Connected: Get help with this computer"},
		{lost, []string{"Says “Ola”"}, []string{"connection lost, may return until " + noon.Local().Format("15:04")}, "Get help with this computer"},
		{entries(9), []string{"Maria García", "Maria García", "7 more"}, nil, "Connected: Get help with this computer"},
	} {
		p := NewNotice(helping(), c.list, 1280, 720, 1)
		who := append(p.shown("connected"), p.shown("lost")...)
		if !slices.Equal(who, c.who) || c.what != nil && !slices.Equal(p.shown("what"), c.what) || p.Caption() != c.caption {
			t.Errorf("%d sessions: %q, %q, titled %q; want %q, %q, titled %q", len(c.list), who, p.shown("what"), p.Caption(), c.who, c.what, c.caption)
		}
	}
}

func TestNoticeCloses(t *testing.T) {
	p := NewNotice(helping(), nil, 1280, 720, 1)
	at, out := p.Button().Min, image.Pt(3, 3)
	pointer := func(k Kind, q image.Point) Input { return Input{Kind: k, X: q.X, Y: q.Y} }
	key := func(k Kind, key Key) Input { return Input{Kind: k, Key: key} }
	for _, c := range []struct {
		name string
		in   []Input
		want bool
	}{
		{"a click", []Input{pointer(PointerDown, at), pointer(PointerUp, at)}, true},
		{"a click beside it", []Input{pointer(PointerDown, out), pointer(PointerUp, out)}, false},
		{"a press that left the button", []Input{pointer(PointerDown, at), pointer(PointerUp, out)}, false},
		{"a press from elsewhere", []Input{pointer(PointerDown, out), pointer(PointerUp, at)}, false},
		{"a release alone", []Input{pointer(PointerUp, at)}, false},
		{"Esc", []Input{key(KeyDown, Escape), key(KeyUp, Escape)}, true},
		{"Enter", []Input{key(KeyDown, Enter), key(KeyUp, Enter)}, false},
		{"Space", []Input{key(KeyDown, Space), key(KeyUp, Space)}, false},
		{"a letter", []Input{key(KeyDown, OtherKey), key(KeyUp, OtherKey)}, false},
		{"a release of Esc from before", []Input{key(KeyUp, Escape)}, false},
		{"another key in between", []Input{key(KeyDown, Escape), key(KeyDown, Tab), key(KeyUp, Escape)}, false},
	} {
		p.press = press{}
		got := false
		for _, in := range c.in {
			got = p.Handle(in)
		}
		if got != c.want {
			t.Errorf("%s closes: %v, want %v", c.name, got, c.want)
		}
	}
}

// TestNoticeKeepsAPress has somebody connect while the button is held.
func TestNoticeKeepsAPress(t *testing.T) {
	before := NewNotice(helping(), nil, 1280, 720, 1)
	at := before.Button().Min
	before.Handle(Input{Kind: PointerDown, X: at.X, Y: at.Y})
	p := NewNotice(helping(), entries(1), 1280, 720, 1)
	p.Keep(before)
	if at := p.Button().Min; !p.Handle(Input{Kind: PointerUp, X: at.X, Y: at.Y}) {
		t.Error("the press was forgotten")
	}
}

func TestNoticePictures(t *testing.T) {
	draw := func(name string, p *Notice) {
		w, h := p.Size()
		img := image.NewRGBA(image.Rect(0, 0, w, h))
		p.Draw(img)
		keep(t, name, img)
	}
	draw("notice", NewNotice(helping(), nil, 1280, 720, 1))
	draw("notice-connected", NewNotice(helping(), entries(1), 1280, 720, 1))
	draw("notice-800x600", NewNotice(helping(), entries(1), 800, 552, 1))
	draw("notice-4k", NewNotice(helping(), nil, 3840, 2160, Scale(3840, 2160, 0)))
	for _, name := range []string{"many addresses", "host mixed", "all mixed"} {
		c := notices()[name]
		draw("notice-"+strings.ReplaceAll(name, " ", "-"), NewNotice(c.n, c.list, 800, 600, 1))
	}
	p := NewNotice(helping(), nil, 1280, 720, 1)
	p.Fill(900, 760, 1)
	draw("notice-filled", p)
	keep(t, "sign", Sign(48))
}

// TestNoticeTakesNoKeysFromOperators leaves Esc without effect while there is an
// operator, whose it may be, also where they came or went between press and
// release; the button works.
func TestNoticeTakesNoKeysFromOperators(t *testing.T) {
	alone := func() *Notice { return NewNotice(helping(), nil, 1280, 736, 1) }
	helped := func() *Notice { return NewNotice(helping(), entries(1), 1280, 736, 1) }
	for name, c := range map[string]struct {
		press, release *Notice
		want           bool
	}{
		"alone":                {alone(), alone(), true},
		"an operator":          {helped(), helped(), false},
		"one came in between":  {alone(), helped(), false},
		"and one went in turn": {helped(), alone(), false},
	} {
		c.press.Handle(Input{Kind: KeyDown, Key: Escape})
		c.release.Keep(c.press)
		if got := c.release.Handle(Input{Kind: KeyUp, Key: Escape}); got != c.want {
			t.Errorf("%s: closed is %v", name, got)
		}
	}
	n := helped()
	b := n.Button()
	n.Handle(Input{Kind: PointerDown, X: b.Min.X + 2, Y: b.Min.Y + 2})
	if !n.Handle(Input{Kind: PointerUp, X: b.Min.X + 2, Y: b.Min.Y + 2}) {
		t.Error("the button does not close it")
	}
}
