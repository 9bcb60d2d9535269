package authority

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"deskside"
	"deskside/access"
	"deskside/desktop"
	"deskside/identity"
	"deskside/internal/await"
	"deskside/rcinfo"
	"deskside/transport/transporttest"
	"deskside/wire"
)

func (h *house) caller(id *identity.Identity) rcinfo.Caller {
	return rcinfo.Caller{Key: id.ID(), Path: deskside.Path{Transport: h.net.Transport, Remote: "here"}}
}

// us is the net's operator.
func (h *house) us() rcinfo.Caller { return h.caller(h.net.Operator) }

// grant sets a session up without a stream.
func (h *house) grant(t *testing.T) rcinfo.Answer {
	t.Helper()
	a, err := h.Setup(t.Context(), h.us(), setupOf(deskside.AllRights), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// state gives the state of the one session there is.
func (h *house) state(t *testing.T) deskside.State {
	t.Helper()
	open := h.Open()
	if len(open) != 1 {
		t.Fatalf("%d sessions, want one", len(open))
	}
	return open[0].State
}

// permitAlso adds an operator who needs no consent.
func permitAlso(id *identity.Identity, more func(*access.Policy)) func(*access.Policy) {
	return func(p *access.Policy) {
		p.Operators[id.ID()] = access.OperatorRule{Key: id.ID(), Name: "Bob", Rights: deskside.AllRights, Consent: access.ConsentAllow, Limits: access.DefaultLimits}
		if more != nil {
			more(p)
		}
	}
}

// The stream on which a session is resumed may have served the session before;
// the answer with the new tickets still arrives on it.
func TestResumeOnAStreamOfTheSession(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		h := openHouse(t, n, nil)
		a, _ := h.begin(t)
		if _, err := h.client.Status(t.Context(), a.Tickets["sms-rcinfo"]); err != nil {
			t.Fatal(err)
		}
		// The agent has not noticed that the control stream is lost.
		again, err := h.client.Resume(t.Context(), a.Session.ID)
		if err != nil || again.Session.State != deskside.Active {
			t.Fatalf("resume: %+v, %v", again, err)
		}
		if _, err := h.client.Status(t.Context(), again.Tickets["sms-rcinfo"]); err != nil {
			t.Errorf("the new ticket: %v", err)
		}
	})
}

// The control stream of before the resume may be found broken after it.
func TestAStaleLossDoesNotSuspend(t *testing.T) {
	h := openHouse(t, transporttest.New(t, deskside.Memory), nil)
	a := h.grant(t)
	old, err := h.Attach(a.Session.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Resume(h.us(), rcinfo.Resume{Session: a.Session.ID}); err != nil {
		t.Fatal(err)
	}
	h.Lost(old)
	if got := h.state(t); got != deskside.Active {
		t.Errorf("the loss of the old control stream left the resumed session %s", got)
	}
	if _, err := h.Attach(a.Session.ID); err != nil {
		t.Fatal(err)
	}
	h.Lost(old)
	if got := h.state(t); got != deskside.Active {
		t.Errorf("the loss of the old control stream left the new one's session %s", got)
	}
}

// Only the control stream that counts keeps a session alive, and it alone is
// told of changes.
func TestAnOlderControlStreamDoesNotCount(t *testing.T) {
	h := openHouse(t, transporttest.New(t, deskside.Memory), nil)
	a := h.grant(t)
	var at [2]rcinfo.Attachment
	for i := range at {
		var err error
		if at[i], err = h.Attach(a.Session.ID); err != nil {
			t.Fatal(err)
		}
	}
	if at[0].Changed == at[1].Changed {
		t.Error("two control streams share one notice, which only one of them gets")
	}
	h.pass(access.Silence)
	h.Beat(at[0])
	h.Expire()
	if got := h.state(t); got != deskside.Suspended {
		t.Errorf("the session is %s though its control stream is silent", got)
	}
}

// A stream that was admitted before a resume is over, and says why, however
// soon the session is back.
func TestAPassDoesNotOutliveItsStay(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		h := openHouse(t, n, nil)
		a := h.grant(t)
		_, stream := n.Pair(deskside.Chat)
		p, err := h.Admit(a.Tickets["sms-chat"], stream)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Resume(h.us(), rcinfo.Resume{Session: a.Session.ID}); err != nil {
			t.Fatal(err)
		}
		await.Closed(t, "the pass is over", p.Done())
		if p.Cause() != deskside.CauseLost || p.Check(deskside.ChatRight) == nil {
			t.Errorf("cause %q, check %v", p.Cause(), p.Check(deskside.ChatRight))
		}
		if _, err := h.Admit(a.Tickets["sms-chat"], stream); deskside.CodeOf(err) != deskside.CodeSuspended {
			t.Errorf("its ticket: %v", err)
		}
	})
}

// Of resumes at the same time all are answered, and the tickets of one hold.
func TestResumesAtTheSameTime(t *testing.T) {
	h := openHouse(t, transporttest.New(t, deskside.Memory), nil)
	a := h.grant(t)
	var work sync.WaitGroup
	var mu sync.Mutex
	var tickets []deskside.Ticket
	for range 8 {
		work.Go(func() {
			again, err := h.Resume(h.us(), rcinfo.Resume{Session: a.Session.ID})
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			tickets = append(tickets, again.Tickets["sms-chat"])
		})
	}
	work.Wait()
	live := 0
	for _, ticket := range tickets {
		_, stream := h.net.Pair(deskside.Chat)
		if _, err := h.Admit(ticket, stream); err == nil {
			live++
		}
	}
	if live != 1 || h.state(t) != deskside.Active {
		t.Errorf("%d of the tickets are live, the session is %s", live, h.state(t))
	}
}

// Sessions are set up, lost, resumed, narrowed and ended at the same time, as
// fast as can be, and streams are admitted meanwhile: none outlives its session.
func TestNoStreamOutlivesItsSession(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		h := openHouse(t, n, func(p *access.Policy) { p.MaxSessions = 100 })
		old, _ := h.Policy()
		for range 20 {
			a := h.grant(t)
			at, err := h.Attach(a.Session.ID)
			if err != nil {
				t.Fatal(err)
			}
			_, stream := n.Pair(deskside.Chat)
			closed := make(chan struct{})
			stream.AfterClose(func() { close(closed) })
			var admitted deskside.Pass
			var work sync.WaitGroup
			for _, f := range []func(){
				func() { admitted, _ = h.Admit(a.Tickets["sms-chat"], stream) },
				func() { h.Lost(at) },
				func() { h.Resume(h.us(), rcinfo.Resume{Session: a.Session.ID}) },
				func() { h.SetPolicy(old, nil) },
				func() { h.Expire() },
				func() { h.End(a.Session.ID, deskside.CausePerson) },
			} {
				work.Go(f)
			}
			work.Wait()
			if admitted != nil {
				await.Closed(t, "the end of a stream that was admitted", closed)
				await.Closed(t, "its pass", admitted.Done())
			}
			if _, err := h.Admit(a.Tickets["sms-chat"], stream); err == nil {
				t.Fatal("a ticket outlived its session")
			}
			stream.Abort()
		}
		if open, shown := h.Open(), h.rows(); len(open) != 0 || len(shown) != 0 {
			t.Errorf("%d sessions are open, %d shown", len(open), len(shown))
		}
	})
}

// A request ID belongs to one setup, and a meeting to one stream.
func TestARequestIDIsNotSharedByDifferentSetups(t *testing.T) {
	h := openHouse(t, transporttest.New(t, deskside.Memory), nil)
	s := setupOf(deskside.RightsOf(deskside.View))
	if _, err := h.Setup(t.Context(), h.us(), s, nil, nil); err != nil {
		t.Fatal(err)
	}
	digits := "123456"
	wider, reason := s, s
	wider.Rights, reason.Reason = deskside.AllRights, "another"
	for what, err := range map[string]error{
		"wider rights":   second(h.Setup(t.Context(), h.us(), wider, nil, nil)),
		"another reason": second(h.Setup(t.Context(), h.us(), reason, nil, nil)),
		"a meeting":      second(h.Setup(t.Context(), h.us(), s, &digits, nil)),
	} {
		if deskside.CodeOf(err) != deskside.CodeConflict {
			t.Errorf("%s: %v", what, err)
		}
	}
	if len(h.Open()) != 1 {
		t.Errorf("%d sessions", len(h.Open()))
	}
	met := setupOf(deskside.RightsOf(deskside.View))
	h.person.answers <- desktop.Answer{Choice: desktop.Allow, Digits: digits}
	if _, err := h.Setup(t.Context(), h.us(), met, &digits, nil); err != nil {
		t.Fatal(err)
	}
	others := "654321"
	for what, err := range map[string]error{
		"without digits": second(h.Setup(t.Context(), h.us(), met, nil, nil)),
		"other digits":   second(h.Setup(t.Context(), h.us(), met, &others, nil)),
	} {
		if deskside.CodeOf(err) != deskside.CodeConflict {
			t.Errorf("%s, after a meeting: %v", what, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// Neither strangers nor an operator who asks again and again take the place
// of other operators' setups.
func TestSetupsOfOneLeaveRoomForOthers(t *testing.T) {
	n := transporttest.New(t, deskside.Memory)
	h := openHouse(t, n, func(p *access.Policy) {
		p.Unknown, p.UnknownRights = access.UnknownAsk, deskside.RightsOf(deskside.View)
	})
	stranger := h.caller(transporttest.Identity(t))
	for range 2000 {
		if _, err := h.Setup(t.Context(), stranger, setupOf(deskside.AllRights), nil, nil); deskside.CodeOf(err) != deskside.CodeUnpinned {
			t.Fatal(err)
		}
		a := h.grant(t)
		h.End(a.Session.ID, deskside.CauseOperator)
	}
	h.grant(t)
	h.Expire()
	h.Authority.mu.Lock()
	defer h.Authority.mu.Unlock()
	if mine := len(h.requests[n.Operator.ID()]); len(h.requests) != 1 || mine > MaxRequests {
		t.Errorf("%d operators have answers kept for them, one of them %d", len(h.requests), mine)
	}
	if len(h.live) > access.MaxEnded+1 {
		t.Errorf("%d sessions are kept", len(h.live))
	}
	h.audit.mu.Lock()
	defer h.audit.mu.Unlock()
	denied := 0
	for _, e := range h.audit.events {
		if e.Kind == deskside.EventDenied {
			denied++
		}
	}
	if denied > DenialsPerMinute {
		t.Errorf("the audit has %d refusals of one minute", denied)
	}
}

// Where policy asks about strangers, they still learn nothing of the machine.
func TestStrangersWhoMayAskLearnNothing(t *testing.T) {
	n := transporttest.New(t, deskside.Memory)
	refusals := make(map[string]bool)
	for what, change := range map[string]func(h *house, p *access.Policy){
		"nobody is there":      func(h *house, _ *access.Policy) { h.person.presence = desktop.Nobody },
		"the screen is locked": func(h *house, _ *access.Policy) { h.person.presence = desktop.Locked },
		"policy is broken":     func(h *house, _ *access.Policy) { h.SetPolicy(nil, fmt.Errorf("line 1")) },
		"a session is open":    func(h *house, p *access.Policy) { h.grant(t); p.Join = access.JoinDeny },
		"no such right":        func(_ *house, p *access.Policy) { p.UnknownRights = deskside.RightsOf(deskside.Reboot) },
	} {
		t.Run(what, func(t *testing.T) {
			var policy *access.Policy
			h := openHouse(t, transporttest.New(t, deskside.Memory), func(p *access.Policy) {
				p.Unknown, p.UnknownRights = access.UnknownAsk, deskside.RightsOf(deskside.View)
				policy = p
			})
			change(h, policy)
			stranger, s, digits := h.caller(n.Agent), setupOf(deskside.RightsOf(deskside.View)), "123456"
			_, err := h.Setup(t.Context(), stranger, s, nil, nil)
			if deskside.CodeOf(err) != deskside.CodeUnpinned {
				t.Errorf("without digits: %v", err)
			}
			_, err = h.Setup(t.Context(), stranger, s, &digits, nil)
			e := deskside.AsError(err)
			refusals[string(e.Code)+e.Words+e.Do] = true
		})
	}
	if len(refusals) != 1 {
		t.Errorf("strangers can tell these apart: %v", refusals)
	}
}

// Taking an operator out of policy ends what the person allowed them, also
// where policy asks about keys that it does not name; and whom the person let in
// with digits stays.
func TestARemovedOperatorKeepsNothing(t *testing.T) {
	n := transporttest.New(t, deskside.Memory)
	h := openHouse(t, n, withConsent)
	h.person.answers <- desktop.Answer{Choice: desktop.Allow}
	_, control := h.begin(t)
	askedAbout := &access.Policy{Unknown: access.UnknownAsk, UnknownRights: deskside.RightsOf(deskside.View, deskside.Control)}
	h.SetPolicy(askedAbout, nil)
	if ended := farewell(t, control); ended == nil || ended.Session.Cause != deskside.CausePolicy {
		t.Errorf("last words %+v", ended)
	}
	if open := h.Open(); len(open) != 0 {
		t.Fatalf("open %+v", open)
	}
	digits := "123456"
	h.person.answers <- desktop.Answer{Choice: desktop.Allow, Digits: digits}
	met, err := h.Setup(t.Context(), h.us(), setupOf(deskside.AllRights), &digits, nil)
	if err != nil {
		t.Fatal(err)
	}
	h.SetPolicy(&access.Policy{Unknown: access.UnknownAsk, UnknownRights: deskside.RightsOf(deskside.View)}, nil)
	if again, err := h.Resume(h.us(), rcinfo.Resume{Session: met.Session.ID}); err != nil || again.Session.Rights != deskside.RightsOf(deskside.View) {
		t.Errorf("whom the person let in: %+v, %v", again.Session, err)
	}
}

// Whoever was removed while the session was lost does not get it back.
func TestARemovedOperatorDoesNotReturn(t *testing.T) {
	h := openHouse(t, transporttest.New(t, deskside.Memory), withConsent)
	h.person.answers <- desktop.Answer{Choice: desktop.Allow}
	a := h.grant(t)
	h.Authority.mu.Lock()
	h.policy = &access.Policy{Unknown: access.UnknownAsk, UnknownRights: deskside.AllRights} // before narrow has come by
	h.Authority.mu.Unlock()
	if _, err := h.Resume(h.us(), rcinfo.Resume{Session: a.Session.ID}); deskside.CodeOf(err) != deskside.CodeDenied {
		t.Errorf("got %v", err)
	}
}

// A screen that is locked, or a person who has gone, while a session is open
// that they allowed gives nobody more than they gave: control of the desktop is
// enough to lock it.
func TestAbsenceGivesNothingBesideAnAnswer(t *testing.T) {
	h := openHouse(t, transporttest.New(t, deskside.Memory), func(p *access.Policy) {
		withConsent(p)
		p.Nobody = access.NobodyAllowLocked
	})
	h.person.answers <- desktop.Answer{Choice: desktop.AllowView}
	a := h.grant(t)
	for _, gone := range []desktop.Presence{desktop.Locked, desktop.Nobody} {
		h.person.mu.Lock()
		h.person.presence = gone
		h.person.mu.Unlock()
		if _, err := h.Setup(t.Context(), h.us(), setupOf(deskside.AllRights), nil, nil); deskside.CodeOf(err) != deskside.CodeNobody {
			t.Errorf("presence %v: %v", gone, err)
		}
	}
	h.End(a.Session.ID, deskside.CauseOperator)
	if b := h.grant(t); b.Session.Rights != deskside.AllRights {
		t.Errorf("nobody is there, and policy allows it: %+v", b.Session)
	}
}

// What is asked and not answered is no session: it keeps nobody out.
func TestAQuestionIsNoSession(t *testing.T) {
	n := transporttest.New(t, deskside.Memory)
	h := openHouse(t, n, func(p *access.Policy) {
		p.Unknown, p.UnknownRights, p.Join, p.MaxSessions = access.UnknownAsk, deskside.RightsOf(deskside.View), access.JoinDeny, 1
	})
	stranger, digits := h.caller(transporttest.Identity(t)), "123456"
	result := make(chan error, 1)
	go func() { result <- second(h.Setup(t.Context(), stranger, setupOf(deskside.AllRights), &digits, nil)) }()
	await.Recv(t, "the stranger's question", h.person.questions)
	h.grant(t)
	h.person.answers <- desktop.Answer{Choice: desktop.Allow, Digits: digits}
	if err := await.Recv(t, "the stranger's answer", result); deskside.CodeOf(err) != deskside.CodeBusy {
		t.Errorf("the stranger joined: %v", err)
	}
}

// Two operators who need no consent set up at the same moment. The second one
// joins the first, and so the person must be asked.
func TestNobodyJoinsUnasked(t *testing.T) {
	bob := transporttest.Identity(t)
	n := transporttest.New(t, deskside.Memory)
	h := openHouse(t, n, permitAlso(bob, func(p *access.Policy) { p.Join = access.JoinAsk }))
	var once sync.Once
	h.audit.before = func(e deskside.Event) {
		if e.Kind == deskside.EventPermitted && *e.Operator == n.Operator.ID() {
			once.Do(func() { // Bob comes in between Ann's decision and her session
				if _, err := h.Setup(t.Context(), h.caller(bob), setupOf(deskside.AllRights), nil, nil); err != nil {
					t.Error(err)
				}
			})
		}
	}
	_, err := h.Setup(t.Context(), h.us(), setupOf(deskside.AllRights), nil, nil)
	if deskside.CodeOf(err) != deskside.CodeDenied || len(h.Open()) != 1 {
		t.Errorf("got %v, with %d sessions", err, len(h.Open()))
	}
	begins, ends := 0, 0
	for _, kind := range h.audit.kinds() {
		switch kind {
		case deskside.EventBegin:
			begins++
		case deskside.EventEnd:
			ends++
		}
	}
	if begins-ends != 1 {
		t.Errorf("the audit has %d begins and %d ends, and one session is open", begins, ends)
	}
}

// One question with digits at a time, whoever asks.
func TestOneQuestionWithDigitsAtATime(t *testing.T) {
	n := transporttest.New(t, deskside.Memory)
	h := openHouse(t, n, func(p *access.Policy) {
		p.Unknown, p.UnknownRights = access.UnknownAsk, deskside.RightsOf(deskside.View)
	})
	digits := "123456"
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- second(h.Setup(ctx, h.us(), setupOf(deskside.AllRights), &digits, nil)) }()
	await.Recv(t, "the question", h.person.questions)
	if _, err := h.Setup(t.Context(), h.caller(transporttest.Identity(t)), setupOf(deskside.AllRights), &digits, nil); deskside.CodeOf(err) != deskside.CodeBusy {
		t.Errorf("a second one: %v", err)
	}
	cancel()
	await.Recv(t, "the withdrawal", result)
	if len(h.meetings) != 1 {
		t.Errorf("%d attempts were counted, want the one that the person saw", len(h.meetings))
	}
}

// Closing the agent takes a question off the screen.
func TestCloseWithdrawsQuestions(t *testing.T) {
	h := openHouse(t, transporttest.New(t, deskside.Memory), withConsent)
	result := make(chan error, 1)
	go func() { result <- second(h.Setup(t.Context(), h.us(), setupOf(deskside.AllRights), nil, nil)) }()
	await.Recv(t, "the question", h.person.questions)
	h.Close()
	if err := await.Recv(t, "the withdrawal", result); deskside.CodeOf(err) != deskside.CodeExpired {
		t.Errorf("got %v", err)
	}
	if _, err := h.Setup(t.Context(), h.us(), setupOf(deskside.AllRights), nil, nil); deskside.CodeOf(err) != deskside.CodeBusy {
		t.Errorf("after Close: %v", err)
	}
}

// A policy file that does not parse refuses new sessions, not the return of
// one that the last good policy allows.
func TestABrokenPolicyLetsSessionsReturn(t *testing.T) {
	h := openHouse(t, transporttest.New(t, deskside.Memory), nil)
	a := h.grant(t)
	h.SetPolicy(nil, fmt.Errorf("line 1"))
	if _, err := h.Resume(h.us(), rcinfo.Resume{Session: a.Session.ID}); err != nil {
		t.Error(err)
	}
	if _, err := h.Setup(t.Context(), h.us(), setupOf(deskside.AllRights), nil, nil); deskside.CodeOf(err) != deskside.CodePolicyBroken {
		t.Errorf("a new one: %v", err)
	}
}

// Nobody but its operator learns of a session, and who tries is in the audit.
func TestOtherKeysLearnNothingOfASession(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		bob := transporttest.Identity(t)
		h := openHouse(t, n, permitAlso(bob, nil))
		a, _ := h.begin(t)
		c := rcinfo.Client{Self: bob.ID(), Client: h.wire(t, bob, deskside.RCInfo)}
		if list, err := c.Sessions(t.Context()); err != nil || len(list) != 1 || list[0] != (deskside.Session{
			State: deskside.Active, Rights: deskside.AllRights, Began: list[0].Began,
			Operator: deskside.Operator{Key: a.Session.Operator.Key, Name: "Ann"},
		}) || !list[0].Began.Equal(a.Session.Began) {
			t.Errorf("sessions: %+v, %v", list, err)
		}
		for what, try := range map[string]struct {
			err  error
			code deskside.Code
		}{
			"status":  {second(c.Status(t.Context(), a.Tickets["sms-rcinfo"])), deskside.CodeNoTicket},
			"end":     {second(c.End(t.Context(), a.Tickets["sms-rcinfo"])), deskside.CodeNoTicket},
			"control": {second(c.Control(t.Context(), a.Tickets["sms-rcinfo"])), deskside.CodeNoTicket},
			"resume":  {second(c.Resume(t.Context(), a.Session.ID)), deskside.CodeNotFound},
			"ended":   {second(c.Ended(t.Context(), a.Session.ID)), deskside.CodeNotFound},
		} {
			if deskside.CodeOf(try.err) != try.code {
				t.Errorf("%s: %v", what, try.err)
			}
		}
		h.audit.mu.Lock()
		denied := 0
		for _, e := range h.audit.events {
			if e.Kind == deskside.EventDenied && *e.Operator == bob.ID() {
				denied++
			}
		}
		h.audit.mu.Unlock()
		if denied != 5 || h.state(t) != deskside.Active {
			t.Errorf("%d of 5 attempts are in the audit, the session is %s", denied, h.state(t))
		}
		stranger := transporttest.Identity(t)
		c = rcinfo.Client{Self: stranger.ID(), Client: h.wire(t, stranger, deskside.RCInfo)}
		if _, err := c.Sessions(t.Context()); deskside.CodeOf(err) != deskside.CodeUnknownKey {
			t.Errorf("a stranger's sessions: %v", err)
		}
		if e, ok := h.audit.last(deskside.EventDenied); !ok || *e.Operator != stranger.ID() {
			t.Errorf("a stranger who asked for the sessions is not in the audit: %+v", e)
		}
	})
}

// A limit that is reached while a stream is used ends it, whatever the
// operator does.
func TestTheAbsoluteLimitCannotBeMoved(t *testing.T) {
	h := openHouse(t, transporttest.New(t, deskside.Memory), nil)
	a := h.grant(t)
	step := time.Duration(access.DefaultLimits.Idle) / 2
	for passed := step; passed < time.Duration(access.DefaultLimits.Absolute); passed += step {
		h.pass(step)
		if _, err := h.Resume(h.us(), rcinfo.Resume{Session: a.Session.ID}); err != nil {
			t.Fatal(err)
		}
		h.table.Touch(h.now(), a.Session.ID)
		h.Expire()
	}
	h.pass(step)
	if _, err := h.Resume(h.us(), rcinfo.Resume{Session: a.Session.ID}); deskside.CodeOf(err) != deskside.CodeEnded {
		t.Errorf("resume past the absolute limit: %v", err)
	}
	h.Expire()
	if e, err := h.Ended(h.us(), a.Session.ID); err != nil || e.Session.Cause != deskside.CauseAbsolute {
		t.Errorf("ended %+v, %v", e, err)
	}
}

// say sends words on a stream of its own and gives the refusal that comes.
func (h *house) say(t *testing.T, words string) (e deskside.Error) {
	t.Helper()
	stream := h.net.Dial(deskside.RCInfo)
	defer stream.Abort()
	stream.SetDeadline(time.Now().Add(await.Limit))
	go io.WriteString(stream, words)
	answer, err := http.ReadResponse(bufio.NewReader(stream), nil)
	if err != nil {
		t.Fatalf("%.60q: %v", words, err)
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(&e); err != nil {
		t.Errorf("%.60q: a status %s without a refusal: %v", words, answer.Status, err)
	}
	return e
}

// What cannot be read gets a refusal with a code and words, is in the audit,
// and leaves the session as it is.
func TestBadRequestsAreRefusedAndAudited(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		h := openHouse(t, n, nil)
		a, control := h.begin(t)
		text, _ := a.Tickets["sms-rcinfo"].MarshalText()
		live := "Host: a\r\nAuthorization: Deskside " + string(text) + "\r\n"
		const body = "Host: a\r\nContent-Type: application/json\r\n"
		for what, c := range map[string]struct {
			words string
			code  deskside.Code
		}{
			"control without upgrade": {"POST /session/control HTTP/1.1\r\n" + live + "\r\n", deskside.CodeBadRequest},
			"control with a body":     {"POST /session/control HTTP/1.1\r\n" + live + "Connection: Upgrade\r\nUpgrade: deskside-control\r\nContent-Length: 2\r\n\r\n{}", deskside.CodeBadRequest},
			"another upgrade":         {"POST /session/control HTTP/1.1\r\n" + live + "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", deskside.CodeBadRequest},
			"meeting without upgrade": {"POST /meet HTTP/1.1\r\nHost: a\r\n\r\n", deskside.CodeBadRequest},
			"an unknown path":         {"GET /else HTTP/1.1\r\nHost: a\r\n\r\n", deskside.CodeNotFound},
			"another method":          {"PUT /session HTTP/1.1\r\nHost: a\r\n\r\n", deskside.CodeNotFound},
			"no JSON":                 {"POST /session HTTP/1.1\r\n" + body + "Content-Length: 3\r\n\r\nabc", deskside.CodeBadRequest},
			"null":                    {"POST /session HTTP/1.1\r\n" + body + "Content-Length: 4\r\n\r\nnull", deskside.CodeBadRequest},
			"deep":                    {"POST /session/resume HTTP/1.1\r\n" + body + "Content-Length: 60000\r\n\r\n" + strings.Repeat("[", 60000), deskside.CodeBadRequest},
			"too long":                {"POST /session HTTP/1.1\r\n" + body + "Content-Length: 99999999\r\n\r\n" + strings.Repeat(" ", maxTest), deskside.CodeBadRequest},
			"no session":              {"GET /ended?session=zz HTTP/1.1\r\nHost: a\r\n\r\n", deskside.CodeBadRequest},
		} {
			before := len(h.denied())
			e := h.say(t, c.words)
			if e.Code != c.code || e.Words == "" || e.By != deskside.ByAgent {
				t.Errorf("%s: refused with %+v", what, e)
			}
			if list := h.denied(); len(list) != before+1 || list[before].Code != c.code || list[before].Address == "" {
				t.Errorf("%s: audited %+v", what, list[before:])
			}
		}
		if got := h.state(t); got != deskside.Active {
			t.Errorf("the session is %s", got)
		}
		h.End(a.Session.ID, deskside.CausePerson)
		if farewell(t, control) == nil {
			t.Error("the control stream no longer counts")
		}
	})
}

func (h *house) denied() (list []deskside.Event) {
	h.audit.mu.Lock()
	defer h.audit.mu.Unlock()
	for _, e := range h.audit.events {
		if e.Kind == deskside.EventDenied {
			list = append(list, e)
		}
	}
	return list
}

// What is wrong on the control stream suspends the session, and is in the audit
// as well.
func TestBadLinesAreAudited(t *testing.T) {
	for what, line := range map[string]string{
		"no JSON":      "hello\n",
		"unknown verb": "{\"do\":\"dance\"}\n",
		"unknown key":  "{\"do\":\"beat\",\"x\":1}\n",
		"endless":      strings.Repeat("x", rcinfo.MaxLine+1),
	} {
		t.Run(what, func(t *testing.T) {
			transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
				h := openHouse(t, n, nil)
				_, control := h.begin(t)
				io.WriteString(control, line)
				await.True(t, "the session is suspended", func() bool { return h.state(t) == deskside.Suspended })
				if list := h.denied(); len(list) != 1 || list[0].Code != deskside.CodeBadRequest {
					t.Errorf("audited %+v", list)
				}
			})
		})
	}
}

// A meeting that goes wrong before its question costs nobody an attempt, and
// is in the audit.
func TestBadMeetings(t *testing.T) {
	nonce := make([]byte, 32)
	commit := identity.Commit(identity.Nonce(nonce))
	line := func(v any) string { b, _ := json.Marshal(v); return string(b) + "\n" }
	good := line(rcinfo.Commit{Commit: commit[:]})
	setup := rcinfo.Setup{Request: "r", Rights: deskside.RightsOf(deskside.View)}
	for what, lines := range map[string][]string{
		"no commitment":      {"{}\n"},
		"a short commitment": {line(rcinfo.Commit{Commit: commit[:31]})},
		"another nonce":      {good, line(rcinfo.Reveal{Nonce: commit[:], Setup: setup})},
		"a short nonce":      {good, line(rcinfo.Reveal{Nonce: nonce[:31], Setup: setup})},
		"a bad setup":        {good, line(rcinfo.Reveal{Nonce: nonce})},
		"the reveal first":   {line(rcinfo.Reveal{Nonce: nonce, Setup: setup})},
		"no JSON":            {"\x00\xff\n"},
		"endless":            {strings.Repeat("x", rcinfo.MaxBody+1)},
	} {
		t.Run(what, func(t *testing.T) {
			transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
				h := openHouse(t, n, askStrangers)
				conn, err := h.client.Upgrade(t.Context(), "POST", "/meet", rcinfo.MeetProtocol, deskside.Ticket{})
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Abort()
				conn.SetDeadline(time.Now().Add(await.Limit))
				in := wire.NewLines(conn, rcinfo.MaxBody)
				var answer rcinfo.NonceOrError
				for _, l := range lines {
					io.WriteString(conn, l)
					if err := in.Read(&answer); err != nil {
						t.Fatal(err)
					}
				}
				if answer.Error == nil || answer.Error.Code != deskside.CodeBadRequest || answer.Error.By != deskside.ByAgent {
					t.Errorf("answered %+v", answer)
				}
				if list := h.denied(); len(list) != 1 || list[0].Code != deskside.CodeBadRequest {
					t.Errorf("audited %+v", list)
				}
				h.Authority.mu.Lock()
				defer h.Authority.mu.Unlock()
				if len(h.meetings) != 0 || len(h.requests) != 0 || len(h.questions) != 0 {
					t.Error("a meeting without a question left something behind")
				}
			})
		})
	}
}

// TestDenialsNameTheOperator has policy's name for the key in each denial, also
// where this agent knows no session of theirs, and never what the peer says in
// its place.
func TestDenialsNameTheOperator(t *testing.T) {
	h := openHouse(t, transporttest.New(t, deskside.Memory), func(p *access.Policy) {
		for key, rule := range p.Operators {
			rule.Name, rule.Rights = "Ann Admin", deskside.RightsOf(deskside.View)
			p.Operators[key] = rule
		}
	})
	h.Setup(t.Context(), h.us(), setupOf(deskside.RightsOf(deskside.Control)), nil, nil)
	h.Resume(h.us(), rcinfo.Resume{Session: deskside.NewSessionID()})
	h.Refused(h.us(), deskside.Errorf(deskside.CodeBadRequest, "no"))
	h.wire(t, h.net.Operator, deskside.RemCtrl).Upgrade(t.Context(), "POST", "/", "echo", deskside.NewTicket())
	all := h.denied()
	if len(all) != 4 {
		t.Errorf("%d denials, want 4: %+v", len(all), all)
	}
	for _, e := range all {
		if e.Name != "Ann Admin" {
			t.Errorf("the audit names %q: %+v", e.Name, e)
		}
	}
}
