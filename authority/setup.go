package authority

import (
	"context"
	"time"

	"deskside"
	"deskside/access"
	"deskside/desktop"
	"deskside/identity"
	"deskside/rcinfo"
)

// MeetingsPerHour is how many questions of unknown operators the person sees
// in an hour at most.
const MeetingsPerHour = 5

// requestKey tells one setup from another.
type requestKey struct {
	operator deskside.OperatorID
	id       string
}

// request is a setup under way or answered, kept so that a repeat gets the
// same answer.
type request struct {
	done   chan struct{} // closed when the fields below are set
	answer rcinfo.Answer
	err    error
	at     time.Time
}

// over reports whether a repeat need no longer be expected.
func (r *request) over(now time.Time) bool {
	select {
	case <-r.done:
		return now.Sub(r.at) > access.KeepEnded
	default:
		return false
	}
}

// MaxRequests is how many answers are kept for repeats.
const MaxRequests = 1000

// Setup decides about a session, as rcinfo.Authority has it.
func (a *Authority) Setup(ctx context.Context, c rcinfo.Caller, s rcinfo.Setup, digits *string, asking func(rcinfo.Asking)) (rcinfo.Answer, error) {
	key := requestKey{c.Key, s.Request}
	a.mu.Lock()
	r, repeated := a.requests[key]
	if !repeated {
		if len(a.requests) >= MaxRequests {
			a.mu.Unlock()
			return rcinfo.Answer{}, deskside.Errorf(deskside.CodeTooMany, "too many sessions were asked for").Hint("Try again in a few minutes.")
		}
		r = &request{done: make(chan struct{})}
		a.requests[key] = r
	}
	a.mu.Unlock()
	if repeated {
		select {
		case <-r.done:
			return r.answer, r.err
		case <-ctx.Done():
			return rcinfo.Answer{}, ctx.Err()
		}
	}
	ask := &asked{Authority: a, caller: c, setup: s, digits: digits, asking: asking}
	answer, err := ask.run(ctx)
	a.mu.Lock()
	r.answer, r.err, r.at = answer, err, a.Now()
	if deskside.CodeOf(err) == deskside.CodeUnknownKey {
		delete(a.requests, key) // strangers leave nothing behind
	}
	close(r.done)
	a.mu.Unlock()
	return answer, err
}

// asked is one setup on its way to an answer.
type asked struct {
	*Authority
	caller rcinfo.Caller
	setup  rcinfo.Setup
	digits *string
	asking func(rcinfo.Asking)

	operator deskside.Operator
	id       deskside.SessionID
}

func (q *asked) event(kind deskside.EventKind) deskside.Event {
	e := event(kind, q.operator, q.caller.Path.Transport)
	e.Reason, e.Rights = q.setup.Reason, q.setup.Rights.String()
	if !q.id.IsZero() {
		e.Session = &q.id
	}
	return e
}

// run takes the setup through policy, person and audit.
func (q *asked) run(ctx context.Context) (rcinfo.Answer, error) {
	d, err := q.enter()
	if err != nil {
		q.deny(q.caller, q.event(deskside.EventDenied), err)
		return rcinfo.Answer{}, err
	}
	rights, basis := d.Rights, d.Basis
	if d.Ask {
		if rights, err = q.ask(ctx, d); err != nil {
			q.finish(err)
			return rcinfo.Answer{}, err
		}
		basis = access.ByPerson
	}
	answer, err := q.grant(ctx, rights, basis)
	if err != nil {
		q.finish(err)
	}
	return answer, err
}

// enter asks policy and puts the session into the table.
func (q *asked) enter() (access.Decision, error) {
	presence := q.presence()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.operator = deskside.Operator{
		Key: q.caller.Key, SaysName: q.setup.Name, SaysHost: q.setup.Host, Address: q.caller.Path.Remote,
	}
	if q.closed {
		return access.Decision{}, deskside.Errorf(deskside.CodeBusy, "the agent is stopping").Hint("Try again when it runs.")
	}
	d := q.decide(presence)
	q.operator.Name = d.Name
	if d.Refusal != nil {
		return d, d.Refusal
	}
	if d.Digits && q.digits == nil {
		return d, deskside.Errorf(deskside.CodeUnpinned, "this agent wants to meet you first").Hint("Ask for a first meeting with six digits.")
	}
	if d.Ask {
		if err := q.mayAsk(d); err != nil {
			return d, err
		}
		q.questions[q.caller.Key] = true
	}
	q.id = q.table.Ask(q.Now(), q.operator, d.Rights, q.setup.Reason)
	q.live[q.id] = &live{
		streams: make(map[deskside.Stream]bool), done: make(chan struct{}),
		changed: make(chan struct{}, 1), sealed: make(chan struct{}), transport: q.caller.Path.Transport,
	}
	return d, nil
}

// decide applies the policy in force to the setup. The lock is held.
func (q *asked) decide(p access.Presence) access.Decision {
	open := q.table.Sessions()
	for i, s := range open {
		if s.ID == q.id {
			open = append(open[:i], open[i+1:]...)
			break
		}
	}
	return q.policy.Decide(
		access.Request{Operator: q.caller.Key, Rights: q.setup.Rights, Meeting: q.digits != nil},
		access.Situation{Presence: p, Open: open, Broken: q.broken},
	)
}

func (a *Authority) presence() access.Presence {
	if a.Person == nil {
		return access.Nobody
	}
	switch a.Person.Presence() {
	case desktop.Present:
		return access.Present
	case desktop.Locked:
		return access.Locked
	}
	return access.Nobody
}

// mayAsk bounds the questions the person sees: one of each operator at a time,
// one of all strangers, and five meetings an hour. The lock is held.
func (q *asked) mayAsk(d access.Decision) error {
	if q.questions[q.caller.Key] {
		return deskside.Errorf(deskside.CodeBusy, "a question of yours is already open").Hint("Wait for its answer or withdraw it.")
	}
	if !d.Digits {
		return nil
	}
	for key := range q.questions {
		if _, known := q.policy.Operators[key]; !known {
			return deskside.Errorf(deskside.CodeBusy, "another first meeting is under way").Hint("Try again in a minute.")
		}
	}
	now := q.Now()
	recent := q.meetings[:0]
	for _, at := range q.meetings {
		if now.Sub(at) < time.Hour {
			recent = append(recent, at)
		}
	}
	q.meetings = recent
	if len(recent) >= MeetingsPerHour {
		return deskside.Errorf(deskside.CodeTooMany, "%d first meetings were tried within the hour", len(recent)).
			Hint("Try again after %s.", recent[0].Add(time.Hour).Format("15:04"))
	}
	q.meetings = append(q.meetings, now)
	return nil
}

// ask puts the question to the person and evaluates the answer against the
// policy of that moment.
func (q *asked) ask(ctx context.Context, d access.Decision) (deskside.Rights, error) {
	defer func() {
		q.mu.Lock()
		delete(q.questions, q.caller.Key)
		q.mu.Unlock()
	}()
	until := q.Now().Add(time.Duration(d.Limits.Ask))
	if err := q.record(q.event(deskside.EventAsked)); err != nil {
		return 0, err
	}
	if q.asking != nil {
		q.asking(rcinfo.Asking{Until: until, Digits: d.Digits})
	}
	answer, err := q.question(ctx, desktop.Question{
		ID: q.id, Operator: q.operator, Rights: d.Rights, Reason: q.setup.Reason,
		Transport: q.caller.Path.Transport, Digits: d.Digits, Until: until,
	})
	if err != nil {
		return 0, err
	}
	rights, err := q.judge(ctx, d, answer)
	if err != nil {
		return 0, err
	}
	given := q.event(deskside.EventGiven)
	given.Rights = rights.String()
	return rights, q.record(given)
}

// question shows the window until its time is over.
func (q *asked) question(ctx context.Context, question desktop.Question) (desktop.Answer, error) {
	ctx, cancel := context.WithDeadline(ctx, question.Until)
	defer cancel()
	answer, err := q.Person.Ask(ctx, question)
	if err != nil && ctx.Err() == nil {
		q.Log.Error("the person cannot be asked", "error", err)
		return answer, deskside.Errorf(deskside.CodeNobody, "the question could not be shown to the person").Hint("The agent's log says why.")
	}
	return answer, nil
}

// judge turns the person's answer into rights or a refusal.
func (q *asked) judge(ctx context.Context, d access.Decision, answer desktop.Answer) (deskside.Rights, error) {
	rights := d.Rights
	switch answer.Choice {
	case desktop.Allow:
	case desktop.AllowView:
		rights &= ViewOnly
	case desktop.Deny:
		return 0, deskside.Errorf(deskside.CodeRefused, "the person said no").From(deskside.ByPerson).Hint("Talk to them before you ask again.")
	default:
		if ctx.Err() != nil {
			return 0, deskside.Errorf(deskside.CodeExpired, "the question was withdrawn")
		}
		return 0, deskside.Errorf(deskside.CodeExpired, "the person did not answer in time").Hint("Ask again when they are at the machine.")
	}
	if d.Digits {
		if err := q.compare(answer.Digits); err != nil {
			return 0, err
		}
	}
	q.mu.Lock()
	again := q.decide(access.Present)
	q.mu.Unlock()
	if again.Refusal != nil {
		return 0, again.Refusal
	}
	if rights &= again.Rights; rights == 0 {
		return 0, deskside.Errorf(deskside.CodeRefused, "what the person allows leaves none of the rights you asked for").Hint("Ask for view.")
	}
	return rights, nil
}

// ViewOnly is what the answer "view only" leaves.
var ViewOnly = deskside.RightsOf(deskside.View, deskside.ChatRight, deskside.Info)

// compare holds the typed digits against the right ones. There is one attempt.
func (q *asked) compare(typed string) error {
	e := q.event(deskside.EventMeeting)
	if !identity.SameDigits(typed, *q.digits) {
		e.Code, e.Words = deskside.CodeWrongKey, "the typed digits are wrong"
		q.record(e)
		return deskside.Errorf(deskside.CodeWrongKey, "the digits the person typed are not yours").
			Hint("Somebody may be between you and the agent. Ask again, and read the new digits out over the telephone.")
	}
	e.Words = "the typed digits are right"
	return q.record(e)
}

// grant writes the beginning and then gives access.
func (q *asked) grant(ctx context.Context, rights deskside.Rights, basis access.Basis) (rcinfo.Answer, error) {
	for _, kind := range []deskside.EventKind{deskside.EventPermitted, deskside.EventBegin} {
		e := q.event(kind)
		e.Rights = rights.String()
		if err := q.record(e); err != nil {
			return rcinfo.Answer{}, err
		}
	}
	q.mu.Lock()
	rule, _ := q.policy.Ceiling(q.caller.Key)
	rights = q.policy.Keep(q.caller.Key, rights, basis)
	again := q.decide(access.Present)
	if again.Refusal == nil && (rights == 0 || q.closed || ctx.Err() != nil) {
		again.Refusal = deskside.Errorf(deskside.CodeDenied, "things changed while the session was being set up").Hint("Ask again.")
	}
	if again.Refusal != nil {
		q.mu.Unlock()
		return rcinfo.Answer{}, again.Refusal
	}
	tickets, err := q.table.Grant(q.Now(), q.id, rights, rule.Limits, basis)
	session, _ := q.table.Get(q.id)
	q.mu.Unlock()
	if err != nil {
		return rcinfo.Answer{}, err
	}
	q.Refresh()
	return answerOf(session, tickets), nil
}

func answerOf(s deskside.Session, t access.Tickets) rcinfo.Answer {
	named := make(map[string]deskside.Ticket, len(t))
	for service, ticket := range t {
		named[service.String()] = ticket
	}
	return rcinfo.Answer{Session: s, Tickets: named}
}

// finish ends a session that was asked and not granted.
func (q *asked) finish(err error) {
	e := q.event(deskside.EventRefused)
	code := deskside.CodeOf(err)
	cause := deskside.CauseRefused
	if code == deskside.CodeExpired {
		e.Kind, cause = deskside.EventWithdrawn, deskside.CauseWithdrawn
	}
	e.Code, e.Words = code, deskside.AsError(err).Words
	q.record(e)
	q.End(q.id, cause)
}
