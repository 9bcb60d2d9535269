package access

import (
	"testing"
	"time"

	"deskside"
)

var start = time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)

func open(t *testing.T, tab *Table) (deskside.SessionID, Tickets) {
	t.Helper()
	id := tab.Ask(start, deskside.Operator{Key: key(1)}, deskside.AllRights, "printer")
	tickets, err := tab.Grant(start, id, deskside.RightsOf(deskside.View, deskside.FilesRead), DefaultLimits, ByPerson)
	if err != nil {
		t.Fatal(err)
	}
	if err := tab.Attach(start, id); err != nil {
		t.Fatal(err)
	}
	return id, tickets
}

func TestTicketsOpenTheirServiceToTheirKey(t *testing.T) {
	var tab Table
	id, tickets := open(t, &tab)
	if len(tickets) != 3 {
		t.Errorf("got %d tickets, want rcinfo, remctrl and xfer", len(tickets))
	}
	if s, err := tab.Verify(tickets[deskside.RemCtrl], deskside.RemCtrl, key(1)); err != nil || s.ID != id {
		t.Errorf("got %v, %v", s, err)
	}
	for what, err := range map[string]error{
		"another key":     verify(&tab, tickets[deskside.RemCtrl], deskside.RemCtrl, key(2)),
		"another service": verify(&tab, tickets[deskside.RemCtrl], deskside.Xfer, key(1)),
		"no ticket":       verify(&tab, deskside.Ticket{}, deskside.RemCtrl, key(1)),
		"guessed":         verify(&tab, deskside.NewTicket(), deskside.RemCtrl, key(1)),
	} {
		if deskside.CodeOf(err) != deskside.CodeNoTicket {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

func verify(tab *Table, ticket deskside.Ticket, s deskside.Service, k deskside.OperatorID) error {
	_, err := tab.Verify(ticket, s, k)
	return err
}

func TestTheSessionOfATicketAndOfAnAnswer(t *testing.T) {
	var tab Table
	if tab.Answered() {
		t.Error("an empty table has an answer")
	}
	id, tickets := open(t, &tab)
	if s, ok := tab.Of(tickets[deskside.RemCtrl]); !ok || s.ID != id || s.Reason != "printer" {
		t.Errorf("a live ticket is of %+v, %v", s, ok)
	}
	if s, ok := tab.Of(deskside.NewTicket()); ok {
		t.Errorf("a guess is of %+v", s)
	}
	if tab.Suspend(start, id); !tab.Answered() {
		t.Error("a session that may return is by no answer")
	}
	tab.End(start, id, deskside.CauseGrace)
	if s, ok := tab.Of(tickets[deskside.RemCtrl]); ok || tab.Answered() {
		t.Errorf("after the end: %+v, %v", s, tab.Answered())
	}
	for _, basis := range []Basis{ByPolicy, ByAbsence} {
		other := tab.Ask(start, deskside.Operator{Key: key(1)}, deskside.AllRights, "")
		if _, err := tab.Grant(start, other, deskside.AllRights, DefaultLimits, basis); err != nil || tab.Answered() {
			t.Errorf("a session on basis %d: %v, by an answer %v", basis, err, tab.Answered())
		}
	}
}

func TestAnAnswerCountsOnce(t *testing.T) {
	var tab Table
	id, _ := open(t, &tab)
	if _, err := tab.Grant(start, id, deskside.AllRights, DefaultLimits, ByPerson); deskside.CodeOf(err) != deskside.CodeConflict {
		t.Errorf("a second answer: %v", err)
	}
	late := tab.Ask(start, deskside.Operator{Key: key(1)}, deskside.AllRights, "")
	tab.End(start, late, deskside.CauseWithdrawn)
	if _, err := tab.Grant(start, late, deskside.AllRights, DefaultLimits, ByPerson); deskside.CodeOf(err) != deskside.CodeEnded {
		t.Errorf("an answer after the withdrawal: %v", err)
	}
}

func TestEndKillsTicketsAndNeverResumes(t *testing.T) {
	var tab Table
	id, tickets := open(t, &tab)
	if !tab.End(start, id, deskside.CausePerson) || tab.End(start, id, deskside.CauseIdle) {
		t.Error("want exactly one end")
	}
	for s, ticket := range tickets {
		if deskside.CodeOf(verify(&tab, ticket, s, key(1))) != deskside.CodeNoTicket {
			t.Errorf("%s opens after the end", s)
		}
	}
	if _, err := tab.Resume(start, id, key(1), deskside.AllRights); deskside.CodeOf(err) != deskside.CodeEnded {
		t.Errorf("resume after Stop: %v", err)
	}
	if s, _ := tab.Get(id); s.Cause != deskside.CausePerson {
		t.Errorf("cause %q", s.Cause)
	}
	if deskside.CodeOf(tab.Check(id, deskside.View)) != deskside.CodeEnded {
		t.Error("a right outlived the session")
	}
}

func TestSuspendAndResume(t *testing.T) {
	var tab Table
	id, old := open(t, &tab)
	lost := start.Add(time.Minute)
	if !tab.Suspend(lost, id) || tab.Suspend(lost, id) {
		t.Error("want exactly one suspension")
	}
	if deskside.CodeOf(tab.Check(id, deskside.View)) != deskside.CodeSuspended {
		t.Error("a suspended session holds a right")
	}
	if deskside.CodeOf(verify(&tab, old[deskside.RemCtrl], deskside.RemCtrl, key(1))) != deskside.CodeSuspended {
		t.Error("an old ticket opens")
	}
	if _, err := tab.Resume(lost, id, key(2), deskside.AllRights); deskside.CodeOf(err) != deskside.CodeNotFound {
		t.Errorf("another key resumes: %v", err)
	}
	fresh, err := tab.Resume(lost.Add(time.Minute), id, key(1), deskside.RightsOf(deskside.View, deskside.Execute))
	if err != nil {
		t.Fatal(err)
	}
	if s, _ := tab.Get(id); s.Rights != deskside.RightsOf(deskside.View) || s.State != deskside.Active {
		t.Errorf("after resume: %+v", s)
	}
	if err := verify(&tab, fresh[deskside.RemCtrl], deskside.RemCtrl, key(1)); err != nil {
		t.Error(err)
	}
	if deskside.CodeOf(verify(&tab, old[deskside.RemCtrl], deskside.RemCtrl, key(1))) != deskside.CodeSuspended {
		t.Error("an old ticket opens after the resume")
	}
	tab.Suspend(lost, id)
	if _, err := tab.Resume(lost.Add(time.Hour), id, key(1), deskside.AllRights); deskside.CodeOf(err) != deskside.CodeEnded {
		t.Errorf("resume after the grace time: %v", err)
	}
}

func TestDue(t *testing.T) {
	const beat = 10 * time.Second
	for _, c := range []struct {
		name  string
		run   func(tab *Table, id deskside.SessionID) time.Time
		cause deskside.Cause
		none  bool
	}{
		{"alive", func(tab *Table, id deskside.SessionID) time.Time {
			tab.Beat(start.Add(beat), id)
			return start.Add(beat + Silence - 1)
		}, "", true},
		{"silent", func(*Table, deskside.SessionID) time.Time { return start.Add(Silence) }, "", false},
		{"a heartbeat is not activity", func(tab *Table, id deskside.SessionID) time.Time {
			at := start.Add(time.Duration(DefaultLimits.Idle))
			tab.Beat(at, id)
			return at
		}, deskside.CauseIdle, false},
		{"activity resets idle", func(tab *Table, id deskside.SessionID) time.Time {
			at := start.Add(time.Duration(DefaultLimits.Idle))
			tab.Beat(at, id)
			tab.Touch(at.Add(-time.Second), id)
			return at
		}, "", true},
		{"absolute", func(tab *Table, id deskside.SessionID) time.Time {
			at := start.Add(time.Duration(DefaultLimits.Absolute))
			tab.Beat(at, id)
			tab.Touch(at, id)
			return at
		}, deskside.CauseAbsolute, false},
		{"grace", func(tab *Table, id deskside.SessionID) time.Time {
			tab.Suspend(start, id)
			return start.Add(time.Duration(DefaultLimits.Grace))
		}, deskside.CauseGrace, false},
		{"tightened", func(tab *Table, id deskside.SessionID) time.Time {
			l := DefaultLimits
			l.Absolute = Duration(5 * time.Second)
			tab.Tighten(id, l)
			return start.Add(5 * time.Second)
		}, deskside.CauseAbsolute, false},
		{"tightened while it was lost", func(tab *Table, id deskside.SessionID) time.Time {
			tab.Suspend(start, id)
			l := DefaultLimits
			l.Grace = Duration(5 * time.Second)
			tab.Tighten(id, l)
			return start.Add(5 * time.Second)
		}, deskside.CauseGrace, false},
	} {
		var tab Table
		id, _ := open(t, &tab)
		due := tab.Due(c.run(&tab, id))
		if c.none != (len(due) == 0) || (!c.none && due[0] != Due{id, c.cause}) {
			t.Errorf("%s: got %v", c.name, due)
		}
	}
}

// A line that breaks and returns is no more activity than a heartbeat is.
func TestResumingIsNotActivity(t *testing.T) {
	var tab Table
	id, _ := open(t, &tab)
	now := start
	idle, due := time.Duration(0), []Due(nil)
	for len(due) == 0 && idle < 2*time.Duration(DefaultLimits.Idle) {
		now, idle = now.Add(time.Minute), idle+time.Minute
		tab.Beat(now, id)
		if due = tab.Due(now); len(due) > 0 {
			break
		}
		tab.Suspend(now, id)
		now = now.Add(time.Minute) // does not count: nobody could do anything
		if _, err := tab.Resume(now, id, key(1), deskside.AllRights); err != nil {
			t.Fatal(err)
		}
	}
	if idle != time.Duration(DefaultLimits.Idle) || due[0] != (Due{id, deskside.CauseIdle}) {
		t.Errorf("after %v without activity: %v", idle, due)
	}
	tab.Suspend(now, id)
	if _, err := tab.Resume(now, id, key(1), deskside.AllRights); deskside.CodeOf(err) != deskside.CodeEnded {
		t.Errorf("resume after the idle limit: %v", err)
	}
}

// A leak per session was a fault of the old tool.
func TestThousandsOfSessionsLeaveNothing(t *testing.T) {
	var tab Table
	for i := range 5_000 {
		now := start.Add(time.Duration(i) * time.Millisecond)
		id := tab.Ask(now, deskside.Operator{Key: key(1)}, deskside.AllRights, "")
		if _, err := tab.Grant(now, id, deskside.AllRights, DefaultLimits, ByPolicy); err != nil {
			t.Fatal(err)
		}
		tab.End(now, id, deskside.CauseOperator)
		tab.Due(now)
	}
	if len(tab.tickets) != 0 || len(tab.rows) > MaxEnded {
		t.Errorf("%d tickets and %d rows are left", len(tab.tickets), len(tab.rows))
	}
	tab.Due(start.Add(time.Hour))
	if len(tab.rows) != 0 {
		t.Errorf("%d rows are left after an hour", len(tab.rows))
	}
}

func TestNarrowOnlyTakes(t *testing.T) {
	var tab Table
	id, _ := open(t, &tab)
	tab.Narrow(id, deskside.AllRights)
	if s, _ := tab.Get(id); s.Rights != deskside.RightsOf(deskside.View, deskside.FilesRead) {
		t.Errorf("narrowing gave %s", s.Rights)
	}
	tab.Narrow(id, deskside.RightsOf(deskside.View))
	if deskside.CodeOf(tab.Check(id, deskside.FilesRead)) != deskside.CodeNoRight {
		t.Error("files-read is still there")
	}
}

// A ticket that died with a suspension says so to whom it was issued, for its
// service, until the session ends; of many suspensions the last are remembered.
func TestLapsedTickets(t *testing.T) {
	var tab Table
	id, old := open(t, &tab)
	ticket := old[deskside.RemCtrl]
	for i := range 2 * maxLapsed {
		at := start.Add(time.Duration(i) * time.Second)
		tab.Suspend(at, id)
		fresh, err := tab.Resume(at, id, key(1), deskside.AllRights)
		if err != nil {
			t.Fatal(err)
		}
		code := deskside.CodeOf(verify(&tab, ticket, deskside.RemCtrl, key(1)))
		if i < maxLapsed/len(old) && code != deskside.CodeSuspended || i > maxLapsed && code != deskside.CodeNoTicket {
			t.Fatalf("after suspension %d: %q", i+1, code)
		}
		if len(tab.lapsed) > maxLapsed || len(tab.lapsed) != len(tab.rows[id].lapsed) {
			t.Fatalf("%d tickets are remembered", len(tab.lapsed))
		}
		old = fresh
	}
	tab.Suspend(start.Add(time.Hour), id)
	ticket = old[deskside.Xfer]
	for what, err := range map[string]error{
		"another key": verify(&tab, ticket, deskside.Xfer, key(2)), "another service": verify(&tab, ticket, deskside.RemCtrl, key(1)),
	} {
		if deskside.CodeOf(err) != deskside.CodeNoTicket {
			t.Errorf("%s: %v", what, err)
		}
	}
	if tab.End(start.Add(time.Hour), id, deskside.CauseGrace); deskside.CodeOf(verify(&tab, ticket, deskside.Xfer, key(1))) != deskside.CodeNoTicket || len(tab.lapsed) > 0 {
		t.Errorf("after the end %d tickets are remembered", len(tab.lapsed))
	}
}
