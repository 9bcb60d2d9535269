// Package linksim is a slow, distant and lossy link for tests and benches, in
// user space: no rights and no kernel module are needed. A Link stands between
// two ends as a proxy on loopback for TCP or for UDP, which QUIC takes for its
// path, or as a pipe in memory, which runs in the time of testing/synctest.
//
// # Model
//
// Each direction has a rate with one queue before it, then a delay. All that
// goes through one Link shares both. Packets keep their order.
//
// Datagrams that find the queue full are dropped, those that pass it are lost
// with a probability, and whoever sent them finds out as on any network.
//
// Of a TCP stream the ends see no packets, so what loss does to it is imitated,
// by segments of 1400 bytes. The queue is never overrun: a full one is not read
// from, which the sender feels as its own socket filling up. A segment that is
// lost comes one round trip late, twice that if the repetition is lost too and
// so on, and all behind it waits for it and then comes at once. The sender's
// congestion window is that of Reno: it begins with ten segments, grows with
// what was sent, is halved by a loss at most once in a round trip, and bounds
// the rate to itself in each round trip. Without loss there is no window.
//
// What that leaves out: a kernel needs longer than one round trip when the very
// last segment is lost; CUBIC recovers faster and BBR does not slow down for a
// loss; handshakes of TCP itself take no time. The kernels' own round trips are
// those of loopback, so TCP_INFO knows nothing of the link. Rates are of
// payload: headers are not counted.
//
// The package does not reorder or duplicate, and is no shaper for anything but
// tests: it holds what is under way in memory.
package linksim

import (
	"errors"
	"io"
	"sync"
	"time"
)

// Config is what a link is like, in each direction. The zero value is a link
// that changes nothing.
type Config struct {
	Delay  time.Duration // one way
	Jitter time.Duration // at most so much is added to Delay, evenly distributed
	Rate   int           // bytes a second; 0 means no bound
	Queue  int           // bytes that may wait for the rate; 0 means a fifth of a second's, at least 8 KiB
	Loss   float64       // the share of packets that are lost, 0 to 1
	Seed   uint64        // of the chance; the same seed loses the same packets
}

const (
	segment  = 1400     // bytes
	minQueue = 8 << 10  // bytes
	unread   = 64 << 10 // bytes of a stream that the far end may leave unread
	mostHeld = 64 << 20 // bytes of datagrams under way
)

// Link is one link with everything that goes through it.
type Link struct {
	cfg      Config
	up, down *way

	mu      sync.Mutex
	closed  bool
	open    map[io.Closer]bool
	running sync.WaitGroup
	gone    chan struct{}
}

// New makes a link. Close ends it.
func New(cfg Config) *Link {
	if cfg.Queue == 0 {
		cfg.Queue = max(cfg.Rate/5, minQueue)
	}
	return &Link{
		cfg: cfg, up: newWay(cfg, cfg.Seed*2), down: newWay(cfg, cfg.Seed*2+1),
		open: make(map[io.Closer]bool), gone: make(chan struct{}),
	}
}

// Stats is what one direction of a link did.
type Stats struct {
	Bytes    int // that were sent, the lost ones included
	Packets  int
	Lost     int // packets, by chance
	Dropped  int // packets that found the queue full
	Held     int // bytes that are in the queue and on the way
	MostHeld int // the same at the most
}

// Stats tells of the direction to the target, up, and of the one from it.
func (l *Link) Stats() (up, down Stats) { return l.up.snapshot(), l.down.snapshot() }

var errClosed = errors.New("the link is closed")

// keep has c closed with the link.
func (l *Link) keep(c ...io.Closer) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return errClosed
	}
	for _, c := range c {
		l.open[c] = true
	}
	return nil
}

// drop closes what keep kept.
func (l *Link) drop(c ...io.Closer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range c {
		delete(l.open, c)
		c.Close()
	}
}

// start runs f and reports true, unless the link is closed; Close waits for it.
func (l *Link) start(f func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.running.Go(f)
	}
	return !l.closed
}

// Close ends all that goes through the link and waits until nothing of it runs.
func (l *Link) Close() error {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		close(l.gone)
		for c := range l.open {
			c.Close()
		}
	}
	l.mu.Unlock()
	l.running.Wait()
	return nil
}
