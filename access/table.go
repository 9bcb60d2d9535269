package access

import (
	"crypto/sha256"
	"slices"
	"time"

	"deskside"
)

// Silence is how long a session's control stream may be quiet before the
// session is suspended: that of three heartbeats.
const Silence = 15 * time.Second

// KeepEnded is how long the table remembers a session that ended, so that its
// operator can fetch the cause.
const KeepEnded = 10 * time.Minute

// MaxEnded is how many ended sessions the table remembers at most.
const MaxEnded = 256

// Tickets are what opens the services of a session, one for each service that
// its rights reach, and always one for rcinfo.
type Tickets map[deskside.Service]deskside.Ticket

// Table is the one record of sessions and tickets. The zero Table is empty and
// ready. It has no lock: its owner calls it from one goroutine at a time, and
// hands in the time.
type Table struct {
	rows    map[deskside.SessionID]*row
	tickets map[[sha256.Size]byte]opens
	lapsed  map[[sha256.Size]byte]opens // tickets that died with a suspension, see row.lapsed
}

// row is a session and what only the table knows of it.
type row struct {
	deskside.Session
	basis  Basis
	heard  time.Time
	active time.Time // last operator activity
	lost   time.Time // when it was suspended

	// The last tickets that died with a suspension, oldest first. Who shows one
	// has not heard yet that the session was lost: it is told that, and not
	// that there is no such ticket, which would be for good.
	lapsed   [][sha256.Size]byte
	absolute time.Time
}

// opens is what one ticket opens. The table keeps tickets by their hash, so
// that a look at its memory gives none away and a look-up takes no time that
// depends on the secret.
type opens struct {
	session deskside.SessionID
	service deskside.Service
}

// maxLapsed is how many tickets that died with a suspension are remembered of a
// session: those of some thirty suspensions.
const maxLapsed = 128

// Ask enters a session that waits for its answer.
func (t *Table) Ask(now time.Time, op deskside.Operator, rights deskside.Rights, reason string) deskside.SessionID {
	if t.rows == nil {
		t.rows = make(map[deskside.SessionID]*row)
		t.tickets = make(map[[sha256.Size]byte]opens)
		t.lapsed = make(map[[sha256.Size]byte]opens)
	}
	id := deskside.NewSessionID()
	t.rows[id] = &row{Session: deskside.Session{
		ID: id, State: deskside.Asked, Operator: op, Rights: rights, Reason: reason,
	}, heard: now}
	return id
}

// Grant answers an asked session with rights, and gives its tickets. It fails
// when the session is no longer asked: an answer counts once, and not after the
// question ended.
func (t *Table) Grant(now time.Time, id deskside.SessionID, rights deskside.Rights, l Limits, basis Basis) (Tickets, error) {
	r, ok := t.rows[id]
	if !ok || r.State != deskside.Asked {
		return nil, gone(r)
	}
	r.State, r.Rights, r.Limits, r.basis = deskside.Granted, rights, l.Wire(), basis
	r.Began, r.heard, r.active = now, now, now
	r.absolute = now.Add(time.Duration(l.Absolute))
	r.Until = r.absolute
	return t.issue(r), nil
}

// issue makes new tickets; earlier ones die.
func (t *Table) issue(r *row) Tickets {
	t.revoke(r.ID)
	tickets := make(Tickets, len(deskside.Services))
	for _, s := range deskside.Services {
		if s != deskside.RCInfo && s.Needs()&r.Rights == 0 {
			continue
		}
		ticket := deskside.NewTicket()
		tickets[s] = ticket
		t.tickets[sha256.Sum256(ticket[:])] = opens{r.ID, s}
	}
	return tickets
}

func (t *Table) revoke(id deskside.SessionID) {
	for hash, o := range t.tickets {
		if o.session == id {
			delete(t.tickets, hash)
		}
	}
}

// lapse is revoke for a session that may return: its tickets are remembered.
func (t *Table) lapse(r *row) {
	for hash, o := range t.tickets {
		if o.session == r.ID {
			delete(t.tickets, hash)
			t.lapsed[hash] = o
			r.lapsed = append(r.lapsed, hash)
		}
	}
	t.forgetLapsed(r, maxLapsed)
}

// forgetLapsed drops all but the newest keep lapsed tickets of a session.
func (t *Table) forgetLapsed(r *row, keep int) {
	n := max(len(r.lapsed)-keep, 0)
	for _, hash := range r.lapsed[:n] {
		delete(t.lapsed, hash)
	}
	r.lapsed = slices.Delete(r.lapsed, 0, n)
}

// Verify finds the live session that a ticket opens for a service to a key.
func (t *Table) Verify(ticket deskside.Ticket, s deskside.Service, key deskside.OperatorID) (deskside.Session, error) {
	hash := sha256.Sum256(ticket[:])
	o, ok := t.tickets[hash]
	late := false
	if !ok {
		if o, late = t.lapsed[hash]; !late {
			return deskside.Session{}, noTicket("the ticket is not live")
		}
	}
	r := t.rows[o.session]
	switch {
	case r.Operator.Key != key:
		return deskside.Session{}, noTicket("the ticket was issued to another key")
	case o.service != s:
		return deskside.Session{}, noTicket("the ticket is for " + o.service.String())
	case late:
		return deskside.Session{}, deskside.Errorf(deskside.CodeSuspended, "the ticket died when the session was suspended").
			Hint("Resume the session, which gives new tickets.")
	case r.State != deskside.Granted && r.State != deskside.Active:
		return deskside.Session{}, gone(r)
	}
	return r.Session, nil
}

func noTicket(words string) error {
	return deskside.Errorf(deskside.CodeNoTicket, "%s", words).Hint("Set up a session on the rcinfo service first.")
}

// gone says why a session is not there to be used.
func gone(r *row) error {
	if r == nil {
		return deskside.Errorf(deskside.CodeNotFound, "no such session").Hint("Set up a new one.")
	}
	switch r.State {
	case deskside.Asked:
		return deskside.Errorf(deskside.CodeConflict, "the session is not granted yet").Hint("Wait for the answer.")
	case deskside.Suspended:
		return deskside.Errorf(deskside.CodeSuspended, "the session is suspended").Hint("Resume it.")
	case deskside.Ended:
		return deskside.Errorf(deskside.CodeEnded, "the session has ended: %s", r.Cause.Words()).Hint("Set up a new one.")
	}
	return deskside.Errorf(deskside.CodeConflict, "the session is already %s", r.State)
}

// Get copies one session.
func (t *Table) Get(id deskside.SessionID) (deskside.Session, bool) {
	r, ok := t.rows[id]
	if !ok {
		return deskside.Session{}, false
	}
	return r.Session, true
}

// Basis says why a session may be.
func (t *Table) Basis(id deskside.SessionID) Basis {
	if r, ok := t.rows[id]; ok {
		return r.basis
	}
	return ByPolicy
}

// Check returns nil while the session is live and holds right.
func (t *Table) Check(id deskside.SessionID, right deskside.Right) error {
	r, ok := t.rows[id]
	switch {
	case !ok || (r.State != deskside.Granted && r.State != deskside.Active):
		return gone(r)
	case !r.Rights.Has(right):
		return deskside.Errorf(deskside.CodeNoRight, "the session does not hold the right %q", right).
			Hint("Set up a session that asks for it; policy or the person decides.")
	}
	return nil
}

// Answered reports whether a session that has not ended is by the person's
// answer.
func (t *Table) Answered() bool {
	for _, r := range t.rows {
		if r.State != deskside.Ended && r.basis.Answered() {
			return true
		}
	}
	return false
}

// Of gives the session that a live ticket belongs to, whoever holds it: for the
// audit of a ticket that does not open what was asked for.
func (t *Table) Of(ticket deskside.Ticket) (deskside.Session, bool) {
	o, ok := t.tickets[sha256.Sum256(ticket[:])]
	if !ok {
		return deskside.Session{}, false
	}
	return t.rows[o.session].Session, true
}

// Attach makes a granted session active: its control stream is there.
func (t *Table) Attach(now time.Time, id deskside.SessionID) error {
	r, ok := t.rows[id]
	if !ok || (r.State != deskside.Granted && r.State != deskside.Active) {
		return gone(r)
	}
	r.State, r.heard = deskside.Active, now
	return nil
}

// Beat notes that the control stream was heard. It is not activity.
func (t *Table) Beat(now time.Time, id deskside.SessionID) {
	if r, ok := t.rows[id]; ok {
		r.heard = now
	}
}

// Touch notes that the operator did something in a live session.
func (t *Table) Touch(now time.Time, id deskside.SessionID) {
	if r, ok := t.rows[id]; ok && (r.State == deskside.Granted || r.State == deskside.Active) {
		r.active = now
	}
}

// Suspend notes that the network lost a live session. Its tickets die, for good:
// a resume gives others. The report is false where there was nothing to suspend.
func (t *Table) Suspend(now time.Time, id deskside.SessionID) bool {
	r, ok := t.rows[id]
	if !ok || (r.State != deskside.Granted && r.State != deskside.Active) {
		return false
	}
	t.lapse(r)
	r.State, r.Cause, r.lost = deskside.Suspended, deskside.CauseLost, now
	r.Until = now.Add(r.Limits.Grace.Duration())
	if r.absolute.Before(r.Until) {
		r.Until = r.absolute
	}
	return true
}

// Resume gives a suspended session new tickets, with at most the rights given.
// It fails for any other key, and once a limit has passed. It is not activity:
// the idle limit goes on from where it stood when the session was lost, or a
// line that breaks now and then would keep a forgotten session open.
func (t *Table) Resume(now time.Time, id deskside.SessionID, key deskside.OperatorID, ceiling deskside.Rights) (Tickets, error) {
	r, ok := t.rows[id]
	switch {
	case !ok || r.Operator.Key != key:
		return nil, gone(nil)
	case r.State != deskside.Suspended:
		return nil, gone(r)
	case !now.Before(r.Until):
		return nil, deskside.Errorf(deskside.CodeEnded, "the session could return until %s", r.Until.Format(time.TimeOnly)).Hint("Set up a new one.")
	case r.lost.Sub(r.active) >= r.Limits.Idle.Duration():
		return nil, deskside.Errorf(deskside.CodeEnded, "the session was idle for as long as it may be").Hint("Set up a new one.")
	}
	r.State, r.Cause, r.Rights = deskside.Active, "", r.Rights&ceiling
	r.Until, r.heard, r.active = r.absolute, now, r.active.Add(now.Sub(r.lost))
	return t.issue(r), nil
}

// Narrow takes rights from a session; it cannot give any.
func (t *Table) Narrow(id deskside.SessionID, keep deskside.Rights) {
	if r, ok := t.rows[id]; ok {
		r.Rights &= keep
	}
}

// Tighten lowers the limits of a session to those given where they are lower.
func (t *Table) Tighten(id deskside.SessionID, l Limits) {
	r, ok := t.rows[id]
	if !ok || r.Began.IsZero() {
		return
	}
	w := l.Wire()
	r.Limits = deskside.Limits{
		Idle: min(r.Limits.Idle, w.Idle), Absolute: min(r.Limits.Absolute, w.Absolute), Grace: min(r.Limits.Grace, w.Grace),
	}
	end := r.Began.Add(r.Limits.Absolute.Duration())
	if end.Before(r.absolute) {
		r.absolute = end
	}
	if back := r.lost.Add(r.Limits.Grace.Duration()); r.State == deskside.Suspended && back.Before(r.Until) {
		r.Until = back
	}
	if r.absolute.Before(r.Until) {
		r.Until = r.absolute
	}
}

// End ends a session, once. Its tickets die. The report is false where it had
// already ended.
func (t *Table) End(now time.Time, id deskside.SessionID, cause deskside.Cause) bool {
	r, ok := t.rows[id]
	if !ok || r.State == deskside.Ended {
		return false
	}
	t.revoke(id)
	t.forgetLapsed(r, 0)
	r.State, r.Cause, r.Ended = deskside.Ended, cause, now
	return true
}

// Due is a session whose time has come: for a Cause, to be ended; without one,
// to be suspended.
type Due struct {
	ID    deskside.SessionID
	Cause deskside.Cause
}

// Due lists the sessions that a limit, silence or the grace time has reached,
// and forgets sessions that ended long ago.
func (t *Table) Due(now time.Time) (due []Due) {
	t.forget(now)
	for id, r := range t.rows {
		switch r.State {
		case deskside.Suspended:
			if !now.Before(r.absolute) {
				due = append(due, Due{id, deskside.CauseAbsolute})
			} else if !now.Before(r.Until) {
				due = append(due, Due{id, deskside.CauseGrace})
			}
		case deskside.Granted, deskside.Active:
			if !now.Before(r.absolute) {
				due = append(due, Due{id, deskside.CauseAbsolute})
			} else if now.Sub(r.active) >= r.Limits.Idle.Duration() {
				due = append(due, Due{id, deskside.CauseIdle})
			} else if now.Sub(r.heard) >= Silence {
				due = append(due, Due{id, ""})
			}
		}
	}
	return due
}

// forget drops what ended long ago, and the oldest where there are too many.
func (t *Table) forget(now time.Time) {
	var ended []*row
	for id, r := range t.rows {
		if r.State != deskside.Ended {
			continue
		}
		if now.Sub(r.Ended) >= KeepEnded {
			delete(t.rows, id)
			continue
		}
		ended = append(ended, r)
	}
	if len(ended) <= MaxEnded {
		return
	}
	slices.SortFunc(ended, func(a, b *row) int { return a.Ended.Compare(b.Ended) })
	for _, r := range ended[:len(ended)-MaxEnded] {
		delete(t.rows, r.ID)
	}
}

// Sessions copies every session that has not ended, oldest first.
func (t *Table) Sessions() []deskside.Session {
	list := []deskside.Session{}
	for _, r := range t.rows {
		if r.State != deskside.Ended {
			list = append(list, r.Session)
		}
	}
	slices.SortFunc(list, func(a, b deskside.Session) int { return a.Began.Compare(b.Began) })
	return list
}
