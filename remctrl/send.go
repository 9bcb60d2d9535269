package remctrl

import (
	"errors"
	"time"

	"deskside/raster"
	"deskside/remctrl/gauge"
	"deskside/remctrl/pace"
	"deskside/rfb"
)

// What bounds an update to a viewer that takes them as they come. The rest
// follows in others, so that something small can pass, and that fences tell how
// a large picture fares.
const (
	partArea  = 128 << 10 // pixels between two looks whether something waits
	partSize  = 32 << 10  // bytes, the same
	mostSize  = 256 << 10 // bytes of an update
	sharpSize = 64 << 10  // bytes of what is sent again exactly

	// thriftyArea is up to how many pixels bytes are saved however quick the
	// path is: it takes half a millisecond, and what moves in small steps
	// costs half.
	thriftyArea = 32 << 10
)

// parcel is an update under way.
type parcel struct {
	count int // of rectangles
	size  int // bytes written; those of display.out come on top
	limit int // bytes
	area  int // pixels since the last look whether something waits
	since int // bytes, the same
	now   time.Time

	photos, copies int // of the rectangles
}

// errEnough ends an update before all of it is sent.
var errEnough = errors.New("enough for one update")

// begin begins an update.
func (v *viewer) begin(now time.Time) {
	d := &v.display
	v.mu.Lock()
	d.parcel = parcel{now: now, limit: min(max(v.pace.Room(now), pace.MinRoom), mostSize)}
	v.pace.Begin(now)
	d.tight.Rate = int(v.pace.Speed())
	v.mu.Unlock()
	if n := d.dirty.Area(); n > 0 && n <= thriftyArea {
		d.tight.Rate = 0 // which takes the fewest bytes that are worth it
	}
	d.fine = d.parcel.limit < fineLimit
	d.out = rfb.FramebufferUpdate{Count: rfb.UntilLastRect}.Append(d.out[:0])
}

// streams reports whether an update can be written before all its rectangles
// are counted.
func (d *display) streams() bool { return d.job.encodings.Has(rfb.EncodingLastRect) }

// push writes what is ready of an update.
func (v *viewer) push() error {
	d := &v.display
	if !d.streams() {
		return nil
	}
	d.parcel.size += len(d.out)
	err := v.writeAll(d.out)
	d.out = d.out[:0]
	return err
}

// finish ends an update.
func (v *viewer) finish() error {
	d := &v.display
	if d.streams() {
		d.out = rfb.AppendLastRect(d.out)
	} else {
		d.out[2], d.out[3] = byte(d.parcel.count>>8), byte(d.parcel.count)
	}
	v.appendFence()
	if err := v.writeAll(d.out); err != nil {
		return err
	}
	v.measured(d.parcel.size + len(d.out))
	return nil
}

// appendFence notes the update as sent, before the viewer can answer it, and
// follows it by a fence, to find out when it arrived. Viewers without fences
// tell by asking for the next.
func (v *viewer) appendFence() {
	d := &v.display
	fences := d.job.encodings.Has(rfb.EncodingFence)
	if !fences && d.job.continuous {
		return
	}
	v.mu.Lock()
	payload := v.pace.Sent(d.parcel.size+len(d.out), time.Now())
	v.mu.Unlock()
	if fences && payload != "" {
		d.out = rfb.Fence{Flags: rfb.FenceRequest | rfb.FenceBefore, Payload: payload}.Append(d.out)
	}
}

// send sends an update of what look found, or the next part of it: what is
// small first, then the rest from where the last one ended, and what is to be
// sharp if all else is at rest.
func (v *viewer) send(now time.Time) error {
	d := &v.display
	v.begin(now)
	d.parcel.count = d.appendNews()
	d.parcel.copies = d.appendMoves()
	d.parcel.count += d.parcel.copies
	if err := v.live(); err != nil && err != errEnough {
		return err
	}
	if err := v.sharpen(); err != nil && err != errEnough {
		return err
	}
	return v.finish()
}

// live sends what is dirty: what is small, then all else but what plays, then
// that.
func (v *viewer) live() error {
	d := &v.display
	from := d.resume
	d.going.Assign(&d.dirty)
	if d.going.Islands(&d.small, smallArea) {
		err := v.run(&d.small, false)
		d.resume = from // what is small is no place to go on
		if err != nil {
			return err
		}
		if !d.dirty.Empty() || !d.sharp.Empty() { // else the end follows at once
			if err := v.push(); err != nil {
				return err
			}
		}
	}
	d.going.SubtractRegion(&d.motion.Plays)
	if err := v.cycle(from); err != nil {
		return err
	}
	d.going.Assign(&d.dirty) // which is what plays
	if err := v.cycle(from); err != nil {
		return err
	}
	d.resume = raster.Rect{}
	return nil
}

// cycle sends what is going, from behind what was sent last and then from the
// top.
func (v *viewer) cycle(from raster.Rect) error {
	d := &v.display
	d.small.Assign(&d.going)
	d.small.Intersect(raster.Rect{X0: 0, Y0: from.Y0, X1: d.shadow.W, Y1: d.shadow.H})
	d.small.Subtract(raster.Rect{X0: 0, Y0: from.Y0, X1: from.X1, Y1: from.Y1})
	if err := v.run(&d.small, false); err != nil {
		return err
	}
	d.going.SubtractRegion(&d.small)
	return v.run(&d.going, false)
}

// sharpen sends exactly a part of what was sent approximately.
func (v *viewer) sharpen() error {
	d := &v.display
	if d.sharp.Empty() {
		return nil
	}
	d.parcel.limit = min(sharpSize, d.spare)
	d.going.Assign(&d.sharp)
	return v.run(&d.going, true)
}

// room is what an update may hold besides what changes, in bytes.
type room struct {
	spare int // that the path carries now and nobody waits for
	share int // however full it is
}

func (v *viewer) spare() room {
	v.mu.Lock()
	defer v.mu.Unlock()
	return room{v.pace.Spare(), v.pace.Slice() / 4}
}

// run sends the rectangles of a region.
func (v *viewer) run(g *raster.Region, sharp bool) error {
	d := &v.display
	if !sharp && d.photographs() {
		return v.runFilm(g)
	}
	return d.pieces(g, func(r raster.Rect) error {
		before := len(d.out)
		d.appendRect(r, sharp, d.parcel.now)
		return v.follows(r, before, sharp)
	})
}

// follows does what comes after a rectangle, which begins at before in out.
func (v *viewer) follows(r raster.Rect, before int, sharp bool) error {
	d := &v.display
	d.parcel.count++
	if sharp {
		d.sharp.Subtract(r)
	} else {
		d.dirty.Subtract(r)
		d.resume = r
	}
	return v.step(r.Area(), len(d.out)-before, sharp)
}

// step follows a rectangle: writes, and finds out whether to go on.
func (v *viewer) step(area, size int, sharp bool) error {
	d := &v.display
	p := &d.parcel
	if d.streams() && len(d.out) >= flushSize {
		if err := v.push(); err != nil {
			return err
		}
	}
	p.area += area
	p.since += size
	switch {
	case d.entire && !sharp:
		return nil
	case p.size+len(d.out) >= p.limit:
		return errEnough
	case p.area < partArea && p.since < partSize || !d.job.continuous:
		return nil
	}
	p.area, p.since = 0, 0
	if v.waits(sharp) {
		return errEnough
	}
	return nil
}

// sendQuick sends what is small in an update of its own.
func (v *viewer) sendQuick(now time.Time) error {
	d := &v.display
	v.glance()
	d.timer.lap(gauge.Compare)
	d.passed = now
	if d.quick.Empty() {
		v.nothing()
		return nil
	}
	v.begin(now)
	d.pieces(&d.quick, func(r raster.Rect) error {
		d.appendRect(r, false, now)
		d.parcel.count++
		return nil
	})
	d.dirty.SubtractRegion(&d.quick)
	return v.finish()
}
