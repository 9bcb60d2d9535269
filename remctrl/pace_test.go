package remctrl

import (
	"testing"
	"time"

	"deskside/raster"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// track is a path that drains so many bytes a second, and brings them and the
// news of them after a delay.
type track struct {
	rate  int // bytes a second
	delay time.Duration
	free  time.Time
	away  []arrival
	taken int // bytes
	worst time.Duration
}

type arrival struct {
	payload  string
	bytes    int
	sent, at time.Time
}

func (k *track) send(p *pace, bytes int, now time.Time) {
	p.begin(now)
	if k.free.Before(now) {
		k.free = now
	}
	k.free = k.free.Add(time.Duration(bytes) * time.Second / time.Duration(k.rate))
	k.away = append(k.away, arrival{p.sent(bytes, now), bytes, now, k.free.Add(k.delay)})
}

// run sends as much as there is room for, in updates of at most most bytes, and
// starts counting after warm.
func (k *track) run(p *pace, most int, now, warm, end time.Time) {
	for ; now.Before(end); now = now.Add(time.Millisecond) {
		for len(k.away) > 0 && !k.away[0].at.After(now) {
			a := k.away[0]
			k.away = k.away[1:]
			if p.single {
				p.asked(now)
			} else {
				p.returned(a.payload, now)
			}
			if now.After(warm) {
				k.worst = max(k.worst, now.Sub(a.sent))
				k.taken += a.bytes
			}
		}
		for room := p.room(now); room > 0; room = p.room(now) {
			k.send(p, min(room, most), now)
		}
	}
}

// TestPace uses most of each path, with little delay on top of what it has. The
// clock is the test's own.
func TestPace(t *testing.T) {
	for name, path := range map[string]struct {
		rate    int
		delay   time.Duration
		single  bool
		atLeast int // of the rate that must be used, in per cent
		longest time.Duration
	}{
		"modem":             {20_000, 50 * time.Millisecond, false, 85, 400 * time.Millisecond},
		"narrow":            {125_000, 100 * time.Millisecond, false, 85, 200 * time.Millisecond},
		"far":               {2_000_000, 200 * time.Millisecond, false, 85, 300 * time.Millisecond},
		"near":              {100_000_000, time.Millisecond, false, 85, 60 * time.Millisecond},
		"satellite":         {500_000, 600 * time.Millisecond, false, 85, 800 * time.Millisecond},
		"narrow, for asked": {125_000, 100 * time.Millisecond, true, 15, 200 * time.Millisecond},
		"near, for asked":   {100_000_000, time.Millisecond, true, 70, 60 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			p := pace{single: path.single}
			k := track{rate: path.rate, delay: path.delay}
			k.run(&p, maxBudget, epoch, epoch.Add(10*time.Second), epoch.Add(40*time.Second))
			if used := k.taken * 100 / 30 / path.rate; used < path.atLeast || used > 100 {
				t.Errorf("%d per cent of the path were used, want %d", used, path.atLeast)
			}
			if k.worst > path.longest {
				t.Errorf("an update took %v, want at most %v", k.worst, path.longest)
			}
		})
	}
}

// TestPaceFollows keeps up with a path that becomes slower, quicker and longer.
func TestPaceFollows(t *testing.T) {
	var p pace
	k, now := track{rate: 1_000_000, delay: 40 * time.Millisecond}, epoch
	for _, next := range []struct {
		rate  int
		delay time.Duration
	}{{1_000_000, 40 * time.Millisecond}, {100_000, 40 * time.Millisecond}, {3_000_000, 40 * time.Millisecond}, {1_000_000, 300 * time.Millisecond}, {1_000_000, 30 * time.Millisecond}} {
		k.rate, k.delay, k.taken, k.worst = next.rate, next.delay, 0, 0
		end := now.Add(60 * time.Second)
		k.run(&p, maxBudget, now, now.Add(40*time.Second), end)
		now = end
		if used := k.taken * 100 / 20 / k.rate; used < 75 {
			t.Errorf("%+v: %d per cent of the path were used", next, used)
		}
		if most := next.delay*3/2 + 3*slack; k.worst > most {
			t.Errorf("%+v: an update took %v", next, k.worst)
		}
	}
}

// TestPaceOfIdlers does not take small updates, after which nothing comes, for
// all that the path can carry.
func TestPaceOfIdlers(t *testing.T) {
	var p pace
	k, now := track{rate: 10_000_000, delay: time.Millisecond}, epoch
	for range 500 {
		k.send(&p, 50, now)
		now = now.Add(100 * time.Millisecond)
		p.returned(k.away[0].payload, k.away[0].at)
		k.away = k.away[1:]
	}
	if p.room(now) < firstRoom {
		t.Errorf("there is room for %d bytes", p.room(now))
	}
}

// TestPaceOfStrangers ignores fences that were never sent, and waits for one
// whose fences do not return.
func TestPaceOfStrangers(t *testing.T) {
	var p pace
	for range 1000 {
		for _, payload := range []string{"", "x", "\xff\xff\xff\xff", "longer than ours"} {
			p.returned(payload, epoch)
		}
		if p.ready(epoch) {
			p.begin(epoch)
			p.sent(1000, epoch)
		}
	}
	if len(p.away) == 0 || len(p.away) > maxAway || p.bytes > firstRoom+1000 {
		t.Errorf("%d updates of %d bytes under way", len(p.away), p.bytes)
	}
	p.forget()
	if !p.ready(epoch) {
		t.Error("not ready after all was forgotten")
	}
}

func TestRefiner(t *testing.T) {
	a, b := raster.XYWH(0, 0, 10, 10), raster.XYWH(20, 0, 10, 10)
	var f refiner
	at := func(percent int) time.Time { return epoch.Add(time.Duration(percent) * refinePeriod / 100) }
	dueNow := func(percent int, want ...raster.Rect) {
		t.Helper()
		f.tick(at(percent))
		var w raster.Region
		for _, r := range want {
			w.Add(r)
		}
		if !f.due.Equal(&w) {
			t.Errorf("after %d per cent of a period %v are due, want %v", percent, f.due.Rects(), want)
		}
	}
	f.approximate(a, at(0))
	f.approximate(b, at(50))
	dueNow(99)
	dueNow(100)
	f.approximate(b, at(150)) // still moving
	dueNow(200, a)
	if f.resting() {
		t.Error("resting while b waits")
	}
	f.exact(a)
	dueNow(299)
	dueNow(300, b)
	f.moved(b, 0, 50)
	dueNow(310, raster.XYWH(0, 50, 10, 10), b) // a copy of what was approximate is so too
	f.approximate(b, at(410))
	dueNow(420, raster.XYWH(0, 50, 10, 10))
	f.forget()
	dueNow(900)
	if !f.resting() {
		t.Error("not resting after all was forgotten")
	}
}
