// Package authority is the agent's judge: it owns the session table and the
// policy in force, asks the person, writes the audit, and lets streams in and
// throws them out. The bar, the list of streams and what operators are told are
// all derived from its table.
//
//	        decide            ask             answer, decide again
//	Setup ─────────► asked ─────────► window ──────────────────► granted
//	   │ refused        │ withdrawn      │ denied                    │ control stream
//	   ▼                ▼                ▼                           ▼
//	 audited          ended            ended                      active ⇄ suspended → ended
//
// It is asked in plain data and answers in plain data: it reads no byte that
// comes from the network, so that it can live in another process than the one
// that does. What gives access is written to the audit before it is given; what
// takes it away takes effect first, and is written in the order in which it did.
//
// It knows neither transports nor screens, and runs no service.
package authority

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"deskside"
	"deskside/access"
	"deskside/desktop"
	"deskside/internal/pulse"
	"deskside/rcinfo"
)

// Audit is where events are written. Append returns once the event is safe;
// SignedHead gives the chain's head, signed by the agent, as JSON.
type Audit interface {
	Append(context.Context, ...deskside.Event) error // all or none
	SignedHead() (string, error)
}

// Config is what an Authority needs.
type Config struct {
	Audit  Audit
	Policy *access.Policy // in force at first

	// Hello is what a permitted operator is told; Policy is filled in.
	Hello func() rcinfo.Hello

	// Person is who can be asked; nil where there is no desktop. While a
	// question is open no remote input may reach the desktop: the agent hands
	// in a Person that sees to it (desktop.Hold).
	Person desktop.Person

	// Changed is told the open sessions after every change, so that whatever
	// shows them is derived from the table, and once each that was granted and
	// has ended since. It must not call back; nil to leave it.
	Changed func([]deskside.Session)

	// Now is the clock; nil takes time.Now.
	Now func() time.Time

	Log *slog.Logger
}

// Authority decides. Its methods may be called from any goroutine.
type Authority struct {
	Config

	mu        sync.Mutex // guards all below
	policy    *access.Policy
	broken    error // the policy file in place cannot be used
	table     access.Table
	live      map[deskside.SessionID]*live
	requests  map[deskside.OperatorID]map[string]*request
	questions map[deskside.OperatorID]bool     // whose question is open, and whether it takes digits
	meetings  []time.Time                      // of the last hour
	strangers denials                          // of the keys that are not known
	denied    map[deskside.OperatorID]*denials // of each that is
	refusals  map[deskside.OperatorID]refusals // of the person, to operators whom policy names
	ended     []deskside.Session               // that Changed has still to be told of
	closed    bool

	telling  sync.Mutex // held over Changed; taken before mu
	resuming sync.Mutex // held over a resume, so that of two the later one counts; before mu

	closing context.Context // ends with Close, and with it the open questions
	close   context.CancelFunc
	timers  sync.WaitGroup // aborts of control streams that are under way
	writer  writer
}

// MaxStreams is how many streams a session may have open at once.
const MaxStreams = 64

// live is what the authority knows of a session beyond its row in the table.
type live struct {
	streams map[deskside.Stream]bool
	stay    *stay         // new after a resume
	changed chan struct{} // holds one value; new with each control stream
	control uint64        // the number of the control stream that counts
	sealed  chan struct{} // closed when the end has been audited
	head    string        // then: the signed head of the audit
	acts    int           // what the streams began and have not ended, by the audit
	settled chan struct{} // closed when acts is 0, once somebody waits for that

	transport deskside.Transport // on which it was set up or resumed
}

// stay is the time from a session's grant or resume until it is suspended or
// ends. Streams are admitted to a stay, not to the session: they do not
// outlive it, however soon the session is resumed.
type stay struct {
	done  chan struct{}
	cause deskside.Cause // written before done is closed
}

func newStay() *stay { return &stay{done: make(chan struct{})} }

// over ends the stay, once. The lock is held.
func (s *stay) over(cause deskside.Cause) {
	select {
	case <-s.done:
	default:
		s.cause = cause
		close(s.done)
	}
}

// New makes an Authority.
func New(c Config) *Authority {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Policy == nil {
		c.Policy = &access.Policy{}
	}
	a := &Authority{
		Config:    c,
		policy:    c.Policy,
		live:      make(map[deskside.SessionID]*live),
		requests:  make(map[deskside.OperatorID]map[string]*request),
		questions: make(map[deskside.OperatorID]bool),
		denied:    make(map[deskside.OperatorID]*denials),
		refusals:  make(map[deskside.OperatorID]refusals),
	}
	a.closing, a.close = context.WithCancel(context.Background())
	return a
}

// Close ends every session and withdraws every question, and waits until that
// is written. No session can begin after it.
func (a *Authority) Close() {
	a.mu.Lock()
	a.closed = true
	a.close()
	for _, s := range a.table.Sessions() {
		a.end(s.ID, deskside.CauseShutdown)
	}
	a.mu.Unlock()
	a.Refresh()
	a.timers.Wait()
	a.writer.wait()
}

// Open copies the sessions that have not ended.
func (a *Authority) Open() []deskside.Session {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.table.Sessions()
}

// Refresh tells of the sessions anew. Calls come one after another, each with
// the table as it then is, so that the last one told is never stale.
func (a *Authority) Refresh() {
	if a.Changed == nil {
		return
	}
	a.telling.Lock()
	defer a.telling.Unlock()
	a.mu.Lock()
	all := append(a.table.Sessions(), a.ended...)
	a.ended = nil
	a.mu.Unlock()
	a.Changed(all)
}

// record writes events and reports an error in the form operators get.
func (a *Authority) record(events ...deskside.Event) error {
	if err := a.Audit.Append(context.Background(), events...); err != nil {
		a.Log.Error("the audit cannot be written", "event", events[0].Kind, "error", err)
		return deskside.Errorf(deskside.CodeNoAudit, "the agent cannot write its audit, so nothing may happen").
			Hint("The agent's owner must look at its disk; the agent's log says more.")
	}
	return nil
}

// name gives an operator policy's name for the key, where it has one. The lock
// is held.
func (a *Authority) name(op deskside.Operator) deskside.Operator {
	if rule, ok := a.policy.Operators[op.Key]; ok && rule.Name != "" {
		op.Name = rule.Name
	}
	return op
}

// event fills in what is known of an operator and stream.
func event(kind deskside.EventKind, op deskside.Operator, t deskside.Transport) deskside.Event {
	return deskside.Event{Kind: kind, Operator: &op.Key, Name: op.Title(), Address: op.Address, Transport: t}
}

// sessionEvent fills in what is known of a session. The lock is held.
func (a *Authority) sessionEvent(kind deskside.EventKind, s deskside.Session) deskside.Event {
	e := event(kind, s.Operator, "")
	if l, ok := a.live[s.ID]; ok {
		e.Transport = l.transport
	}
	e.Session, e.Reason, e.Cause = &s.ID, s.Reason, s.Cause
	e.Rights = s.Rights.String()
	return e
}

// expiry is how often the limits of sessions are applied.
const expiry = 500 * time.Millisecond

// Run applies the limits of sessions until the context ends.
func (a *Authority) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Reset(pulse.Wait(time.Now(), expiry))
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			a.Expire()
		}
	}
}

// Expire ends and suspends the sessions whose time has come.
func (a *Authority) Expire() {
	a.mu.Lock()
	due := a.table.Due(a.Now())
	for _, d := range due {
		if d.Cause == "" {
			a.suspend(d.ID, deskside.Path{})
		} else {
			a.end(d.ID, d.Cause)
		}
	}
	a.forget()
	a.mu.Unlock()
	if len(due) > 0 {
		a.Refresh()
	}
}

// forget drops what belongs to sessions that the table has forgotten, and what
// nobody is held to any more. The lock is held.
func (a *Authority) forget() {
	for id := range a.live {
		if _, ok := a.table.Get(id); !ok {
			delete(a.live, id)
		}
	}
	now := a.Now()
	for key, mine := range a.requests {
		for id, r := range mine {
			if r.over(now) {
				a.drop(key, id)
			}
		}
	}
	for key, r := range a.refusals {
		if now.Sub(r.last) >= ForgiveAfter {
			delete(a.refusals, key)
		}
	}
	a.forgetDenials(now)
}

// SetPolicy puts a policy in force. With an error, the last good one stays,
// and no new session may begin. A policy that narrows is applied to the open
// sessions at once; one that widens waits for the next setup. It does not wait
// for the audit, or a disk that hangs would keep the last policy in force.
func (a *Authority) SetPolicy(p *access.Policy, broken error) {
	e := deskside.Event{Kind: deskside.EventPolicy, Words: "policy loaded"}
	if broken != nil {
		e.Words, e.Code = "the policy file cannot be used, the last good one stays in force: "+broken.Error(), deskside.CodePolicyBroken
	}
	a.mu.Lock()
	if a.closed {
		a.mu.Unlock()
		return
	}
	a.writer.add(func() { a.record(e) })
	a.broken = broken
	if broken == nil {
		a.policy = p
	}
	a.narrow()
	a.mu.Unlock()
	a.Refresh()
}

// Policy returns the policy in force, and why the file in place is not it.
func (a *Authority) Policy() (*access.Policy, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.policy, a.broken
}

// narrow applies the policy to the open sessions: some end, others lose rights
// and the streams that need them. The lock is held.
func (a *Authority) narrow() {
	for _, s := range a.table.Sessions() {
		if s.State == deskside.Asked {
			continue // decided again when it is answered
		}
		keep := a.policy.Keep(s.Operator.Key, s.Rights, a.table.Basis(s.ID))
		if keep == 0 {
			a.end(s.ID, deskside.CausePolicy)
			continue
		}
		rule, _ := a.policy.Ceiling(s.Operator.Key)
		a.table.Tighten(s.ID, rule.Limits)
		if keep == s.Rights {
			continue
		}
		a.table.Narrow(s.ID, keep)
		l := a.live[s.ID]
		l.tell()
		for stream := range l.streams {
			if stream.Service() != deskside.RCInfo && stream.Service().Needs()&keep == 0 {
				stream.Abort()
			}
		}
	}
}

// tell leaves a value for the control stream: the session changed.
func (l *live) tell() {
	select {
	case l.changed <- struct{}{}:
	default:
	}
}
