package remctrl

import (
	"time"

	"deskside/raster"
)

// refinePeriod is how long an area must be at rest before it is sent exactly: at
// least one period, at most two.
const refinePeriod = 75 * time.Millisecond

// refiner knows which areas of a viewer's picture are approximate, and since
// when. Areas move from fresh to aged to due as periods pass:
//
//	sent approximately ──► fresh ──► aged ──► due ──► sent exactly
//	       ▲                 │         │       │
//	       └─────────────────┴─────────┴───────┘ changed again
type refiner struct {
	fresh, aged, due raster.Region
	next             time.Time     // when the period ends
	part             raster.Region // scratch
}

// approximate notes that r was sent so.
func (f *refiner) approximate(r raster.Rect, now time.Time) {
	f.exact(r)
	if f.fresh.Empty() && f.aged.Empty() {
		f.next = now.Add(refinePeriod)
	}
	f.fresh.Add(r)
}

// exact notes that r was sent exactly.
func (f *refiner) exact(r raster.Rect) {
	f.fresh.Subtract(r)
	f.aged.Subtract(r)
	f.due.Subtract(r)
}

// forget notes that the viewer begins anew.
func (f *refiner) forget() {
	f.fresh.Clear()
	f.aged.Clear()
	f.due.Clear()
}

// tick lets time pass. What is then in due is to be sent exactly.
func (f *refiner) tick(now time.Time) {
	if f.resting() || now.Before(f.next) {
		return
	}
	f.due.AddRegion(&f.aged)
	f.aged.Assign(&f.fresh)
	f.fresh.Clear()
	f.next = now.Add(refinePeriod)
}

// resting reports whether nothing waits for a period to end.
func (f *refiner) resting() bool { return f.fresh.Empty() && f.aged.Empty() }

// moved notes that the viewer copied src to the place of the same size at (x, y).
func (f *refiner) moved(src raster.Rect, x, y int) {
	to := raster.XYWH(x, y, src.W(), src.H())
	for _, g := range []*raster.Region{&f.fresh, &f.aged, &f.due} {
		f.part.Assign(g)
		f.part.Intersect(src)
		f.part.Move(x-src.X0, y-src.Y0)
		g.Subtract(to)
		g.AddRegion(&f.part)
	}
}
