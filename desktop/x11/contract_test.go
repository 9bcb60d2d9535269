package x11_test

import (
	"math/bits"
	"strconv"
	"strings"
	"testing"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"

	"deskside/desktop"
	"deskside/desktop/desktoptest"
	"deskside/desktop/panel"
	"deskside/desktop/x11"
	"deskside/internal/await"
	"deskside/internal/xvfb"
	"deskside/raster"
)

// program is what the person's programs do, played by programs that share no
// code with ours.
type program struct {
	t       *testing.T
	server  *xvfb.Server
	display string
	w, h    int
}

func (p *program) run(name string, args ...string) string {
	p.t.Helper()
	return xvfb.Run(p.t, p.display, name, args...)
}

// client connects once more to the display, for what no program does.
func (p *program) client(do func(c *xgb.Conn, root xproto.Window)) {
	p.t.Helper()
	c, err := xgb.NewConnDisplay(p.display)
	if err != nil {
		p.t.Fatal(err)
	}
	do(c, xproto.Setup(c).DefaultScreen(c).Root)
	c.Sync()
	c.Close()
	for e, err := c.WaitForEvent(); e != nil || err != nil; {
		e, err = c.WaitForEvent()
	}
}

// paint shows a window in one colour, which stays until the server ends.
func (p *program) paint(r raster.Rect, rgb uint32) {
	p.t.Helper()
	p.client(func(c *xgb.Conn, root xproto.Window) {
		id, err := xproto.NewWindowId(c)
		if err != nil {
			p.t.Fatal(err)
		}
		xproto.SetCloseDownMode(c, xproto.CloseDownRetainPermanent)
		xproto.CreateWindow(c, xproto.WindowClassCopyFromParent, id, root, int16(r.X0), int16(r.Y0), uint16(r.W()), uint16(r.H()), 0,
			xproto.WindowClassInputOutput, xproto.WindowClassCopyFromParent, xproto.CwBackPixel|xproto.CwOverrideRedirect, []uint32{rgb, 1})
		xproto.MapWindow(c, id)
	})
}

// window finds a window of ours that is on the screen; "" if there is none.
func (p *program) window(name string) string {
	p.t.Helper()
	tree := p.run("xwininfo", "-root", "-children")
	for line := range strings.Lines(tree) {
		if strings.Contains(line, `"`+name+`"`) {
			return strings.Fields(line)[0]
		}
	}
	return ""
}

func (p *program) open() bool { return p.window("Deskside question") != "" }

// ready waits until the question that is open has the keyboard.
func (p *program) ready() {
	p.t.Helper()
	await.True(p.t, "the question has the keyboard", func() bool {
		taken := false
		p.client(func(c *xgb.Conn, root xproto.Window) {
			r, err := xproto.GrabKeyboard(c, false, root, xproto.TimeCurrentTime, xproto.GrabModeAsync, xproto.GrabModeAsync).Reply()
			taken = err == nil && r.Status == xproto.GrabStatusAlreadyGrabbed
			xproto.UngrabKeyboard(c, xproto.TimeCurrentTime)
		})
		return taken && p.open()
	})
}

// answer presses keys until the window that is open now has gone: presses do
// not count at first.
func (p *program) answer(choice desktop.Choice, digits string) {
	p.t.Helper()
	p.ready()
	window := p.window("Deskside question")
	key := "Return"
	switch {
	case choice == desktop.Deny:
		key = "Escape"
	case digits != "":
		p.run("xdotool", "type", digits)
	case choice == desktop.Allow:
		p.run("xdotool", "key", "shift+Tab")
	default:
		p.run("xdotool", "key", "Tab")
	}
	await.True(p.t, "the question takes "+key, func() bool {
		if p.window("Deskside question") == window {
			p.run("xdotool", "key", key)
		}
		return p.window("Deskside question") != window
	})
}

// place finds a window on the screen.
func (p *program) place(name string) (x, y int) {
	p.t.Helper()
	await.True(p.t, name+" is on the screen", func() bool { return p.window(name) != "" })
	for line := range strings.Lines(p.run("xdotool", "getwindowgeometry", "--shell", p.window(name))) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "X="); ok {
			x, _ = strconv.Atoi(v)
		}
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "Y="); ok {
			y, _ = strconv.Atoi(v)
		}
	}
	return x, y
}

func (p *program) press(list []desktop.BarEntry, a desktop.BarAction) {
	p.t.Helper()
	b := panel.NewBar(list, p.w, p.h, panel.Scale(p.w, p.h, 0)).Button(a)
	x, y := p.place("Deskside bar")
	p.run("xdotool", "mousemove", strconv.Itoa(x+(b.Min.X+b.Max.X)/2), strconv.Itoa(y+(b.Min.Y+b.Max.Y)/2), "click", "1")
}

// closeNotice presses the button of a notice that is on the screen.
func (p *program) closeNotice(n desktop.Notice, list []desktop.BarEntry) {
	p.t.Helper()
	b := panel.NewNotice(n, list, p.w, p.h, panel.Scale(p.w, p.h, 0)).Button()
	x, y := p.place(n.Title)
	p.run("xdotool", "mousemove", strconv.Itoa(x+(b.Min.X+b.Max.X)/2), strconv.Itoa(y+(b.Min.Y+b.Max.Y)/2), "click", "1")
}

// held asks the server what is down.
func (p *program) held() (keys int, b desktop.Buttons) {
	p.t.Helper()
	p.client(func(c *xgb.Conn, root xproto.Window) {
		k, err := xproto.QueryKeymap(c).Reply()
		if err != nil {
			p.t.Fatal(err)
		}
		for _, v := range k.Keys {
			keys += bits.OnesCount8(v)
		}
		q, err := xproto.QueryPointer(c, root).Reply()
		if err != nil {
			p.t.Fatal(err)
		}
		b = desktop.Buttons(q.Mask >> 8 & 7)
	})
	return keys, b
}

func TestX11(t *testing.T) { contract(t) }

func (p *program) subject() desktoptest.Subject {
	return desktoptest.Subject{
		Desktop: open(p.t, p.display),
		Paint:   p.paint,
		Shrink: func() (w, h int) {
			if err := x11.SetScreenSize(p.display, 640, 480); err != nil {
				p.t.Fatal(err)
			}
			return 640, 480
		},
		Held:   p.held,
		Copy:   func(text string) { xvfb.Feed(p.t, p.display, text, "xclip", "-selection", "clipboard") },
		Paste:  func() string { return p.run("xclip", "-selection", "clipboard", "-o", "-target", "UTF8_STRING") },
		Answer: p.answer,
		Open:   p.open,
		Press:  p.press,
		Lose:   p.server.Kill,

		Noticed: func(n desktop.Notice) (open, connected bool) {
			connected = p.window("Connected: "+n.Title) != ""
			return connected || p.window(n.Title) != "", connected
		},
		CloseNotice: p.closeNotice,
	}
}
