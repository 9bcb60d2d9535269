package link

import (
	"bufio"
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/randr"
	"github.com/jezek/xgb/xproto"

	"deskside/desktop"
	"deskside/raster"
)

// Layout asks for the size of the root window and its monitors.
func (c *Conn) Layout() (desktop.Layout, error) {
	geo, err := xproto.GetGeometry(c.X, xproto.Drawable(c.Root)).Reply()
	if err != nil {
		return desktop.Layout{}, c.Failed("read the screen's size", err)
	}
	l := desktop.Layout{W: int(geo.Width), H: int(geo.Height)}
	if c.Has("RANDR") {
		// A server older than RANDR 1.5 refuses; its picture is one screen.
		if r, err := randr.GetMonitors(c.X, c.Root, true).Reply(); err == nil {
			l.Screens = c.screens(r.Monitors, raster.XYWH(0, 0, l.W, l.H))
		}
	}
	if len(l.Screens) == 0 {
		l.Screens = []desktop.Screen{{Name: "screen", Bounds: raster.XYWH(0, 0, l.W, l.H), Primary: true}}
	}
	return l, nil
}

// WatchLayout asks the server to say when the layout changes.
func (c *Conn) WatchLayout() error {
	xproto.ChangeWindowAttributes(c.X, c.Root, xproto.CwEventMask, []uint32{xproto.EventMaskStructureNotify})
	if c.Has("RANDR") {
		if _, err := randr.QueryVersion(c.X, 1, 5).Reply(); err != nil {
			return c.Failed("use RANDR", err)
		}
		randr.SelectInput(c.X, c.Root, randr.NotifyMaskScreenChange|randr.NotifyMaskCrtcChange|randr.NotifyMaskOutputChange)
	}
	return c.Sync()
}

// LayoutChanged recognises what WatchLayout asked for.
func (c *Conn) LayoutChanged(e xgb.Event) bool {
	switch e := e.(type) {
	case xproto.ConfigureNotifyEvent:
		return e.Window == c.Root
	case randr.ScreenChangeNotifyEvent, randr.NotifyEvent:
		return true
	}
	return false
}

// screens lists the monitors that show a part of the picture, the primary
// first. A monitor's ID is the atom of its name, which stays while the server
// lives.
func (c *Conn) screens(monitors []randr.MonitorInfo, picture raster.Rect) []desktop.Screen {
	var list []desktop.Screen
	for _, m := range monitors {
		b := raster.XYWH(int(m.X), int(m.Y), int(m.Width), int(m.Height)).Intersect(picture)
		if b.Empty() {
			continue
		}
		s := desktop.Screen{ID: uint32(m.Name), Name: "screen", Bounds: b, Primary: m.Primary}
		if name, err := xproto.GetAtomName(c.X, m.Name).Reply(); err == nil {
			s.Name = name.Name
		}
		list = append(list, s)
	}
	slices.SortStableFunc(list, func(a, b desktop.Screen) int { return cmp.Compare(rank(a), rank(b)) })
	if len(list) > 0 {
		list[0].Primary = true
	}
	return list
}

func rank(s desktop.Screen) int {
	if s.Primary {
		return 0
	}
	return 1
}

// SameLayout tells whether two layouts are equal.
func SameLayout(a, b desktop.Layout) bool {
	return a.W == b.W && a.H == b.H && slices.Equal(a.Screens, b.Screens)
}

// maxResources bounds the resource text that is read for one number.
const maxResources = 1 << 20

// DPI gives the dots an inch that the person chose, 0 if they did not.
func (c *Conn) DPI() float64 {
	r, err := xproto.GetProperty(c.X, false, c.Root, xproto.AtomResourceManager, xproto.AtomString, 0, maxResources/4).Reply()
	if err != nil {
		return 0
	}
	lines := bufio.NewScanner(bytes.NewReader(r.Value))
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "Xft.dpi:"); ok {
			v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
			if err != nil {
				return 0
			}
			return v
		}
	}
	return 0
}
