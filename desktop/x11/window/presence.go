package window

import (
	"slices"
	"strings"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"

	"deskside/desktop"
	"deskside/desktop/x11/link"
	"deskside/raster"
)

// The names are the parts of WM_CLASS.
var (
	// lockers have windows on the screen only while it is locked.
	lockers = []string{"i3lock", "xsecurelock"}

	// savers have the same windows while they save the screen and while it is
	// locked; savedState says which.
	savers = []string{"xscreensaver"}

	// greeters have windows before anybody has logged on.
	greeters = []string{"lightdm-gtk-greeter", "slick-greeter", "unity-greeter", "sddm-greeter", "sddm-greeter-qt6", "gdm-greeter", "xdm"}
)

// Presence is of desktop.Person. X11 knows neither users nor locks, so it goes
// by what is on the screen, and where that does not tell surely, somebody is
// there: whoever takes a person for absent may let others in unasked.
//
//   - A greeter of a display manager means nobody.
//   - Windows of a program that does nothing but lock, over every screen, mean
//     locked. So do those of xscreensaver, while it says that it locks.
//   - Everything else is somebody. A screen that was blanked, by the server or a
//     program, is as good as any: one key brings it back. Lockers that blank
//     first, or draw in the compositor, tell their state over D-Bus alone, and
//     count for nothing: those of GNOME, KDE, Xfce, MATE and Cinnamon, and
//     light-locker. So does a server that is gone: the next may have somebody.
func (p *Person) Presence() desktop.Presence {
	r, err := xproto.QueryTree(p.c.X, p.c.Root).Reply()
	if err != nil {
		return desktop.Present
	}
	covers := covering{c: p.c}
	for _, w := range r.Children {
		covers.look(w)
	}
	switch {
	case covers.greeter:
		return desktop.Nobody
	case covers.all(covers.locker), covers.all(covers.saver) && p.saysLocked():
		return desktop.Locked
	}
	return desktop.Present
}

// saysLocked reads _SCREENSAVER_STATUS of the root window, where xscreensaver
// says what it does: a number that is 0, or the atom BLANK or LOCK, and more
// that does not matter here.
func (p *Person) saysLocked() bool {
	status, err := p.c.Atom("_SCREENSAVER_STATUS")
	if err != nil {
		return false
	}
	lock, err := p.c.Atom("LOCK")
	if err != nil {
		return false
	}
	r, err := xproto.GetProperty(p.c.X, false, p.c.Root, status, xproto.AtomInteger, 0, 1).Reply()
	if err != nil || r.Format != 32 || len(r.Value) < 4 {
		return false
	}
	return xproto.Atom(xgb.Get32(r.Value)) == lock
}

// covering is what was found among the windows of the screen.
type covering struct {
	c             *link.Conn
	greeter       bool
	locker, saver []raster.Rect // where windows are
}

// look asks for class and place of a visible window, which may be gone
// meanwhile.
func (f *covering) look(w xproto.Window) {
	a, err := xproto.GetWindowAttributes(f.c.X, w).Reply()
	if err != nil || a.MapState != xproto.MapStateViewable {
		return
	}
	r, err := xproto.GetProperty(f.c.X, false, w, xproto.AtomWmClass, xproto.AtomString, 0, 64).Reply()
	if err != nil {
		return
	}
	for class := range strings.SplitSeq(strings.ToLower(string(r.Value)), "\x00") {
		f.greeter = f.greeter || slices.Contains(greeters, class)
		locks, saves := slices.Contains(lockers, class), slices.Contains(savers, class)
		if !a.OverrideRedirect || !locks && !saves {
			continue // what a window manager may move or hide covers nothing
		}
		geo, err := xproto.GetGeometry(f.c.X, xproto.Drawable(w)).Reply()
		if err != nil {
			continue
		}
		at := raster.XYWH(int(geo.X)-rim, int(geo.Y)-rim, int(geo.Width)+2*rim, int(geo.Height)+2*rim)
		if locks {
			f.locker = append(f.locker, at)
		} else {
			f.saver = append(f.saver, at)
		}
	}
}

// rim is how many pixels a locker's window may leave free at each edge, as that
// of xsecurelock does.
const rim = 2

// all reports whether every screen is covered by one of the windows.
func (f *covering) all(windows []raster.Rect) bool {
	if len(windows) == 0 {
		return false
	}
	l, err := f.c.Layout()
	if err != nil {
		return false
	}
	for _, s := range l.Screens {
		if !slices.ContainsFunc(windows, func(w raster.Rect) bool { return w.Intersect(s.Bounds) == s.Bounds }) {
			return false
		}
	}
	return true
}
