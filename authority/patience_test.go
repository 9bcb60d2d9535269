package authority

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"deskside"
	"deskside/access"
	"deskside/desktop"
	"deskside/internal/await"
	"deskside/rcinfo"
	"deskside/transport/transporttest"
)

// hangs makes the audit's disk hang, until the function it gives is called.
func (h *house) hangs(t *testing.T) (mend func()) {
	disk := make(chan struct{})
	h.audit.before = func(deskside.Event) { <-disk }
	mend = sync.OnceFunc(func() { close(disk) })
	t.Cleanup(mend)
	return mend
}

// soon wants f to return.
func soon(t *testing.T, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	await.Closed(t, what, done)
}

// A disk that hangs stops nothing that takes access away: not Stop, not the one
// after it, not the policy, not a limit, and not the sign on the screen. What
// happened is written in its order once the disk works.
func TestNothingThatEndsWaitsForTheAudit(t *testing.T) {
	bob := transporttest.Identity(t)
	n := transporttest.New(t, deskside.Memory)
	h := openHouse(t, n, permitAlso(bob, nil))
	first, second, third := h.grant(t), h.grant(t), h.grant(t)
	at, err := h.Attach(third.Session.ID)
	if err != nil {
		t.Fatal(err)
	}
	mend := h.hangs(t)
	soon(t, "the first Stop", func() { h.End(first.Session.ID, deskside.CausePerson) })
	soon(t, "the second Stop", func() { h.End(second.Session.ID, deskside.CausePerson) })
	soon(t, "the loss", func() { h.Lost(at) })
	soon(t, "a policy", func() { h.SetPolicy(nil, fmt.Errorf("line 3")) })
	if _, broken := h.Policy(); broken == nil {
		t.Error("the policy is not in force")
	}
	if rows := h.rows(); len(rows) != 1 || rows[0].ID != third.Session.ID || rows[0].State != deskside.Suspended {
		t.Errorf("shown %+v", rows)
	}
	h.pass(time.Duration(access.DefaultLimits.Grace))
	soon(t, "the limits", h.Expire)
	if rows := h.rows(); len(rows) != 0 {
		t.Errorf("shown %+v", rows)
	}
	if last := h.ended[len(h.ended)-1]; len(h.ended) != 3 || last.ID != third.Session.ID || last.Cause != deskside.CauseGrace {
		t.Errorf("told of the ends %+v", h.ended)
	}
	soon(t, "a policy that permits nobody", func() { h.SetPolicy(&access.Policy{}, nil) })

	before := len(h.audit.kinds())
	mend()
	h.Close()
	type line struct {
		kind    deskside.EventKind
		session deskside.SessionID
	}
	got := []line{}
	for _, e := range h.audit.events[before:] {
		l := line{kind: e.Kind}
		if e.Session != nil {
			l.session = *e.Session
		}
		got = append(got, l)
	}
	if want := []line{
		{deskside.EventEnd, first.Session.ID}, {deskside.EventEnd, second.Session.ID}, {deskside.EventSuspend, third.Session.ID},
		{deskside.EventPolicy, deskside.SessionID{}}, {deskside.EventEnd, third.Session.ID}, {deskside.EventPolicy, deskside.SessionID{}},
	}; !slices.Equal(got, want) {
		t.Errorf("written %v, want %v", got, want)
	}
}

// What gives access waits for the audit: a beginning, and a return, which comes
// after the loss.
func TestAccessWaitsForTheAudit(t *testing.T) {
	h := openHouse(t, transporttest.New(t, deskside.Memory), nil)
	a := h.grant(t)
	before := len(h.audit.kinds())
	mend := h.hangs(t)
	results := make(chan error, 2)
	go func() { results <- second(h.Setup(t.Context(), h.us(), setupOf(deskside.AllRights), nil, nil)) }()
	go func() { results <- second(h.Resume(h.us(), rcinfo.Resume{Session: a.Session.ID})) }()
	await.True(t, "both are under way", func() bool { return len(h.Open()) == 2 && h.states()[deskside.Suspended] == 1 })
	if s := h.states(); s[deskside.Asked] != 1 {
		t.Errorf("given before it was written: %v", s)
	}
	await.True(t, "the return waits behind the loss", func() bool {
		h.writer.mu.Lock()
		defer h.writer.mu.Unlock()
		return len(h.writer.queue) == 1
	})
	mend()
	for range 2 {
		if err := await.Recv(t, "the result", results); err != nil {
			t.Error(err)
		}
	}
	kinds := h.audit.kinds()[before:]
	if lost, back := slices.Index(kinds, deskside.EventSuspend), slices.Index(kinds, deskside.EventResume); lost < 0 || back < lost {
		t.Errorf("written %v", kinds)
	}
}

// states counts the sessions by their states.
func (h *house) states() map[deskside.State]int {
	count := make(map[deskside.State]int)
	for _, s := range h.Open() {
		count[s.State]++
	}
	return count
}

// However often strangers are refused, with however many keys, what is refused
// to an operator is written, and the other way round; and nobody fills the disk.
func TestDenialsOfOneDoNotHideThoseOfOthers(t *testing.T) {
	bob := transporttest.Identity(t)
	n := transporttest.New(t, deskside.Memory)
	h := openHouse(t, n, permitAlso(bob, nil))
	refused := deskside.Errorf(deskside.CodeBadRequest, "no")
	flood := func(callers ...rcinfo.Caller) {
		for i := range 3 * DenialsPerMinute {
			h.Refused(callers[i%len(callers)], refused)
		}
	}
	flood(h.caller(transporttest.Identity(t)), h.caller(transporttest.Identity(t)), h.caller(transporttest.Identity(t)))
	if got := len(h.denied()); got != DenialsPerMinute {
		t.Errorf("of strangers' refusals %d are written, want %d", got, DenialsPerMinute)
	}
	h.Refused(h.us(), refused)
	if list := h.denied(); *list[len(list)-1].Operator != n.Operator.ID() || list[len(list)-1].Name != "Ann" {
		t.Errorf("strangers hide what Ann is refused; the last is %+v", list[len(list)-1])
	}
	flood(h.us())
	if got := len(h.denied()); got != 2*DenialsPerMinute {
		t.Errorf("%d are written with Ann's, want %d", got, 2*DenialsPerMinute)
	}
	h.Refused(h.caller(bob), refused)
	if list := h.denied(); *list[len(list)-1].Operator != bob.ID() {
		t.Error("Ann hides what Bob is refused")
	}

	h.pass(time.Minute)
	h.Expire()
	h.Refused(h.us(), refused)
	if list := h.denied(); list[len(list)-1].Detail["not-written"] != fmt.Sprint(2*DenialsPerMinute+1) {
		t.Errorf("a minute later: %+v", list[len(list)-1])
	}
	h.pass(time.Minute)
	h.Expire()
	h.Authority.mu.Lock()
	defer h.Authority.mu.Unlock()
	if len(h.Authority.denied) != 0 {
		t.Errorf("%d counts are kept", len(h.Authority.denied))
	}
}

// An operator whom the person does not let in waits before they may ask again,
// longer each time, and is told until when.
func TestWhoIsRefusedWaits(t *testing.T) {
	bob := transporttest.Identity(t)
	n := transporttest.New(t, deskside.Memory)
	h := openHouse(t, n, permitAlso(bob, withConsent))
	ask := func(c rcinfo.Caller, answer desktop.Choice) deskside.Code {
		h.person.answers <- desktop.Answer{Choice: answer}
		_, err := h.Setup(t.Context(), c, setupOf(deskside.AllRights), nil, nil)
		select {
		case <-h.person.questions:
		default:
			<-h.person.answers // the person was not asked
		}
		return deskside.CodeOf(err)
	}
	wait := AskAgain
	for i, answer := range []desktop.Choice{desktop.Deny, desktop.Withdrawn, desktop.Deny, desktop.Deny, desktop.Withdrawn, desktop.Deny, desktop.Deny, desktop.Deny, desktop.Deny} {
		if code := ask(h.us(), answer); code != deskside.CodeRefused && code != deskside.CodeExpired {
			t.Fatalf("question %d: %s", i, code)
		}
		h.pass(wait - time.Second)
		_, err := h.Setup(t.Context(), h.us(), setupOf(deskside.AllRights), nil, nil)
		e := deskside.AsError(err)
		if e.Code != deskside.CodeTooMany || !strings.Contains(e.Do, "in 1s, after "+h.now().Add(time.Second).Format(time.TimeOnly)) {
			t.Errorf("a second too early, after %v: %v, %s", wait, err, e.Do)
		}
		h.pass(time.Second)
		wait = min(2*wait, MaxAskAgain)
	}
	if wait != MaxAskAgain {
		t.Errorf("the longest wait is %v, want %v", wait, MaxAskAgain)
	}
	if code := ask(h.caller(bob), desktop.Deny); code != deskside.CodeRefused {
		t.Errorf("Bob waits for Ann: %s", code)
	}
	h.End(h.allowed(t, ask).ID, deskside.CauseOperator)
	if code := ask(h.us(), desktop.Deny); code != deskside.CodeRefused {
		t.Errorf("after an Allow: %s", code)
	}
	h.pass(AskAgain)
	if code := ask(h.us(), desktop.Deny); code != deskside.CodeRefused {
		t.Errorf("an Allow is not the end of it: %s", code)
	}
	h.pass(ForgiveAfter)
	h.Expire()
	if len(h.refusals) != 0 {
		t.Errorf("%d operators are held against what was an hour ago", len(h.refusals))
	}
}

// allowed has the person let the operator in.
func (h *house) allowed(t *testing.T, ask func(rcinfo.Caller, desktop.Choice) deskside.Code) deskside.Session {
	t.Helper()
	if code := ask(h.us(), desktop.Allow); code != "" || len(h.Open()) != 1 {
		t.Fatalf("refused with %s", code)
	}
	return h.Open()[0]
}
