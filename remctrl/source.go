package remctrl

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"deskside/codec"
	"deskside/desktop"
	"deskside/raster"
)

// source takes the desktop's picture for all viewers, as long as there are any.
type source struct {
	desktop desktop.Desktop
	stop    context.CancelFunc
	done    chan struct{} // closed when the loop has ended
	joined  chan struct{} // holds a value after a viewer joined

	// pointed is where viewers put the pointer: x in the upper half, y in the
	// lower.
	pointed atomic.Uint64

	// mu guards what is below. Viewers hold it for reading while they look at
	// the picture, and the desktop while it writes to it.
	mu      sync.RWMutex
	gone    bool // the desktop is lost
	frame   raster.Image
	ready   bool // frame is up to date
	layout  desktop.Layout
	cursor  desktop.Cursor // whose picture is not written to any more
	viewers map[*viewer]bool
	pause   context.CancelFunc // ends the present Next; nil while nobody watches
}

func newSource(d desktop.Desktop) *source {
	ctx, stop := context.WithCancel(context.Background())
	s := &source{
		desktop: d, stop: stop, viewers: make(map[*viewer]bool),
		done: make(chan struct{}), joined: make(chan struct{}, 1),
		cursor: desktop.Cursor{Hidden: true},
	}
	go s.run(ctx)
	return s
}

func (s *source) close() {
	s.stop()
	<-s.done
}

func (s *source) lost() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.gone
}

// join lets v know of every change from now on, the whole picture first. One
// that comes after the screen was lost is ended.
func (s *source) join(v *viewer) {
	s.mu.Lock()
	s.viewers[v] = true
	if s.gone {
		v.end(errLost)
	}
	s.mu.Unlock()
	select {
	case s.joined <- struct{}{}:
	default:
	}
}

func (s *source) leave(v *viewer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.viewers, v)
	if len(s.viewers) == 0 && s.pause != nil {
		s.pause()
	}
}

// run is the loop. Next fills the picture that viewers look at, and keeps them
// from it while it does.
func (s *source) run(ctx context.Context) {
	defer close(s.done)
	u := desktop.Update{Guard: &s.mu}
	for {
		watched := s.watch(ctx)
		if watched == nil {
			return
		}
		for err := error(nil); err == nil; {
			if err = s.desktop.Next(watched, &s.frame, &u); err == nil {
				s.publish(&u)
			} else if watched.Err() == nil {
				s.lose()
				return
			}
		}
	}
}

// watch waits for somebody to watch and gives the context of that time; nil when
// the source is to end. What changed since the picture was last taken is not
// known, so the picture is emptied, which makes Next take it whole, into the same
// memory.
func (s *source) watch(ctx context.Context) context.Context {
	for {
		s.mu.Lock()
		if len(s.viewers) > 0 && ctx.Err() == nil {
			watched, pause := context.WithCancel(ctx)
			s.pause, s.ready, s.frame = pause, false, raster.Image{Pix: s.frame.Pix[:0]}
			s.mu.Unlock()
			return watched
		}
		s.pause = nil
		s.mu.Unlock()
		select {
		case <-s.joined:
		case <-ctx.Done():
			return nil
		}
	}
}

// publish tells the viewers what Next brought.
func (s *source) publish(u *desktop.Update) {
	began := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	resized := u.Resized || !s.whole()
	if resized {
		s.layout = s.desktop.Layout()
		s.layout.W, s.layout.H = s.frame.W, s.frame.H
	}
	s.ready = true
	if u.Cursor != nil {
		s.cursor = keepCursor(u.Cursor)
	}
	took := u.Took + time.Since(began)
	for v := range s.viewers {
		v.captured(took)
		v.damage(u.Changed, resized, u.Cursor != nil)
	}
}

// whole reports whether there is a picture, of the size that the layout has.
// Next changes the one before the other is known. s.mu is held.
func (s *source) whole() bool {
	return s.ready && s.frame.W == s.layout.W && s.frame.H == s.layout.H
}

// keepCursor copies a pointer's picture. One that is too large to be sent counts
// as hidden.
func keepCursor(c *desktop.Cursor) desktop.Cursor {
	if c.Hidden || c.Image.W > codec.MaxCursor || c.Image.H > codec.MaxCursor {
		return desktop.Cursor{Hidden: true}
	}
	kept := desktop.Cursor{HotX: c.HotX, HotY: c.HotY}
	kept.Image.Resize(c.Image.W, c.Image.H)
	kept.Image.Copy(&c.Image, c.Image.Bounds())
	return kept
}

// point notes where a viewer put the pointer, for those that have it drawn into
// the picture.
func (s *source) point(x, y int) {
	at := uint64(x)<<32 | uint64(y)
	if s.pointed.Swap(at) == at {
		return
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for v := range s.viewers {
		v.nudge()
	}
}

// lose ends all viewers, because the screen is gone for good.
func (s *source) lose() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = true
	for v := range s.viewers {
		v.end(errLost)
	}
}

// viewOf gives the part of the picture that a choice of screen shows. A screen
// that is not there gives the whole, and false.
func viewOf(l desktop.Layout, screen uint32) (raster.Rect, bool) {
	whole := raster.XYWH(0, 0, l.W, l.H)
	if screen == allScreens {
		return whole, true
	}
	for _, s := range l.Screens {
		if r := s.Bounds.Intersect(whole); s.ID == screen && !r.Empty() {
			return r, true
		}
	}
	return whole, false
}
