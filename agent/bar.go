package agent

import (
	"context"
	"maps"
	"time"

	"deskside"
	"deskside/desktop"
)

// show derives what shows the sessions from the table: the chat rooms and the
// bar. The authority calls it after each change.
func (a *Agent) show(sessions []deskside.Session) {
	a.services.chat.SetSessions(sessions)
	if a.person == nil {
		return
	}
	rows, copies := []desktop.BarEntry{}, a.copies()
	for _, s := range sessions {
		if s.State == deskside.Asked || s.State == deskside.Ended {
			continue
		}
		rows = append(rows, desktop.BarEntry{
			Session: s.ID, Operator: s.Operator, State: s.State, Rights: s.Rights, Until: s.Until,
			Unread: a.services.chat.Unread(s.ID), NoChat: a.services.noDesk,
			Copies: copies[s.ID],
		})
	}
	a.person.SetBar(rows)
}

// copies gives what is copied, by session.
func (a *Agent) copies() map[deskside.SessionID][]desktop.Copy {
	of := make(map[deskside.SessionID][]desktop.Copy)
	for _, t := range a.services.files.Traffic.List() {
		of[t.Session] = append(of[t.Session], desktop.Copy{
			ID: t.ID, In: t.In, Name: t.Name, Done: t.Done, Size: t.Size, Files: t.Files, Ended: t.Ended, Failed: t.Failed,
		})
	}
	return of
}

// copiesEvery is how often the bar shows how far copies have come.
const copiesEvery = 500 * time.Millisecond

// watchBar does what the person presses on the bar, and shows there what is
// unread and what is copied.
func (a *Agent) watchBar(ctx context.Context) {
	unread, stop := a.services.chat.Watch()
	defer stop()
	counts := a.unread()
	tick := time.NewTimer(0)
	defer tick.Stop()
	copied := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-unread:
			// The rooms also change when the sessions are shown to them, so
			// only a new count is worth showing anew.
			if now := a.unread(); !maps.Equal(now, counts) {
				counts = now
				a.authority.Refresh()
			}
		case <-a.services.files.Traffic.Changed():
			tick.Reset(0)
		case <-tick.C:
			before := copied
			if copied = len(a.services.files.Traffic.List()) > 0; copied {
				tick.Reset(copiesEvery)
			}
			if copied || before {
				a.authority.Refresh()
			}
		case do, ok := <-a.person.BarActions():
			if !ok {
				return
			}
			a.do(do)
		}
	}
}

// do does what a button of the bar says.
func (a *Agent) do(b desktop.BarAction) {
	switch b.Do {
	case desktop.BarStop:
		a.authority.End(b.Session, deskside.CausePerson)
	case desktop.BarStopCopy:
		a.services.files.Traffic.Stop(b.Copy)
	case desktop.BarChat:
		if a.services.window != nil && !a.services.noDesk {
			a.services.window.Open(b.Session)
		}
	}
}

// unread counts what the person has not seen, by session.
func (a *Agent) unread() map[deskside.SessionID]int {
	counts := make(map[deskside.SessionID]int)
	for _, r := range a.services.chat.Rooms() {
		counts[r.Session.ID] = r.Unread
	}
	return counts
}
