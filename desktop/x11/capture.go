package x11

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/damage"
	"github.com/jezek/xgb/shm"
	"github.com/jezek/xgb/xfixes"
	"github.com/jezek/xgb/xproto"

	"deskside/desktop"
	"deskside/desktop/x11/link"
	"deskside/raster"
)

// capture takes the picture of the root window and everything on it.
type capture struct {
	c      *link.Conn
	log    *slog.Logger
	pixels *link.Pixels
	damage damage.Damage
	region xfixes.Region

	// What the server said has changed. The goroutine of c sets them, Next
	// takes them; wake holds one value when any is set.
	wake    chan struct{}
	drawn   atomic.Bool
	resized atomic.Bool
	pointer atomic.Bool

	taking  sync.Mutex // held while a picture is taken; guards what follows
	whole   bool       // the next picture is a whole one
	seg     *segment   // nil: pictures travel through the connection
	noSHM   bool
	refused int // grabs refused in a row

	mu     sync.Mutex
	layout desktop.Layout
}

func newCapture(c *link.Conn, log *slog.Logger) (*capture, error) {
	g := &capture{c: c, log: log, wake: make(chan struct{}, 1), whole: true, noSHM: !c.Has("MIT-SHM")}
	for _, name := range []string{"DAMAGE", "XFIXES"} {
		if !c.Has(name) {
			return nil, errors.New("the X server lacks the " + name + " extension")
		}
	}
	var err error
	if g.pixels, err = c.Pixels(); err != nil {
		return nil, err
	}
	c.Run(g.event)
	if err := g.watch(); err != nil {
		return nil, err
	}
	if err := g.reload(); err != nil {
		return nil, err
	}
	for _, f := range []*atomic.Bool{&g.drawn, &g.resized, &g.pointer} {
		g.changed(f)
	}
	return g, nil
}

// watch asks the server to say what changes. Extensions must be asked for
// their version first, as they act as their oldest otherwise.
func (g *capture) watch() error {
	x := g.c.X
	if _, err := xfixes.QueryVersion(x, 5, 0).Reply(); err != nil {
		return g.c.Failed("use XFIXES", err)
	}
	if _, err := damage.QueryVersion(x, 1, 1).Reply(); err != nil {
		return g.c.Failed("use DAMAGE", err)
	}
	var err error
	if g.damage, err = damage.NewDamageId(x); err != nil {
		return g.c.Failed("watch the screen", err)
	}
	if g.region, err = xfixes.NewRegionId(x); err != nil {
		return g.c.Failed("watch the screen", err)
	}
	if err := damage.CreateChecked(x, g.damage, xproto.Drawable(g.c.Root), damage.ReportLevelNonEmpty).Check(); err != nil {
		return g.c.Failed("watch the screen", err)
	}
	if err := xfixes.CreateRegionChecked(x, g.region, nil).Check(); err != nil {
		return g.c.Failed("watch the screen", err)
	}
	xfixes.SelectCursorInput(x, g.c.Root, xfixes.CursorNotifyMaskDisplayCursor)
	return g.c.WatchLayout()
}

func (g *capture) event(e xgb.Event) {
	switch e.(type) {
	case damage.NotifyEvent:
		g.changed(&g.drawn)
	case xfixes.CursorNotifyEvent:
		g.changed(&g.pointer)
	default:
		if g.c.LayoutChanged(e) {
			g.changed(&g.resized)
		}
	}
}

func (g *capture) changed(f *atomic.Bool) {
	f.Store(true)
	select {
	case g.wake <- struct{}{}:
	default:
	}
}

// Next is of desktop.Desktop.
func (g *capture) Next(ctx context.Context, f *raster.Image, u *desktop.Update) error {
	if f.W == 0 {
		g.changed(&g.drawn) // whatever the server says
	}
	for {
		select {
		case <-g.c.Gone():
			return desktop.ErrLost
		case <-ctx.Done():
			return ctx.Err()
		case <-g.wake:
		}
		err := g.take(f, u)
		var refused xgb.Error
		switch {
		case errors.As(err, &refused) && g.retry():
			g.log.Debug("grab refused", "err", err)
		case err != nil:
			return err
		case len(u.Changed) > 0 || u.Cursor != nil || u.Resized:
			return nil
		}
	}
}

// retry marks all as changed after the server refused a grab, which it does
// when the screen became smaller between asking for its size and grabbing. A
// server that keeps refusing is not asked for ever.
func (g *capture) retry() bool {
	g.taking.Lock()
	defer g.taking.Unlock()
	g.whole = true
	g.refused++
	for _, f := range []*atomic.Bool{&g.drawn, &g.resized, &g.pointer} {
		g.changed(f)
	}
	return g.refused < maxRefused
}

const maxRefused = 20

// take grabs what changed.
func (g *capture) take(f *raster.Image, u *desktop.Update) error {
	g.taking.Lock()
	defer g.taking.Unlock()
	*u = desktop.Update{Changed: u.Changed[:0]}
	if g.resized.Swap(false) {
		before := g.Layout()
		if err := g.reload(); err != nil {
			return err
		}
		u.Resized = !link.SameLayout(before, g.Layout())
	}
	if g.pointer.Swap(false) {
		var err error
		if u.Cursor, err = g.cursor(); err != nil {
			return err
		}
	}
	l := g.Layout()
	whole := f.Resize(l.W, l.H) || u.Resized || g.whole
	if g.drawn.Swap(false) || whole {
		rects, err := g.damaged()
		if err != nil {
			return err
		}
		if whole {
			rects = []raster.Rect{f.Bounds()}
		}
		u.Changed = disjoint(u.Changed, rects, f.Bounds())
	}
	if err := g.grab(f, u.Changed); err != nil {
		return err
	}
	g.whole, g.refused = false, 0
	return nil
}

// damaged takes what was drawn since the last time. It comes before the grab,
// so that what is drawn between the two counts as new.
func (g *capture) damaged() ([]raster.Rect, error) {
	damage.Subtract(g.c.X, g.damage, xfixes.RegionNone, g.region)
	r, err := xfixes.FetchRegion(g.c.X, g.region).Reply()
	if err != nil {
		return nil, g.c.Failed("read what was drawn", err)
	}
	rects := make([]raster.Rect, len(r.Rectangles))
	for i, q := range r.Rectangles {
		rects[i] = raster.XYWH(int(q.X), int(q.Y), int(q.Width), int(q.Height))
	}
	return rects, nil
}

// grab copies the rectangles from the screen. One grab of what holds them all
// is cheaper than many small ones.
func (g *capture) grab(f *raster.Image, rects []raster.Rect) error {
	var at raster.Rect
	for _, r := range rects {
		at = at.Union(r)
	}
	if at.Empty() {
		return nil
	}
	src, err := g.read(at)
	if err != nil {
		return err
	}
	for _, r := range rects {
		if err := g.pixels.Copy(f, src, at, r); err != nil {
			return err
		}
	}
	return nil
}

const allPlanes = 1<<32 - 1

func (g *capture) read(at raster.Rect) ([]byte, error) {
	root := xproto.Drawable(g.c.Root)
	x, y, w, h := int16(at.X0), int16(at.Y0), uint16(at.W()), uint16(at.H())
	size := g.pixels.Stride(at.W()) * at.H()
	if g.share(size) {
		_, err := shm.GetImage(g.c.X, root, x, y, w, h, allPlanes, xproto.ImageFormatZPixmap, g.seg.seg, 0).Reply()
		return g.seg.mem[:size], g.c.Failed("grab the screen", err)
	}
	r, err := xproto.GetImage(g.c.X, xproto.ImageFormatZPixmap, root, x, y, w, h, allPlanes).Reply()
	if err != nil {
		return nil, g.c.Failed("grab the screen", err)
	}
	return r.Data, nil
}

// share makes sure that size bytes are shared with the server, and reports
// whether they are. Where that fails once it is not tried again.
func (g *capture) share(size int) bool {
	if g.noSHM || g.seg != nil && len(g.seg.mem) >= size {
		return !g.noSHM
	}
	if g.seg != nil {
		shm.Detach(g.c.X, g.seg.seg)
		g.seg.close()
		g.seg = nil
	}
	l := g.Layout()
	seg, err := newSegment(g.c, max(size, g.pixels.Stride(l.W)*l.H))
	if err != nil {
		g.log.Info("no memory shared with the X server, pictures will cost more", "err", err)
		g.noSHM = true
		return false
	}
	g.seg = seg
	return true
}

// close ends the connection; a Next that runs returns ErrLost.
func (g *capture) close() {
	g.c.Close()
	g.taking.Lock()
	defer g.taking.Unlock()
	if g.seg != nil {
		g.seg.close()
		g.seg = nil
	}
	g.noSHM = true
}
