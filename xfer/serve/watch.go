package serve

import (
	"sync"
	"sync/atomic"
	"time"

	"deskside/xfer/disk"

	"deskside"
)

// lookEvery is how often what policy says is asked again while bytes move, or
// stand still: a change closes what it affects within a second.
const lookEvery = 250 * time.Millisecond

// watch asks, for as long as a request is served, whether policy still opens
// the place that it is about, and whether the person has stopped it. It keeps the
// call from moving on after that, also one that waits for its peer.
type watch struct {
	c    *call
	p    *disk.Place
	want intent
	lost atomic.Pointer[deskside.Error]
	stop chan struct{}
	done sync.WaitGroup
}

// watch begins to watch a place. The caller closes the watch; until then step
// fails when policy no longer allows what is wanted there.
func (c *call) watch(p *disk.Place, want intent) *watch {
	w := &watch{c: c, p: p, want: want, stop: make(chan struct{})}
	c.watched = w
	w.done.Go(w.run)
	return w
}

func (w *watch) run() {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		late := w.lost.Load() != nil
		select {
		case <-w.stop:
			if late {
				w.c.calm() // so that the refusal can be said
			}
			return
		case <-tick.C:
		}
		// A call that moves sees it at its next step, and says why in good
		// order. One that waits is woken, again and again, for it may have been
		// about to wait.
		if w.look(); late {
			w.c.wake()
		}
	}
}

// look asks now. What was refused once stays so.
func (w *watch) look() error {
	if lost := w.lost.Load(); lost != nil {
		return lost
	}
	if why := w.c.stopped.Load(); why != nil {
		w.lost.Store(why)
		return why
	}
	if err := w.c.s.stillOpen(w.p, w.want); err != nil {
		w.lost.Store(deskside.AsError(err))
		return err
	}
	return nil
}

func (w *watch) close() {
	close(w.stop)
	w.done.Wait()
}

// stillOpen checks that a place which was open to what is wanted is so under
// the policy of this moment.
func (s *Service) stillOpen(p *disk.Place, want intent) error {
	roots := s.config.Roots()
	book := s.book(roots)
	if root, _ := book.governing(p.Abs); root.Path == "" {
		return deskside.Errorf(deskside.CodeDenied, "policy no longer opens the folder of %q", disk.Text(p.Name)).
			Hint("Ask the agent's owner.")
	}
	return book.rules(p, want)
}

// wake makes the call's reads and writes fail that wait for the peer.
func (c *call) wake() {
	past := time.Unix(1, 0)
	c.control.SetReadDeadline(past)
	c.control.SetWriteDeadline(past)
}
