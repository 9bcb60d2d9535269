// Package traffic is the table of the transfers that run at an agent, for the
// person before it: what goes in which direction, how far it has come, and a way
// to stop each.
//
// A transfer that came to its end stays in the table for a moment, so that a
// short one can be seen, unless another of the same session and direction takes
// its place. One that the person stopped is refused for a while if the same is
// asked again: an operator's program goes on after a break of the way, and may
// not have heard what this one was.
//
// The table decides nothing else, moves nothing and shows nothing.
package traffic

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"deskside"
)

const (
	lingers   = 2 * time.Second  // an ended transfer stays
	remembers = 30 * time.Second // what was stopped is refused
)

// Transfer is one as it stands.
type Transfer struct {
	ID      uint64
	Session deskside.SessionID
	In      bool   // to this machine
	Name    string // of the file or folder
	Done    int64  // bytes
	Size    int64  // bytes in all; 0: not known
	Files   int    // of a folder that have come or gone; 0 for a file
	Ended   bool
	Failed  bool // and it came to nothing, or not to all
}

// Table holds the transfers. Its zero value is ready, and its methods may be
// called from any goroutine.
type Table struct {
	mu      sync.Mutex
	last    uint64
	rows    map[uint64]*Row
	stopped map[what]time.Time // until when each is refused
	news    chan struct{}
}

// what is one thing that can be stopped.
type what struct {
	session deskside.SessionID
	in      bool
	path    string
}

// Row is one transfer in the table, for who moves it. A nil one takes all calls
// and does nothing.
type Row struct {
	t     *Table
	what  what
	id    uint64
	name  string
	stop  func(error)
	ended time.Time // zero while it runs; guarded by t.mu
	fail  bool      // guarded by t.mu

	done, size, files atomic.Int64
}

// Begin enters a transfer of path, shown by its name. stop is called at most once,
// from another goroutine and with the table locked, when the person stops it. The
// error is a refusal of what was stopped just now.
func (t *Table) Begin(session deskside.SessionID, in bool, path, name string, stop func(error)) (*Row, error) {
	r := &Row{t: t, what: what{session, in, path}, name: name, stop: stop}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	t.tidy(now)
	if _, ok := t.stopped[r.what]; ok {
		return nil, byPerson()
	}
	for id, old := range t.rows {
		if !old.ended.IsZero() && old.what.session == session && old.what.in == in {
			delete(t.rows, id)
		}
	}
	if t.rows == nil {
		t.rows = make(map[uint64]*Row)
	}
	t.last++
	r.id = t.last
	t.rows[r.id] = r
	t.tell()
	return r, nil
}

// byPerson is what an operator hears of a transfer that was stopped.
func byPerson() error {
	return deskside.Errorf(deskside.CodeRefused, "the person stopped the transfer").From(deskside.ByPerson).
		Hint("Ask the person before you copy it again.")
}

// tidy forgets what is over.
func (t *Table) tidy(now time.Time) {
	for id, r := range t.rows {
		if !r.ended.IsZero() && now.Sub(r.ended) >= lingers {
			delete(t.rows, id)
		}
	}
	for w, until := range t.stopped {
		if !now.Before(until) {
			delete(t.stopped, w)
		}
	}
}

func (t *Table) tell() {
	select {
	case t.changed() <- struct{}{}:
	default:
	}
}

func (t *Table) changed() chan struct{} {
	if t.news == nil {
		t.news = make(chan struct{}, 1)
	}
	return t.news
}

// Changed receives a value after a transfer began or ended, not as it moves. It
// holds one value at most.
func (t *Table) Changed() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.changed()
}

// List gives the transfers, the oldest first.
func (t *Table) List() (list []Transfer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tidy(time.Now())
	for _, r := range t.rows {
		list = append(list, Transfer{
			ID: r.id, Session: r.what.session, In: r.what.in, Name: r.name,
			Done: r.done.Load(), Size: r.size.Load(), Files: int(r.files.Load()),
			Ended: !r.ended.IsZero(), Failed: r.fail,
		})
	}
	slices.SortFunc(list, func(a, b Transfer) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// Stop stops a transfer, if it still runs.
func (t *Table) Stop(id uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.rows[id]
	if r == nil || !r.ended.IsZero() || r.stop == nil {
		return
	}
	if t.stopped == nil {
		t.stopped = make(map[what]time.Time)
	}
	t.stopped[r.what] = time.Now().Add(remembers)
	r.stop(byPerson())
	r.stop = nil
}

// Of says how many bytes there are in all.
func (r *Row) Of(size int64) {
	if r != nil {
		r.size.Store(size)
	}
}

// At says how many bytes have moved.
func (r *Row) At(done int64) {
	if r != nil {
		r.done.Store(done)
	}
}

// File counts one more file of a folder.
func (r *Row) File() {
	if r != nil {
		r.files.Add(1)
	}
}

// End takes the transfer out of the table, soon.
func (r *Row) End(err error) {
	if r == nil {
		return
	}
	r.t.mu.Lock()
	defer r.t.mu.Unlock()
	r.ended, r.fail = time.Now(), err != nil
	r.t.tell()
}
