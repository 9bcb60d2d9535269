package x11

import (
	"time"

	"deskside/desktop"
	"deskside/desktop/x11/link"
	"deskside/internal/pulse"
	"deskside/raster"
)

// How often the picture is compared with what the server shows.
const (
	checkEvery = time.Second            // while the server tells what it draws
	fastEvery  = 8 * time.Millisecond   // while it does not, after a change
	stirEvery  = 2 * time.Millisecond   // the first time after input
	restEvery  = 200 * time.Millisecond // at rest
	fastShare  = 4                      // of the time goes by between comparisons, for each part they take
	restShare  = 50
	trustAfter = 30 * time.Second // in which nothing was kept back
)

// tempo says when the picture is compared next:
//
//	            a change that was not told
//	trusted ──────────────────────────────────► timed
//	   ▲   ◄────────────────────────────────
//	   │      told, and for trustAfter nothing else
//	checked once a second; timed: soon after a change or input, ever later at rest
//
// The zero tempo is timed.
type tempo struct {
	trusted bool
	every   time.Duration
	next    time.Time
	missed  time.Time // when something last changed that was not told
}

// trust makes the tempo that of a server which tells what it draws, or not.
func (t *tempo) trust(on bool, now time.Time) {
	t.trusted, t.every = on, fastEvery
	t.missed = now
	t.after(now)
}

func (t *tempo) due(now time.Time) bool { return !now.Before(t.next) }

// stir makes the next comparison come soon.
func (t *tempo) stir(now time.Time) {
	if t.trusted {
		return
	}
	t.every = fastEvery
	if soon := now.Add(stirEvery); soon.Before(t.next) {
		t.next = soon
	}
}

// changed notes a comparison that took cost and found something.
func (t *tempo) changed(now time.Time, cost time.Duration) {
	t.every = max(fastEvery, fastShare*cost)
	t.after(now)
}

// same notes a comparison that took cost and found nothing.
func (t *tempo) same(now time.Time, cost time.Duration) {
	t.every = min(max(t.every*3/2, fastShare*cost), max(restEvery, restShare*cost))
	t.after(now)
}

func (t *tempo) after(now time.Time) {
	t.next = now.Add(t.every)
	if t.trusted {
		t.next = now.Add(pulse.Wait(now, checkEvery))
	}
}

// compare looks for what changed and was not told, and adds whatever it finds to
// the update.
func (g *capture) compare(f *raster.Image, u *desktop.Update) error {
	began := time.Now()
	g.checks.Add(1)
	src, err := g.grabber.read(f.Bounds())
	if err == nil {
		err = g.differ.find(f, src, g.pixels, g.tempo.trusted)
	}
	if err != nil {
		return err
	}
	if g.differ.found.Empty() {
		now := time.Now()
		g.tempo.same(now, now.Sub(began))
		g.regain(now)
		return nil
	}
	kept, err := g.kept(f, u, src)
	if err != nil {
		return err
	}
	now := time.Now()
	g.tempo.changed(now, now.Sub(began))
	if len(kept) == 0 {
		return nil
	}
	g.tempo.missed = now
	if g.tempo.trusted {
		g.log.Warn("the X server does not tell all that it draws: its picture is compared in time until it does", "missed", kept[0].String())
		g.trust(false)
	}
	return nil
}

// kept takes what differs into f and u, and gives what of it the server kept
// back.
func (g *capture) kept(f *raster.Image, u *desktop.Update, src []byte) ([]raster.Rect, error) {
	// All that was drawn before the grab has been told by now; it is grabbed
	// again, as some of what is told may have been drawn afterwards.
	var err error
	if g.rects, err = g.told.all(g.rects[:0]); err != nil {
		return nil, err
	}
	d := &g.differ
	for _, r := range g.rects {
		d.found.Subtract(r)
	}
	var kept []raster.Rect
	u.Write(func() { kept, err = d.take(f, src, g.pixels) })
	if err != nil {
		return nil, err
	}
	g.news = disjoint(g.news[:0], g.rects, f.Bounds())
	if err := g.grabber.grab(f, g.news, u.Write); err != nil {
		return nil, err
	}
	d.all.Clear()
	for _, list := range [][]raster.Rect{u.Changed, g.news, kept} {
		for _, r := range list {
			d.all.Add(r)
		}
	}
	u.Changed = disjoint(u.Changed[:0], d.all.Rects(), f.Bounds())
	return kept, nil
}

// regain trusts a server again that kept nothing back for a while.
func (g *capture) regain(now time.Time) {
	if !g.tempo.trusted && g.told.sure() && now.Sub(g.tempo.missed) >= trustAfter {
		g.log.Info("the X server tells again what it draws")
		g.trust(true)
	}
}

func (g *capture) trust(on bool) {
	g.tempo.trust(on, time.Now())
	g.timed.Store(!on)
}

// differ finds where a picture and a grab of all of it differ.
type differ struct {
	found raster.Region
	all   raster.Region
	part  raster.Region
	band  raster.Image
	kept  []raster.Rect
	phase int // which rows are looked at next
}

// Of a server that is trusted every fourth row is looked at, and others the next
// time: what is less high than that is found within four checks.
const sampled = 4

// suspect reports whether any of the rows whose turn it is differ.
func (d *differ) suspect(f *raster.Image, src []byte, p *link.Pixels) bool {
	d.phase = (d.phase + 1) % sampled
	for y := d.phase; y < f.H; y += sampled {
		if !p.Same(f, src, f.Bounds(), raster.Rect{Y0: y, X1: f.W, Y1: y + 1}) {
			return true
		}
	}
	return false
}

// find fills found with the tiles that differ. Most are equal, and are compared
// as the server stores them.
func (d *differ) find(f *raster.Image, src []byte, p *link.Pixels, trusted bool) error {
	d.found.Clear()
	if trusted && !d.suspect(f, src, p) {
		return nil
	}
	for y := 0; y < f.H; y += raster.Tile {
		band := raster.Rect{Y0: y, X1: f.W, Y1: min(y+raster.Tile, f.H)}
		if p.Same(f, src, f.Bounds(), band) {
			continue
		}
		d.band.Resize(f.W, band.H())
		if err := p.Copy(&d.band, src[y*p.Stride(f.W):], d.band.Bounds(), d.band.Bounds()); err != nil {
			return err
		}
		d.part.Clear()
		now := f.Sub(band)
		raster.Diff(&d.part, &now, &d.band, d.band.Bounds())
		d.part.Move(0, y)
		d.found.AddRegion(&d.part)
	}
	return nil
}

// take copies what of found really differs, and gives it.
func (d *differ) take(f *raster.Image, src []byte, p *link.Pixels) ([]raster.Rect, error) {
	d.kept = d.kept[:0]
	for _, r := range d.found.Rects() {
		if p.Same(f, src, f.Bounds(), r) {
			continue
		}
		if err := p.Copy(f, src, f.Bounds(), r); err != nil {
			return nil, err
		}
		d.kept = append(d.kept, r)
	}
	return d.kept, nil
}
