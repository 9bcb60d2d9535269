package authority

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
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
	"deskside/transport"
	"deskside/transport/transporttest"
	"deskside/wire"
)

// notebook is an Audit in memory.
type notebook struct {
	before func(deskside.Event) // called with each event, if set
	mu     sync.Mutex
	events []deskside.Event
	fail   error
}

func (n *notebook) Append(_ context.Context, events ...deskside.Event) error {
	for _, e := range events {
		if n.before != nil {
			n.before(e)
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.fail == nil {
		n.events = append(n.events, events...)
	}
	return n.fail
}

func (n *notebook) SignedHead() (string, error) { return "{}", nil }

func (n *notebook) kinds() (list []deskside.EventKind) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, e := range n.events {
		list = append(list, e.Kind)
	}
	return list
}

func (n *notebook) last(kind deskside.EventKind) (last deskside.Event, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, e := range n.events {
		if e.Kind == kind {
			last, ok = e, true
		}
	}
	return last, ok
}

func (n *notebook) has(kind deskside.EventKind) func() bool {
	return func() bool { _, ok := n.last(kind); return ok }
}

// sitter is a Person whose answers come from a channel.
type sitter struct {
	mu        sync.Mutex
	presence  desktop.Presence
	questions chan desktop.Question
	answers   chan desktop.Answer
}

func newSitter() *sitter {
	return &sitter{questions: make(chan desktop.Question, 8), answers: make(chan desktop.Answer, 8)}
}

func (s *sitter) Presence() desktop.Presence { s.mu.Lock(); defer s.mu.Unlock(); return s.presence }

func (s *sitter) Ask(ctx context.Context, q desktop.Question) (desktop.Answer, error) {
	s.questions <- q
	select {
	case a := <-s.answers:
		return a, nil
	case <-ctx.Done():
		return desktop.Answer{}, ctx.Err()
	}
}

func (s *sitter) SetBar([]desktop.BarEntry)            {}
func (s *sitter) BarActions() <-chan desktop.BarAction { return nil }

// house is an agent's authority behind its rcinfo service, and an operator.
type house struct {
	*Authority
	net    *transporttest.Net
	audit  *notebook
	person *sitter
	client rcinfo.Client
	clock  time.Time
	shown  []deskside.Session
	ended  []deskside.Session
	mu     sync.Mutex
}

// rows are the sessions as they were last shown.
func (h *house) rows() []deskside.Session {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.shown)
}

func (h *house) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.clock
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	h.clock = h.clock.Add(d)
	h.mu.Unlock()
}

// open serves an authority on the net. policy edits what is in force: the
// operator permitted, with every right, without consent.
func openHouse(t *testing.T, n *transporttest.Net, policy func(*access.Policy)) *house {
	t.Helper()
	p := &access.Policy{Limits: access.DefaultLimits, Operators: map[deskside.OperatorID]access.OperatorRule{
		n.Operator.ID(): {Key: n.Operator.ID(), Name: "Ann", Rights: deskside.AllRights, Consent: access.ConsentAllow, Limits: access.DefaultLimits},
	}}
	if policy != nil {
		policy(p)
	}
	h := &house{net: n, audit: &notebook{}, person: newSitter(), clock: time.Now()}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	h.Authority = New(Config{
		Audit: h.audit, Policy: p, Person: h.person, Log: log, Now: h.now,
		Changed: func(s []deskside.Session) {
			h.mu.Lock()
			h.shown = nil
			for _, row := range s {
				if row.State == deskside.Ended {
					h.ended = append(h.ended, row)
				} else {
					h.shown = append(h.shown, row)
				}
			}
			h.mu.Unlock()
		},
		Hello: func() rcinfo.Hello {
			return rcinfo.Hello{Agent: n.Agent.ID(), Protocol: deskside.ProtocolVersion, Name: "front desk", Ports: map[string]int{}}
		},
	})
	t.Cleanup(h.Close)
	h.serve(t, deskside.RCInfo, rcinfo.New(rcinfo.Config{Gate: h, Authority: h, Agent: n.Agent.ID(), Log: log}), log)
	h.serve(t, deskside.RemCtrl, http.HandlerFunc(h.echo), log)
	h.client = rcinfo.Client{Self: n.Operator.ID(), Client: h.wire(t, n.Operator, deskside.RCInfo)}
	return h
}

func (h *house) wire(t *testing.T, id *identity.Identity, svc deskside.Service) *wire.Client {
	c := &wire.Client{Dial: func(ctx context.Context) (transport.Stream, error) {
		return h.net.TryDial(ctx, id, svc, h.net.Agent.ID())
	}}
	t.Cleanup(c.Close)
	return c
}

func (h *house) serve(t *testing.T, svc deskside.Service, handler http.Handler, log *slog.Logger) {
	server := wire.Server(handler, log)
	l := h.net.Listen(svc)
	done := make(chan struct{})
	go func() { defer close(done); server.Serve(l) }()
	t.Cleanup(func() { server.Close(); <-done })
}

// echo is a service that sends back what it gets, for a ticket.
func (h *house) echo(w http.ResponseWriter, r *http.Request) {
	if _, ok := wire.Admit(h, w, r); !ok {
		return
	}
	if conn, err := wire.Upgrade(w, r, "echo"); err == nil {
		io.Copy(conn, conn)
		conn.Close()
	}
}

func setupOf(rights deskside.Rights) rcinfo.Setup {
	return rcinfo.Setup{Request: rand(), Rights: rights, Reason: "printer 7", Name: "ann", Host: "desk-1"}
}

func rand() string { return deskside.NewSessionID().String() }

// begin sets a session up and attaches its control stream.
func (h *house) begin(t *testing.T) (rcinfo.Answer, *wire.Conn) {
	t.Helper()
	a, err := h.client.Setup(t.Context(), setupOf(deskside.AllRights), nil)
	if err != nil {
		t.Fatal(err)
	}
	control, err := h.client.Control(t.Context(), a.Tickets["sms-rcinfo"])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(control.Abort)
	await.True(t, "the session is active", func() bool {
		s := h.Open()
		return len(s) == 1 && s[0].State == deskside.Active
	})
	return a, control
}

// farewell reads a control stream to its end.
func farewell(t *testing.T, control *wire.Conn) (last *rcinfo.Ended) {
	t.Helper()
	control.SetReadDeadline(time.Now().Add(await.Limit))
	lines := wire.NewLines(control, rcinfo.MaxBody)
	for {
		var line rcinfo.Control
		if lines.Read(&line) != nil {
			return last
		}
		if line.Do == rcinfo.VerbEnd {
			last = line.Ended
		}
	}
}

func TestSession(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		h := openHouse(t, n, nil)
		hello, err := h.client.Hello(t.Context())
		if err != nil || !hello.Known || hello.Policy.Rights != deskside.AllRights || hello.Name != "front desk" {
			t.Fatalf("hello %+v, %v", hello, err)
		}
		a, control := h.begin(t)
		if a.Session.Operator.Name != "Ann" || a.Session.Operator.SaysName != "ann" || a.Session.Reason != "printer 7" {
			t.Errorf("session %+v", a.Session)
		}
		stream, err := h.wire(t, n.Operator, deskside.RemCtrl).Upgrade(t.Context(), "POST", "/", "echo", a.Tickets["sms-remctrl"])
		if err != nil {
			t.Fatal(err)
		}
		defer stream.Abort()
		if _, err := stream.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(stream, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		status, err := h.client.Status(t.Context(), a.Tickets["sms-rcinfo"])
		if err != nil || len(status.Streams) < 2 {
			t.Errorf("status %+v, %v", status, err)
		}
		if rows := h.rows(); len(rows) != 1 || rows[0].State != deskside.Active {
			t.Errorf("the bar shows %+v", rows)
		}

		h.End(a.Session.ID, deskside.CausePerson)
		if ended := farewell(t, control); ended == nil || ended.Session.Cause != deskside.CausePerson || ended.Head == "" {
			t.Errorf("last words %+v", ended)
		}
		stream.SetReadDeadline(time.Now().Add(await.Limit))
		if _, err := stream.Read(make([]byte, 1)); err == nil {
			t.Error("the stream outlived the session")
		}
		if rows := h.rows(); len(rows) != 0 {
			t.Errorf("the bar shows %+v", rows)
		}
		h.refused(t, a)
		if e, err := h.client.Ended(t.Context(), a.Session.ID); err != nil || e.Session.Cause != deskside.CausePerson {
			t.Errorf("ended %+v, %v", e, err)
		}
		want := []deskside.EventKind{deskside.EventPermitted, deskside.EventBegin, deskside.EventEnd}
		if got := h.audit.kinds(); !slices.Equal(got[:3], want) {
			t.Errorf("audit %v", got)
		}
	})
}

func TestTheOperatorEndsIt(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		h := openHouse(t, n, nil)
		a, control := h.begin(t)
		if err := wire.NewLines(control, rcinfo.MaxLine).Write(rcinfo.Control{Do: rcinfo.VerbEnd}); err != nil {
			t.Fatal(err)
		}
		if ended := farewell(t, control); ended == nil || ended.Session.Cause != deskside.CauseOperator || ended.Head == "" {
			t.Errorf("last words %+v", ended)
		}
		if e, ok := h.audit.last(deskside.EventEnd); !ok || e.Transport != n.Transport || e.Began.IsZero() || e.Reason != "printer 7" {
			t.Errorf("audit %+v", e)
		}
		h.refused(t, a)
		for _, kind := range []deskside.EventKind{deskside.EventSuspend, deskside.EventResume} {
			if h.audit.has(kind)() {
				t.Errorf("%s after an end", kind)
			}
		}
		a, _ = h.begin(t)
		if e, err := h.client.End(t.Context(), a.Tickets["sms-rcinfo"]); err != nil || e.Session.Cause != deskside.CauseOperator {
			t.Errorf("DELETE /session: %+v, %v", e, err)
		}
	})
}

// refused checks that nothing opens with an ended session's tickets.
func (h *house) refused(t *testing.T, a rcinfo.Answer) {
	t.Helper()
	_, err := h.wire(t, h.net.Operator, deskside.RemCtrl).Upgrade(t.Context(), "POST", "/", "echo", a.Tickets["sms-remctrl"])
	if deskside.CodeOf(err) != deskside.CodeNoTicket {
		t.Errorf("a dead ticket: %v", err)
	}
	if _, err := h.client.Control(t.Context(), a.Tickets["sms-rcinfo"]); deskside.CodeOf(err) != deskside.CodeNoTicket {
		t.Errorf("a dead ticket for control: %v", err)
	}
	if _, err := h.client.Resume(t.Context(), a.Session.ID); deskside.CodeOf(err) != deskside.CodeEnded {
		t.Errorf("resume after the end: %v", err)
	}
}

func TestTicketsOfOthersAndOtherServices(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		h := openHouse(t, n, nil)
		a, _ := h.begin(t)
		thief, err := identity.New()
		if err != nil {
			t.Fatal(err)
		}
		for what, try := range map[string]struct {
			id     *identity.Identity
			ticket deskside.Ticket
			live   bool
		}{
			"another key":     {thief, a.Tickets["sms-remctrl"], true},
			"another service": {n.Operator, a.Tickets["sms-xfer"], true},
			"no ticket":       {n.Operator, deskside.Ticket{}, false},
			"a guess":         {n.Operator, deskside.NewTicket(), false},
		} {
			_, err := h.wire(t, try.id, deskside.RemCtrl).Upgrade(t.Context(), "POST", "/", "echo", try.ticket)
			if deskside.CodeOf(err) != deskside.CodeNoTicket {
				t.Errorf("%s: %v", what, err)
			}
			e, ok := h.audit.last(deskside.EventDenied)
			if !ok || e.Address == "" || e.Code != deskside.CodeNoTicket || *e.Operator != try.id.ID() {
				t.Errorf("%s: audit %+v", what, e)
			}
			if named := e.Session != nil && *e.Session == a.Session.ID && e.Reason == a.Session.Reason; named != try.live {
				t.Errorf("%s: the audit names the ticket's session: %v, in %+v", what, named, e)
			}
		}
	})
}

func TestStrangersLearnNothing(t *testing.T) {
	n := transporttest.New(t, deskside.Memory)
	h := openHouse(t, n, nil)
	thief, err := identity.New()
	if err != nil {
		t.Fatal(err)
	}
	c := rcinfo.Client{Self: thief.ID(), Client: h.wire(t, thief, deskside.RCInfo)}
	hello, err := c.Hello(t.Context())
	if err != nil || hello.Known || hello.Name != "" || hello.Policy != nil || hello.Ports != nil || hello.Agent != n.Agent.ID() {
		t.Errorf("hello %+v, %v", hello, err)
	}
	if _, err := c.Setup(t.Context(), setupOf(deskside.AllRights), nil); deskside.CodeOf(err) != deskside.CodeUnknownKey {
		t.Errorf("setup: %v", err)
	}
	if _, err := c.Sessions(t.Context()); deskside.CodeOf(err) != deskside.CodeUnknownKey {
		t.Errorf("sessions: %v", err)
	}
	if _, err := c.Meet(t.Context(), n.Agent.ID(), setupOf(deskside.AllRights), func(string) {}, nil); deskside.CodeOf(err) != deskside.CodeUnknownKey {
		t.Errorf("meet: %v", err)
	}
	if len(h.requests) != 0 {
		t.Errorf("strangers left %d requests", len(h.requests))
	}
}

func withConsent(p *access.Policy) {
	for k, rule := range p.Operators {
		rule.Consent = access.ConsentAsk
		p.Operators[k] = rule
	}
}

func TestConsent(t *testing.T) {
	for _, c := range []struct {
		answer desktop.Choice
		code   deskside.Code
		rights deskside.Rights
		event  deskside.EventKind
	}{
		{desktop.Allow, "", deskside.AllRights, deskside.EventGiven},
		{desktop.AllowView, "", ViewOnly, deskside.EventGiven},
		{desktop.Deny, deskside.CodeRefused, 0, deskside.EventRefused},
		{desktop.Withdrawn, deskside.CodeExpired, 0, deskside.EventWithdrawn},
	} {
		n := transporttest.New(t, deskside.Memory)
		h := openHouse(t, n, withConsent)
		h.person.answers <- desktop.Answer{Choice: c.answer}
		asked := false
		a, err := h.client.Setup(t.Context(), setupOf(deskside.AllRights), func(rcinfo.Asking) { asked = true })
		if deskside.CodeOf(err) != c.code || a.Session.Rights != c.rights || !asked {
			t.Errorf("%v: rights %v, asked %v, %v", c.answer, a.Session.Rights, asked, err)
		}
		q := await.Recv(t, "the question", h.person.questions)
		if q.Operator.Name != "Ann" || q.Operator.SaysHost != "desk-1" || q.Reason != "printer 7" || q.Digits {
			t.Errorf("question %+v", q)
		}
		if !h.audit.has(deskside.EventAsked)() || !h.audit.has(c.event)() {
			t.Errorf("%v: audit %v", c.answer, h.audit.kinds())
		}
		if open := h.Open(); (len(open) == 1) != (c.code == "") {
			t.Errorf("%v: sessions %+v", c.answer, open)
		}
	}
}

func TestConsentIsNeverRemembered(t *testing.T) {
	n := transporttest.New(t, deskside.Memory)
	h := openHouse(t, n, withConsent)
	h.person.answers <- desktop.Answer{Choice: desktop.Allow}
	a, err := h.client.Setup(t.Context(), setupOf(deskside.AllRights), nil)
	if err != nil {
		t.Fatal(err)
	}
	h.End(a.Session.ID, deskside.CauseOperator)
	h.person.answers <- desktop.Answer{Choice: desktop.Deny}
	if _, err := h.client.Setup(t.Context(), setupOf(deskside.AllRights), nil); deskside.CodeOf(err) != deskside.CodeRefused {
		t.Errorf("the second session: %v", err)
	}
}

func TestAQuestionIsWithdrawnWhenTheOperatorGoes(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		h := openHouse(t, n, withConsent)
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error, 1)
		go func() {
			_, err := h.client.Setup(ctx, setupOf(deskside.AllRights), nil)
			result <- err
		}()
		await.Recv(t, "the question", h.person.questions)
		cancel()
		if err := await.Recv(t, "the result", result); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		await.True(t, "the withdrawal is audited", h.audit.has(deskside.EventWithdrawn))
		await.True(t, "no session is left", func() bool { return len(h.Open()) == 0 })
	})
}

func TestPolicyIsAskedAgainAfterTheAnswer(t *testing.T) {
	n := transporttest.New(t, deskside.Memory)
	h := openHouse(t, n, withConsent)
	result := make(chan error, 1)
	go func() {
		_, err := h.client.Setup(t.Context(), setupOf(deskside.AllRights), nil)
		result <- err
	}()
	await.Recv(t, "the question", h.person.questions)
	h.SetPolicy(&access.Policy{}, nil)
	h.person.answers <- desktop.Answer{Choice: desktop.Allow}
	if err := await.Recv(t, "the result", result); deskside.CodeOf(err) != deskside.CodeUnknownKey {
		t.Errorf("got %v", err)
	}
}

func TestARepeatedRequestGetsTheSameAnswer(t *testing.T) {
	n := transporttest.New(t, deskside.Memory)
	h := openHouse(t, n, nil)
	s := setupOf(deskside.AllRights)
	first, err := h.client.Setup(t.Context(), s, nil)
	if err != nil {
		t.Fatal(err)
	}
	second, err := h.client.Setup(t.Context(), s, nil)
	if err != nil || second.Session.ID != first.Session.ID || len(h.Open()) != 1 {
		t.Errorf("got %v, %v, with %d sessions", second.Session.ID, err, len(h.Open()))
	}
}

func TestLostAndResumed(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		h := openHouse(t, n, nil)
		a, control := h.begin(t)
		control.Abort()
		await.True(t, "the session is suspended", func() bool {
			rows := h.rows()
			return len(rows) == 1 && rows[0].State == deskside.Suspended && !rows[0].Until.IsZero()
		})
		if _, err := h.client.Control(t.Context(), a.Tickets["sms-rcinfo"]); deskside.CodeOf(err) != deskside.CodeSuspended {
			t.Errorf("an old ticket: %v", err)
		}
		again, err := h.client.Resume(t.Context(), a.Session.ID)
		if err != nil || again.Session.State != deskside.Active || again.Session.ID != a.Session.ID {
			t.Fatalf("resume: %+v, %v", again, err)
		}
		if _, err := h.client.Control(t.Context(), a.Tickets["sms-rcinfo"]); deskside.CodeOf(err) != deskside.CodeSuspended {
			t.Errorf("an old ticket after the resume: %v", err)
		}
		control, err = h.client.Control(t.Context(), again.Tickets["sms-rcinfo"])
		if err != nil {
			t.Fatal(err)
		}
		h.End(a.Session.ID, deskside.CauseOperator)
		if farewell(t, control) == nil {
			t.Error("no last words on the second control stream")
		}
		for _, kind := range []deskside.EventKind{deskside.EventSuspend, deskside.EventResume, deskside.EventEnd} {
			if !h.audit.has(kind)() {
				t.Errorf("no %s in %v", kind, h.audit.kinds())
			}
		}
	})
}

func TestGraceIdleAndAbsoluteLimits(t *testing.T) {
	for _, c := range []struct {
		cause deskside.Cause
		run   func(h *house, control *wire.Conn)
	}{
		{deskside.CauseIdle, func(h *house, _ *wire.Conn) {
			h.pass(time.Duration(access.DefaultLimits.Idle))
		}},
		{deskside.CauseAbsolute, func(h *house, _ *wire.Conn) {
			h.pass(time.Duration(access.DefaultLimits.Absolute))
		}},
		{deskside.CauseGrace, func(h *house, control *wire.Conn) {
			control.Abort()
			h.pass(access.Silence)
			h.Expire()
			h.pass(time.Duration(access.DefaultLimits.Grace))
		}},
	} {
		n := transporttest.New(t, deskside.Memory)
		h := openHouse(t, n, nil)
		a, control := h.begin(t)
		c.run(h, control)
		h.Expire()
		if e, err := h.client.Ended(t.Context(), a.Session.ID); err != nil || e.Session.Cause != c.cause {
			t.Errorf("%s: %+v, %v", c.cause, e, err)
		}
	}
}

func TestNarrowerPolicyReachesOpenSessions(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		h := openHouse(t, n, nil)
		a, control := h.begin(t)
		stream, err := h.wire(t, n.Operator, deskside.RemCtrl).Upgrade(t.Context(), "POST", "/", "echo", a.Tickets["sms-remctrl"])
		if err != nil {
			t.Fatal(err)
		}
		defer stream.Abort()
		old, _ := h.Policy()
		p := *old
		rule := p.Operators[n.Operator.ID()]
		rule.Rights = deskside.RightsOf(deskside.ChatRight)
		p.Operators = map[deskside.OperatorID]access.OperatorRule{rule.Key: rule}
		h.SetPolicy(&p, nil)
		stream.SetReadDeadline(time.Now().Add(await.Limit))
		if _, err := stream.Read(make([]byte, 1)); err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the picture outlived its right: %v", err)
		}
		if s := h.Open()[0]; s.Rights != rule.Rights || s.State != deskside.Active {
			t.Errorf("session %+v", s)
		}
		h.SetPolicy(nil, errors.New("line 3: no"))
		if _, err := h.client.Setup(t.Context(), setupOf(deskside.AllRights), nil); deskside.CodeOf(err) != deskside.CodePolicyBroken {
			t.Errorf("setup with a broken policy: %v", err)
		}
		if len(h.Open()) != 1 {
			t.Error("a broken policy file ended a session")
		}
		h.SetPolicy(&access.Policy{}, nil)
		if ended := farewell(t, control); ended == nil || ended.Session.Cause != deskside.CausePolicy {
			t.Errorf("last words %+v", ended)
		}
	})
}

func askStrangers(p *access.Policy) {
	p.Unknown, p.UnknownRights = access.UnknownAsk, deskside.RightsOf(deskside.View, deskside.ChatRight)
	p.Operators = nil
}

func TestFirstMeeting(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		h := openHouse(t, n, askStrangers)
		if _, err := h.client.Setup(t.Context(), setupOf(deskside.AllRights), nil); deskside.CodeOf(err) != deskside.CodeUnpinned {
			t.Errorf("without digits: %v", err)
		}
		a, err := h.client.Meet(t.Context(), n.Agent.ID(), setupOf(deskside.AllRights), func(digits string) {
			h.person.answers <- desktop.Answer{Choice: desktop.Allow, Digits: digits}
		}, nil)
		if err != nil || a.Session.Rights != deskside.RightsOf(deskside.View, deskside.ChatRight) {
			t.Fatalf("%+v, %v", a.Session, err)
		}
		if q := await.Recv(t, "the question", h.person.questions); !q.Digits || q.Operator.Name != "" {
			t.Errorf("question %+v", q)
		}
		h.End(a.Session.ID, deskside.CauseOperator)
		_, err = h.client.Meet(t.Context(), n.Agent.ID(), setupOf(deskside.AllRights), func(digits string) {
			wrong := "000000"
			if digits == wrong {
				wrong = "000001"
			}
			h.person.answers <- desktop.Answer{Choice: desktop.Allow, Digits: wrong}
		}, nil)
		if deskside.CodeOf(err) != deskside.CodeWrongKey || len(h.Open()) != 0 {
			t.Errorf("wrong digits: %v", err)
		}
		if e, _ := h.audit.last(deskside.EventMeeting); e.Code != deskside.CodeWrongKey {
			t.Errorf("audit %+v", e)
		}
	})
}

func TestFiveMeetingsAnHour(t *testing.T) {
	n := transporttest.New(t, deskside.Memory)
	h := openHouse(t, n, askStrangers)
	meet := func() error {
		h.person.answers <- desktop.Answer{Choice: desktop.Deny}
		_, err := h.client.Meet(t.Context(), n.Agent.ID(), setupOf(deskside.AllRights), func(string) {}, nil)
		if deskside.CodeOf(err) != deskside.CodeRefused {
			<-h.person.answers
		}
		return err
	}
	for range MeetingsPerHour {
		if err := meet(); deskside.CodeOf(err) != deskside.CodeRefused {
			t.Fatal(err)
		}
	}
	if err := meet(); deskside.CodeOf(err) != deskside.CodeTooMany {
		t.Errorf("the sixth: %v", err)
	}
	h.pass(time.Hour)
	if err := meet(); deskside.CodeOf(err) != deskside.CodeRefused {
		t.Errorf("an hour later: %v", err)
	}
}

// The end of a session is the last of its events, and what its head covers.
func TestTheEndComesAfterWhatTheStreamsBegan(t *testing.T) {
	n := transporttest.New(t, deskside.Memory)
	h := openHouse(t, n, nil)
	a, _ := h.begin(t)
	stream, _ := n.Pair(deskside.Chat)
	defer stream.Abort()
	pass, err := h.Admit(a.Tickets["sms-chat"], agentSide{stream, n.Operator.ID()})
	if err != nil {
		t.Fatal(err)
	}
	if err := pass.Record(deskside.Event{Kind: deskside.EventChat}); err != nil {
		t.Fatal(err)
	}
	written := make(chan error, 1)
	go func() {
		<-pass.Done()
		written <- pass.Record(deskside.Event{Kind: deskside.EventChatEnd})
	}()
	h.End(a.Session.ID, deskside.CausePerson)
	if err := await.Recv(t, "the chat's end", written); err != nil {
		t.Fatal(err)
	}
	await.True(t, "the end is audited", h.audit.has(deskside.EventEnd))
	kinds := h.audit.kinds()
	if got := kinds[len(kinds)-2:]; !slices.Equal(got, []deskside.EventKind{deskside.EventChatEnd, deskside.EventEnd}) {
		t.Errorf("audit %v", kinds)
	}
}

// agentSide is a stream as the agent has it: its peer is the operator.
type agentSide struct {
	deskside.Stream
	peer deskside.OperatorID
}

func (s agentSide) Peer() deskside.KeyID { return s.peer }

func TestNothingHappensWithoutAudit(t *testing.T) {
	n := transporttest.New(t, deskside.Memory)
	h := openHouse(t, n, nil)
	h.audit.fail = errors.New("disk full")
	if _, err := h.client.Setup(t.Context(), setupOf(deskside.AllRights), nil); deskside.CodeOf(err) != deskside.CodeNoAudit || len(h.Open()) != 0 {
		t.Errorf("got %v with %d sessions", err, len(h.Open()))
	}
	h.audit.fail = nil
	a, control := h.begin(t)
	h.audit.mu.Lock()
	h.audit.fail = errors.New("disk full")
	h.audit.mu.Unlock()
	stream, _ := n.Pair(deskside.Chat)
	defer stream.Abort()
	p := &pass{a: h.Authority, id: a.Session.ID, stay: newStay(), stream: stream}
	if err := p.Record(deskside.Event{Kind: deskside.EventChat}); deskside.CodeOf(err) != deskside.CodeNoAudit {
		t.Errorf("got %v", err)
	}
	if ended := farewell(t, control); ended == nil || ended.Session.Cause != deskside.CauseAudit {
		t.Errorf("last words %+v", ended)
	}
}

func TestBadInputOnTheService(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		h := openHouse(t, n, nil)
		a, _ := h.begin(t)
		for what, text := range map[string]string{
			"no HTTP":           "\x16\x03\x01\x02\x00\r\n\r\n",
			"unknown path":      "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n",
			"no JSON":           "POST /session HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\nabc",
			"unknown key":       "POST /session HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{\"x\": 12}",
			"another type":      "POST /session HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}",
			"too long":          "POST /session HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n" + strings.Repeat(" ", maxTest),
			"header too long":   "GET /hello HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n",
			"bad ticket":        "GET /session HTTP/1.1\r\nHost: a\r\nAuthorization: Deskside abc\r\n\r\n",
			"a stranger's word": "GET /ended?session=zz HTTP/1.1\r\nHost: a\r\n\r\n",
		} {
			stream := n.Dial(deskside.RCInfo)
			stream.SetDeadline(time.Now().Add(await.Limit))
			go stream.Write([]byte(text))
			answer := make([]byte, 12)
			if _, err := io.ReadFull(stream, answer); err == nil && !strings.HasPrefix(string(answer[9:]), "4") {
				t.Errorf("%s: %q", what, answer)
			}
			stream.Abort()
		}
		if s := h.Open(); len(s) != 1 || s[0].ID != a.Session.ID || s[0].State != deskside.Active {
			t.Errorf("bad input elsewhere touched the session: %+v", s)
		}
	})
}

// maxTest is a body over the limit.
const maxTest = rcinfo.MaxBody + 1
