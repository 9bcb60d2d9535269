package transporttest

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"deskside"
)

// Gate is a deskside.Gate with one session, whose state the test decides. It
// aborts streams as the agent's gate does, and keeps every event.
type Gate struct {
	operator deskside.OperatorID

	mu      sync.Mutex
	session deskside.Session
	tickets map[deskside.Ticket]holder
	passes  map[*pass]bool
	events  []deskside.Event
	fail    error
	touched int
}

// holder is to whom a ticket was issued, and for what.
type holder struct {
	key deskside.OperatorID
	svc deskside.Service
}

// NewGate makes a gate with an active session of the net's operator, without
// rights until a ticket is issued.
func NewGate(t testing.TB, n *Net) *Gate {
	t.Helper()
	now := time.Now()
	return &Gate{
		operator: n.Operator.ID(),
		session: deskside.Session{
			ID: deskside.NewSessionID(), State: deskside.Active,
			Operator: deskside.Operator{Key: n.Operator.ID(), Name: "Olive Operator", Address: "test"},
			Reason:   "a test", Began: now, Until: now.Add(time.Hour),
			Limits: deskside.Limits{Idle: 600, Absolute: 3600, Grace: 60},
		},
		tickets: make(map[deskside.Ticket]holder),
		passes:  make(map[*pass]bool),
	}
}

// Issue gives a ticket for svc to the net's operator, and the session those
// rights in addition to what it has.
func (g *Gate) Issue(svc deskside.Service, rights deskside.Rights) deskside.Ticket {
	return g.IssueTo(g.operator, svc, rights)
}

// IssueTo is Issue for another key.
func (g *Gate) IssueTo(key deskside.OperatorID, svc deskside.Service, rights deskside.Rights) deskside.Ticket {
	ticket := deskside.NewTicket()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tickets[ticket] = holder{key, svc}
	g.session.Rights |= rights
	return ticket
}

// SetRights makes rights all the session has, from the next Check on.
func (g *Gate) SetRights(rights deskside.Rights) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.session.Rights = rights
}

// Suspend suspends the session: streams are aborted, tickets die.
func (g *Gate) Suspend() { g.stop(deskside.Suspended, deskside.CauseLost) }

// Resume makes a suspended session active again. New tickets must be issued.
func (g *Gate) Resume() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.session.State == deskside.Suspended {
		g.session.State, g.session.Cause = deskside.Active, ""
	}
}

// End ends the session: streams are aborted, tickets die.
func (g *Gate) End(cause deskside.Cause) { g.stop(deskside.Ended, cause) }

func (g *Gate) stop(state deskside.State, cause deskside.Cause) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.session.State == deskside.Ended {
		return
	}
	g.session.State, g.session.Cause = state, cause
	if state == deskside.Ended {
		g.session.Ended = time.Now()
	}
	clear(g.tickets)
	for p := range g.passes {
		p.cause = cause
		close(p.done)
		p.stream.Abort()
	}
	clear(g.passes)
}

// FailRecord makes every Record fail with err, as a full disk would; nil ends
// that.
func (g *Gate) FailRecord(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fail = err
}

// Events gives what was recorded so far, in order.
func (g *Gate) Events() []deskside.Event {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.events)
}

// EventsOf gives the recorded events of one kind.
func (g *Gate) EventsOf(kind deskside.EventKind) []deskside.Event {
	return slices.DeleteFunc(g.Events(), func(e deskside.Event) bool { return e.Kind != kind })
}

// Session copies the session.
func (g *Gate) Session() deskside.Session {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.session
}

// Touched counts the calls of Touch.
func (g *Gate) Touched() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.touched
}

// Open counts the streams admitted and not yet closed.
func (g *Gate) Open() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.passes)
}

// Admit implements deskside.Gate.
func (g *Gate) Admit(ticket deskside.Ticket, stream deskside.Stream) (deskside.Pass, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.check(); err != nil {
		return nil, g.denied(stream, err)
	}
	to, ok := g.tickets[ticket]
	switch {
	case !ok:
		return nil, g.denied(stream, deskside.Errorf(deskside.CodeNoTicket, "no such ticket").Hint("Set up a session first."))
	case to.key != stream.Peer():
		return nil, g.denied(stream, deskside.Errorf(deskside.CodeNoTicket, "the ticket was issued to another key"))
	case to.svc != stream.Service():
		return nil, g.denied(stream, deskside.Errorf(deskside.CodeNoTicket, "the ticket is for %s, not %s", to.svc, stream.Service()))
	}
	p := &pass{gate: g, stream: stream, done: make(chan struct{})}
	g.passes[p] = true
	stream.AfterClose(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		delete(g.passes, p)
	})
	return p, nil
}

// check says why the session is not active; g.mu is held.
func (g *Gate) check() *deskside.Error {
	switch g.session.State {
	case deskside.Suspended:
		return deskside.Errorf(deskside.CodeSuspended, "%s", g.session.Cause.Words())
	case deskside.Ended:
		return deskside.Errorf(deskside.CodeEnded, "%s", g.session.Cause.Words())
	}
	return nil
}

// denied records a refusal and gives it; g.mu is held.
func (g *Gate) denied(stream deskside.Stream, err *deskside.Error) error {
	err = err.From(deskside.ByAgent)
	peer := stream.Peer()
	g.events = append(g.events, deskside.Event{
		Kind: deskside.EventDenied, Operator: &peer, Address: stream.Path().Remote,
		Transport: stream.Path().Transport, Service: stream.Service().String(), Code: err.Code, Words: err.Words,
	})
	return err
}

// pass is a stream's hold on the session.
type pass struct {
	gate   *Gate
	stream deskside.Stream
	done   chan struct{}
	cause  deskside.Cause // written before done is closed
}

func (p *pass) Session() deskside.Session { return p.gate.Session() }

func (p *pass) Check(r deskside.Right) error {
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	if err := p.gate.check(); err != nil {
		return err.From(deskside.ByAgent)
	}
	if !p.gate.session.Rights.Has(r) {
		return deskside.Errorf(deskside.CodeNoRight, "the session does not hold the right %s", r).From(deskside.ByAgent)
	}
	return nil
}

func (p *pass) Touch() {
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	p.gate.touched++
}

func (p *pass) Record(events ...deskside.Event) error {
	if slices.ContainsFunc(events, func(e deskside.Event) bool { return e.Kind == "" }) {
		return errors.New("an event without a kind")
	}
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	if p.gate.fail != nil {
		return deskside.Errorf(deskside.CodeNoAudit, "the audit cannot be written: %w", p.gate.fail).From(deskside.ByAgent)
	}
	id, key := p.gate.session.ID, p.stream.Peer()
	for _, e := range events {
		e.Session, e.Operator, e.Name = &id, &key, p.gate.session.Operator.Name
		e.Address, e.Transport, e.Reason = p.stream.Path().Remote, p.stream.Path().Transport, p.gate.session.Reason
		if e.Service == "" {
			e.Service = p.stream.Service().String()
		}
		p.gate.events = append(p.gate.events, e)
	}
	return nil
}

func (p *pass) Done() <-chan struct{} { return p.done }

func (p *pass) Cause() deskside.Cause {
	select {
	case <-p.done:
		return p.cause
	default:
		return ""
	}
}
