package remctrl

import (
	"time"

	"deskside"
	"deskside/internal/pulse"
	"deskside/remctrl/gauge"
	"deskside/remctrl/motion"
)

const (
	rightsPoll = 500 * time.Millisecond // after which a right that was taken away shows
	flushSize  = 64 << 10               // after which a part of an update is written
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
		if wait <= 0 {
			select {
			case <-v.gone:
				return nil
			default:
				continue
			}
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

// flush does what is most urgent, and tells when to look again: at once where
// it did something.
func (v *viewer) flush(now time.Time) (wait time.Duration, err error) {
	d := &v.display
	d.turned = !d.dirty.Empty() && v.mayLook() == d.blind
	turn, wait := v.next(now)
	if err := v.writeAll(d.out); err != nil {
		return 0, err
	}
	done := true
	d.timer.start()
	switch turn {
	case turnQuick:
		err = v.sendQuick(now)
	case turnRest:
		err = v.send(now)
	case turnLook:
		done, err = v.update(now)
	case turnNone:
		return d.wait(wait, now), nil
	}
	if done {
		return 0, err
	}
	return d.wait(rightsPoll, now), err
}

// next finds out what to do, after what waits in the queue, which it takes into
// out.
func (v *viewer) next(now time.Time) (turn, time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.display.out = append(v.display.out[:0], v.queue...)
	v.queue = v.queue[:0]
	return v.choose(now)
}

// wait bounds how long the writer may sleep.
func (d *display) wait(wait time.Duration, now time.Time) time.Duration {
	wait = min(wait, pulse.Wait(now, rightsPoll))
	if !d.refine.Resting() {
		wait = min(wait, max(d.refine.Next.Sub(now), time.Millisecond))
	}
	if !d.motion.Plays.Empty() {
		wait = min(wait, motion.PlaysOn/4) // it may have ended
	}
	return wait
}

// update sends the newest picture, or the first part of it, and reports whether
// there was anything to tell.
func (v *viewer) update(now time.Time) (done bool, err error) {
	d := &v.display
	d.adopt()
	found := v.look(now)
	d.timer.lap(gauge.Compare)
	if found {
		if d.alive() {
			d.looked(now)
		}
		if err := v.send(now); err != nil {
			return false, err
		}
		d.job.told()
		done = true
	} else {
		v.nothing()
	}
	v.mu.Lock()
	v.asked.giveBack(&d.job)
	v.mu.Unlock()
	return done, nil
}

// looked notes that a look found a change, and when there may be another.
func (d *display) looked(now time.Time) {
	interval := minInterval
	if d.dirty.Area() <= thriftyArea {
		interval = cheapInterval
	}
	d.last, d.newer = now, true
	if early := now.Add(-interval / 2); d.next.Before(early) {
		d.next = early
	}
	d.next = d.next.Add(interval)
}

// mayLook asks whether the viewer may see the screen now.
func (v *viewer) mayLook() bool { return v.pass.Check(deskside.View) == nil }
