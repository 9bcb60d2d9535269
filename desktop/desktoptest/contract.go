package desktoptest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"deskside/desktop"
	"deskside/internal/await"
	"deskside/raster"
)

// Subject is a desktop under test, with what a person and their programs do
// to it. Functions that fail end the test themselves.
type Subject struct {
	Desktop desktop.Desktop // and Input, Clipboarder, Person and Noticer

	Paint  func(r raster.Rect, rgb uint32)                     // a program paints 0xRRGGBB
	Shrink func() (w, h int)                                   // the desktop becomes smaller
	Held   func() (keys int, b desktop.Buttons)                // what programs see held; only the first three buttons
	Copy   func(text string)                                   // a program takes the clipboard
	Paste  func() string                                       // a program reads the clipboard
	Answer func(choice desktop.Choice, digits string)          // the person answers the question that is open
	Open   func() bool                                         // whether a question is on the screen
	Press  func(list []desktop.BarEntry, do desktop.BarAction) // the person presses a button of the bar with this list
	Lose   func()                                              // the desktop ends

	Noticed     func(n desktop.Notice) (open, connected bool)   // whether this notice is on the screen, and says that somebody is connected
	CloseNotice func(n desktop.Notice, list []desktop.BarEntry) // the person closes it by its button, with this list in the bar
}

// TestDesktop runs the contract. Each part opens a desktop of its own, which
// the test closes.
func TestDesktop(t *testing.T, open func(t *testing.T) Subject) {
	for _, part := range []struct {
		name string
		test func(*testing.T, *subject)
	}{
		{"first picture", firstPicture},
		{"change", change},
		{"cancel", cancelled},
		{"a picture of the caller's", otherPicture},
		{"resize", resize},
		{"guarded", guarded},
		{"lost", lost},
		{"close", closed},
		{"close lets go", closeLetsGo},
		{"clipboard to the person", clipboardTo},
		{"clipboard from the person", clipboardFrom},
		{"answer", answer},
		{"expiry", expiry},
		{"withdrawal", withdrawal},
		{"turns", turns},
		{"question and end", questionAndEnd},
		{"bar", bar},
		{"notice", notice},
		{"notice and question", noticeAndQuestion},
		{"notices in turn", noticesInTurn},
		{"notice and end", noticeAndEnd},
	} {
		t.Run(part.name, func(t *testing.T) {
			defer goleak.VerifyNone(t)
			s := &subject{Subject: open(t)}
			defer s.Desktop.Close()
			part.test(t, s)
		})
	}
}

// subject adds a picture that follows the desktop.
type subject struct {
	Subject
	f raster.Image
	u desktop.Update
}

func (s *subject) input() desktop.Input           { return s.Desktop.(desktop.Input) }
func (s *subject) clipboard() desktop.Clipboarder { return s.Desktop.(desktop.Clipboarder) }
func (s *subject) person() desktop.Person         { return s.Desktop.(desktop.Person) }

func (s *subject) next(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), await.Limit)
	defer cancel()
	began := time.Now()
	if err := s.Desktop.Next(ctx, &s.f, &s.u); err != nil {
		t.Fatal(err)
	}
	if most := time.Since(began); s.u.Took < 0 || s.u.Took > most {
		t.Errorf("the picture took %v, of %v that passed", s.u.Took, most)
	}
	s.check(t)
}

// check holds an update against what Update promises.
func (s *subject) check(t *testing.T) {
	t.Helper()
	l := s.Desktop.Layout()
	if s.f.W != l.W || s.f.H != l.H {
		t.Fatalf("picture is %dx%d, layout %dx%d", s.f.W, s.f.H, l.W, l.H)
	}
	for i, r := range s.u.Changed {
		if r.Empty() || !s.f.Bounds().Contains(r) {
			t.Fatalf("changed rectangle %v of a picture %v", r, s.f.Bounds())
		}
		for _, q := range s.u.Changed[:i] {
			if !r.Intersect(q).Empty() {
				t.Fatalf("changed rectangles %v and %v overlap", q, r)
			}
		}
	}
	for i := 3; i < len(s.f.Pix); i += raster.BytesPerPixel {
		if s.f.Pix[i] != 0 {
			t.Fatalf("the fourth byte of pixel %d is %d", i/4, s.f.Pix[i])
		}
	}
}

// until takes pictures until the pixel shows the colour.
func (s *subject) until(t *testing.T, x, y int, rgb uint32) {
	t.Helper()
	for s.at(x, y) != rgb {
		s.next(t)
	}
}

func (s *subject) at(x, y int) uint32 {
	p := s.f.Row(y, x, x+1)
	return uint32(p[0]) | uint32(p[1])<<8 | uint32(p[2])<<16
}

func firstPicture(t *testing.T, s *subject) {
	l := s.Desktop.Layout()
	if len(l.Screens) == 0 || !l.Screens[0].Primary || !(raster.Rect{X1: l.W, Y1: l.H}).Contains(l.Screens[0].Bounds) {
		t.Fatalf("layout %+v", l)
	}
	s.next(t)
	if len(s.u.Changed) != 1 || s.u.Changed[0] != s.f.Bounds() {
		t.Errorf("first update changed %v, want all of %v", s.u.Changed, s.f.Bounds())
	}
	if c := s.u.Cursor; c == nil || len(c.Image.Pix) != 4*c.Image.W*c.Image.H {
		t.Errorf("first update has pointer %+v", c)
	}
}

func change(t *testing.T, s *subject) {
	s.next(t)
	r := raster.XYWH(40, 30, 20, 10)
	for _, rgb := range []uint32{0xff0000, 0x00ff00, 0x0000ff, 0x102030} {
		s.Paint(r, rgb)
		seen := false
		for s.at(45, 35) != rgb {
			s.next(t)
			for _, q := range s.u.Changed {
				seen = seen || q.Contains(raster.XYWH(45, 35, 1, 1))
			}
		}
		if !seen {
			t.Errorf("the picture changed at (45, 35) without saying so")
		}
		if s.at(40, 30) != rgb || s.at(59, 39) != rgb || s.at(39, 30) == rgb || s.at(60, 39) == rgb {
			t.Errorf("%06x is not exactly in %v", rgb, r)
		}
	}
}

func cancelled(t *testing.T, s *subject) {
	s.next(t)
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan error)
	go func() {
		var err error
		for err == nil { // servers may have more to say at first
			err = s.Desktop.Next(ctx, &s.f, &s.u)
		}
		got <- err
	}()
	cancel()
	if err := await.Recv(t, "Next returns", got); !errors.Is(err, context.Canceled) {
		t.Errorf("Next gives %v, want the context's error", err)
	}
	s.Paint(raster.XYWH(0, 0, 30, 30), 0xabcdef)
	s.until(t, 10, 10, 0xabcdef)
}

// otherPicture hands Next an empty picture in the middle.
func otherPicture(t *testing.T, s *subject) {
	s.next(t)
	s.Paint(raster.XYWH(0, 0, 30, 30), 0x123456)
	s.until(t, 10, 10, 0x123456)
	s.f = raster.Image{}
	s.next(t)
	if s.at(10, 10) != 0x123456 || s.u.Changed[0] != s.f.Bounds() {
		t.Errorf("an empty picture was not filled: changed %v", s.u.Changed)
	}
}

func resize(t *testing.T, s *subject) {
	s.next(t)
	w, h := s.Shrink()
	for resized := false; s.f.W != w || s.f.H != h; {
		s.next(t)
		if resized = resized || s.u.Resized; resized && (len(s.u.Changed) != 1 || s.u.Changed[0] != s.f.Bounds()) {
			t.Errorf("after a resize, changed %v of %v", s.u.Changed, s.f.Bounds())
		}
		if s.f.W == w && !resized {
			t.Error("the size changed without saying so")
		}
	}
	s.Paint(raster.XYWH(0, 0, 30, 30), 0x123456)
	s.until(t, 10, 10, 0x123456)
}

// guarded looks at the picture whenever Next begins and ends to write to it: it
// never changes in between.
func guarded(t *testing.T, s *subject) {
	g := &guard{s: s}
	s.u.Guard = g
	s.next(t)
	for i := range uint32(5) {
		colour := 0x101010 + i
		s.Paint(raster.XYWH(0, 0, 30, 30), colour)
		s.until(t, 10, 10, colour)
		g.mu.Lock()
		if g.seen != colour {
			t.Errorf("the picture became %#x outside its guard, in which it was last %#x", colour, g.seen)
		}
		g.mu.Unlock()
	}
	s.u.Guard = nil
	if g.outside > 0 {
		t.Errorf("the picture changed %d times while its guard was free", g.outside)
	}
}

// guard remembers one pixel of the picture from one write to the next.
type guard struct {
	s       *subject
	mu      sync.Mutex
	seen    uint32
	outside int
}

func (g *guard) Lock() {
	g.mu.Lock()
	if g.s.f.W > 0 && g.s.at(10, 10) != g.seen {
		g.outside++
	}
}

func (g *guard) Unlock() {
	g.seen = g.s.at(10, 10)
	g.mu.Unlock()
}

func lost(t *testing.T, s *subject) {
	s.next(t)
	s.Lose()
	s.ended(t)
	if err := s.input().Key(desktop.Key{Sym: 'a'}, true); !errors.Is(err, desktop.ErrLost) {
		t.Errorf("Key gives %v, want ErrLost", err)
	}
	if err := s.input().Pointer(1, 1, 0); !errors.Is(err, desktop.ErrLost) {
		t.Errorf("Pointer gives %v, want ErrLost", err)
	}
	if _, err := s.clipboard().Clipboard(t.Context(), 10); !errors.Is(err, desktop.ErrLost) {
		t.Errorf("Clipboard gives %v, want ErrLost", err)
	}
	if _, err := s.person().Ask(t.Context(), desktop.Question{Until: Soon()}); !errors.Is(err, desktop.ErrLost) {
		t.Errorf("Ask gives %v, want ErrLost", err)
	}
	s.person().SetBar([]desktop.BarEntry{{}})
	s.person().Presence()
}

// ended waits until Next says that the desktop is gone.
func (s *subject) ended(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), await.Limit)
	defer cancel()
	for {
		err := s.Desktop.Next(ctx, &s.f, &s.u)
		if errors.Is(err, desktop.ErrLost) {
			return
		}
		if err != nil {
			t.Fatalf("Next gives %v, want ErrLost", err)
		}
	}
}

func closed(t *testing.T, s *subject) {
	s.next(t)
	got := make(chan error)
	go func() {
		var err error
		for err == nil {
			err = s.Desktop.Next(t.Context(), &s.f, &s.u)
		}
		got <- err
	}()
	for range 2 {
		if err := s.Desktop.Close(); err != nil {
			t.Errorf("Close gives %v", err)
		}
	}
	if err := await.Recv(t, "Next returns", got); !errors.Is(err, desktop.ErrLost) {
		t.Errorf("Next gives %v, want ErrLost", err)
	}
}

func closeLetsGo(t *testing.T, s *subject) {
	in := s.input()
	for _, k := range []desktop.Key{{Sym: 0xffe1}, {Sym: 'A'}, {Scan: 0x1d}} {
		if err := in.Key(k, true); err != nil {
			t.Fatal(err)
		}
	}
	if err := in.Pointer(9, 9, 1|4); err != nil {
		t.Fatal(err)
	}
	await.True(t, "three keys and two buttons are held", func() bool {
		keys, b := s.Held()
		return keys == 3 && b == 1|4
	})
	s.Desktop.Close()
	await.True(t, "nothing is held", func() bool {
		keys, b := s.Held()
		return keys == 0 && b == 0
	})
}

// texts are short, in several scripts, and longer than a request of any
// protocol that carries it.
func texts() []string {
	return []string{"hello", "Zażółć gęślą jaźń — 日本語 🙂\n\ttwo lines", strings.Repeat("0123456789abcdef", 80_000)}
}

func clipboardTo(t *testing.T, s *subject) {
	for _, text := range texts() {
		if err := s.clipboard().SetClipboard(text); err != nil {
			t.Fatal(err)
		}
		if got := s.Paste(); got != text {
			t.Errorf("pasted %d bytes %.40q, want %d bytes %.40q", len(got), got, len(text), text)
		}
	}
}

func clipboardFrom(t *testing.T, s *subject) {
	clip := s.clipboard()
	for _, text := range texts() {
		s.Copy(text)
		await.Recv(t, "the clipboard changed", clip.ClipboardChanged())
		got, err := clip.Clipboard(t.Context(), 4<<20)
		if err != nil || got != text {
			t.Errorf("fetched %d bytes %.40q, %v, want %d bytes %.40q", len(got), got, err, len(text), text)
		}
	}
	if got, err := clip.Clipboard(t.Context(), 9); err != nil || got != "012345678" {
		t.Errorf("fetched %q, %v of a long text with limit 9", got, err)
	}
	s.Copy("añb")
	await.Recv(t, "the clipboard changed", clip.ClipboardChanged())
	for limit, want := range []string{"", "a", "a", "añ", "añb", "añb"} {
		if got, err := clip.Clipboard(t.Context(), limit); err != nil || got != want {
			t.Errorf("fetched %q, %v with limit %d, want %q", got, err, limit, want)
		}
	}
}

// ask asks in its own goroutine.
func (s *subject) ask(ctx context.Context, q desktop.Question) <-chan desktop.Answer {
	got := make(chan desktop.Answer, 1)
	go func() {
		a, err := s.person().Ask(ctx, q)
		if err == nil {
			got <- a
		}
		close(got)
	}()
	return got
}

func answer(t *testing.T, s *subject) {
	if p := s.person().Presence(); p != desktop.Present {
		t.Errorf("presence is %d, want %d", p, desktop.Present)
	}
	for _, c := range []struct {
		choice desktop.Choice
		digits string
	}{{desktop.Deny, ""}, {desktop.AllowView, ""}, {desktop.Allow, ""}, {desktop.Allow, "048213"}} {
		got := s.ask(t.Context(), desktop.Question{Rights: 3, Until: Soon(), Digits: c.digits != ""})
		await.True(t, "the question is open", s.Open)
		s.Answer(c.choice, c.digits)
		if a := await.Recv(t, "the answer", got); a.Choice != c.choice || a.Digits != c.digits {
			t.Errorf("answer %+v, want %+v", a, c)
		}
		if s.Open() {
			t.Error("the question is still on the screen after its answer")
		}
	}
}

func expiry(t *testing.T, s *subject) {
	got := s.ask(t.Context(), desktop.Question{Until: time.Now()})
	if a := await.Recv(t, "the answer", got); a.Choice != desktop.Withdrawn {
		t.Errorf("answer %+v to an expired question, want none", a)
	}
	got = s.ask(t.Context(), desktop.Question{Until: time.Now().Add(time.Second)})
	await.True(t, "the question is open", s.Open)
	if a := await.Recv(t, "the answer", got); a.Choice != desktop.Withdrawn || s.Open() {
		t.Errorf("answer %+v to a question that expired, want none; open: %v", a, s.Open())
	}
}

func withdrawal(t *testing.T, s *subject) {
	ctx, cancel := context.WithCancel(t.Context())
	got := s.ask(ctx, desktop.Question{Until: Soon()})
	await.True(t, "the question is open", s.Open)
	cancel()
	if a := await.Recv(t, "the answer", got); a.Choice != desktop.Withdrawn || s.Open() {
		t.Errorf("answer %+v to a withdrawn question, want none; open: %v", a, s.Open())
	}
}

func turns(t *testing.T, s *subject) {
	first := s.ask(t.Context(), desktop.Question{Until: Soon()})
	await.True(t, "the first question is open", s.Open)
	second := s.ask(t.Context(), desktop.Question{Until: Soon()})
	s.Answer(desktop.Allow, "")
	if a := await.Recv(t, "the first answer", first); a.Choice != desktop.Allow {
		t.Errorf("first answer %+v, want Allow", a)
	}
	await.True(t, "the second question is open", s.Open)
	s.Answer(desktop.Deny, "")
	if a := await.Recv(t, "the second answer", second); a.Choice != desktop.Deny {
		t.Errorf("second answer %+v, want Deny", a)
	}
}

func questionAndEnd(t *testing.T, s *subject) {
	got := make(chan error)
	go func() {
		_, err := s.person().Ask(t.Context(), desktop.Question{Until: Soon()})
		got <- err
	}()
	await.True(t, "the question is open", s.Open)
	s.Desktop.Close()
	if err := await.Recv(t, "Ask returns", got); !errors.Is(err, desktop.ErrLost) {
		t.Errorf("Ask gives %v, want ErrLost", err)
	}
}

func bar(t *testing.T, s *subject) {
	one := desktop.BarEntry{Session: [8]byte{1}, State: 2, Rights: 3}
	two := desktop.BarEntry{Session: [8]byte{2}, State: 2, Rights: 1 << 3, Unread: 2}
	one.Operator.Name, two.Operator.Name = "Maria", "Ola"
	two.Copies = []desktop.Copy{{ID: 7, In: true, Name: "report.pdf", Size: 9}}
	list := []desktop.BarEntry{one, two}
	for _, want := range []desktop.BarAction{
		{Session: two.Session, Do: desktop.BarStopCopy, Copy: 7},
		{Session: two.Session, Do: desktop.BarStop},
		{Session: two.Session, Do: desktop.BarChat},
		{Session: one.Session, Do: desktop.BarStop},
	} {
		s.person().SetBar(list)
		s.Press(list, want)
		if got := await.Recv(t, "what was pressed", s.person().BarActions()); got != want {
			t.Errorf("pressed %+v, want %+v", got, want)
		}
	}
	s.person().SetBar(nil)
}

// tell shows a notice in its own goroutine.
func (s *subject) tell(ctx context.Context, n desktop.Notice) <-chan error {
	got := make(chan error, 1)
	go func() { got <- s.Desktop.(desktop.Noticer).Notice(ctx, n) }()
	return got
}

// toRead is a notice. Its title tells tests which it is.
func toRead(title string) desktop.Notice {
	return desktop.Notice{Title: title, Rows: []desktop.NoticeRow{{Label: "Address", Values: []string{"192.0.2.7"}}}, Button: "Close"}
}

func (s *subject) shown(t *testing.T, n desktop.Notice, connected bool) {
	t.Helper()
	await.True(t, "the notice is shown as it should be", func() bool {
		open, c := s.Noticed(n)
		return open && c == connected
	})
}

// notice is closed by the person; meanwhile it says who is connected.
func notice(t *testing.T, s *subject) {
	n := toRead("A contract notice")
	got := s.tell(t.Context(), n)
	s.shown(t, n, false)
	list := []desktop.BarEntry{{Session: [8]byte{1}, State: 2, Rights: 3}}
	s.person().SetBar(list)
	s.shown(t, n, true)
	list[0].State = 3
	s.person().SetBar(list)
	s.shown(t, n, false)
	s.person().SetBar(nil)
	s.CloseNotice(n, nil)
	if err := await.Recv(t, "Notice returns", got); err != nil {
		t.Errorf("the person closed it, and Notice gives %v", err)
	}
	if open, _ := s.Noticed(n); open {
		t.Error("the notice is still on the screen after it was closed")
	}
}

// noticeAndQuestion has both at once; neither hinders the other.
func noticeAndQuestion(t *testing.T, s *subject) {
	n := toRead("A contract notice")
	got := s.tell(t.Context(), n)
	s.shown(t, n, false)
	asked := s.ask(t.Context(), desktop.Question{Rights: 3, Until: Soon()})
	await.True(t, "the question is open", s.Open)
	s.Answer(desktop.Allow, "")
	if a := await.Recv(t, "the answer", asked); a.Choice != desktop.Allow {
		t.Errorf("answer %+v, want Allow", a)
	}
	s.CloseNotice(n, nil)
	if err := await.Recv(t, "Notice returns", got); err != nil {
		t.Errorf("the person closed it, and Notice gives %v", err)
	}
}

func noticesInTurn(t *testing.T, s *subject) {
	one, two := toRead("The first notice"), toRead("The second notice")
	ctx, cancel := context.WithCancel(t.Context())
	first := s.tell(ctx, one)
	s.shown(t, one, false)
	second := s.tell(t.Context(), two)
	if open, _ := s.Noticed(two); open {
		t.Error("two notices are shown at once")
	}
	cancel()
	if err := await.Recv(t, "the first returns", first); !errors.Is(err, context.Canceled) {
		t.Errorf("its context ended, and Notice gives %v", err)
	}
	s.shown(t, two, false)
	if open, _ := s.Noticed(one); open {
		t.Error("the notice is still on the screen after its context ended")
	}
	s.CloseNotice(two, nil)
	if err := await.Recv(t, "the second returns", second); err != nil {
		t.Errorf("the person closed it, and Notice gives %v", err)
	}
	if err := await.Recv(t, "a late one returns", s.tell(ctx, one)); !errors.Is(err, context.Canceled) {
		t.Errorf("its context had ended, and Notice gives %v", err)
	}
}

func noticeAndEnd(t *testing.T, s *subject) {
	n := toRead("A contract notice")
	first, second := s.tell(t.Context(), n), s.tell(t.Context(), n)
	s.shown(t, n, false)
	s.Desktop.Close()
	for _, got := range []<-chan error{first, second, s.tell(t.Context(), n)} {
		if err := await.Recv(t, "Notice returns", got); !errors.Is(err, desktop.ErrLost) {
			t.Errorf("Notice gives %v, want ErrLost", err)
		}
	}
}
