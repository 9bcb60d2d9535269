package remctrl

import (
	"time"

	"deskside/raster"
)

// refinePeriod is how long an area must be at rest before it is sent exactly: at
// least one period, at most two.
const refinePeriod = 75 * time.Millisecond

// refiner knows which areas of a viewer's picture are approximate, and since
// when. Areas move from fresh to aged to due as periods pass; what is due and was
// not sent becomes ripe and then old, and stays due:
//
//	sent approximately ──► fresh ──► aged ──► due ⊇ ripe ⊇ old ──► sent exactly
//	       ▲                 │         │       │
//	       └─────────────────┴─────────┴───────┘ changed again
type refiner struct {
	fresh, aged, due, ripe, old raster.Region

	next   time.Time     // when the period ends
	ageing bool          // not all that is due is old
	part   raster.Region // scratch
}

// approximate notes that r was sent so.
func (f *refiner) approximate(r raster.Rect, now time.Time) {
	f.exact(r)
	if f.resting() {
		f.next = now.Add(refinePeriod)
	}
	f.fresh.Add(r)
}

// exact notes that r was sent exactly.
func (f *refiner) exact(r raster.Rect) {
	for _, g := range f.all() {
		g.Subtract(r)
	}
}

// forget notes that the viewer begins anew.
func (f *refiner) forget() {
	for _, g := range f.all() {
		g.Clear()
	}
}

func (f *refiner) all() [5]*raster.Region {
	return [5]*raster.Region{&f.fresh, &f.aged, &f.due, &f.ripe, &f.old}
}

// tick lets time pass. What is then in due is to be sent exactly where there is
// room, and what is in old, at rest for three periods or four, whatever else there is.
func (f *refiner) tick(now time.Time) {
	if f.resting() || now.Before(f.next) {
		return
	}
	f.old.Assign(&f.ripe)
	f.ripe.Assign(&f.due)
	f.due.AddRegion(&f.aged)
	f.aged.Assign(&f.fresh)
	f.fresh.Clear()
	f.ageing = !f.old.Equal(&f.due)
	f.next = now.Add(refinePeriod)
}

// resting reports whether nothing waits for a period to end.
func (f *refiner) resting() bool {
	return f.fresh.Empty() && f.aged.Empty() && !(f.ageing && !f.due.Empty())
}

// moved notes that the viewer copied src to the place of the same size at (x, y).
func (f *refiner) moved(src raster.Rect, x, y int) {
	to := raster.XYWH(x, y, src.W(), src.H())
	for _, g := range f.all() {
		f.part.Assign(g)
		f.part.Intersect(src)
		f.part.Move(x-src.X0, y-src.Y0)
		g.Subtract(to)
		g.AddRegion(&f.part)
	}
}
