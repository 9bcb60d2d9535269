package pace

import (
	"testing"
	"time"
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

func (k *track) send(p *Pace, bytes int, now time.Time) {
	p.Begin(now)
	if k.free.Before(now) {
		k.free = now
	}
	k.free = k.free.Add(time.Duration(bytes) * time.Second / time.Duration(k.rate))
	k.away = append(k.away, arrival{p.Sent(bytes, now), bytes, now, k.free.Add(k.delay)})
}

// run sends as much as there is room for, in updates of at most most bytes, and
// starts counting after warm.
func (k *track) run(p *Pace, most int, now, warm, end time.Time) {
	for ; now.Before(end); now = now.Add(time.Millisecond) {
		for len(k.away) > 0 && !k.away[0].at.After(now) {
			a := k.away[0]
			k.away = k.away[1:]
			if p.Single {
				p.Asked(now)
			} else {
				p.Returned(a.payload, now)
			}
			if now.After(warm) {
				k.worst = max(k.worst, now.Sub(a.sent))
				k.taken += a.bytes
			}
		}
		for room := p.Room(now); room > 0; room = p.Room(now) {
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
			p := Pace{Single: path.single}
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
	var p Pace
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
	var p Pace
	k, now := track{rate: 10_000_000, delay: time.Millisecond}, epoch
	for range 500 {
		k.send(&p, 50, now)
		now = now.Add(100 * time.Millisecond)
		p.Returned(k.away[0].payload, k.away[0].at)
		k.away = k.away[1:]
	}
	if p.Room(now) < firstRoom {
		t.Errorf("there is room for %d bytes", p.Room(now))
	}
}

// TestPaceOfStrangers ignores fences that were never sent, and waits for one
// whose fences do not return.
func TestPaceOfStrangers(t *testing.T) {
	var p Pace
	for range 1000 {
		for _, payload := range []string{"", "x", "\xff\xff\xff\xff", "longer than ours"} {
			p.Returned(payload, epoch)
		}
		if p.Ready(epoch) {
			p.Begin(epoch)
			p.Sent(1000, epoch)
		}
	}
	if len(p.away) == 0 || len(p.away) > maxAway || p.bytes > firstRoom+1000 {
		t.Errorf("%d updates of %d bytes under way", len(p.away), p.bytes)
	}
	p.Forget()
	if !p.Ready(epoch) {
		t.Error("not ready after all was forgotten")
	}
}

func TestCarry(t *testing.T) {
	var c Carry
	now := epoch
	pass := func(pictures int, full time.Duration) (quality int) {
		for range pictures {
			c.Note(true, now)
			c.Note(false, now.Add(full))
			now = now.Add(50 * time.Millisecond)
			quality = c.Quality(86, false, now)
		}
		return quality
	}
	if q := pass(100, 5*time.Millisecond); q != 86 {
		t.Errorf("a path with room carries %d, want 86", q)
	}
	if q := pass(5, 40*time.Millisecond); q >= 86 || q < 50 {
		t.Errorf("a path that is full carries %d at first", q)
	}
	if q := pass(100, 40*time.Millisecond); q != leastQuality {
		t.Errorf("a path that stays full carries %d, want %d", q, leastQuality)
	}
	if q := c.Quality(15, false, now); q != 15 {
		t.Errorf("less than that was asked for: %d", q)
	}
	if q := c.Quality(0, false, now); q != 0 {
		t.Errorf("exact pixels were asked for: %d", q)
	}
	if q := pass(400, 0); q != 86 {
		t.Errorf("a path that has room again carries %d, want 86", q)
	}
}
