package x11

import (
	"errors"
	"sync"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/damage"
	"github.com/jezek/xgb/xfixes"
	"github.com/jezek/xgb/xproto"

	"deskside/desktop/x11/link"
	"deskside/raster"
)

// teller asks the server to tell what is drawn. With XFIXES it keeps a region of
// it for us; without, each event has a rectangle that holds all that was drawn
// since the last time. A server without DAMAGE tells nothing.
type teller struct {
	c      *link.Conn
	damage damage.Damage // 0: nothing is told
	region xfixes.Region // 0: events have it

	mu   sync.Mutex
	area raster.Rect // of the events since the last time
}

// watch begins. Extensions must be asked for their version first, as they act as
// their oldest otherwise.
func (t *teller) watch(c *link.Conn) error {
	t.c = c
	if c.Has("XFIXES") {
		if _, err := xfixes.QueryVersion(c.X, 5, 0).Reply(); err != nil {
			return c.Failed("use XFIXES", err)
		}
		xfixes.SelectCursorInput(c.X, c.Root, xfixes.CursorNotifyMaskDisplayCursor)
	}
	if !c.Has("DAMAGE") {
		return nil
	}
	if _, err := damage.QueryVersion(c.X, 1, 1).Reply(); err != nil {
		return c.Failed("use DAMAGE", err)
	}
	level := byte(damage.ReportLevelBoundingBox)
	if c.Has("XFIXES") {
		level = damage.ReportLevelNonEmpty
		var err error
		if t.region, err = xfixes.NewRegionId(c.X); err != nil {
			return c.Failed("watch the screen", err)
		}
		if err := xfixes.CreateRegionChecked(c.X, t.region, nil).Check(); err != nil {
			return c.Failed("watch the screen", err)
		}
	}
	id, err := damage.NewDamageId(c.X)
	if err != nil {
		return c.Failed("watch the screen", err)
	}
	if err := damage.CreateChecked(c.X, id, xproto.Drawable(c.Root), level).Check(); err != nil {
		return c.Failed("watch the screen", err)
	}
	t.damage = id
	return nil
}

// note takes an event.
func (t *teller) note(e damage.NotifyEvent) {
	if t.region != 0 {
		return
	}
	r := e.Area
	t.mu.Lock()
	defer t.mu.Unlock()
	t.area = t.area.Union(raster.XYWH(int(r.X), int(r.Y), int(r.Width), int(r.Height)))
}

// sure reports whether the server can be asked at any moment for all that was
// drawn, and so can be caught keeping something back.
func (t *teller) sure() bool { return t.damage != 0 && t.region != 0 }

// all is drawn, after it found out whether the server still knows of our damage:
// any client may have destroyed it.
func (t *teller) all(rects []raster.Rect) ([]raster.Rect, error) {
	if !t.sure() {
		return t.drawn(rects)
	}
	err := damage.SubtractChecked(t.c.X, t.damage, xfixes.RegionNone, t.region).Check()
	if _, refused := errors.AsType[xgb.Error](err); refused {
		t.damage = 0
		return rects, nil
	}
	if err != nil {
		return rects, t.c.Failed("read what was drawn", err)
	}
	return t.fetch(rects)
}

// drawn appends what was drawn since the last time. It comes before the grab, so
// that what is drawn between the two counts as new.
func (t *teller) drawn(rects []raster.Rect) ([]raster.Rect, error) {
	if t.damage == 0 {
		return rects, nil
	}
	damage.Subtract(t.c.X, t.damage, xfixes.RegionNone, t.region)
	if t.region == 0 {
		// An event that is still on its way brings its rectangle with it.
		t.mu.Lock()
		defer t.mu.Unlock()
		if !t.area.Empty() {
			rects = append(rects, t.area)
		}
		t.area = raster.Rect{}
		return rects, nil
	}
	return t.fetch(rects)
}

// fetch appends what is in the region.
func (t *teller) fetch(rects []raster.Rect) ([]raster.Rect, error) {
	r, err := xfixes.FetchRegion(t.c.X, t.region).Reply()
	if err != nil {
		return rects, t.c.Failed("read what was drawn", err)
	}
	for _, q := range r.Rectangles {
		rects = append(rects, raster.XYWH(int(q.X), int(q.Y), int(q.Width), int(q.Height)))
	}
	return rects, nil
}
