package chat

import (
	"context"
	"io"
	"time"

	"deskside"
)

// maxReplies is how many answers may wait for a seat that does not call Next.
const maxReplies = 64

// Seat is one place in a room: an operator's stream, or a page of the
// person's. It queues nothing: what is new is read from the room at the pace
// of Next. Do and Next may run at the same time, each in one goroutine.
type Seat struct {
	room *room
	side deskside.Side
	pass deskside.Pass // an operator's
	pace *pace

	// Guarded by the room's mu.
	next     uint64 // the number of the message Next gives next
	welcomed bool
	types    bool // it said that it is typing
	replies  []Frame
	typing   *Frame
	marks    [2]bool // have changed
	state    bool    // has changed
	kicked   *Frame  // the last word, for this seat alone
	left     bool    // Leave was called, or the last word was given
	woken    chan struct{}
}

// sit takes a seat. The messages after number since come first.
func (r *room) sit(side deskside.Side, pass deskside.Pass, since uint64) (*Seat, error) {
	r.saying.Lock()
	defer r.saying.Unlock()
	if pass != nil {
		if err := r.writeWaiting(pass); err != nil {
			return nil, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.seats) == maxSeats {
		return nil, deskside.Errorf(deskside.CodeTooMany, "%d are in this chat already", maxSeats).
			Hint("Close another chat window of this session.")
	}
	if r.over || r.ended != nil && side == deskside.ByOperator {
		return nil, deskside.Errorf(deskside.CodeEnded, "the session has ended")
	}
	if pass != nil {
		r.pass = pass
	}
	s := &Seat{room: r, side: side, pass: pass, pace: newPace(), next: max(since+1, r.first), woken: make(chan struct{}, 1)}
	// A number from another room, or beyond the last: all that is there.
	if since > r.last() {
		s.next = r.first
	}
	for i := range r.reached {
		s.marks[i] = r.reached[i] != reach{}
	}
	s.state = r.session.State == deskside.Suspended || r.ended != nil
	r.seats[s] = struct{}{}
	r.chat.watchers.tell()
	return s, nil
}

// writeWaiting puts what the person said meanwhile into the audit.
func (r *room) writeWaiting(pass deskside.Pass) error {
	r.mu.Lock()
	waiting := r.unwritten
	r.unwritten = nil
	r.mu.Unlock()
	for i, m := range waiting {
		if err := pass.Record(messageEvent(m)); err != nil {
			r.mu.Lock()
			r.unwritten = append(waiting[i:], r.unwritten...)
			r.mu.Unlock()
			return err
		}
	}
	return nil
}

// Do takes a frame from whoever sits here: say, typing, got or seen. It waits
// when they write too fast. What comes of a say is told by Next; an error means
// that the seat must be left.
func (s *Seat) Do(ctx context.Context, f Frame) error {
	if s.pass != nil {
		if err := s.pass.Check(deskside.ChatRight); err != nil {
			return err
		}
	}
	if err := s.pace.wait(ctx, f.Type); err != nil {
		return err
	}
	switch f.Type {
	case Say:
		s.touch()
		s.room.say(s, f.ID, f.Text)
	case Typing:
		s.touch()
		s.room.typing(s, f.On)
	case Got:
		s.room.reach(s.side, f.Seq, 0)
	case Seen:
		s.room.reach(s.side, f.Seq, f.Seq)
	default:
		return deskside.Errorf(deskside.CodeBadRequest, "chat frame %q is not for this side to send", f.Type)
	}
	return s.readsAnswers()
}

// touch says that the operator is at work.
func (s *Seat) touch() {
	if s.pass != nil {
		s.pass.Touch()
	}
}

// readsAnswers fails when too many answers wait.
func (s *Seat) readsAnswers() error {
	s.room.mu.Lock()
	defer s.room.mu.Unlock()
	if len(s.replies) > maxReplies {
		return deskside.Errorf(deskside.CodeTooMany, "%d answers wait and are not read", maxReplies)
	}
	return nil
}

// Next waits for the next frame for whoever sits here. The first is a welcome;
// after an end it gives io.EOF.
func (s *Seat) Next(ctx context.Context) (Frame, error) {
	for {
		f, ok, err := s.take()
		if ok || err != nil {
			return f, err
		}
		select {
		case <-s.woken:
		case <-ctx.Done():
			return Frame{}, ctx.Err()
		}
	}
}

// take gives what is to be told first, if anything is.
func (s *Seat) take() (f Frame, ok bool, err error) {
	r := s.room
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case s.left:
		return f, false, io.EOF
	case !s.welcomed:
		s.welcomed = true
		return s.welcome(), true, nil
	case s.kicked == nil && s.next <= r.last():
		s.next = max(s.next, r.first)
		f = r.messages[s.next-r.first]
		s.next++
	case len(s.replies) > 0:
		f, s.replies = s.replies[0], s.replies[1:]
	case s.marks[0] || s.marks[1]:
		f = s.takeMarks()
	case s.typing != nil:
		f, s.typing = *s.typing, nil
	case s.state && (r.ended == nil || s.side == deskside.ByPerson && !r.over):
		s.state = false
		f = r.standing()
	case s.kicked != nil:
		f = *s.kicked
		s.leave()
	case r.ended != nil && (r.over || s.side == deskside.ByOperator):
		f = *r.ended
		s.leave()
	default:
		return f, false, nil
	}
	return f, true, nil
}

// standing tells how the session stands. The lock is held.
func (r *room) standing() Frame {
	state := r.session.State
	f := Frame{Type: State, State: &state}
	switch {
	case r.ended != nil:
		state, f.Cause, f.Error = deskside.Ended, r.ended.Cause, r.ended.Error
	case state == deskside.Suspended:
		f.Until = r.session.Until
	}
	return f
}

func (s *Seat) welcome() Frame {
	r := s.room
	f := Frame{Type: Welcome, Session: &[]deskside.SessionID{r.session.ID}[0], You: r.name(s.side), Peer: r.name(other(s.side))}
	if f.Last = r.last(); f.Last > 0 {
		f.First = r.first
	}
	return f
}

func (s *Seat) takeMarks() Frame {
	side := deskside.ByOperator
	if !s.marks[0] {
		side = deskside.ByPerson
	}
	i := index(side)
	s.marks[i] = false
	now := s.room.reached[i]
	return Frame{Type: Marks, From: side, Got: now.got, Seen: now.seen}
}

// reply queues an answer for this seat.
func (s *Seat) reply(f Frame) {
	s.room.mu.Lock()
	defer s.room.mu.Unlock()
	s.replies = append(s.replies, f)
	s.nudge()
}

// kick makes err the last thing the seat is told.
func (s *Seat) kick(err error) {
	s.room.mu.Lock()
	defer s.room.mu.Unlock()
	if s.kicked == nil {
		s.kicked = &Frame{Type: End, Error: deskside.AsError(err)}
	}
	s.nudge()
}

func (s *Seat) nudge() {
	select {
	case s.woken <- struct{}{}:
	default:
	}
}

// Leave gives the seat up. It may be called more than once.
func (s *Seat) Leave() {
	s.room.mu.Lock()
	stops := s.types && !s.left
	s.leave()
	s.room.mu.Unlock()
	if stops {
		s.room.typing(s, false)
	}
}

// leave gives the seat up with the lock held.
func (s *Seat) leave() {
	s.left = true
	delete(s.room.seats, s)
	s.nudge()
	s.room.chat.watchers.tell()
}

// pace lets through a burst, then so many a second. It is used by one
// goroutine.
type pace struct {
	says, others bucket
}

func newPace() *pace {
	now := time.Now()
	return &pace{
		says:   bucket{burst: 20, every: 200 * time.Millisecond, full: now},
		others: bucket{burst: 100, every: 20 * time.Millisecond, full: now},
	}
}

func (p *pace) wait(ctx context.Context, t Type) error {
	b := &p.others
	if t == Say {
		b = &p.says
	}
	pause := b.take(time.Now())
	if pause <= 0 {
		return nil
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// bucket holds burst tokens and gains one every so often.
type bucket struct {
	burst int
	every time.Duration
	full  time.Time // when it is full again
}

// take takes a token and says how long to wait before using it.
func (b *bucket) take(now time.Time) time.Duration {
	if b.full.Before(now) {
		b.full = now
	}
	b.full = b.full.Add(b.every)
	return b.full.Sub(now) - time.Duration(b.burst)*b.every
}
