package authority

import (
	"strings"
	"time"

	"deskside"
	"deskside/access"
	"deskside/rcinfo"
)

// Admit lets a stream in, as deskside.Gate has it.
func (a *Authority) Admit(ticket deskside.Ticket, stream deskside.Stream) (deskside.Pass, error) {
	p, err := a.admit(ticket, stream)
	if err != nil {
		e := a.ofTicket(ticket)
		e.Service = stream.Service().String()
		a.deny(rcinfo.Caller{Key: stream.Peer(), Path: stream.Path()}, e, err)
		return nil, deskside.AsError(err).From(deskside.ByAgent)
	}
	return p, nil
}

// ofTicket begins the event of a denial, with the session where the ticket is
// that of one: whoever presented it.
func (a *Authority) ofTicket(ticket deskside.Ticket) deskside.Event {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := deskside.Event{Kind: deskside.EventDenied}
	if s, ok := a.table.Of(ticket); ok {
		e.Session, e.Reason = &s.ID, s.Reason
	}
	return e
}

func (a *Authority) admit(ticket deskside.Ticket, stream deskside.Stream) (*pass, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s, err := a.table.Verify(ticket, stream.Service(), stream.Peer())
	if err != nil {
		return nil, err
	}
	l := a.live[s.ID]
	if !l.streams[stream] {
		if len(l.streams) >= MaxStreams {
			return nil, deskside.Errorf(deskside.CodeTooMany, "the session has %d streams open", len(l.streams)).Hint("Close some.")
		}
		l.streams[stream] = true
		stream.AfterClose(func() { a.closedStream(l, stream) })
	}
	return &pass{a: a, id: s.ID, stay: l.stay, stream: stream}, nil
}

func (a *Authority) closedStream(l *live, stream deskside.Stream) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(l.streams, stream)
}

// pass is deskside.Pass: a stream's hold on a session until it is suspended or
// ends.
type pass struct {
	a      *Authority
	id     deskside.SessionID
	stay   *stay
	stream deskside.Stream
}

func (p *pass) Session() deskside.Session {
	p.a.mu.Lock()
	defer p.a.mu.Unlock()
	s, _ := p.a.table.Get(p.id)
	return s
}

func (p *pass) Done() <-chan struct{} { return p.stay.done }

func (p *pass) Cause() deskside.Cause {
	p.a.mu.Lock()
	defer p.a.mu.Unlock()
	return p.stay.cause
}

func (p *pass) Check(r deskside.Right) error {
	select {
	case <-p.stay.done:
		return deskside.Errorf(deskside.CodeEnded, "the stream's session is over: %s", p.Cause().Words()).From(deskside.ByAgent)
	default:
	}
	p.a.mu.Lock()
	defer p.a.mu.Unlock()
	if err := p.a.table.Check(p.id, r); err != nil {
		return deskside.AsError(err).From(deskside.ByAgent)
	}
	return nil
}

func (p *pass) Touch() {
	p.a.mu.Lock()
	defer p.a.mu.Unlock()
	p.a.table.Touch(p.a.Now(), p.id)
}

// Record completes the events and writes them. A session whose acts cannot be
// audited ends.
func (p *pass) Record(events ...deskside.Event) error {
	if len(events) == 0 {
		return nil
	}
	err := p.a.record(p.complete(events)...)
	if err != nil {
		go p.a.End(p.id, deskside.CauseAudit)
	}
	p.a.mu.Lock()
	defer p.a.mu.Unlock()
	for _, e := range events {
		if strings.HasSuffix(string(e.Kind), "-end") || (err != nil && strings.HasSuffix(string(e.Kind), "-begin")) {
			p.a.act(p.id, -1)
		}
	}
	return err
}

// complete fills in what the session and the stream say, and counts what begins.
func (p *pass) complete(events []deskside.Event) []deskside.Event {
	p.a.mu.Lock()
	defer p.a.mu.Unlock()
	s, _ := p.a.table.Get(p.id)
	path := p.stream.Path()
	list := make([]deskside.Event, len(events))
	for i, e := range events {
		full := &list[i]
		*full = p.a.sessionEvent(e.Kind, s)
		full.Address, full.Transport, full.Service = path.Remote, path.Transport, p.stream.Service().String()
		full.Code, full.Words, full.Detail, full.Began = e.Code, e.Words, e.Detail, e.Began
		if e.Cause != "" {
			full.Cause = e.Cause
		}
		if strings.HasSuffix(string(e.Kind), "-begin") {
			p.a.act(p.id, 1)
		}
	}
	return list
}

// act counts what a session's streams began and have not ended. The lock is
// held.
func (a *Authority) act(id deskside.SessionID, n int) {
	l, ok := a.live[id]
	if !ok {
		return
	}
	l.acts = max(l.acts+n, 0) // an end may come without a beginning that was written
	if l.acts == 0 && l.settled != nil {
		close(l.settled)
		l.settled = nil
	}
}

// settle waits, briefly, until the streams of a session that has ended have
// written how what they began came out, so that the session's own end comes
// last and the signed head covers all of it.
func (a *Authority) settle(l *live) {
	a.mu.Lock()
	var settled chan struct{}
	if l.acts > 0 {
		settled = make(chan struct{})
		l.settled = settled
	}
	a.mu.Unlock()
	if settled == nil {
		return
	}
	select {
	case <-settled:
	case <-time.After(LastWords / 4):
	}
}

// End ends a session for a cause: its streams are closed and its tickets die.
// The end is audited after that, and not waited for. A session that has ended
// stays as it is.
func (a *Authority) End(id deskside.SessionID, cause deskside.Cause) {
	a.mu.Lock()
	ended := a.end(id, cause)
	a.mu.Unlock()
	if ended {
		a.Refresh()
	}
}

// end ends a session in the table, closes its streams and has the end written.
// The report is false where nothing was to be ended. The lock is held; Refresh
// is to be called once it is free.
func (a *Authority) end(id deskside.SessionID, cause deskside.Cause) bool {
	if !a.table.End(a.Now(), id, cause) {
		return false
	}
	s, _ := a.table.Get(id)
	l := a.live[id]
	e := a.sessionEvent(deskside.EventEnd, s)
	a.release(l, cause)
	if s.Began.IsZero() {
		close(l.sealed) // never granted; the refusal is in the audit
	} else {
		if a.Changed != nil {
			a.ended = append(a.ended, s)
		}
		a.writer.add(func() { a.seal(l, s, e) })
	}
	return true
}

// LastWords is how long a control stream may take to tell the cause of an end
// before it is aborted. All other streams are aborted at once.
const LastWords = 200 * time.Millisecond

// release ends what a session has open. The lock is held; aborts do not block.
func (a *Authority) release(l *live, cause deskside.Cause) {
	l.stay.over(cause)
	for stream := range l.streams {
		if stream.Service() != deskside.RCInfo {
			stream.Abort()
			continue
		}
		a.timers.Add(1)
		time.AfterFunc(LastWords, func() {
			defer a.timers.Done()
			stream.Abort()
		})
	}
}

// seal audits the end and keeps the signed head for the operator.
func (a *Authority) seal(l *live, s deskside.Session, e deskside.Event) {
	defer close(l.sealed)
	e.Began = s.Began
	a.settle(l)
	if a.record(e) != nil {
		return
	}
	head, err := a.Audit.SignedHead()
	if err != nil {
		a.Log.Error("the audit's head cannot be signed", "error", err)
		return
	}
	a.mu.Lock()
	l.head = head
	a.mu.Unlock()
}

// suspend closes the streams of a session that the network lost, but for those
// to rcinfo on the path spare, on which the operator is resuming it. The report
// is false where nothing was to be suspended. The lock is held; Refresh is to be
// called once it is free.
func (a *Authority) suspend(id deskside.SessionID, spare deskside.Path) bool {
	if !a.table.Suspend(a.Now(), id) {
		return false
	}
	s, _ := a.table.Get(id)
	l := a.live[id]
	l.stay.over(s.Cause)
	l.control++ // the control stream that is lost must not suspend what comes after it
	for stream := range l.streams {
		if stream.Service() != deskside.RCInfo || stream.Path() != spare {
			stream.Abort()
		}
	}
	e := a.sessionEvent(deskside.EventSuspend, s)
	a.writer.add(func() { a.record(e) })
	return true
}

// Resume gives a suspended session back to its key, after policy was asked
// again. A session whose loss this side has not noticed yet is suspended first.
func (a *Authority) Resume(c rcinfo.Caller, r rcinfo.Resume) (rcinfo.Answer, error) {
	answer, err := a.resume(c, r.Session)
	if err != nil {
		e := deskside.Event{Kind: deskside.EventDenied, Session: &r.Session}
		a.deny(c, e, err)
		return answer, deskside.AsError(err).From(deskside.ByAgent)
	}
	return answer, nil
}

func (a *Authority) resume(c rcinfo.Caller, id deskside.SessionID) (rcinfo.Answer, error) {
	a.resuming.Lock()
	defer a.resuming.Unlock()
	e, err := a.mayResume(c, id)
	if err != nil {
		return rcinfo.Answer{}, err
	}
	a.writer.after(func() { err = a.record(e) }) // the loss comes before the return
	if err != nil {
		return rcinfo.Answer{}, err
	}
	tickets, s, err := a.revive(c, id)
	if err != nil {
		return rcinfo.Answer{}, err
	}
	a.Refresh()
	return answerOf(s, tickets), nil
}

// mayResume refuses what cannot be resumed, before anything is written, and
// suspends what is not yet. It gives the event to write.
func (a *Authority) mayResume(c rcinfo.Caller, id deskside.SessionID) (e deskside.Event, err error) {
	lost := false
	defer func() {
		if lost {
			a.Refresh()
		}
	}()
	a.mu.Lock()
	defer a.mu.Unlock()
	s, ok := a.table.Get(id)
	switch {
	case !ok || s.Operator.Key != c.Key || s.State == deskside.Asked:
		return e, deskside.Errorf(deskside.CodeNotFound, "no such session of yours").Hint("Set up a new one.")
	case s.State == deskside.Ended:
		return e, deskside.Errorf(deskside.CodeEnded, "the session has ended: %s", s.Cause.Words()).Hint("Set up a new one.")
	}
	if err := a.stillAllowed(s); err != nil {
		return e, err
	}
	lost = a.suspend(id, c.Path)
	a.live[id].transport = c.Path.Transport
	e = a.sessionEvent(deskside.EventResume, s)
	e.Address, e.Cause = c.Path.Remote, ""
	return e, nil
}

// stillAllowed asks the policy in force about an open session. A policy file
// that does not parse refuses new sessions alone. The lock is held.
func (a *Authority) stillAllowed(s deskside.Session) error {
	if a.closed || a.policy.Keep(s.Operator.Key, s.Rights, a.table.Basis(s.ID)) == 0 {
		return deskside.Errorf(deskside.CodeDenied, "policy no longer allows the session").Hint("Ask the agent's owner.")
	}
	return nil
}

// revive gives a suspended session new tickets.
func (a *Authority) revive(c rcinfo.Caller, id deskside.SessionID) (access.Tickets, deskside.Session, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s, _ := a.table.Get(id)
	if err := a.stillAllowed(s); err != nil {
		return nil, s, err
	}
	tickets, err := a.table.Resume(a.Now(), id, c.Key, a.policy.Keep(c.Key, s.Rights, a.table.Basis(id)))
	if err != nil {
		return nil, s, err
	}
	a.live[id].stay = newStay()
	s, _ = a.table.Get(id)
	return tickets, s, nil
}

// Attach makes a session active: its control stream is there. A newer control
// stream takes the place of an older one.
func (a *Authority) Attach(id deskside.SessionID) (rcinfo.Attachment, error) {
	a.mu.Lock()
	if err := a.table.Attach(a.Now(), id); err != nil {
		a.mu.Unlock()
		return rcinfo.Attachment{}, err
	}
	l := a.live[id]
	l.control++
	l.changed = make(chan struct{}, 1)
	at := rcinfo.Attachment{Session: id, Number: l.control, Changed: l.changed}
	a.mu.Unlock()
	a.Refresh()
	return at, nil
}

// Beat notes that the session's control stream was heard.
func (a *Authority) Beat(at rcinfo.Attachment) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.current(at) {
		a.table.Beat(a.Now(), at.Session)
	}
}

// Lost suspends the session if this is its control stream.
func (a *Authority) Lost(at rcinfo.Attachment) {
	a.mu.Lock()
	lost := a.current(at) && a.suspend(at.Session, deskside.Path{})
	a.mu.Unlock()
	if lost {
		a.Refresh()
	}
}

// current reports whether this is the session's control stream, which an older
// one is not. The lock is held.
func (a *Authority) current(at rcinfo.Attachment) bool {
	l, ok := a.live[at.Session]
	return ok && l.control == at.Number
}

// Status lists the open streams of a session.
func (a *Authority) Status(id deskside.SessionID) (rcinfo.Status, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s, ok := a.table.Get(id)
	if !ok {
		return rcinfo.Status{}, deskside.Errorf(deskside.CodeNotFound, "no such session")
	}
	status := rcinfo.Status{Session: s, Streams: []rcinfo.StreamStatus{}}
	for stream := range a.live[id].streams {
		status.Streams = append(status.Streams, rcinfo.StreamStatus{Service: stream.Service().String(), Path: stream.Path()})
	}
	return status, nil
}

// Ended says why a session of this caller ended. It waits, briefly, for the end
// to be in the audit.
func (a *Authority) Ended(c rcinfo.Caller, id deskside.SessionID) (rcinfo.Ended, error) {
	a.mu.Lock()
	s, ok := a.table.Get(id)
	l := a.live[id]
	a.mu.Unlock()
	if !ok || l == nil || s.Operator.Key != c.Key {
		err := deskside.Errorf(deskside.CodeNotFound, "no such session of yours").Hint("The agent remembers ended sessions for ten minutes.")
		a.Refused(c, err)
		return rcinfo.Ended{}, err
	}
	if s.State != deskside.Ended {
		return rcinfo.Ended{}, deskside.Errorf(deskside.CodeConflict, "the session is %s", s.State)
	}
	select {
	case <-l.sealed:
	case <-time.After(LastWords / 2):
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return rcinfo.Ended{Session: s, Words: s.Cause.Words(), Head: l.head}, nil
}

// Sessions lists the open sessions: of other operators only who they are, what
// they may do and since when.
func (a *Authority) Sessions(c rcinfo.Caller) ([]deskside.Session, error) {
	if !a.knows(c.Key) {
		err := stranger(c.Key)
		a.Refused(c, err)
		return nil, err
	}
	list := a.Open()
	for i, s := range list {
		if s.Operator.Key != c.Key {
			list[i] = deskside.Session{
				State: s.State, Rights: s.Rights, Began: s.Began,
				Operator: deskside.Operator{Key: s.Operator.Key, Name: s.Operator.Title()},
			}
		}
	}
	return list, nil
}

func (a *Authority) knows(key deskside.OperatorID) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.isKnown(key)
}

// isKnown reports whether policy names a key, or it has a session. The lock is
// held.
func (a *Authority) isKnown(key deskside.OperatorID) bool {
	if _, ok := a.policy.Operators[key]; ok {
		return true
	}
	for _, s := range a.table.Sessions() { // a stranger whom the person let in
		if s.Operator.Key == key && s.State != deskside.Asked {
			return true
		}
	}
	return false
}

func stranger(key deskside.OperatorID) *deskside.Error {
	return deskside.Errorf(deskside.CodeUnknownKey, "this agent does not know your key").From(deskside.ByAgent).
		Hint("Ask the agent's owner to permit it: deskside operator permit %s", key)
}
