package x11

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/damage"
	"github.com/jezek/xgb/xfixes"

	"deskside/desktop"
	"deskside/desktop/x11/link"
	"deskside/raster"
)

// capture takes the picture of the root window and everything on it.
//
// The server says what was drawn, where it has DAMAGE. One that has not, or that
// turns out to keep something back, has its picture compared in time: see tempo.
type capture struct {
	c      *link.Conn
	log    *slog.Logger
	pixels *link.Pixels
	told   teller

	// What the server said has changed. The goroutine of c sets them, Next
	// takes them; wake holds one value when any is set.
	wake    chan struct{}
	drawn   atomic.Bool
	resized atomic.Bool
	pointer atomic.Bool

	// Input is followed by a change: while it is timed, the picture is compared
	// sooner.
	timed   atomic.Bool
	stirred atomic.Bool
	checks  atomic.Int64 // comparisons so far

	taking  sync.Mutex // held while a picture is taken; guards what follows
	whole   bool       // the next picture is a whole one
	refused int        // grabs refused in a row
	tempo   tempo
	timer   *time.Timer   // until the next comparison
	rects   []raster.Rect // as the server told them
	news    []raster.Rect // of them, what is grabbed during a comparison
	grabber grabber
	differ  differ

	mu     sync.Mutex
	layout desktop.Layout
}

func newCapture(c *link.Conn, log *slog.Logger) (*capture, error) {
	g := &capture{c: c, log: log, wake: make(chan struct{}, 1), whole: true, timer: time.NewTimer(restEvery)}
	var err error
	if g.pixels, err = c.Pixels(); err != nil {
		return nil, err
	}
	g.grabber = grabber{c: c, log: log, pixels: g.pixels, noSHM: !c.Has("MIT-SHM")}
	c.Run(g.event)
	if err := g.told.watch(c); err != nil {
		return nil, err
	}
	g.trust(g.told.sure())
	if err := c.WatchLayout(); err != nil {
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

func (g *capture) event(e xgb.Event) {
	switch e := e.(type) {
	case damage.NotifyEvent:
		g.told.note(e)
		g.changed(&g.drawn)
	case xfixes.CursorNotifyEvent:
		g.changed(&g.pointer)
	default:
		if g.c.LayoutChanged(e) {
			g.changed(&g.resized)
		}
	}
}

// stir says that input is on its way to the screen.
func (g *capture) stir() {
	if g.timed.Load() {
		g.changed(&g.stirred)
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
		g.timer.Reset(g.pause())
		select {
		case <-g.c.Gone():
			return desktop.ErrLost
		case <-ctx.Done():
			return ctx.Err()
		case <-g.wake:
		case <-g.timer.C:
		}
		err := g.take(f, u)
		switch {
		case err != nil && !g.again(err):
			return err
		case err != nil:
			g.log.Debug("grab refused", "err", err)
		case len(u.Changed) > 0 || u.Cursor != nil || u.Resized:
			return nil
		}
	}
}

// pause gives how long nothing is to be done if nobody says anything.
func (g *capture) pause() time.Duration {
	g.taking.Lock()
	defer g.taking.Unlock()
	return time.Until(g.tempo.next)
}

// again marks all as changed after the server refused a grab, which it does
// when the screen became smaller between asking for its size and grabbing, and
// reports whether to go on: not for another error, and not for ever.
func (g *capture) again(err error) bool {
	if _, refused := errors.AsType[xgb.Error](err); !refused {
		return false
	}
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
	began := time.Now()
	*u = desktop.Update{Guard: u.Guard, Changed: u.Changed[:0]}
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
	l, now := g.Layout(), time.Now()
	if g.stirred.Swap(false) {
		g.tempo.stir(now)
	}
	whole := u.Resized || g.whole
	u.Write(func() { whole = f.Resize(l.W, l.H) || whole })
	drawn := g.drawn.Swap(false)
	if err := g.fetch(f, u, drawn, whole); err != nil {
		return err
	}
	if !whole && g.tempo.due(now) {
		if err := g.compare(f, u); err != nil {
			return err
		}
	}
	g.whole, g.refused = false, 0
	u.Took = time.Since(began)
	return nil
}

// fetch grabs what the server says was drawn, or the whole picture.
func (g *capture) fetch(f *raster.Image, u *desktop.Update, drawn, whole bool) (err error) {
	if !drawn && !whole {
		return nil
	}
	if g.rects, err = g.told.drawn(g.rects[:0]); err != nil {
		return err
	}
	if whole {
		g.rects = append(g.rects[:0], f.Bounds())
		g.tempo.changed(time.Now(), 0)
	}
	u.Changed = disjoint(u.Changed, g.rects, f.Bounds())
	return g.grabber.grab(f, u.Changed, u.Write)
}

// close ends the connection; a Next that runs returns ErrLost.
func (g *capture) close() {
	g.c.Close()
	g.taking.Lock()
	defer g.taking.Unlock()
	g.timer.Stop()
	g.grabber.close()
}
