package motion

import (
	"time"

	"deskside/raster"
)

// Period is how long an area must be at rest before it is sent exactly: at
// least one period, at most two.
const Period = 75 * time.Millisecond

// Refiner knows which areas of a viewer's picture are approximate, and since
// when. Areas move from fresh to aged to due as periods pass; what is due and was
// not sent becomes ripe and then old, and stays due:
//
//	sent approximately ──► fresh ──► aged ──► due ⊇ ripe ⊇ old ──► sent exactly
//	       ▲                 │         │       │
//	       └─────────────────┴─────────┴───────┘ changed again
type Refiner struct {
	Fresh, aged, Due, ripe, Old raster.Region

	Next   time.Time     // when the period ends
	ageing bool          // not all that is due is old
	part   raster.Region // scratch
}

// Approximate notes that r was sent so.
func (f *Refiner) Approximate(r raster.Rect, now time.Time) {
	f.Exact(r)
	if f.Resting() {
		f.Next = now.Add(Period)
	}
	f.Fresh.Add(r)
}

// Exact notes that r was sent exactly.
func (f *Refiner) Exact(r raster.Rect) {
	for _, g := range f.all() {
		g.Subtract(r)
	}
}

// Forget notes that the viewer begins anew.
func (f *Refiner) Forget() {
	for _, g := range f.all() {
		g.Clear()
	}
}

func (f *Refiner) all() [5]*raster.Region {
	return [5]*raster.Region{&f.Fresh, &f.aged, &f.Due, &f.ripe, &f.Old}
}

// Tick lets time pass. What is then in due is to be sent exactly where there is
// room, and what is in old, at rest for three periods or four, whatever else there is.
func (f *Refiner) Tick(now time.Time) {
	if f.Resting() || now.Before(f.Next) {
		return
	}
	f.Old.Assign(&f.ripe)
	f.ripe.Assign(&f.Due)
	f.Due.AddRegion(&f.aged)
	f.aged.Assign(&f.Fresh)
	f.Fresh.Clear()
	f.ageing = !f.Old.Equal(&f.Due)
	f.Next = now.Add(Period)
}

// Resting reports whether nothing waits for a period to end.
func (f *Refiner) Resting() bool {
	return f.Fresh.Empty() && f.aged.Empty() && !(f.ageing && !f.Due.Empty())
}

// Moved notes that the viewer copied src to the place of the same size at (x, y).
func (f *Refiner) Moved(src raster.Rect, x, y int) {
	to := raster.XYWH(x, y, src.W(), src.H())
	for _, g := range f.all() {
		f.part.Assign(g)
		f.part.Intersect(src)
		f.part.Move(x-src.X0, y-src.Y0)
		g.Subtract(to)
		g.AddRegion(&f.part)
	}
}
