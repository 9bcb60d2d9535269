package panel

import (
	"fmt"
	"image"
	"strings"
	"testing"
	"time"

	"deskside"
	"deskside/desktop"
)

// questions are one of each kind, and hostile ones.
func questions() map[string]desktop.Question {
	list := map[string]desktop.Question{"known": known(), "meeting": meeting(), "empty": {}}
	for name, text := range hostileTexts() {
		q := meeting()
		q.Operator.SaysName, q.Operator.SaysHost, q.Reason, q.Rights = text, text, text, deskside.AllRights
		list["claimed "+name] = q
		q.Operator.Name, q.Operator.Address, q.Digits = text, text, false
		list["known "+name] = q
	}
	return list
}

// hostileTexts are what somebody may call themselves, their computer or why.
func hostileTexts() map[string]string {
	return map[string]string{
		"mixed":         hostileName,
		"one word":      strings.Repeat("W", 300),
		"no glyphs":     strings.Repeat("王", 300),
		"marks":         strings.Repeat("Z̸̡̢̛͚̱͙̮", 40),
		"lines":         strings.Repeat("a\n", 150),
		"spaces":        strings.Repeat(" ", 300),
		"not UTF-8":     strings.Repeat("\xff", 300),
		"emoji":         strings.Repeat("👩‍👩‍👧", 60),
		"right to left": strings.Repeat("עברית العربية ", 20),
		"very long":     strings.Repeat("Allow ", 100_000),
	}
}

func TestNothingOverlaps(t *testing.T) {
	for _, screen := range []image.Point{{640, 480}, {800, 600}, {1280, 720}, {3840, 2160}} {
		for name, q := range questions() {
			t.Run(fmt.Sprintf("%s on %v", name, screen), func(t *testing.T) {
				scale := Scale(screen.X, screen.Y, 96)
				c := NewConsent(q, screen.X, screen.Y, scale, noon)
				w, h, _ := c.Size()
				if w > screen.X || h > screen.Y {
					t.Errorf("the window has %dx%d pixels", w, h)
				}
				checkParts(t, c, image.Rect(0, 0, w, h))
			})
		}
	}
}

// answers are the buttons; the ring of one may touch that of the next.
const answers = "deny view-only allow"

func checkParts(t *testing.T, c *Consent, all image.Rectangle) {
	t.Helper()
	places := map[string]image.Rectangle{}
	for _, p := range c.layout.parts {
		places[p.name] = p.rect
		if !p.text.In(p.rect) {
			t.Errorf("the text of %s is at %v, outside of %v", p.name, p.text, p.rect)
		}
		if high := len(p.lines) * c.style.lineHeight(p.role); high > p.text.Dy() {
			t.Errorf("%s has %d lines, %d pixels in %d", p.name, len(p.lines), high, p.text.Dy())
		}
		for _, line := range p.lines {
			if wide := c.style.width(p.role, line); wide > p.text.Dx() {
				t.Errorf("%s: %q is %d pixels wide, has %d", p.name, line, wide, p.text.Dx())
			}
		}
	}
	for _, b := range c.layout.buttons {
		places[b.name] = b.rect.Inset(-c.style.px(6)) // with the ring of the focus
	}
	for i, r := range c.layout.digits {
		places[fmt.Sprint("digit ", i)] = r
	}
	for name, r := range places {
		if !r.In(all) {
			t.Errorf("%s is at %v, outside of %v", name, r, all)
		}
		for other, s := range places {
			buttons := strings.Contains(answers, name) && strings.Contains(answers, other)
			if name < other && r.Overlaps(s) && !buttons {
				t.Errorf("%s at %v overlaps %s at %v", name, r, other, s)
			}
		}
	}
	for i, b := range c.layout.buttons {
		if i > 0 && b.rect.Overlaps(c.layout.buttons[i-1].rect) {
			t.Errorf("%s overlaps the button before", b.name)
		}
	}
}

// TestEveryTextIsThere finds who, where and why on the window whatever the
// others are.
func TestEveryTextIsThere(t *testing.T) {
	q := meeting()
	q.Operator.SaysHost = hostileName
	c := NewConsent(q, 800, 600, 1, noon)
	want := map[string]string{
		"name": "Says “Ola Nordmann”", "address": "from [2001:db8::17]:50122 over UDP",
		"reason": "“You called about the mail program.”", "right view": "See your screen",
	}
	for _, p := range c.layout.parts {
		if text, ok := want[p.name]; ok && strings.Join(p.lines, " ") != text {
			t.Errorf("%s says %q, want %q", p.name, p.lines, text)
		}
		delete(want, p.name)
	}
	if len(want) > 0 {
		t.Errorf("the window lacks %v", want)
	}
}

func TestEveryRightHasWordsAndAnIcon(t *testing.T) {
	for _, r := range deskside.AllRights.List() {
		if rightWords[r] == "" || rightIcons[r] == nil {
			t.Errorf("%v has words %q and an icon: %v", r, rightWords[r], rightIcons[r] != nil)
		}
	}
}

// step is an input and how long after the window became visible it comes.
type step struct {
	after time.Duration
	in    Input
}

func keys(after time.Duration, list ...Key) (steps []step) {
	for _, k := range list {
		steps = append(steps, step{after, Input{Kind: KeyDown, Key: k}}, step{after, Input{Kind: KeyUp, Key: k}})
	}
	return steps
}

func typed(after time.Duration, text string) (steps []step) {
	for _, d := range []byte(text) {
		steps = append(steps, step{after, Input{Kind: KeyDown, Key: Digit, Digit: d}}, step{after, Input{Kind: KeyUp, Key: Digit, Digit: d}})
	}
	return steps
}

func then(parts ...[]step) (all []step) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func TestAnswers(t *testing.T) {
	const early, late = ArmAfter - 1, ArmAfter
	c := NewConsent(known(), 1280, 720, 1, noon)
	mouse := func(kind Kind, after time.Duration, button int) []step {
		at := c.layout.buttons[button].rect.Min
		return []step{{after, Input{Kind: kind, X: at.X + 5, Y: at.Y + 5}}}
	}
	down := func(after time.Duration, k Key) []step { return []step{{after, Input{Kind: KeyDown, Key: k}}} }
	up := func(after time.Duration, k Key) []step { return []step{{after, Input{Kind: KeyUp, Key: k}}} }
	for _, c := range []struct {
		name   string
		digits bool
		steps  []step
		want   desktop.Answer
	}{
		{"nothing", false, nil, desktop.Answer{}},
		{"Enter is Deny", false, keys(late, Enter), desktop.Answer{Choice: desktop.Deny}},
		{"Space is Deny", false, keys(late, Space), desktop.Answer{Choice: desktop.Deny}},
		{"Escape is Deny", false, then(keys(late, Tab, Tab), keys(late, Escape)), desktop.Answer{Choice: desktop.Deny}},
		{"Tab to view only", false, keys(late, Tab, Enter), desktop.Answer{Choice: desktop.AllowView}},
		{"Tab to allow", false, keys(late, Tab, Tab, Space), desktop.Answer{Choice: desktop.Allow}},
		{"Tab goes round", false, keys(late, Tab, Tab, Tab, Enter), desktop.Answer{Choice: desktop.Deny}},
		{"Shift and Tab", false, keys(late, BackTab, Enter), desktop.Answer{Choice: desktop.Allow}},
		{"arrows", false, keys(late, Right, Right, Left, Enter), desktop.Answer{Choice: desktop.AllowView}},
		{"too early", false, keys(early, Tab, Tab, Enter), desktop.Answer{}},
		{"even Deny too early", false, keys(early, Enter), desktop.Answer{}},
		{"down early, up late", false, then(down(early, Enter), up(late, Enter)), desktop.Answer{}},
		{"up alone", false, up(late, Enter), desktop.Answer{}},
		{"up of another key", false, then(down(late, Enter), up(late, Space)), desktop.Answer{}},
		{"focus moved meanwhile", false, then(down(late, Enter), keys(late, Tab), up(late, Enter)), desktop.Answer{}},
		{"two keys at once", false, then(down(late, Enter), down(late, Space), up(late, Space), up(late, Enter)), desktop.Answer{}},
		{"other keys", false, keys(late, OtherKey, Backspace, Digit), desktop.Answer{}},

		{"click on deny", false, then(mouse(PointerDown, late, 0), mouse(PointerUp, late, 0)), desktop.Answer{Choice: desktop.Deny}},
		{"click on view only", false, then(mouse(PointerDown, late, 1), mouse(PointerUp, late, 1)), desktop.Answer{Choice: desktop.AllowView}},
		{"click on allow", false, then(mouse(PointerDown, late, 2), mouse(PointerUp, late, 2)), desktop.Answer{Choice: desktop.Allow}},
		{"click too early", false, then(mouse(PointerDown, early, 2), mouse(PointerUp, early, 2)), desktop.Answer{}},
		{"held from before", false, then(mouse(PointerDown, early, 2), mouse(PointerUp, late, 2)), desktop.Answer{}},
		{"released elsewhere", false, then(mouse(PointerDown, late, 2), mouse(PointerUp, late, 1)), desktop.Answer{}},
		{"dragged on", false, then(mouse(PointerDown, late, 1), mouse(PointerMove, late, 2), mouse(PointerUp, late, 2)), desktop.Answer{}},
		{"mouse and key", false, then(mouse(PointerDown, late, 2), up(late, Enter)), desktop.Answer{}},

		{"digits, then Enter", true, then(typed(late, "048213"), keys(late, Enter)), desktop.Answer{Choice: desktop.Allow, Digits: "048213"}},
		{"digits, view only", true, then(typed(late, "048213"), keys(late, Left, Enter)), desktop.Answer{Choice: desktop.AllowView, Digits: "048213"}},
		{"five digits", true, then(typed(late, "04821"), keys(late, Tab, Tab, Enter)), desktop.Answer{}},
		{"five digits and a click", true, then(typed(late, "04821"), mouse(PointerDown, late, 2), mouse(PointerUp, late, 2)), desktop.Answer{}},
		{"no digits and Enter", true, keys(late, Enter), desktop.Answer{Choice: desktop.Deny}},
		{"digits mended", true, then(typed(late, "048219"), keys(late, Backspace), typed(late, "3"), keys(late, Enter)), desktop.Answer{Choice: desktop.Allow, Digits: "048213"}},
		{"more than six", true, then(typed(late, "0482137"), keys(late, Enter)), desktop.Answer{Choice: desktop.Allow, Digits: "048213"}},
		{"digits taken back", true, then(typed(late, "048213"), keys(late, Backspace, Enter)), desktop.Answer{Choice: desktop.Deny, Digits: "04821"}},
		{"digits nobody asked for", false, then(typed(late, "048213"), keys(late, Enter)), desktop.Answer{Choice: desktop.Deny}},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := known()
			q.Digits = c.digits
			w := NewConsent(q, 1280, 720, 1, noon)
			if c.digits {
				w.layout.buttons = append([]placed{}, NewConsent(known(), 1280, 720, 1, noon).layout.buttons...)
			}
			w.Visible(true, noon)
			if got := play(w, c.steps); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

// play hands in steps up to the answer, drawing after each.
func play(w *Consent, steps []step) desktop.Answer {
	for _, s := range steps {
		now := noon.Add(s.after)
		if a, done := w.Handle(s.in, now); done {
			return a
		}
	}
	return desktop.Answer{}
}

func TestCoveredWindowsDoNotAnswer(t *testing.T) {
	w := NewConsent(known(), 1280, 720, 1, noon)
	if a := play(w, keys(time.Hour, Enter)); a != (desktop.Answer{}) {
		t.Errorf("a window never seen answered %+v", a)
	}
	w.Visible(true, noon)
	w.Visible(false, noon.Add(time.Second))
	if a := play(w, keys(time.Hour, Enter)); a != (desktop.Answer{}) {
		t.Errorf("a covered window answered %+v", a)
	}
	w.Visible(true, noon.Add(time.Hour))
	if a := play(w, keys(time.Hour+ArmAfter-1, Enter)); a != (desktop.Answer{}) {
		t.Errorf("a window just uncovered answered %+v", a)
	}
	if a := play(w, keys(time.Hour+ArmAfter, Enter)); a.Choice != desktop.Deny {
		t.Errorf("an uncovered window answered %+v", a)
	}
}

func TestViewOnlyIsThereWhereItDiffers(t *testing.T) {
	for _, c := range []struct {
		rights deskside.Rights
		want   string
	}{
		{deskside.RightsOf(deskside.View, deskside.Control), "Deny, View only, Allow"},
		{deskside.RightsOf(deskside.View, deskside.ChatRight), "Deny, Allow"},
		{deskside.RightsOf(deskside.FilesRead), "Deny, Allow"},
		{deskside.RightsOf(deskside.FilesRead, deskside.ChatRight), "Deny, Chat only, Allow"},
		{0, "Deny, Allow"},
	} {
		q := known()
		q.Rights = c.rights
		var labels []string
		for _, b := range NewConsent(q, 1280, 720, 1, noon).layout.buttons {
			labels = append(labels, b.label)
		}
		if got := strings.Join(labels, ", "); got != c.want {
			t.Errorf("rights %v: buttons %q, want %q", c.rights, got, c.want)
		}
	}
}

func TestTick(t *testing.T) {
	w := NewConsent(known(), 1280, 720, 1, noon)
	w.Visible(true, noon)
	for _, c := range []struct{ after, want time.Duration }{
		{0, ArmAfter},
		{ArmAfter, time.Second},
		{2500 * time.Millisecond, 3 * time.Second},
		{2 * time.Minute, 2*time.Minute + 50*time.Millisecond},
	} {
		if got := w.Tick(noon.Add(c.after)).Sub(noon); got != c.want {
			t.Errorf("after %v the next tick is at %v, want %v", c.after, got, c.want)
		}
	}
}

func FuzzConsent(f *testing.F) {
	f.Add("Maria", "host", "reason", uint16(1023), 800, 600)
	f.Add(hostileName, "\xff", strings.Repeat("x", 999), uint16(3), 1, 1)
	f.Fuzz(func(t *testing.T, name, host, reason string, rights uint16, w, h int) {
		q := meeting()
		q.Operator.SaysName, q.Operator.SaysHost, q.Reason = name, host, reason
		q.Rights = deskside.Rights(rights) & deskside.AllRights
		w, h = 640+abs(w)%4000, 480+abs(h)%3000
		c := NewConsent(q, w, h, Scale(w, h, 0), noon)
		x, y, _ := c.Size()
		checkParts(t, c, image.Rect(0, 0, x, y))
		if x > w || y > h {
			t.Errorf("a window of %dx%d for a screen of %dx%d", x, y, w, h)
		}
	})
}

func abs(v int) int { return max(v, -(v + 1)) }
