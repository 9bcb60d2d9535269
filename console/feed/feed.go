// Package feed hands files that a page holds to the copies of the queue that wait
// for them. A page cannot be asked for a file: it sees that a copy of its own runs,
// and then gives one file after the other, each as the body of a request; the copy
// takes them and says of each what became of it.
//
//	copy: Take ──── waits ────► a file ──► what became of it ──► … ──► the last
//	page:        Give(file) ───────┘              │
//	                 ◄────────────────────────────┘
//
// A page that is gone gives nothing, and nothing else has the bytes: then the copy
// fails after a while and says so. The package moves no bytes itself.
package feed

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"deskside"
)

// Wait is for how long each side waits for the other.
const Wait = 10 * time.Second

// File is one file of what was dropped.
type File struct {
	Path    string    // below what was dropped; "" is that itself
	Size    int64     // bytes
	Changed time.Time // when it last changed
	Before  int64     // bytes of the files that came before it
	Nth     int       // how many there are with it
	Last    bool      // none comes after it
	Body    io.Reader

	became chan error
}

// Stop is an error of one file that ends its whole copy.
type Stop struct{ Err error }

func (s *Stop) Error() string { return s.Err.Error() }
func (s *Stop) Unwrap() error { return s.Err }

// Table knows the copies that wait. Its zero value is ready. Its methods may be
// called from any goroutine.
type Table struct {
	mu   sync.Mutex
	open map[string]*copying
}

// copying is a copy that takes files until done is closed. Either side may be the
// first to come.
type copying struct {
	files chan File
	done  chan struct{}
	takes bool // guarded by Table.mu
}

// meet gives the copy of an ID.
func (t *Table) meet(id string, takes bool) *copying {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.open[id]
	if c == nil {
		if t.open == nil {
			t.open = make(map[string]*copying)
		}
		c = &copying{files: make(chan File), done: make(chan struct{})}
		t.open[id] = c
	}
	c.takes = c.takes || takes
	return c
}

// leave forgets a copy that has ended, or one that nobody takes files for.
func (t *Table) leave(id string, c *copying, takes bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open[id] == c && c.takes == takes {
		delete(t.open, id)
	}
}

var errNoPage = deskside.Errorf(deskside.CodeNotFound, "the page on which this was dropped is closed, and nothing else has the bytes").
	Hint("Drop it again.")

// Take calls each for every file that a page gives to the copy of an ID, until the
// last. It fails where no page gives any, where one stops in the middle and where
// ctx ends; what each says is told to the page, and ends nothing but as a *Stop.
func (t *Table) Take(ctx context.Context, id string, each func(File) error) error {
	c := t.meet(id, true)
	defer func() {
		t.leave(id, c, true)
		close(c.done)
	}()
	late := time.NewTimer(Wait)
	defer late.Stop()
	for {
		late.Reset(Wait)
		select {
		case f := <-c.files:
			err := each(f)
			f.became <- err
			if stop, ok := errors.AsType[*Stop](err); ok {
				return stop.Err
			}
			if f.Last {
				return nil
			}
		case <-late.C:
			return errNoPage
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Give gives a file to the copy of an ID. more says whether that takes another;
// what became of this one is the error.
func (t *Table) Give(ctx context.Context, id string, f File) (more bool, err error) {
	gone := deskside.Errorf(deskside.CodeConflict, "the copy does not run now")
	c := t.meet(id, false)
	defer t.leave(id, c, false)
	late := time.NewTimer(Wait)
	defer late.Stop()
	f.became = make(chan error, 1)
	select {
	case c.files <- f:
	case <-c.done:
		return false, gone
	case <-late.C:
		return false, gone
	case <-ctx.Done():
		return false, ctx.Err()
	}
	err = <-f.became
	_, stopped := errors.AsType[*Stop](err)
	return !f.Last && !stopped, err
}
