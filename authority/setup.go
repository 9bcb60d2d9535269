package authority

import (
	"context"
	"slices"
	"strconv"
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

// request is a setup under way or answered, kept so that a repeat gets the
// same answer.
type request struct {
	setup   rcinfo.Setup
	meeting bool

	done   chan struct{} // closed when the fields below are set
	answer rcinfo.Answer
	err    error
	at     time.Time
}

func (r *request) isDone() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// over reports whether a repeat need no longer be expected.
func (r *request) over(now time.Time) bool {
	return r.isDone() && now.Sub(r.at) > access.KeepEnded
}

// MaxRequests is how many answers to one operator are kept for repeats, the
// newest.
const MaxRequests = 100

// Setup decides about a session, as rcinfo.Authority has it.
func (a *Authority) Setup(ctx context.Context, c rcinfo.Caller, s rcinfo.Setup, digits *string, asking func(rcinfo.Asking)) (rcinfo.Answer, error) {
	r, repeated, err := a.expect(c.Key, s, digits != nil)
	if err != nil {
		a.Refused(c, err)
		return rcinfo.Answer{}, err
	}
	if repeated {
		select {
		case <-r.done:
			return r.answer, r.err
		case <-ctx.Done():
			return rcinfo.Answer{}, ctx.Err()
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(a.closing, cancel)()
	ask := &asked{Authority: a, caller: c, setup: s, digits: digits, asking: asking}
	answer, err := ask.run(ctx)
	a.mu.Lock()
	defer a.mu.Unlock()
	r.answer, r.err, r.at = answer, err, a.Now()
	close(r.done)
	if ask.id.IsZero() {
		a.drop(c.Key, s.Request) // nothing came of it: nothing to repeat, and strangers leave nothing behind
	}
	return answer, err
}

// expect notes a setup, or finds the one it repeats. A meeting repeats none:
// its digits belong to one stream.
func (a *Authority) expect(key deskside.OperatorID, s rcinfo.Setup, meeting bool) (r *request, repeated bool, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	mine := a.requests[key]
	if r, ok := mine[s.Request]; ok {
		if meeting || r.meeting || r.setup != s {
			return nil, false, deskside.Errorf(deskside.CodeConflict, "another setup had the same request ID").Hint("Choose a new request ID.")
		}
		return r, true, nil
	}
	if len(mine) >= MaxRequests {
		oldest, ok := oldestDone(mine)
		if !ok {
			return nil, false, deskside.Errorf(deskside.CodeTooMany, "%d setups of yours wait for their answers", len(mine)).Hint("Wait for them.")
		}
		delete(mine, oldest)
	}
	if mine == nil {
		mine = make(map[string]*request)
		a.requests[key] = mine
	}
	r = &request{setup: s, meeting: meeting, done: make(chan struct{})}
	mine[s.Request] = r
	return r, false, nil
}

// oldestDone finds the setup that was answered first.
func oldestDone(mine map[string]*request) (oldest string, ok bool) {
	for id, r := range mine {
		if r.isDone() && (!ok || r.at.Before(mine[oldest].at)) {
			oldest, ok = id, true
		}
	}
	return oldest, ok
}

// drop forgets a setup. The lock is held.
func (a *Authority) drop(key deskside.OperatorID, id string) {
	delete(a.requests[key], id)
	if len(a.requests[key]) == 0 {
		delete(a.requests, key)
	}
}

// asked is one setup on its way to an answer.
type asked struct {
	*Authority
	caller rcinfo.Caller
	setup  rcinfo.Setup
	digits *string
	asking func(rcinfo.Asking)

	operator deskside.Operator
	presence access.Presence // when it was asked
	id       deskside.SessionID
	begun    bool // the audit has its begin
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
	rights := d.Rights
	if d.Ask {
		if rights, err = q.ask(ctx, d); err != nil {
			q.finish(err)
			return rcinfo.Answer{}, err
		}
	}
	answer, err := q.grant(ctx, rights, d.Basis)
	if err != nil {
		q.finish(err)
	}
	return answer, err
}

// enter asks policy and puts the session into the table.
func (q *asked) enter() (access.Decision, error) {
	q.presence = q.Authority.presence()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.operator = deskside.Operator{
		Key: q.caller.Key, SaysName: q.setup.Name, SaysHost: q.setup.Host, Address: q.caller.Path.Remote,
	}
	if q.closed {
		return access.Decision{}, deskside.Errorf(deskside.CodeBusy, "the agent is stopping").Hint("Try again when it runs.")
	}
	d := q.decide(q.presence)
	q.operator.Name = d.Name
	if d.Refusal != nil {
		return d, d.Refusal
	}
	if d.Ask {
		if err := q.mayAsk(d); err != nil {
			return d, err
		}
		q.questions[q.caller.Key] = d.Digits
	}
	q.id = q.table.Ask(q.Now(), q.operator, d.Rights, q.setup.Reason)
	q.live[q.id] = &live{
		streams: make(map[deskside.Stream]bool), stay: newStay(),
		changed: make(chan struct{}, 1), sealed: make(chan struct{}), transport: q.caller.Path.Transport,
	}
	return d, nil
}

// decide applies the policy in force to the setup. What others ask for is no
// session yet, and stands in nobody's way: who is granted first was first. The
// lock is held.
func (q *asked) decide(p access.Presence) access.Decision {
	open := slices.DeleteFunc(q.table.Sessions(), func(s deskside.Session) bool { return s.State == deskside.Asked })
	return q.policy.Decide(
		access.Request{Operator: q.caller.Key, Rights: q.setup.Rights, Meeting: q.digits != nil},
		access.Situation{Presence: p, Open: open, Answered: q.table.Answered(), Broken: q.broken},
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

// refusals is how often the person said no to an operator, or nothing, one time
// after the other.
type refusals struct {
	n    int
	last time.Time
}

// How long an operator whom the person did not let in waits before they may ask
// again: AskAgain, twice as long after each further time, up to MaxAskAgain. It
// is forgotten when they are let in, and after ForgiveAfter.
const (
	AskAgain     = 10 * time.Second
	MaxAskAgain  = 15 * time.Minute
	ForgiveAfter = time.Hour
)

// until gives when the operator may ask again.
func (r refusals) until() time.Time {
	wait := AskAgain
	for i := 1; i < r.n && wait < MaxAskAgain; i++ {
		wait *= 2
	}
	return r.last.Add(min(wait, MaxAskAgain))
}

// patient refuses an operator who was not let in a moment ago. A question stops
// what everybody else does on the screen, and the person has said what they
// think of it. Of keys that policy does not name MeetingsPerHour bounds all
// together. The lock is held.
func (q *asked) patient() error {
	r, ok := q.refusals[q.caller.Key]
	now := q.Now()
	if again := r.until(); ok && now.Before(again) {
		return deskside.Errorf(deskside.CodeTooMany, "the person was asked %s and did not let you in", times(r.n)).
			Hint("Talk to them. You can ask again in %s, after %s.", again.Sub(now).Round(time.Second), again.Format(time.TimeOnly))
	}
	return nil
}

func times(n int) string {
	if n == 1 {
		return "a moment ago"
	}
	return strconv.Itoa(n) + " times"
}

// answered notes whether the person let an operator in.
func (q *asked) answered(in bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, named := q.policy.Operators[q.caller.Key]; !named || in {
		delete(q.refusals, q.caller.Key)
		return
	}
	r := q.refusals[q.caller.Key]
	q.refusals[q.caller.Key] = refusals{r.n + 1, q.Now()}
}

// mayAsk bounds the questions the person sees: one of each operator at a time,
// each later than the one before where that was refused, one with digits, and
// five of those an hour. The lock is held.
func (q *asked) mayAsk(d access.Decision) error {
	if _, open := q.questions[q.caller.Key]; open {
		return deskside.Errorf(deskside.CodeBusy, "a question of yours is already open").Hint("Wait for its answer or withdraw it.")
	}
	if err := q.patient(); err != nil {
		return err
	}
	if !d.Digits {
		return nil
	}
	for _, digits := range q.questions {
		if digits {
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
	q.answered(answer.Choice == desktop.Allow || answer.Choice == desktop.AllowView)
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
		q.begun = kind == deskside.EventBegin
	}
	presence := q.presence
	if basis.Answered() {
		presence = access.Present // whoever answered
	}
	q.mu.Lock()
	rule, _ := q.policy.Ceiling(q.caller.Key)
	rights = q.policy.Keep(q.caller.Key, rights, basis)
	again := q.decide(presence)
	unasked := again.Ask && !basis.Answered() // another session came first, and who joins it is asked about
	if again.Refusal == nil && (rights == 0 || unasked || q.closed || ctx.Err() != nil) {
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
	if q.begun {
		e.Kind, e.Cause = deskside.EventEnd, cause
	}
	e.Code, e.Words = code, deskside.AsError(err).Words
	q.End(q.id, cause)
	q.record(e)
}
