package x11

import (
	"cmp"
	"slices"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/randr"
	"github.com/jezek/xgb/xproto"

	"deskside/desktop"
	"deskside/raster"
)

// Layout is of desktop.Desktop. It is the one of the picture that Next gave
// last.
func (g *capture) Layout() desktop.Layout {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.layout
}

// reload asks for the layout.
func (g *capture) reload() error {
	l, err := g.c.layout()
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.layout = l
	return nil
}

// layout asks for the size of the root window and its monitors.
func (c *conn) layout() (desktop.Layout, error) {
	geo, err := xproto.GetGeometry(c.x, xproto.Drawable(c.root)).Reply()
	if err != nil {
		return desktop.Layout{}, c.failed("read the screen's size", err)
	}
	l := desktop.Layout{W: int(geo.Width), H: int(geo.Height)}
	if c.has["RANDR"] {
		// A server older than RANDR 1.5 refuses; its picture is one screen.
		if r, err := randr.GetMonitors(c.x, c.root, true).Reply(); err == nil {
			l.Screens = c.screens(r.Monitors, raster.XYWH(0, 0, l.W, l.H))
		}
	}
	if len(l.Screens) == 0 {
		l.Screens = []desktop.Screen{{Name: "screen", Bounds: raster.XYWH(0, 0, l.W, l.H), Primary: true}}
	}
	return l, nil
}

// watchLayout asks the server to say when the layout changes.
func (c *conn) watchLayout() error {
	xproto.ChangeWindowAttributes(c.x, c.root, xproto.CwEventMask, []uint32{xproto.EventMaskStructureNotify})
	if c.has["RANDR"] {
		if _, err := randr.QueryVersion(c.x, 1, 5).Reply(); err != nil {
			return c.failed("use RANDR", err)
		}
		randr.SelectInput(c.x, c.root, randr.NotifyMaskScreenChange|randr.NotifyMaskCrtcChange|randr.NotifyMaskOutputChange)
	}
	return c.sync()
}

// layoutChanged recognises what watchLayout asked for.
func (c *conn) layoutChanged(e xgb.Event) bool {
	switch e := e.(type) {
	case xproto.ConfigureNotifyEvent:
		return e.Window == c.root
	case randr.ScreenChangeNotifyEvent, randr.NotifyEvent:
		return true
	}
	return false
}

// screens lists the monitors that show a part of the picture, the primary
// first. A monitor's ID is the atom of its name, which stays while the server
// lives.
func (c *conn) screens(monitors []randr.MonitorInfo, picture raster.Rect) []desktop.Screen {
	var list []desktop.Screen
	for _, m := range monitors {
		b := raster.XYWH(int(m.X), int(m.Y), int(m.Width), int(m.Height)).Intersect(picture)
		if b.Empty() {
			continue
		}
		s := desktop.Screen{ID: uint32(m.Name), Name: "screen", Bounds: b, Primary: m.Primary}
		if name, err := xproto.GetAtomName(c.x, m.Name).Reply(); err == nil {
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

func sameLayout(a, b desktop.Layout) bool {
	return a.W == b.W && a.H == b.H && slices.Equal(a.Screens, b.Screens)
}

// Beyond maxRects rectangles are gathered by bands of bandHeight rows.
const (
	maxRects   = 64
	bandHeight = 64
)

// disjoint appends the parts of rects within bounds to dst. The server's
// rectangles are disjoint; many of them become one for each band.
func disjoint(dst, rects []raster.Rect, bounds raster.Rect) []raster.Rect {
	if len(rects) <= maxRects {
		for _, r := range rects {
			if r = r.Intersect(bounds); !r.Empty() {
				dst = append(dst, r)
			}
		}
		return dst
	}
	for y := bounds.Y0; y < bounds.Y1; y += bandHeight {
		band := raster.Rect{X0: bounds.X0, Y0: y, X1: bounds.X1, Y1: min(y+bandHeight, bounds.Y1)}
		var all raster.Rect
		for _, r := range rects {
			all = all.Union(r.Intersect(band))
		}
		if !all.Empty() {
			dst = append(dst, all)
		}
	}
	return dst
}
