package linksim

import (
	"math/rand/v2"
	"sync"
	"time"
)

// way is one direction: it tells when what is sent arrives.
type way struct {
	cfg Config

	mu    sync.Mutex
	rnd   *rand.Rand
	free  time.Time // when the queue will have drained
	stats Stats
	held  int // bytes
}

func newWay(cfg Config, seed uint64) *way {
	return &way{cfg: cfg, rnd: rand.New(rand.NewPCG(seed, 0x6c696e6b))}
}

func (w *way) snapshot() Stats {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.stats
	s.Held = w.held
	return s
}

// at gives how long n bytes take at a rate, nothing where there is no bound.
func at[N int | float64](rate N, n int) time.Duration {
	if rate <= 0 {
		return 0
	}
	return time.Duration(float64(n) / float64(rate) * float64(time.Second))
}

// waiting gives how long the queue takes to drain. w.mu is held.
func (w *way) waiting(now time.Time) time.Duration { return max(w.free.Sub(now), 0) }

// wait gives how long the queue takes until n more bytes fit.
func (w *way) wait(n int, now time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return max(w.waiting(now)-at(w.cfg.Rate, max(w.cfg.Queue-n, 0)), 0)
}

// leave puts n bytes at the end of the queue and gives when they will have left
// it. w.mu is held.
func (w *way) leave(n int, now time.Time) time.Time {
	if w.free.Before(now) {
		w.free = now
	}
	w.free = w.free.Add(at(w.cfg.Rate, n))
	w.stats.Bytes += n
	w.stats.Packets++
	w.held += n
	w.stats.MostHeld = max(w.stats.MostHeld, w.held)
	return w.free
}

// travel adds what a packet takes once it has left the queue. w.mu is held.
func (w *way) travel(left time.Time) time.Time {
	left = left.Add(w.cfg.Delay)
	if w.cfg.Jitter > 0 {
		left = left.Add(time.Duration(w.rnd.Int64N(int64(w.cfg.Jitter))))
	}
	return left
}

// lost throws the dice. w.mu is held.
func (w *way) lost() bool {
	if w.cfg.Loss <= 0 || w.rnd.Float64() >= w.cfg.Loss {
		return false
	}
	w.stats.Lost++
	return true
}

// arrived notes that bytes are no longer under way.
func (w *way) arrived(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held -= n
}

// datagram sends one and gives when it arrives, or false if it does not.
func (w *way) datagram(n int, now time.Time) (time.Time, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	full := at(w.cfg.Rate, max(w.cfg.Queue-n, 0))
	if w.waiting(now) > full || w.held > mostHeld {
		w.stats.Dropped++
		return time.Time{}, false
	}
	arrives := w.travel(w.leave(n, now))
	if w.lost() {
		w.held -= n
		return time.Time{}, false
	}
	return arrives, true
}

// reno is the sender of one TCP stream in one direction.
type reno struct {
	*way
	window float64   // segments
	steady bool      // a loss has ended the slow start
	halved time.Time // when the window last was
	next   time.Time // when the window lets the next segment go
}

func newReno(w *way) *reno { return &reno{way: w, window: 10} }

// wait gives how long it takes until the next segment can be sent.
func (r *reno) wait(now time.Time) time.Duration {
	return max(r.way.wait(segment, now), r.next.Sub(now))
}

// send sends a segment and gives when it arrives.
func (r *reno) send(n int, now time.Time) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	trip := 2 * r.cfg.Delay
	left := r.leave(n, now)
	arrives := r.travel(left)
	if r.cfg.Loss <= 0 || trip <= 0 {
		return arrives
	}
	r.grow()
	for late := trip; r.lost(); late *= 2 {
		arrives = arrives.Add(late)
		if left.Sub(r.halved) >= trip {
			r.halved, r.steady = left, true
			r.window = max(r.window/2, 2)
		}
	}
	if r.next.Before(now) {
		r.next = now
	}
	r.next = r.next.Add(at(r.window*segment/trip.Seconds(), n))
	return arrives
}

// grow widens the window for a segment that was sent: by one in a round trip,
// doubled in the slow start, up to what the link and its queue hold.
func (r *reno) grow() {
	if r.steady {
		r.window += 1 / r.window
	} else {
		r.window++
	}
	if r.cfg.Rate > 0 {
		holds := float64(r.cfg.Queue) + float64(r.cfg.Rate)*2*r.cfg.Delay.Seconds()
		r.window = min(r.window, max(holds/segment, 2))
	}
}
