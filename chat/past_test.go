package chat

import (
	"testing"
	"testing/synctest"
	"time"

	"deskside"
)

// ended is a session's room in which the operator said something that nobody
// read before the end.
func ended(c *Chat, n byte) deskside.SessionID {
	s := deskside.Session{ID: deskside.SessionID{n}, State: deskside.Active, Rights: deskside.RightsOf(deskside.ChatRight)}
	c.SetSessions([]deskside.Session{s})
	r := c.rooms[s.ID]
	r.add(Frame{Type: Message, Seq: 1, ID: "x", From: deskside.ByOperator, Text: "hello"})
	s.State, s.Cause = deskside.Ended, deskside.CauseOperator
	c.SetSessions([]deskside.Session{s})
	return s.ID
}

// TestPastIsBounded keeps so many rooms of sessions that ended, for so long.
func TestPastIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(Config{})
		defer c.Close()
		first := ended(c, 1)
		for n := range MaxPast {
			ended(c, byte(n+2))
		}
		if got := len(c.Rooms()); got != MaxPast {
			t.Errorf("%d rooms are kept, want %d", got, MaxPast)
		}
		if _, err := c.Sit(first, 0); deskside.CodeOf(err) != deskside.CodeNotFound {
			t.Errorf("the first is still there: %v", err)
		}
		c.ForgetRead()
		if got := len(c.Rooms()); got != MaxPast {
			t.Errorf("%d rooms are kept that nobody read, want %d", got, MaxPast)
		}
		<-time.After(KeepPast + 1)
		synctest.Wait()
		if got := len(c.Rooms()); got != 0 {
			t.Errorf("%d rooms are kept for ever", got)
		}
	})
}

// TestOperatorsFindNoPast refuses an operator the room of a session that has
// ended.
func TestOperatorsFindNoPast(t *testing.T) {
	c := New(Config{})
	defer c.Close()
	id := ended(c, 1)
	r := c.forPerson(id)
	if _, err := r.sit(deskside.ByOperator, nil, 0); deskside.CodeOf(err) != deskside.CodeEnded {
		t.Errorf("an operator's seat: %v", err)
	}
	if _, err := c.room(deskside.Session{ID: id, State: deskside.Ended}); deskside.CodeOf(err) != deskside.CodeEnded {
		t.Errorf("an operator's room: %v", err)
	}
}
