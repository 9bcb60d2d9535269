package client

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"deskside"
	"deskside/audit"
	"deskside/internal/plain"
	"deskside/rcinfo"
	"deskside/transport"
	"deskside/wire"
)

// Session is an operator's session with an agent, from its grant to its end.
// Its methods may be called from any goroutine.
//
//	active ──lost──► suspended ──resumed──► active
//	   │                 │ grace over, refused
//	   └──────end────────┴──────────────────────► ended
type Session struct {
	agent    *Agent
	services [len(deskside.Services)]*wire.Client
	ctx      context.Context // ends with the session
	cancel   context.CancelFunc
	done     chan struct{} // closed when run has returned

	mu      sync.Mutex // guards all below
	info    deskside.Session
	tickets map[string]deskside.Ticket
	control *wire.Conn // nil while lost
	ending  bool       // End was called: it is all a new control stream says
	ended   rcinfo.Ended
	losses  int                       // how often it was lost
	streams map[transport.Stream]bool // of the services, but for the control stream
	heard   time.Time                 // when the agent last said anything on the control stream
	changed chan struct{}             // closed and replaced at each change
}

func newSession(a *Agent, answer rcinfo.Answer) *Session {
	s := &Session{
		agent: a, info: answer.Session, tickets: answer.Tickets, streams: make(map[transport.Stream]bool),
		done: make(chan struct{}), changed: make(chan struct{}),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	for _, svc := range deskside.Services {
		s.services[svc] = a.wireClient(a.dialer, svc)
		s.services[svc].Dial = s.noting(s.services[svc].Dial)
	}
	return s
}

// noting gives a dial that notes the streams it opens, for as long as they are.
func (s *Session) noting(dial func(context.Context) (transport.Stream, error)) func(context.Context) (transport.Stream, error) {
	return func(ctx context.Context) (transport.Stream, error) {
		stream, err := dial(ctx)
		if err != nil {
			return nil, err
		}
		s.mu.Lock()
		s.streams[stream] = true
		s.mu.Unlock()
		stream.AfterClose(func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(s.streams, stream)
		})
		return stream, nil
	}
}

// abort breaks the streams of a session that is lost. The agent has done the
// same or will, but of what it said about that nothing may have come through,
// and a stream on which nobody waits for an answer would stand for minutes.
func (s *Session) abort() {
	s.mu.Lock()
	streams := slices.Collect(maps.Keys(s.streams))
	s.mu.Unlock()
	for _, stream := range streams {
		stream.Abort()
	}
}

// Losses counts how often the network lost the session.
func (s *Session) Losses() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.losses
}

// Agent is the session's agent.
func (s *Session) Agent() *Agent { return s.agent }

// Info copies the session as this side knows it.
func (s *Session) Info() deskside.Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.info
}

// Done is closed when the session is over; Ended then says why.
func (s *Session) Done() <-chan struct{} { return s.done }

// Changed returns a channel that is closed at the next change of Info.
func (s *Session) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// Ended says why the session ended, after Done.
func (s *Session) Ended() rcinfo.Ended {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// Path is the way of the control stream, or of the newest stream while it is
// lost.
func (s *Session) Path() deskside.Path {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.control != nil {
		return s.control.Path()
	}
	return s.agent.Path()
}

// RTT is the round trip of the control stream as its transport knows it; 0 if
// unknown.
func (s *Session) RTT() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.control == nil {
		return 0
	}
	return s.control.RTT()
}

func (s *Session) ticket(svc deskside.Service) deskside.Ticket {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tickets[svc.String()]
}

// Ticket gives the ticket for a service; it changes when the session resumes.
// While the session is lost it waits for that, as long as the context lives. A
// service that the session's rights do not reach has none.
func (s *Session) Ticket(ctx context.Context, svc deskside.Service) (deskside.Ticket, error) {
	for {
		changed := s.Changed()
		if err := s.Reaches(svc); err != nil {
			return deskside.Ticket{}, err
		}
		s.mu.Lock()
		state, t := s.info.State, s.tickets[svc.String()]
		s.mu.Unlock()
		if state != deskside.Suspended {
			return t, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return t, deskside.Errorf(deskside.CodeSuspended, "the connection to the agent is lost: %w", ctx.Err()).
				Hint("The session goes on by itself when the network is back within its grace time.")
		}
	}
}

// Reaches says why the session cannot use a service, if it cannot: it has ended,
// or its rights do not reach that far. One that is lost may return.
func (s *Session) Reaches(svc deskside.Service) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.info.State == deskside.Ended:
		return deskside.Errorf(deskside.CodeEnded, "the session has ended: %s", s.info.Cause.Words())
	case s.tickets[svc.String()] == deskside.Ticket{}:
		return deskside.Errorf(deskside.CodeNoRight, "the session's rights (%s) do not reach %s", s.info.Rights, svc).
			Hint("Set up a session that asks for one of: %s.", svc.Needs())
	}
	return nil
}

// Service gives the HTTP client of one service.
func (s *Session) Service(svc deskside.Service) *wire.Client { return s.services[svc] }

// Upgrade opens a raw stream to a service of the session.
func (s *Session) Upgrade(ctx context.Context, svc deskside.Service, target, protocol string) (*wire.Conn, error) {
	t, err := s.Ticket(ctx, svc)
	if err != nil {
		return nil, err
	}
	return s.services[svc].Upgrade(ctx, "POST", target, protocol, t)
}

// Ping measures one round trip of a request to a service over a transport,
// on a stream of its own that stays open between calls with the same dialer.
func (s *Session) Ping(ctx context.Context, svc deskside.Service) (time.Duration, error) {
	return s.ping(ctx, s.services[svc], svc)
}

func (s *Session) ping(ctx context.Context, c *wire.Client, svc deskside.Service) (time.Duration, error) {
	t, err := s.Ticket(ctx, svc)
	if err != nil {
		return 0, err
	}
	start := time.Now()
	err = c.JSON(ctx, "GET", "/ping", t, nil, nil)
	return time.Since(start), err
}

// Pinger measures round trips over one transport, which it never leaves. Close
// it.
type Pinger struct {
	session *Session
	dialer  *transport.Dialer
	clients [len(deskside.Services)]*wire.Client
}

// Pinger makes a Pinger.
func (s *Session) Pinger(t deskside.Transport) *Pinger {
	p := &Pinger{session: s, dialer: &transport.Dialer{Identity: s.agent.client.id, Transport: t}}
	for _, svc := range deskside.Services {
		p.clients[svc] = s.agent.wireClient(p.dialer, svc)
	}
	return p
}

// Ping measures one round trip. The first to a service includes the handshake.
func (p *Pinger) Ping(ctx context.Context, svc deskside.Service) (time.Duration, error) {
	return p.session.ping(ctx, p.clients[svc], svc)
}

// Close closes the streams.
func (p *Pinger) Close() error {
	for _, c := range p.clients {
		c.Close()
	}
	return p.dialer.Close()
}

// End ends the session, waits until it is over, and says how it ended. A
// session that is lost is resumed for that. The error says that the agent could
// not be told before the context ended.
func (s *Session) End(ctx context.Context) (rcinfo.Ended, error) {
	s.mu.Lock()
	s.ending = true
	control := s.control
	s.mu.Unlock()
	if control != nil {
		sayEnd(control)
	} else if e, err := s.agent.info.End(ctx, s.ticket(deskside.RCInfo)); err == nil {
		s.finish(e)
	}
	var err error
	select {
	case <-s.done:
	case <-ctx.Done():
		s.cancel()
		<-s.done
		if s.finishHere(deskside.CauseOperator) {
			err = deskside.Errorf(deskside.CodeUnreachable, "the agent did not confirm the end of the session: %w", ctx.Err()).
				Hint("It ends the session by itself when the grace time is over; the person can stop it at once.")
		}
	}
	return s.Ended(), err
}

// During runs do with a context that also ends when the session does, ends the
// session after it, and gives the session's end as the error when that is why
// do failed.
func (s *Session) During(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-s.Done():
			cancel()
		case <-ctx.Done():
		}
	}()
	err := do(ctx)
	select {
	case <-s.Done():
		if err != nil {
			return endError(s.Ended())
		}
	default:
	}
	s.Close()
	return err
}

// endError says why a session ended under what was using it.
func endError(e rcinfo.Ended) error {
	words := e.Words
	if words == "" {
		words = e.Session.Cause.Words()
	}
	return deskside.Errorf(deskside.CodeEnded, "the session ended: %s", plain.Text(words))
}

// sayEnd asks for the end. A stream that cannot carry it breaks, which the
// control stream's reader notices.
func sayEnd(control *wire.Conn) {
	control.SetWriteDeadline(time.Now().Add(rcinfo.Beat))
	if wire.NewLines(control, rcinfo.MaxLine).Write(rcinfo.Control{Do: rcinfo.VerbEnd}) != nil {
		control.Abort()
	}
}

// Close ends the session without waiting long for the agent to say so.
func (s *Session) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_, err := s.End(ctx)
	return err
}

// discard gives a session up before it began.
func (s *Session) discard() {
	s.cancel()
	close(s.done)
}

// run holds the session until it is over.
func (s *Session) run(control *wire.Conn) {
	defer close(s.done)
	defer s.agent.Close()
	defer s.cancel()
	for control != nil {
		if s.hold(control) {
			break
		}
		control = s.recover()
	}
	s.askForHead()
}

// headPatience is how long the agent is asked for the signed head that its last
// words did not have yet.
const headPatience = 2 * time.Second

// askForHead fetches the signed head when the end came without it: the agent
// tells the end at once, and its audit may wait for a busy disk. An agent that
// stops has no time for it.
func (s *Session) askForHead() {
	e := s.Ended()
	if e.Head != "" || e.Session.Cause == deskside.CauseShutdown || e.Session.Cause == deskside.CauseGrace {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), headPatience)
	defer cancel()
	for pause := 50 * time.Millisecond; e.Head == ""; pause *= 2 {
		var err error
		if e, err = s.agent.info.Ended(ctx, e.Session.ID); err != nil {
			return
		}
		if e.Head == "" { // it may never come
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
		}
	}
	s.update(func() { s.ended = e })
	s.keepHead(e.Head)
}

// hold runs one control stream. It reports whether the session is over.
func (s *Session) hold(control *wire.Conn) bool {
	var ending bool
	s.update(func() { s.control, ending = control, s.ending })
	if ending {
		sayEnd(control)
	}
	defer s.update(func() { s.control = nil })
	defer context.AfterFunc(s.ctx, control.Abort)()
	beats := make(chan struct{})
	go func() {
		defer close(beats)
		s.beat(control)
	}()
	defer func() {
		control.Abort()
		<-beats
	}()
	lines := wire.NewLines(control, rcinfo.MaxBody)
	s.hear()
	for {
		control.SetReadDeadline(time.Now().Add(3 * rcinfo.Beat))
		var line rcinfo.Control
		if err := lines.Read(&line); err != nil {
			return s.ctx.Err() != nil
		}
		switch {
		case line.Do == rcinfo.VerbEnd && line.Ended != nil:
			s.finish(*line.Ended)
			return true
		case line.Do == rcinfo.VerbSession && line.Session != nil:
			s.update(func() { s.info = *line.Session })
		}
		s.hear()
	}
}

func (s *Session) hear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = time.Now()
}

// Quiet gives for how long nothing was heard of the agent, which says that it is
// there every rcinfo.Beat: after three of them the session counts as lost.
func (s *Session) Quiet() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Since(s.heard)
}

// beat says regularly that this side is there, until the stream breaks.
func (s *Session) beat(control *wire.Conn) {
	lines := wire.NewLines(control, rcinfo.MaxLine)
	closed := make(chan struct{})
	control.AfterClose(func() { close(closed) })
	tick := time.NewTicker(rcinfo.Beat)
	defer tick.Stop()
	for {
		select {
		case <-closed:
			return
		case <-tick.C:
		}
		control.SetWriteDeadline(time.Now().Add(rcinfo.Beat))
		if lines.Write(rcinfo.Control{Do: rcinfo.VerbBeat}) != nil {
			control.Abort()
			return
		}
	}
}

// recover tries to resume a lost session until its grace time is over. It
// returns the new control stream, nil when the session is over.
func (s *Session) recover() *wire.Conn {
	lost := time.Now()
	s.update(func() {
		s.info.State, s.info.Cause = deskside.Suspended, deskside.CauseLost
		s.info.Until = lost.Add(s.info.Limits.Grace.Duration())
		s.losses++
	})
	s.abort()
	until := s.Info().Until
	for pause := 200 * time.Millisecond; s.ctx.Err() == nil && time.Now().Before(until); pause = min(pause*2, rcinfo.Beat) {
		control, over := s.resume()
		if control != nil || over {
			return control
		}
		select {
		case <-s.ctx.Done():
		case <-time.After(pause):
		}
	}
	if s.ctx.Err() == nil {
		s.finishHere(deskside.CauseGrace)
	}
	return nil
}

// resume tries once. It reports whether the session is over.
func (s *Session) resume() (*wire.Conn, bool) {
	ctx, cancel := context.WithTimeout(s.ctx, 2*rcinfo.Beat)
	defer cancel()
	id := s.Info().ID
	answer, err := s.agent.info.Resume(ctx, id)
	switch deskside.CodeOf(err) {
	case "":
	case deskside.CodeEnded, deskside.CodeNotFound, deskside.CodeDenied, deskside.CodeConflict, deskside.CodeWrongKey:
		if ended, err := s.agent.info.Ended(ctx, id); err == nil {
			s.finish(ended)
		} else {
			s.finishHere(deskside.CauseLost)
		}
		return nil, true
	default:
		return nil, false
	}
	control, err := s.agent.info.Control(ctx, answer.Tickets[deskside.RCInfo.String()])
	if err != nil {
		return nil, false
	}
	s.update(func() { s.info, s.tickets = answer.Session, answer.Tickets })
	return control, false
}

// finishHere ends the session with what this side knows. It reports whether
// that is how it ended.
func (s *Session) finishHere(cause deskside.Cause) bool {
	info := s.Info()
	info.State, info.Cause, info.Ended = deskside.Ended, cause, time.Now()
	return s.finish(rcinfo.Ended{Session: info, Words: cause.Words()})
}

// finish notes the end and keeps the audit's signed head. The first end counts,
// as at the agent; it reports whether this is the one.
func (s *Session) finish(e rcinfo.Ended) (first bool) {
	s.update(func() {
		if first = s.ended.Session.State != deskside.Ended; first {
			s.ended, s.info = e, e.Session
		}
	})
	s.cancel()
	if first && e.Head != "" {
		s.keepHead(e.Head)
	}
	return first
}

// keepHead appends the signed head to the operator's file, if it is the
// agent's own, so that a tail cut off its audit later is found.
func (s *Session) keepHead(text string) {
	var head audit.SignedHead
	if json.Unmarshal([]byte(text), &head) != nil || head.Agent != s.agent.Key || head.Check() != nil {
		return
	}
	f, err := os.OpenFile(filepath.Join(s.agent.client.home, headFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	f.WriteString(text + "\n")
}

// update changes what the lock guards and tells who waits on Changed.
func (s *Session) update(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	close(s.changed)
	s.changed = make(chan struct{})
}
