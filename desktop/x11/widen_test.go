package x11_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	"go.uber.org/goleak"

	"deskside"
	"deskside/desktop"
	"deskside/desktop/panel"
	"deskside/desktop/x11"
	"deskside/internal/await"
	"deskside/internal/xvfb"
	"deskside/raster"
)

func start(t *testing.T, screen string, args ...string) (*program, *x11.Desktop) {
	t.Helper()
	p := &program{t: t, server: xvfb.Launch(t, screen, args...)}
	p.display = p.server.Display
	d := open(t, p.display)
	l := d.Layout()
	p.w, p.h = l.W, l.H
	return p, d
}

// shows waits until a pixel has a colour.
func (w *watch) shows(t *testing.T, x, y int, rgb uint32) {
	t.Helper()
	w.until(t, "the colour shows", func() bool {
		if w.f.W == 0 {
			return false
		}
		p := w.f.Row(y, x, x+1)
		return uint32(p[0])|uint32(p[1])<<8|uint32(p[2])<<16 == rgb
	})
}

func TestDepths(t *testing.T) {
	for _, c := range []struct {
		screen string
		args   []string
		pixel  uint32
		want   uint32
	}{
		{"320x200x24", nil, 0x123456, 0x123456},
		{"320x200x24", []string{"-extension", "MIT-SHM"}, 0x123456, 0x123456},
		{"321x200x16", nil, 0xf800 | 0x07e0, 0xffff00},
		{"321x200x16", nil, 0x0010, 0x000084},
		{"321x200x16", []string{"-extension", "MIT-SHM"}, 0x001f, 0x0000ff},
		{"320x200x30", nil, 0x3ff00000 | 0x1ff<<10 | 0x3, 0xff7f00},
		{"320x200x24", []string{"-extension", "RANDR"}, 0x123456, 0x123456},
		{"320x200x24", []string{"-extension", "XKEYBOARD", "-extension", "SHAPE"}, 0x123456, 0x123456},
	} {
		t.Run(c.screen+" "+filepath.Join(c.args...), func(t *testing.T) {
			defer goleak.VerifyNone(t)
			p, d := start(t, c.screen, c.args...)
			defer d.Close()
			w := &watch{d: d}
			w.next(t)
			p.paint(raster.XYWH(7, 5, 33, 20), c.pixel)
			w.shows(t, 39, 24, c.want)
			w.shows(t, 7, 5, c.want)
			if want := len(c.args) < 2 || c.args[1] != "MIT-SHM"; d.SharesMemory() != want {
				t.Errorf("shares memory: %v, want %v", d.SharesMemory(), want)
			}
		})
	}
}

func TestTooFewColours(t *testing.T) {
	defer goleak.VerifyNone(t)
	if d, err := x11.Open(x11.Config{Display: xvfb.Start(t, "320x200x8")}); err == nil {
		d.Close()
		t.Error("a screen of 256 colours was opened")
	} else {
		t.Log(err)
	}
}

func TestNoServer(t *testing.T) {
	defer goleak.VerifyNone(t)
	s := xvfb.Launch(t, "320x200x24")
	s.Kill()
	for _, display := range []string{s.Display, "nonsense", ":99999", "unix:x"} {
		if d, err := x11.Open(x11.Config{Display: display}); err == nil {
			d.Close()
			t.Errorf("display %q was opened", display)
		}
	}
	if d, err := x11.Open(x11.Config{Display: xvfb.Start(t, "320x200x24") + ".7"}); err == nil {
		d.Close()
		t.Error("a screen that is not there was opened")
	}
}

func TestCookies(t *testing.T) {
	defer goleak.VerifyNone(t)
	write := func(cookie string) string {
		path := filepath.Join(t.TempDir(), "authority")
		entry := "\xff\xff\x00\x00\x00\x00\x00\x12MIT-MAGIC-COOKIE-1\x00\x10" + cookie // for any server
		if err := os.WriteFile(path, []byte(entry), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	right := write("right cookie 123")
	display := xvfb.Start(t, "320x200x24", "-auth", right)
	d, err := x11.Open(x11.Config{Display: display, Authority: right})
	if err != nil {
		t.Fatal(err)
	}
	d.Close()
	for name, path := range map[string]string{"wrong": write("wrong cookie 123"), "no": filepath.Join(t.TempDir(), "none")} {
		if d, err := x11.Open(x11.Config{Display: display, Authority: path}); err == nil {
			d.Close()
			t.Errorf("opened with the %s cookie", name)
		}
	}
}

// TestAnotherUsersServer has the server run as another user where the test
// may, which is when it is root: the memory has to be given to that user.
func TestAnotherUsersServer(t *testing.T) {
	defer goleak.VerifyNone(t)
	display := xvfb.StartAs(t, 65534, "320x200x24", "-ac")
	d := open(t, display)
	defer d.Close()
	w := &watch{d: d}
	w.next(t)
	if !d.SharesMemory() {
		t.Error("no memory is shared")
	}
}

func TestTwoPicturesOfOneScreen(t *testing.T) {
	defer goleak.VerifyNone(t)
	p, one := start(t, "320x200x24")
	defer one.Close()
	two := open(t, p.display)
	defer two.Close()
	a, b := &watch{d: one}, &watch{d: two}
	a.next(t)
	b.next(t)
	p.paint(raster.XYWH(10, 10, 20, 20), 0xaa5500)
	a.shows(t, 15, 15, 0xaa5500)
	b.shows(t, 15, 15, 0xaa5500)
	one.Close()
	p.paint(raster.XYWH(10, 10, 20, 20), 0x0055aa)
	b.shows(t, 15, 15, 0x0055aa)
}

func TestPointerChangesShape(t *testing.T) {
	defer goleak.VerifyNone(t)
	p, d := start(t, "640x480x24")
	defer d.Close()
	w := &watch{d: d}
	w.next(t)
	for i, name := range []string{"watch", "crosshair", "left_ptr"} {
		xterm(t, p.display, "-geometry", "20x5+0+"+strconv.Itoa(100*i), "-xrm", "*pointerShape: "+name, "-e", "cat")
	}
	var before []byte
	for i := range 3 {
		if err := d.Pointer(30, 100*i+30, 0); err != nil {
			t.Fatal(err)
		}
		w.until(t, "another shape", func() bool {
			c := w.u.Cursor
			return c != nil && !c.Hidden && !bytes.Equal(c.Image.Pix, before)
		})
		c := w.u.Cursor
		before = bytes.Clone(c.Image.Pix)
		if c.HotX < 0 || c.HotX >= c.Image.W || c.HotY < 0 || c.HotY >= c.Image.H {
			t.Errorf("hot spot %d,%d of %dx%d", c.HotX, c.HotY, c.Image.W, c.Image.H)
		}
	}
	if err := d.Pointer(600, 400, 0); err != nil {
		t.Fatal(err)
	}
	p.run("xsetroot", "-cursor_name", "gumby") // of a program that has ended
	w.until(t, "an arrow", func() bool {
		c := w.u.Cursor
		return c != nil && c.Image.W == 12 && c.Image.H == 17 && c.Image.Pix[0] == 0xff && c.Image.Pix[3] == 0xff
	})
}

func TestManyAndBigChanges(t *testing.T) {
	defer goleak.VerifyNone(t)
	p, d := start(t, "640x480x24")
	defer d.Close()
	w := &watch{d: d}
	w.next(t)
	p.client(func(c *xgb.Conn, root xproto.Window) {
		for i := range 200 {
			x, y := i%20*30, i/20*40
			id, _ := xproto.NewWindowId(c)
			xproto.SetCloseDownMode(c, xproto.CloseDownRetainPermanent)
			xproto.CreateWindow(c, xproto.WindowClassCopyFromParent, id, root, int16(x), int16(y), 7, 9, 0,
				xproto.WindowClassInputOutput, xproto.WindowClassCopyFromParent, xproto.CwBackPixel|xproto.CwOverrideRedirect, []uint32{uint32(i + 1), 1})
			xproto.MapWindow(c, id)
		}
	})
	w.until(t, "the picture equals xwd's", func() bool {
		_, _, differ := differs(&w.f, xwd(t, p.display))
		return !differ
	})
}

func question(digits bool) desktop.Question {
	return desktop.Question{
		Operator:  deskside.Operator{Name: "Maria García", SaysHost: "helpdesk-12", Address: "192.0.2.17:50122"},
		Rights:    deskside.RightsOf(deskside.View, deskside.Control, deskside.ChatRight),
		Reason:    "INC-20417: the printer on the second floor is offline.",
		Transport: deskside.UDP, Digits: digits, Until: time.Now().Add(time.Minute),
	}
}

func ask(t *testing.T, d desktop.Person, q desktop.Question) <-chan desktop.Answer {
	got := make(chan desktop.Answer, 1)
	go func() {
		a, err := d.Ask(t.Context(), q)
		if err != nil {
			t.Error(err)
		}
		got <- a
	}()
	return got
}

// TestAnOperatorCannotAnswer presses Allow by the input that sessions have.
func TestAnOperatorCannotAnswer(t *testing.T) {
	defer goleak.VerifyNone(t)
	p, d := start(t, "800x600x24")
	defer d.Close()
	hold := desktop.NewHold(d)
	hands := desktop.NewHands(hold)
	if err := hands.Key(desktop.Key{Sym: 0xff0d}, true); err != nil {
		t.Fatal(err)
	}
	q := question(false)
	q.Until = time.Now().Add(2 * time.Second)
	got := ask(t, hold.Asking(d), q)
	await.True(t, "the question is open", p.open)
	if n, _ := p.held(); n != 0 {
		t.Errorf("%d keys are held while the question is open", n)
	}
	x, y := p.place("Deskside question")
	for {
		for _, k := range []desktop.Key{{Sym: 0xff0d}, {Sym: 0xff09}, {Sym: ' '}, {Scan: 0x1c}} {
			hands.Key(k, true)
			hands.Key(k, false)
		}
		for at := 0; at < 400; at += 20 {
			hands.Pointer(x+at, y+at, 1)
			hands.Pointer(x+at, y+at, 0)
		}
		select {
		case a := <-got:
			if a.Choice != desktop.Withdrawn {
				t.Errorf("the operator answered %+v", a)
			}
			return
		default:
		}
	}
}

// TestAKeyHeldFromBeforeDoesNotAnswer holds Return at the machine while the
// window comes; its repetitions look like presses and releases.
func TestAKeyHeldFromBeforeDoesNotAnswer(t *testing.T) {
	defer goleak.VerifyNone(t)
	p, d := start(t, "800x600x24")
	defer d.Close()
	p.run("xset", "r", "rate", "50", "100")
	p.run("xdotool", "keydown", "Return")
	q := question(false)
	q.Until = time.Now().Add(2 * time.Second)
	if a := await.Recv(t, "the end of the question", ask(t, d, q)); a.Choice != desktop.Withdrawn {
		t.Errorf("a held key answered %+v", a)
	}
	got := ask(t, d, question(false))
	await.True(t, "the question is open", p.open)
	p.run("xdotool", "keyup", "Return")
	p.answer(desktop.AllowView, "")
	if a := await.Recv(t, "the answer", got); a.Choice != desktop.AllowView {
		t.Errorf("answer %+v, want view only", a)
	}
}

// TestAnswerByMouse clicks on Allow, and shows the windows to whoever looks at
// the artefacts.
func TestAnswerByMouse(t *testing.T) {
	defer goleak.VerifyNone(t)
	p, d := start(t, "1280x720x24")
	defer d.Close()
	xterm(t, p.display, "-fa", "DejaVu Sans Mono", "-fs", "11", "-bg", "#20252d", "-fg", "#d7dde5", "-geometry", "150x40+20+20", "-e", "sh", "-c", "ls -l --color=always /usr; cat")
	d.SetBar([]desktop.BarEntry{{Session: [8]byte{1}, State: deskside.Active, Operator: question(false).Operator, Rights: question(false).Rights, Unread: 1}})
	q := question(true)
	got := ask(t, d, q)
	p.ready()
	p.run("xdotool", "type", "048213")
	w := &watch{d: d}
	accent := uint32(0x1d5fc4)
	c := panel.NewConsent(q, p.w, p.h, panel.Scale(p.w, p.h, 0), time.Now())
	b := c.Button(desktop.Allow)
	x, y := p.place("Deskside question")
	w.shows(t, x+b.Min.X+10, y+b.Min.Y+4, accent) // Allow is armed
	keepPicture(t, "x11-consent-and-bar", &w.f)
	p.run("xdotool", "mousemove", strconv.Itoa(x+b.Min.X+20), strconv.Itoa(y+b.Min.Y+10), "click", "1")
	if a := await.Recv(t, "the answer", got); a.Choice != desktop.Allow || a.Digits != "048213" {
		t.Errorf("answer %+v, want Allow", a)
	}
}

func keepPicture(t *testing.T, name string, m *raster.Image) {
	t.Helper()
	dir := os.Getenv("DESKSIDE_ARTEFACTS")
	if dir == "" {
		return
	}
	img := image.NewRGBA(image.Rect(0, 0, m.W, m.H))
	for i := 0; i < len(m.Pix); i += 4 {
		img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = m.Pix[i+2], m.Pix[i+1], m.Pix[i], 0xff
	}
	f, err := os.Create(filepath.Join(dir, name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
}

// TestWindowsStayOnTop covers the question and the bar by other windows.
func TestWindowsStayOnTop(t *testing.T) {
	defer goleak.VerifyNone(t)
	p, d := start(t, "800x600x24")
	defer d.Close()
	list := []desktop.BarEntry{{Session: [8]byte{1}, State: deskside.Active, Operator: question(false).Operator, Rights: question(false).Rights}}
	d.SetBar(list)
	got := ask(t, d, question(false))
	await.True(t, "the question is open", p.open)
	w := &watch{d: d}
	stop := panel.NewBar(list, 800, 600, 1).Button(desktop.BarAction{Session: [8]byte{1}}).Min
	bx, by := p.place("Deskside bar")
	qx, qy := p.place("Deskside question")
	for range 2 {
		w.shows(t, bx+stop.X+8, by+stop.Y+3, 0xc1291c)
		w.shows(t, qx+40, qy+100, 0xffffff)
		p.paint(raster.XYWH(0, 0, 800, 600), 0x224466)
		w.shows(t, 5, 300, 0x224466)
	}
	w.shows(t, bx+stop.X+8, by+stop.Y+3, 0xc1291c)
	w.shows(t, qx+40, qy+100, 0xffffff)
	p.answer(desktop.Deny, "")
	await.Recv(t, "the answer", got)
}

// TestFrameLetsClicksThrough looks at who gets a click at the edge.
func TestFrameLetsClicksThrough(t *testing.T) {
	defer goleak.VerifyNone(t)
	p, d := start(t, "640x480x24")
	defer d.Close()
	list := []desktop.BarEntry{{Session: [8]byte{1}, State: deskside.Active, Rights: deskside.RightsOf(deskside.View)}}
	d.SetBar(list)
	w := &watch{d: d}
	w.shows(t, 1, 240, 0xe5484d)
	w.shows(t, 639, 240, 0xe5484d)
	w.shows(t, 320, 479, 0xe5484d)
	if err := d.Pointer(1, 240, 0); err != nil {
		t.Fatal(err)
	}
	await.True(t, "the pointer is over no window", func() bool {
		over := xproto.Window(1)
		p.client(func(c *xgb.Conn, root xproto.Window) {
			if r, err := xproto.QueryPointer(c, root).Reply(); err == nil && r.RootX == 1 {
				over = r.Child
			}
		})
		return over == 0
	})
	list[0].State = deskside.Suspended
	d.SetBar(list)
	await.True(t, "the frame has gone", func() bool { return p.window("Deskside frame") == "" })
	d.SetBar(nil)
	await.True(t, "the bar has gone", func() bool { return p.window("Deskside bar") == "" })
}

func TestBarIsDragged(t *testing.T) {
	defer goleak.VerifyNone(t)
	p, d := start(t, "1280x720x24")
	defer d.Close()
	d.SetBar([]desktop.BarEntry{{Session: [8]byte{1}, State: deskside.Active}})
	x, y := p.place("Deskside bar")
	p.run("xdotool", "mousemove", strconv.Itoa(x+40), strconv.Itoa(y+10), "mousedown", "1",
		"mousemove", strconv.Itoa(x+100), "300", "mousemove", strconv.Itoa(x+140), "300", "mouseup", "1")
	await.True(t, "the bar moved along", func() bool {
		nx, ny := p.place("Deskside bar")
		return nx == x+100 && ny == y
	})
	p.run("xdotool", "mousemove", strconv.Itoa(x+140), strconv.Itoa(y+10), "mousedown", "1",
		"mousemove", "1279", "10", "mousemove", "1278", "10", "mouseup", "1")
	await.True(t, "the bar stays on the screen", func() bool {
		nx, _ := p.place("Deskside bar")
		return nx > x+100 && nx <= 1280-580
	})
}

func TestQuestionFollowsTheScreen(t *testing.T) {
	defer goleak.VerifyNone(t)
	p, d := start(t, "1280x720x24")
	defer d.Close()
	d.SetBar([]desktop.BarEntry{{Session: [8]byte{1}, State: deskside.Active, Rights: 1}})
	got := ask(t, d, question(true))
	p.ready()
	p.run("xdotool", "type", "048")
	if err := x11.SetScreenSize(p.display, 640, 480); err != nil {
		t.Fatal(err)
	}
	await.True(t, "the windows are in the middle", func() bool {
		qx, qy := p.place("Deskside question")
		bx, _ := p.place("Deskside bar")
		return qx > 0 && qx < 100 && qy >= 0 && qy < 100 && bx == 30
	})
	p.answer(desktop.Allow, "213")
	if a := await.Recv(t, "the answer", got); a.Digits != "048213" {
		t.Errorf("answer %+v, want the digits from before and after", a)
	}
}

// TestServerEndsAmidAll kills the server while everything is going on.
func TestServerEndsAmidAll(t *testing.T) {
	defer goleak.VerifyNone(t)
	p, d := start(t, "640x480x24")
	defer d.Close()
	d.SetBar([]desktop.BarEntry{{Session: [8]byte{1}, State: deskside.Active, Rights: 1}})
	asked := make(chan error)
	go func() {
		_, err := d.Ask(context.Background(), question(false))
		asked <- err
	}()
	typed := make(chan error)
	go func() {
		for {
			err := d.Key(sym('ж'), true)
			if err == nil {
				err = d.Key(sym('ж'), false)
			}
			if err != nil {
				typed <- err
				return
			}
		}
	}()
	await.True(t, "the question is open", p.open)
	p.server.Kill()
	for what, ch := range map[string]chan error{"Ask": asked, "Key": typed} {
		if err := await.Recv(t, what+" returns", ch); !errors.Is(err, desktop.ErrLost) {
			t.Errorf("%s gives %v, want ErrLost", what, err)
		}
	}
}
