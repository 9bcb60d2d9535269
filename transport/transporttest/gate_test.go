package transporttest

import (
	"errors"
	"testing"

	"deskside"
	"deskside/internal/await"
)

func TestGateAdmits(t *testing.T) {
	Each(t, func(t *testing.T, n *Net) {
		g := NewGate(t, n)
		_, stream := n.Pair(deskside.Chat)
		other := Identity(t).ID()
		good := g.Issue(deskside.Chat, deskside.RightsOf(deskside.ChatRight))
		for what, ticket := range map[string]deskside.Ticket{
			"unknown":         deskside.NewTicket(),
			"another service": g.Issue(deskside.Xfer, 0),
			"another key":     g.IssueTo(other, deskside.Chat, 0),
		} {
			if _, err := g.Admit(ticket, stream); deskside.CodeOf(err) != deskside.CodeNoTicket {
				t.Errorf("%s: %v, want no-ticket", what, err)
			}
		}
		if denied := g.EventsOf(deskside.EventDenied); len(denied) != 3 {
			t.Errorf("%d refusals are in the audit, want 3", len(denied))
		}
		pass, err := g.Admit(good, stream)
		if err != nil {
			t.Fatal(err)
		}
		if err := pass.Check(deskside.ChatRight); err != nil {
			t.Error(err)
		}
		if err := pass.Check(deskside.View); deskside.CodeOf(err) != deskside.CodeNoRight {
			t.Errorf("a right the session lacks: %v, want no-right", err)
		}
		g.SetRights(0)
		if err := pass.Check(deskside.ChatRight); deskside.CodeOf(err) != deskside.CodeNoRight {
			t.Errorf("a right taken away: %v, want no-right", err)
		}
		pass.Touch()
		if g.Touched() != 1 || g.Open() != 1 {
			t.Errorf("touched %d, open %d; want one each", g.Touched(), g.Open())
		}
		stream.Close()
		await.True(t, "the closed stream to be forgotten", func() bool { return g.Open() == 0 })
	})
}

func TestGateRecords(t *testing.T) {
	n := New(t, deskside.Memory)
	g := NewGate(t, n)
	_, stream := n.Pair(deskside.Chat)
	pass, err := g.Admit(g.Issue(deskside.Chat, deskside.AllRights), stream)
	if err != nil {
		t.Fatal(err)
	}
	if err := pass.Record(deskside.Event{Kind: deskside.EventChat}); err != nil {
		t.Fatal(err)
	}
	e := g.EventsOf(deskside.EventChat)[0]
	if *e.Session != g.Session().ID || *e.Operator != n.Operator.ID() || e.Transport != deskside.Memory || e.Address == "" || e.Reason == "" || e.Service != "sms-chat" {
		t.Errorf("the event is not filled in: %+v", e)
	}
	full := errors.New("disk full")
	g.FailRecord(full)
	if err := pass.Record(deskside.Event{Kind: deskside.EventChat}); deskside.CodeOf(err) != deskside.CodeNoAudit {
		t.Errorf("recorded on a full disk: %v", err)
	}
	g.FailRecord(nil)
	if err := pass.Record(deskside.Event{Kind: deskside.EventChatEnd}); err != nil {
		t.Error(err)
	}
}

func TestGateStops(t *testing.T) {
	for what, stop := range map[string]struct {
		do    func(*Gate)
		cause deskside.Cause
		code  deskside.Code
	}{
		"suspended": {(*Gate).Suspend, deskside.CauseLost, deskside.CodeSuspended},
		"ended":     {func(g *Gate) { g.End(deskside.CausePerson) }, deskside.CausePerson, deskside.CodeEnded},
	} {
		Each(t, func(t *testing.T, n *Net) {
			g := NewGate(t, n)
			operator, stream := n.Pair(deskside.Chat)
			ticket := g.Issue(deskside.Chat, deskside.AllRights)
			pass, err := g.Admit(ticket, stream)
			if err != nil {
				t.Fatal(err)
			}
			if pass.Cause() != "" {
				t.Errorf("stopped by %q before it was", pass.Cause())
			}
			read := later(func() error { return readOne(operator) })
			stop.do(g)
			await.Closed(t, "Done", pass.Done())
			if pass.Cause() != stop.cause {
				t.Errorf("%s by %q, want %q", what, pass.Cause(), stop.cause)
			}
			if err := await.Recv(t, "the operator's read to fail", read); err == nil {
				t.Errorf("%s: the stream lives on", what)
			}
			if err := pass.Check(deskside.View); deskside.CodeOf(err) != stop.code {
				t.Errorf("%s: %v, want %s", what, err, stop.code)
			}
			// A ticket of before opens nothing, not even after a resume.
			if _, err := g.Admit(ticket, stream); deskside.CodeOf(err) != stop.code {
				t.Errorf("%s: %v, want %s", what, err, stop.code)
			}
			g.Resume()
			if _, err := g.Admit(ticket, stream); err == nil {
				t.Errorf("%s: an old ticket lives on", what)
			}
		})
	}
}

// A listener serves one service; a dial to another is told which it reached.
func TestNetRefuses(t *testing.T) {
	Each(t, func(t *testing.T, n *Net) {
		n.Listen(deskside.Chat)
		if _, err := n.TryDial(t.Context(), n.Operator, deskside.Chat, n.Operator.ID()); deskside.CodeOf(err) != deskside.CodeWrongKey {
			t.Errorf("another key: %v, want wrong-key", err)
		}
		if _, err := n.TryDial(t.Context(), n.Operator, deskside.Xfer, n.Agent.ID()); err == nil {
			t.Error("dialled a service that nobody serves")
		}
	})
}
