package remctrl

import (
	"time"

	"deskside/raster"
)

// turn is what the writer does next, the most urgent first:
//
//	turnQuick  a small change passes a large one that is half sent, or that was just sent
//	turnRest   the next part of a large one
//	turnLook   the newest picture is compared; where nothing changed, a part is sent exactly
type turn uint8

const (
	turnNone turn = iota
	turnQuick
	turnRest
	turnLook
)

const (
	// minInterval is between two looks that found something, in the mean: one
	// may come half of it early, so that what is drawn 60 times a second is
	// not sent less often because it does not keep step.
	minInterval   = time.Second / 63
	cheapInterval = time.Second / 95  // the same where little is new, as in a terminal that scrolls
	quickInterval = time.Second / 240 // between two small changes that pass

	// maxAge is how old a half sent picture may become before what is left of
	// it is given up for the newest: up to then all of a picture is of one
	// moment.
	maxAge = 250 * time.Millisecond

	// smallArea is the largest change, in pixels, that passes others: a line
	// of text, or a few. It is encoded in a fraction of a millisecond.
	smallArea = 256 * 64
)

// choose finds out what to do now, and if nothing how long not to ask again;
// v.mu is held.
func (v *viewer) choose(now time.Time) (turn, time.Duration) {
	d, a := &v.display, &v.asked
	ready := v.pace.Ready(now)
	held := !ready && (!d.dirty.Empty() || !a.changed.Empty())
	d.carry.Note(held, now)
	v.gauge.Held(held, now)
	if !a.request && !a.continuous || !ready {
		if pause := v.pace.Pause(now); pause > 0 {
			return turnNone, max(pause, time.Millisecond)
		}
		return turnNone, rightsPoll
	}
	pause := d.next.Sub(now)
	rest := a.continuous && !d.dirty.Empty() && !d.turned && !a.whole && a.version == d.job.version
	anew := !rest || pause <= 0 && (a.news() || !a.changed.Empty() && now.Sub(d.last) >= maxAge)
	switch {
	case d.passes(a, !anew || pause > 0, now):
		return turnQuick, 0
	case !anew:
		return turnRest, 0
	case pause <= 0:
		d.take(a)
		return turnLook, 0
	}
	if !a.changed.Empty() {
		pause = min(pause, max(d.passed.Add(quickInterval).Sub(now), time.Millisecond))
	}
	return turnNone, pause
}

// passes takes into small what may pass what is large: half sent, just sent
// (which busy says), or changed at the same time.
func (d *display) passes(a *asked, busy bool, now time.Time) bool {
	plain := a.continuous && !a.whole && !d.blind && d.drawn.Empty() && a.version == d.job.version
	if !plain || now.Sub(d.passed) < quickInterval || !a.area.Contains(d.shadow.Bounds()) {
		return false
	}
	if !a.changed.Islands(&d.small, smallArea) {
		return false
	}
	if busy || !a.changed.Empty() {
		return true
	}
	a.changed.Assign(&d.small) // all that changed: nothing to pass
	return false
}

// waits reports whether something small waits to pass, or anything at all.
func (v *viewer) waits(anything bool) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	a, d := &v.asked, &v.display
	if anything {
		return a.whole || a.news() || !a.changed.Empty()
	}
	if a.changed.Empty() {
		return false
	}
	d.probe.Assign(&a.changed)
	return d.probe.Islands(&d.islet, smallArea)
}

// news reports whether there is anything to tell besides pixels.
func (a *asked) news() bool {
	return a.size || a.sizeAnswer || a.cursor || a.name || a.keys || a.buttons
}

// glance compares what changed in small alone, and takes what differs into the
// shadow and into quick. Where more has changed than pixels all is left to look.
func (v *viewer) glance() {
	d, s := &v.display, v.svc.src
	d.quick.Clear()
	s.mu.RLock()
	defer s.mu.RUnlock()
	view, _ := viewOf(s.layout, v.chosen().screen)
	if !s.whole() || view != d.view || !d.fits() || !v.mayLook() {
		v.mu.Lock()
		v.asked.whole = true
		v.mu.Unlock()
		return
	}
	d.small.Move(-view.X0, -view.Y0)
	d.small.Intersect(d.shadow.Bounds())
	d.direct = s.frame.Sub(view)
	for _, r := range d.small.Rects() {
		raster.Diff(&d.quick, &d.shadow, &d.direct, r)
	}
	for _, r := range d.quick.Rects() {
		d.shadow.Copy(&d.direct, r)
	}
}

// fits reports whether the other end's screen has the size of the view.
func (d *display) fits() bool { return d.view.W() == d.shadow.W && d.view.H() == d.shadow.H }
