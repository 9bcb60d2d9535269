package window

import (
	"strings"

	"github.com/jezek/xgb/screensaver"
	"github.com/jezek/xgb/xproto"

	"deskside/desktop"
	"deskside/desktop/x11/link"
)

// Windows of these classes cover the screen while it is locked, or before
// anybody has logged on. The names are the parts of WM_CLASS.
var (
	lockers = []string{"i3lock", "xsecurelock", "xscreensaver", "light-locker", "gnome-screensaver", "mate-screensaver",
		"cinnamon-screensaver", "xfce4-screensaver", "kscreenlocker_greet", "xlock", "slock", "betterlockscreen"}
	greeters = []string{"lightdm-gtk-greeter", "slick-greeter", "unity-greeter", "sddm-greeter", "sddm-greeter-qt6", "gdm-greeter", "xdm"}
)

// Presence is of desktop.Person. X11 does not know users, so it goes by what
// is on the screen: a greeter of a display manager means nobody, a window of a
// known locker or a running screen saver means locked, anything else somebody.
// A locker that is not known and runs no screen saver is missed, and so is
// GNOME's, which draws in the compositor; a plain screen saver that does not
// lock counts as locked. A server that is gone has nobody.
func (p *Person) Presence() desktop.Presence {
	r, err := xproto.QueryTree(p.c.X, p.c.Root).Reply()
	if err != nil {
		return desktop.Nobody
	}
	covers := covering{c: p.c}
	for _, w := range r.Children {
		covers.look(w)
	}
	switch {
	case covers.greeter:
		return desktop.Nobody
	case covers.locker || p.saving():
		return desktop.Locked
	}
	return desktop.Present
}

// saving reports whether a screen saver runs.
func (p *Person) saving() bool {
	if !p.c.Has("MIT-SCREEN-SAVER") {
		return false
	}
	r, err := screensaver.QueryInfo(p.c.X, xproto.Drawable(p.c.Root)).Reply()
	return err == nil && r.State == screensaver.StateOn
}

// covering is what was found among the windows of the screen.
type covering struct {
	c               *link.Conn
	locker, greeter bool
}

// look asks for the class of a visible window, which may be gone meanwhile.
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
		for _, name := range lockers {
			f.locker = f.locker || class == name
		}
		for _, name := range greeters {
			f.greeter = f.greeter || class == name
		}
	}
}
