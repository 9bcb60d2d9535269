package linksim

import (
	"sync"
	"time"
)

// parcel is what is under way; one without data is the end of a stream.
type parcel struct {
	data []byte
	at   time.Time // of arrival
}

// line delivers what is under way in one direction of one conversation, in
// order.
type line struct {
	way  *way
	gone <-chan struct{} // of the link

	mu   sync.Mutex
	list []parcel
	late int           // bytes that should have arrived and were not taken yet, and those under way
	last time.Time     // of arrivals
	more chan struct{} // holds a value when list has more
	less chan struct{} // holds a value when late is less
}

func (l *Link) line(w *way) *line {
	return &line{way: w, gone: l.gone, more: make(chan struct{}, 1), less: make(chan struct{}, 1)}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// put has data arrive at the time given, but after what was put before.
func (n *line) put(data []byte, at time.Time) {
	n.mu.Lock()
	if at.Before(n.last) {
		at = n.last
	}
	n.last = at
	n.list = append(n.list, parcel{data, at})
	n.late += len(data)
	n.mu.Unlock()
	signal(n.more)
}

// room waits until at most most bytes are held; false if the link is closed.
func (n *line) room(most int) bool {
	for {
		n.mu.Lock()
		ok := n.late <= most
		n.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-n.less:
		case <-n.gone:
			return false
		}
	}
}

// deliver gives each parcel to take at its time, until take refuses one, the end
// was taken, or the link is closed or over says that nobody sends any more.
func (n *line) deliver(over <-chan struct{}, take func([]byte) error) {
	for n.waitFor(over) {
		n.mu.Lock()
		p := n.list[0]
		n.list = n.list[1:]
		n.mu.Unlock()
		err := take(p.data)
		n.way.arrived(len(p.data))
		n.mu.Lock()
		n.late -= len(p.data)
		n.mu.Unlock()
		signal(n.less)
		if err != nil || p.data == nil {
			break
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range n.list {
		n.way.arrived(len(p.data))
	}
	n.list = nil
}

// waitFor waits until the first parcel's time has come.
func (n *line) waitFor(over <-chan struct{}) bool {
	for {
		n.mu.Lock()
		var due <-chan time.Time
		if len(n.list) > 0 {
			wait := time.Until(n.list[0].at)
			if wait <= 0 {
				n.mu.Unlock()
				return true
			}
			due = time.After(wait)
		}
		n.mu.Unlock()
		select {
		case <-due:
		case <-n.more:
		case <-over:
			return false
		case <-n.gone:
			return false
		}
	}
}

// pause waits, unless the link is closed first.
func (n *line) pause(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	select {
	case <-time.After(d):
		return true
	case <-n.gone:
		return false
	}
}
