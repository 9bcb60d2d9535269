package remctrl

import (
	"time"

	"deskside"
	"deskside/raster"
	"deskside/rfb"
)

const (
	minInterval = time.Second / 60       // between updates
	rightsPoll  = 250 * time.Millisecond // after which a right that was taken away shows
	flushSize   = 64 << 10               // after which a part of an update is written
)

// write sends what there is to send until the viewer ends.
func (v *viewer) write() error {
	timer := time.NewTimer(rightsPoll)
	defer timer.Stop()
	for {
		wait, err := v.flush(time.Now())
		if err != nil {
			return err
		}
		timer.Reset(wait)
		select {
		case <-v.gone:
			return nil
		case <-v.wake:
		case <-timer.C:
		}
	}
}

// flush sends what may be sent now, and tells when to look again.
func (v *viewer) flush(now time.Time) (wait time.Duration, err error) {
	d := &v.display
	v.mu.Lock()
	queue := append(d.out[:0], v.queue...)
	v.queue = v.queue[:0]
	due := (v.asked.request || v.asked.continuous) && v.pace.ready()
	wait = d.last.Add(minInterval).Sub(now)
	if due = due && wait <= 0; due {
		d.take(&v.asked)
	}
	v.mu.Unlock()
	d.out = queue
	if err := v.writeAll(queue); err != nil {
		return 0, err
	}
	if due {
		if err := v.update(now); err != nil {
			return 0, err
		}
	}
	return d.wait(wait, now), nil
}

// wait bounds how long the writer may sleep.
func (d *display) wait(interval time.Duration, now time.Time) time.Duration {
	wait := rightsPoll
	if interval > 0 {
		wait = min(wait, interval)
	}
	if !d.refine.resting() {
		wait = min(wait, max(d.refine.next.Sub(now), time.Millisecond))
	}
	return wait
}

// update sends one update, if there is anything to tell.
func (v *viewer) update(now time.Time) error {
	d := &v.display
	d.adopt()
	if v.look(now) {
		size, err := v.sendUpdate(now)
		if err != nil {
			return err
		}
		if err := v.fence(size, now); err != nil {
			return err
		}
		d.last = now
		d.job.told()
	}
	v.mu.Lock()
	v.asked.giveBack(&d.job)
	v.mu.Unlock()
	return nil
}

// fence follows an update where updates are not asked for singly.
func (v *viewer) fence(size int, now time.Time) error {
	if !v.display.job.continuous || !v.display.job.encodings.Has(rfb.EncodingFence) {
		return nil
	}
	v.mu.Lock()
	payload := v.pace.sent(size, now)
	v.mu.Unlock()
	f := rfb.Fence{Flags: rfb.FenceRequest | rfb.FenceBefore, Payload: payload}
	return v.writeAll(f.Append(v.display.out[:0]))
}

// sendUpdate writes the update that look prepared and gives its size.
func (v *viewer) sendUpdate(now time.Time) (size int, err error) {
	d := &v.display
	streams := d.job.encodings.Has(rfb.EncodingLastRect)
	d.out = rfb.FramebufferUpdate{Count: rfb.UntilLastRect}.Append(d.out[:0])
	count := d.appendNews()
	part := func(sharp bool) func(raster.Rect) error {
		return func(r raster.Rect) error {
			d.appendRect(r, sharp, now)
			count++
			if !streams || len(d.out) < flushSize {
				return nil
			}
			size += len(d.out)
			err := v.writeAll(d.out)
			d.out = d.out[:0]
			return err
		}
	}
	if err := d.pieces(&d.dirty, part(false)); err != nil {
		return 0, err
	}
	if err := d.pieces(&d.sharp, part(true)); err != nil {
		return 0, err
	}
	if streams {
		d.out = rfb.AppendLastRect(d.out)
	} else {
		d.out[2], d.out[3] = byte(count>>8), byte(count)
	}
	size += len(d.out)
	return size, v.writeAll(d.out)
}

// mayLook asks whether the viewer may see the screen now.
func (v *viewer) mayLook() bool { return v.pass.Check(deskside.View) == nil }
