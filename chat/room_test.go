package chat

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"deskside"
)

func testRoom(t *testing.T) (*Chat, deskside.Session) {
	t.Helper()
	c := New(Config{})
	t.Cleanup(func() { c.Close() })
	s := deskside.Session{ID: deskside.NewSessionID(), State: deskside.Active, Rights: deskside.AllRights,
		Operator: deskside.Operator{SaysName: strings.Repeat("Ö", 2000)}}
	c.SetSessions([]deskside.Session{s})
	return c, s
}

// drain takes all that is there to be told.
func drain(t *testing.T, s *Seat) (list []Frame) {
	t.Helper()
	for {
		f, ok, err := s.take()
		if err == io.EOF || !ok && err == nil {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := AppendFrame(nil, f); err != nil {
			t.Errorf("%+v cannot be sent: %v", f, err)
		}
		list = append(list, f)
	}
}

func TestHistoryIsCapped(t *testing.T) {
	c, session := testRoom(t)
	r := c.rooms[session.ID]
	seat, err := c.Sit(session.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	const n = MaxHistory + 50
	for i := range n {
		r.say(seat, fmt.Sprint(i), fmt.Sprint("text ", i))
	}
	if len(r.messages) != MaxHistory {
		t.Errorf("the room holds %d messages", len(r.messages))
	}
	for since, want := range map[uint64]int{0: MaxHistory, 10: MaxHistory, n - 5: 5, n: 0, n + 99: MaxHistory} {
		late, err := c.Sit(session.ID, since)
		if err != nil {
			t.Fatal(err)
		}
		got := drain(t, late)
		late.Leave()
		if got[0].Type != Welcome || got[0].First != 51 || got[0].Last != n {
			t.Errorf("since %d: %+v", since, got[0])
		}
		if len(got)-1 != want || want > 0 && got[len(got)-1].Seq != n {
			t.Errorf("since %d: %d messages, want %d", since, len(got)-1, want)
		}
	}
}

// What is said again is not doubled, although the room no longer holds it; how
// much of that is known is bounded, for each side by itself.
func TestSayingAgainWhatIsGone(t *testing.T) {
	c, session := testRoom(t)
	r := c.rooms[session.ID]
	person, err := c.Sit(session.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	operator := &Seat{room: r, side: deskside.ByOperator}
	r.say(operator, "lost", "Is it on?")
	for i := range maxKnown + 10 {
		r.say(person, fmt.Sprint(i), "no")
	}
	last := r.last()
	for _, try := range []struct {
		seat     *Seat
		id, text string
		want     Type
	}{
		{operator, "lost", "Is it on?", Ack},
		{operator, "lost", "Is it off?", Refused},
		{person, "11", "no", Ack},
		{person, "lost", "mine", ""},
		{person, "1", "no", ""}, // too long ago
	} {
		try.seat.replies = nil
		r.say(try.seat, try.id, try.text)
		if try.want == "" {
			if last++; len(try.seat.replies) > 0 || r.last() != last {
				t.Errorf("%+v: %+v, last %d", try, try.seat.replies, r.last())
			}
			continue
		}
		if got := try.seat.replies; len(got) != 1 || got[0].Type != try.want || r.last() != last {
			t.Errorf("%+v: %+v, last %d", try, got, r.last())
		}
	}
	if n := len(r.known); n != maxKnown+1 || len(r.order[1]) != maxKnown {
		t.Errorf("%d IDs are known", n)
	}
}

func TestSayingTwice(t *testing.T) {
	c, session := testRoom(t)
	a, _ := c.Sit(session.ID, 0)
	b, _ := c.Sit(session.ID, 0)
	do := func(id, text string) {
		if err := a.Do(t.Context(), Frame{Type: Say, ID: id, Text: text}); err != nil {
			t.Fatal(err)
		}
	}
	do("1", "hello")
	do("1", "hello")
	do("1", "another text")
	var got []Type
	for _, f := range drain(t, a)[1:] {
		got = append(got, f.Type)
	}
	if fmt.Sprint(got) != "[message ack refused]" {
		t.Errorf("who said it was told %v", got)
	}
	if got := drain(t, b); len(got) != 2 || got[1].Text != "hello" {
		t.Errorf("the others were told %+v", got)
	}
}

// TestAnswersAreRead ends a seat that says and never listens.
func TestAnswersAreRead(t *testing.T) {
	c, session := testRoom(t)
	s, _ := c.Sit(session.ID, 0)
	s.pace = &pace{says: bucket{burst: 1e6}, others: bucket{burst: 1e6}}
	var err error
	for i := 0; err == nil && i < 10*maxReplies; i++ {
		err = s.Do(t.Context(), Frame{Type: Say, ID: "1", Text: "hello"})
	}
	if deskside.CodeOf(err) != deskside.CodeTooMany {
		t.Errorf("error %v, want too-many", err)
	}
}

func TestSeatsAreCapped(t *testing.T) {
	c, session := testRoom(t)
	var last *Seat
	for range maxSeats {
		s, err := c.Sit(session.ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		last = s
	}
	if _, err := c.Sit(session.ID, 0); deskside.CodeOf(err) != deskside.CodeTooMany {
		t.Errorf("one too many: %v", err)
	}
	last.Leave()
	last.Leave()
	if _, err := c.Sit(session.ID, 0); err != nil {
		t.Errorf("after one left: %v", err)
	}
}

// TestRoomsFollowTheTable opens and ends rooms as sessions come and go.
func TestRoomsFollowTheTable(t *testing.T) {
	c := New(Config{})
	defer c.Close()
	changed, stop := c.Watch()
	defer stop()
	session := func(state deskside.State, rights deskside.Rights) deskside.Session {
		return deskside.Session{ID: deskside.SessionID{1}, State: state, Rights: rights, Cause: deskside.CausePolicy}
	}
	chatRight := deskside.RightsOf(deskside.ChatRight)
	for _, step := range []struct {
		table []deskside.Session
		rooms int
	}{
		{nil, 0},
		{[]deskside.Session{session(deskside.Asked, chatRight)}, 0},
		{[]deskside.Session{session(deskside.Granted, deskside.RightsOf(deskside.View))}, 0},
		{[]deskside.Session{session(deskside.Granted, chatRight)}, 1},
		{[]deskside.Session{session(deskside.Active, chatRight)}, 1},
		{[]deskside.Session{session(deskside.Suspended, chatRight)}, 1},
		{[]deskside.Session{session(deskside.Active, 0)}, 0},
		{[]deskside.Session{session(deskside.Active, chatRight)}, 1},
		{[]deskside.Session{session(deskside.Ended, chatRight)}, 0},
		{[]deskside.Session{session(deskside.Active, chatRight)}, 1},
		{nil, 0},
	} {
		before := c.Rooms()
		var seat *Seat
		if len(before) == 1 {
			seat, _ = c.Sit(deskside.SessionID{1}, 0)
		}
		c.SetSessions(step.table)
		rooms := slices.DeleteFunc(c.Rooms(), func(r Room) bool { return r.Session.State == deskside.Ended })
		if got := len(rooms); got != step.rooms {
			t.Errorf("%+v: %d rooms, want %d", step.table, got, step.rooms)
		}
		if seat != nil && step.rooms == 0 {
			told := drain(t, seat)
			if end := told[len(told)-1]; end.Type != State || *end.State != deskside.Ended {
				t.Errorf("the person's page was told %+v last", end)
			}
			c.ForgetRead()
			told = drain(t, seat)
			if end := told[len(told)-1]; end.Type != End {
				t.Errorf("the person's page was told %+v last", end)
			}
			if _, err := seat.Next(context.Background()); err != io.EOF {
				t.Errorf("after the end: %v", err)
			}
		} else if seat != nil {
			seat.Leave()
		}
		<-changed
	}
}
