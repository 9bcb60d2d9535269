package chat

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"deskside"
	"deskside/wire"
)

// Path is what the operator asks for.
const Path = "/chat"

// ServeHTTP admits an operator's stream and serves it until it ends.
func (c *Chat) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != Path || r.Method != http.MethodPost {
		wire.Refuse(w, deskside.Errorf(deskside.CodeNotFound, "no %s %.100q on the chat service", r.Method, r.URL.Path).
			Hint("Ask POST %s with Upgrade: %s.", Path, Protocol))
		return
	}
	if !c.enter() {
		wire.Refuse(w, deskside.Errorf(deskside.CodeEnded, "the agent is stopping"))
		return
	}
	defer c.work.Done()
	pass, ok := wire.Admit(c.cfg.Gate, w, r)
	if !ok {
		return
	}
	room, err := c.admit(pass)
	if err != nil {
		wire.Refuse(w, err)
		return
	}
	began, before := time.Now(), room.count()
	if conn, upErr := wire.Upgrade(w, r, Protocol); upErr == nil {
		err = room.converse(r.Context(), conn, pass)
	} else {
		err = upErr
	}
	if err := pass.Record(endEvent(pass, before, room.count(), began, err)); err != nil {
		c.log.Error("the end of a chat is not in the audit", "error", err)
	}
}

// admit opens the room to a pass, after writing so.
func (c *Chat) admit(pass deskside.Pass) (*room, error) {
	if err := pass.Check(deskside.ChatRight); err != nil {
		return nil, err
	}
	r, err := c.room(pass.Session())
	if err != nil {
		return nil, err
	}
	return r, pass.Record(deskside.Event{Kind: deskside.EventChat})
}

// ServePerson serves a byte stream of the person's, which speaks the protocol
// from join on as an operator does, until it ends. It closes conn. Only what is
// known to come from the person may be passed here.
func (c *Chat) ServePerson(ctx context.Context, conn net.Conn, id deskside.SessionID) error {
	defer conn.Close()
	if !c.enter() {
		return deskside.Errorf(deskside.CodeEnded, "the agent is stopping")
	}
	defer c.work.Done()
	r := c.forPerson(id)
	if r == nil {
		err := deskside.Errorf(deskside.CodeEnded, "the session has ended")
		newLines(conn).write(Frame{Type: End, Error: err})
		return err
	}
	return r.converse(ctx, conn, nil)
}

// converse serves one stream, the operator's where there is a pass, until either side ends it.
func (r *room) converse(ctx context.Context, conn net.Conn, pass deskside.Pass) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// Closing lets the reader go when the last word was said. When the session
	// stops the gate aborts the stream, which does the same.
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	l := newLines(conn)
	seat, err := r.join(l, pass)
	if err != nil {
		l.write(Frame{Type: End, Error: deskside.AsError(err)})
		conn.Close()
		return err
	}
	var writing sync.WaitGroup
	writing.Go(func() {
		defer cancel()
		serveOut(ctx, l, seat)
	})
	err = serveIn(ctx, l, seat)
	if ctx.Err() != nil {
		err = nil // the writer ended it
	}
	if err != nil {
		seat.kick(err)
	} else {
		seat.Leave()
	}
	writing.Wait()
	seat.Leave()
	conn.Close()
	return err
}

// join reads the first line and takes the seat it asks for.
func (r *room) join(l *lines, pass deskside.Pass) (*Seat, error) {
	f, err := l.readFirst()
	if err != nil {
		return nil, err
	}
	if f.Type != Join {
		return nil, deskside.Errorf(deskside.CodeBadRequest, "a chat begins with join, not with %q", f.Type)
	}
	if pass == nil {
		return r.sit(deskside.ByPerson, nil, f.Since)
	}
	return r.sit(deskside.ByOperator, pass, f.Since)
}

// serveIn does what the peer sends until the stream ends: nil when it ended
// between lines.
func serveIn(ctx context.Context, l *lines, s *Seat) error {
	for {
		f, err := l.read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.Do(ctx, f); err != nil {
			return err
		}
	}
}

// serveOut sends what the seat is told, until the last word.
func serveOut(ctx context.Context, l *lines, s *Seat) error {
	for {
		f, err := s.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := l.write(f); err != nil {
			return err
		}
	}
}

// count gives how many messages each side has said.
func (r *room) count() [2]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.said
}

// endEvent says how much was said while a stream was open, and how it ended.
func endEvent(pass deskside.Pass, before, now [2]int, began time.Time, err error) deskside.Event {
	e := deskside.Event{Kind: deskside.EventChatEnd, Began: began, Detail: map[string]string{
		"from-operator": strconv.Itoa(now[0] - before[0]),
		"from-person":   strconv.Itoa(now[1] - before[1]),
	}}
	var refusal *deskside.Error
	switch {
	case isDone(pass):
		e.Cause = pass.Cause()
	case errors.As(err, &refusal):
		e.Code, e.Words = refusal.Code, refusal.Words
	case err != nil:
		e.Code, e.Words = deskside.CodeUnreachable, err.Error()
	default:
		e.Words = "the operator left the chat"
	}
	return e
}
