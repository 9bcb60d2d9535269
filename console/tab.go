package console

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"sync"
	"time"

	"deskside/rcinfo"

	"deskside"
)

// How often an open session's state, path and round trip are looked at.
const lookEvery = time.Second

// late is for how long a machine that is there is never silent.
const late = rcinfo.Beat + time.Second

// tab is one setup and the session that came of it. Its goroutine, run, is the
// only one that moves the phase.
type tab struct {
	id      string
	request Request
	publish func(*tab)
	cancel  context.CancelFunc // of setup, and of everything that uses the session
	ctx     context.Context
	done    chan struct{} // closed when run has returned

	mu        sync.Mutex
	view      tabView
	session   Session // set with PhaseOpen, kept after the end
	transfers []*transfer
}

func newTab(ctx context.Context, r Request, publish func(*tab)) *tab {
	t := &tab{id: newID(), request: r, publish: publish, done: make(chan struct{})}
	t.ctx, t.cancel = context.WithCancel(ctx)
	t.view = tabView{
		ID: t.id, Machine: r.Machine, Phase: PhaseReaching,
		Reason: r.Reason, Wanted: r.Rights, Transport: r.Transport,
	}
	return t
}

func newID() string {
	var b [9]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// run sets the session up and watches over it until it has ended.
func (t *tab) run(s Setter, use func(*tab, Session) (stop func())) {
	defer close(t.done)
	defer t.cancel()
	session, err := s.Setup(t.ctx, t.request, t.progress)
	if err != nil {
		t.fail(err)
		return
	}
	t.opened(session)
	defer use(t, session)()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-session.Done():
			t.ended(session)
			return
		case <-t.ctx.Done():
			endNow(session)
			t.ended(session)
			return
		case <-tick.C:
			t.look(session)
		}
	}
}

// endNow ends a session whose tab is being closed. The far side ends it by
// itself when it cannot be told.
func endNow(s Session) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if s.End(ctx) != nil {
		return
	}
	select {
	case <-s.Done():
	case <-ctx.Done():
	}
}

// change alters the view and tells the pages.
func (t *tab) change(f func(v *tabView)) {
	t.mu.Lock()
	f(&t.view)
	t.mu.Unlock()
	t.publish(t)
}

func (t *tab) progress(p Progress) {
	t.change(func(v *tabView) {
		v.Phase, v.Digits, v.AskedUntil = PhaseReaching, p.Digits, p.Until
		if p.Step == Asking {
			v.Phase = PhaseAsking
		}
	})
}

func (t *tab) fail(err error) {
	e := *deskside.AsError(err)
	if t.ctx.Err() != nil {
		e = deskside.Error{Code: deskside.CodeExpired, Words: "you cancelled before there was an answer"}
	}
	t.change(func(v *tabView) {
		v.Phase, v.Error, v.Digits, v.Ended = PhaseFailed, &e, "", time.Now()
	})
}

func (t *tab) opened(s Session) {
	t.change(func(v *tabView) {
		t.session = s
		v.Phase, v.Digits, v.AskedUntil = PhaseOpen, "", time.Time{}
		v.read(s)
	})
}

func (t *tab) look(s Session) {
	t.change(func(v *tabView) { v.read(s) })
}

func (t *tab) ended(s Session) {
	t.change(func(v *tabView) {
		v.read(s)
		cause := s.Cause()
		v.Phase, v.CauseWords, v.Do, v.Ended = PhaseEnded, cause.Words(), afterwards(cause), time.Now()
		v.Session.Cause = cause
	})
}

// read copies the session's state into the view.
func (v *tabView) read(s Session) {
	info, path := s.Info(), s.Path()
	v.Session, v.Path = &info, &path
	v.RTTms, v.QuietS = float64(s.RTT().Microseconds())/1000, 0
	if quiet := s.Quiet(); quiet > late {
		v.QuietS = int(quiet.Seconds())
	}
	v.Phase = PhaseOpen
	if info.State == deskside.Suspended {
		v.Phase = PhaseSuspended
	}
}

// snapshot copies the view.
func (t *tab) snapshot() tabView {
	t.mu.Lock()
	defer t.mu.Unlock()
	v := t.view
	v.Transfers = make([]transferView, 0, len(t.transfers))
	for _, x := range t.transfers {
		v.Transfers = append(v.Transfers, x.snapshot())
	}
	return v
}

// live gives the session while it is open.
func (t *tab) live() (Session, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.view.Phase.over():
		return nil, deskside.Errorf(deskside.CodeEnded, "the session has ended").Hint("Set up a new session.")
	case t.view.Phase == PhaseSuspended:
		return nil, deskside.Errorf(deskside.CodeSuspended, "the connection is lost at the moment").Hint("Wait until the session returns.")
	case t.session == nil:
		return nil, deskside.Errorf(deskside.CodeConflict, "the session is not set up yet")
	}
	return t.session, nil
}
