package client

import (
	"context"
	"sync"
	"testing"
	"time"

	"deskside"
	"deskside/access"
	"deskside/desktop"
	"deskside/internal/await"
	"deskside/transport/transporttest"
)

// An end that is asked for while the network loses the session reaches the
// agent all the same, and neither side thinks otherwise (KB Q179563).
func TestEndWhileLost(t *testing.T) {
	for _, over := range []deskside.Transport{deskside.TCP, deskside.UDP} {
		t.Run(string(over), func(t *testing.T) {
			c := openClient(t)
			m := startMachine(t, permit(c, access.ConsentAllow))
			for range 5 {
				s := enter(t, c, m, over)
				var cut sync.WaitGroup
				cut.Go(m.cut)
				ended, err := s.End(t.Context())
				if err != nil || ended.Session.State != deskside.Ended || ended.Session.Cause != deskside.CauseOperator {
					t.Errorf("ended %+v, %v", ended, err)
				}
				cut.Wait()
				if open := m.Open(); len(open) != 0 {
					t.Fatalf("the agent has %+v", open)
				}
			}
		})
	}
}

// An agent that cannot be told is no success.
func TestEndWithoutTheAgent(t *testing.T) {
	c := openClient(t)
	m := startMachine(t, permit(c, access.ConsentAllow))
	s := enter(t, c, m, deskside.TCP)
	for _, l := range m.doors {
		l.Close()
	}
	await.True(t, "the loss is noticed", func() bool { return s.Info().State == deskside.Suspended })
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	ended, err := s.End(ctx)
	if deskside.CodeOf(err) != deskside.CodeUnreachable || ended.Session.State != deskside.Ended || s.Info().State != deskside.Ended {
		t.Errorf("ended %+v, %v", ended, err)
	}
}

// A session that this side cannot use is not left open on the person's screen.
func TestAMeetingThatCannotBePinnedLeavesNoSession(t *testing.T) {
	c := openClient(t)
	m := startMachine(t, &access.Policy{Unknown: access.UnknownAsk, UnknownRights: deskside.RightsOf(deskside.View)})
	a, err := c.Reach(t.Context(), m.addr, "")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if err := c.Trust(m.addr, transporttest.Identity(t).ID()); err != nil { // meanwhile, in another window
		t.Fatal(err)
	}
	_, err = a.Meet(t.Context(), Request{Rights: deskside.AllRights}, func(digits string) { m.person.answers <- desktop.Answer{Choice: desktop.Allow, Digits: digits} })
	if err == nil || len(m.Open()) != 0 {
		t.Errorf("got %v, with %d sessions", err, len(m.Open()))
	}
}
