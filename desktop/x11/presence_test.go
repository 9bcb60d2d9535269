package x11_test

import (
	"testing"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	"go.uber.org/goleak"

	"deskside/desktop"
	"deskside/internal/await"
	"deskside/raster"
)

// shown is a window of a program on the screen. The places and properties below
// are those of the programs themselves, as xprop and xwininfo tell them.
type shown struct {
	class   string // of WM_CLASS, the parts end with a zero byte
	at      raster.Rect
	managed bool   // a window manager may move it
	status  string // the atom in _SCREENSAVER_STATUS of the root
}

// during has windows on the screen while it calls do.
func (p *program) during(windows []shown, do func()) {
	p.t.Helper()
	p.client(func(c *xgb.Conn, root xproto.Window) {
		atom := func(name string) xproto.Atom {
			r, err := xproto.InternAtom(c, false, uint16(len(name)), name).Reply()
			if err != nil {
				p.t.Fatal(err)
			}
			return r.Atom
		}
		status := atom("_SCREENSAVER_STATUS")
		for _, w := range windows {
			id, err := xproto.NewWindowId(c)
			if err != nil {
				p.t.Fatal(err)
			}
			over := uint32(1)
			if w.managed {
				over = 0
			}
			xproto.CreateWindow(c, xproto.WindowClassCopyFromParent, id, root, int16(w.at.X0), int16(w.at.Y0), uint16(w.at.W()), uint16(w.at.H()), 0,
				xproto.WindowClassInputOutput, xproto.WindowClassCopyFromParent, xproto.CwOverrideRedirect, []uint32{over})
			xproto.ChangeProperty(c, xproto.PropModeReplace, id, xproto.AtomWmClass, xproto.AtomString, 8, uint32(len(w.class)), []byte(w.class))
			xproto.MapWindow(c, id)
			if w.status != "" {
				value := make([]byte, 12)
				xgb.Put32(value, uint32(atom(w.status)))
				xproto.ChangeProperty(c, xproto.PropModeReplace, root, status, xproto.AtomInteger, 32, 3, value)
			}
		}
		if _, err := xproto.GetInputFocus(c).Reply(); err != nil {
			p.t.Fatal(err)
		}
		do()
		xproto.DeleteProperty(c, root, status)
	})
}

func TestPresence(t *testing.T) {
	defer goleak.VerifyNone(t)
	p, d := start(t, "320x200x24")
	defer d.Close()
	all := raster.XYWH(0, 0, 320, 200)
	const i3lock, xsecurelock, xscreensaver = "i3lock\x00i3lock\x00", "obscurer\x00xsecurelock\x00", "xscreensaver\x00XScreenSaver\x00"
	for what, c := range map[string]struct {
		windows []shown
		want    desktop.Presence
	}{
		"nothing":                         {nil, desktop.Present},
		"a program over the whole screen": {[]shown{{class: "xterm\x00XTerm\x00", at: all}}, desktop.Present},
		"i3lock":                          {[]shown{{class: i3lock, at: all}}, desktop.Locked},
		"xsecurelock":                     {[]shown{{class: xsecurelock, at: raster.XYWH(1, 1, 318, 198)}}, desktop.Locked},
		"a locker over a part":            {[]shown{{class: i3lock, at: raster.XYWH(0, 0, 320, 100)}}, desktop.Present},
		"a locker in an ordinary window":  {[]shown{{class: i3lock, at: all, managed: true}}, desktop.Present},
		"xscreensaver that blanks":        {[]shown{{class: xscreensaver, at: all, status: "BLANK"}}, desktop.Present},
		"xscreensaver that locks":         {[]shown{{class: xscreensaver, at: all, status: "LOCK"}}, desktop.Locked},
		"xscreensaver that says nothing":  {[]shown{{class: xscreensaver, at: all}}, desktop.Present},
		"a lock that is told without one": {[]shown{{class: xscreensaver, at: raster.XYWH(0, 0, 1, 1), status: "LOCK"}}, desktop.Present},
		"a locker that may blank alone":   {[]shown{{class: "mate-screensaver\x00Mate-screensaver\x00", at: all}}, desktop.Present},
		"a greeter":                       {[]shown{{class: "lightdm-gtk-greeter\x00Lightdm-gtk-greeter\x00", at: all, managed: true}}, desktop.Nobody},
	} {
		p.during(c.windows, func() {
			if got := d.Presence(); got != c.want {
				t.Errorf("%s: presence %v, want %v", what, got, c.want)
			}
		})
		if got := d.Presence(); got != desktop.Present {
			t.Errorf("after %s: presence %v", what, got)
		}
	}
}

// A screen that the server blanks is not locked, and a server that is gone does
// not say that nobody is there.
func TestPresenceThatCannotBeTold(t *testing.T) {
	defer goleak.VerifyNone(t)
	p, d := start(t, "320x200x24")
	defer d.Close()
	p.run("xset", "s", "activate")
	if got := d.Presence(); got != desktop.Present {
		t.Errorf("while a screen saver runs: %v", got)
	}
	p.server.Kill()
	await.True(t, "somebody may be there", func() bool { return d.Presence() == desktop.Present })
	f, u := new(raster.Image), new(desktop.Update)
	for d.Next(t.Context(), f, u) == nil {
	}
	if got := d.Presence(); got != desktop.Present {
		t.Errorf("after the server: %v", got)
	}
}
