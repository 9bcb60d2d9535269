package remctrl

import (
	"testing"
	"time"

	"deskside/raster"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// TestPace follows a path that drains so many bytes a second after a delay: what
// is under way stays near what the path holds.
func TestPace(t *testing.T) {
	for name, path := range map[string]struct {
		rate    int // bytes a second
		delay   time.Duration
		update  int // bytes
		atLeast int // of the rate that must be used, in per cent
		longest time.Duration
	}{
		"modem":     {20_000, 50 * time.Millisecond, 5_000, 80, 4 * time.Second},
		"far":       {2_000_000, 200 * time.Millisecond, 40_000, 60, 600 * time.Millisecond},
		"near":      {100_000_000, time.Millisecond, 100_000, 60, 200 * time.Millisecond},
		"satellite": {500_000, 600 * time.Millisecond, 20_000, 40, 1500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			var p pace
			type arrival struct {
				payload string
				sent    time.Time
				at      time.Time
			}
			var away []arrival
			var slowest time.Duration
			now, free, delivered := epoch, epoch, 0
			for now.Before(epoch.Add(30 * time.Second)) {
				for len(away) > 0 && !away[0].at.After(now) {
					p.returned(away[0].payload, now)
					if now.After(epoch.Add(10 * time.Second)) {
						slowest = max(slowest, now.Sub(away[0].sent))
						delivered += path.update
					}
					away = away[1:]
				}
				if p.ready() {
					if free.Before(now) {
						free = now
					}
					free = free.Add(time.Duration(path.update) * time.Second / time.Duration(path.rate))
					away = append(away, arrival{p.sent(path.update, now), now, free.Add(path.delay)})
				}
				now = now.Add(time.Millisecond)
			}
			if used := delivered * 100 / 20 / path.rate; used < min(path.atLeast, path.update*100_000/path.rate) {
				t.Errorf("%d per cent of the path were used, want %d", used, path.atLeast)
			}
			if slowest > path.longest {
				t.Errorf("an update took %v, want at most %v", slowest, path.longest)
			}
		})
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
		if p.ready() {
			p.sent(1000, epoch)
		}
	}
	if len(p.away) == 0 || len(p.away) > maxAway || p.bytes > minBudget+1000 {
		t.Errorf("%d updates of %d bytes under way", len(p.away), p.bytes)
	}
	p.forget()
	if !p.ready() {
		t.Error("not ready after all was forgotten")
	}
}

func TestRefiner(t *testing.T) {
	a, b := raster.XYWH(0, 0, 10, 10), raster.XYWH(20, 0, 10, 10)
	var f refiner
	at := func(ms int) time.Time { return epoch.Add(time.Duration(ms) * time.Millisecond) }
	dueNow := func(ms int, want ...raster.Rect) {
		t.Helper()
		f.tick(at(ms))
		var w raster.Region
		for _, r := range want {
			w.Add(r)
		}
		if !f.due.Equal(&w) {
			t.Errorf("at %d ms due %v, want %v", ms, f.due.Rects(), want)
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
