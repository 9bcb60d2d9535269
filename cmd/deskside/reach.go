package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"deskside"
	"deskside/client"
	"deskside/rcinfo"
)

// reachFlags are common to the commands that reach an agent.
type reachFlags struct {
	transport string
	timeout   time.Duration
}

func (f *reachFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.transport, "transport", "auto", "tcp, udp, or auto to take the first that answers; a forced one never falls back")
	c.Flags().DurationVar(&f.timeout, "timeout", 30*time.Second, "how long to wait for the network")
}

// forced gives the transport that was asked for, empty for either.
func (f *reachFlags) forced(command string) (deskside.Transport, error) {
	switch f.transport {
	case "auto":
		return "", nil
	case string(deskside.TCP), string(deskside.UDP):
		return deskside.Transport(f.transport), nil
	}
	return "", oneOf(command, "transport", f.transport, "auto", "tcp", "udp")
}

// reach connects to the agent at host. The caller closes it.
func (f *reachFlags) reach(ctx context.Context, e *env, command, host string) (*client.Agent, error) {
	t, err := f.forced(command)
	if err != nil {
		return nil, err
	}
	if f.timeout <= 0 {
		return nil, usagef(command, "--timeout %v: want a time to wait, such as 10s", f.timeout)
	}
	c, err := e.client()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	return c.Reach(ctx, host, t)
}

// sessionFlags are common to the commands that set a session up.
type sessionFlags struct {
	reachFlags
	reason string
	meet   bool
}

func (f *sessionFlags) add(c *cobra.Command) {
	f.reachFlags.add(c)
	c.Flags().StringVar(&f.reason, "reason", "", "why, or the ticket's number; the person and the audit see it")
	c.Flags().BoolVar(&f.meet, "meet", false, "meet an agent that was never met, with six digits, also without a terminal")
}

// session reaches the agent at host and sets a session up with it, or meets it
// for the first time where it lets strangers ask. The caller closes it.
func (f *sessionFlags) session(ctx context.Context, e *env, command, host string, rights deskside.Rights) (*client.Session, error) {
	agent, err := f.reach(ctx, e, command, host)
	if err != nil {
		return nil, err
	}
	s, err := f.ask(ctx, e, agent, rights)
	if err != nil {
		agent.Close()
		return nil, err
	}
	if got := s.Info().Rights; got != rights {
		fmt.Fprintf(e.stderr, "granted: %s, of %s\n", got, rights)
	}
	return s, nil
}

// ask sets the session up. It waits for the network as long as the flag says,
// and longer only while the person is asked.
func (f *sessionFlags) ask(ctx context.Context, e *env, agent *client.Agent, rights deskside.Rights) (*client.Session, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	late := time.AfterFunc(f.timeout, func() {
		cancel(deskside.Errorf(deskside.CodeUnreachable, "the agent did not answer within %v", f.timeout))
	})
	defer late.Stop()
	s, err := f.begin(ctx, e, agent, client.Request{Rights: rights, Reason: f.reason, Asking: func(a rcinfo.Asking) {
		late.Reset(time.Until(a.Until) + f.timeout)
		e.sayAsking(a)
	}})
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	return s, err
}

// begin sets up with an agent whose key is pinned, and meets one that was
// never met, or that never met this operator, where somebody can read the
// digits out.
func (f *sessionFlags) begin(ctx context.Context, e *env, agent *client.Agent, r client.Request) (*client.Session, error) {
	if agent.Pinned || !(e.tty || f.meet) {
		s, err := agent.Setup(ctx, r)
		if !agent.Pinned || deskside.CodeOf(err) != deskside.CodeUnpinned {
			return s, err
		}
	}
	return agent.Meet(ctx, r, e.sayDigits)
}

// sayAsking tells that the person is being asked.
func (e *env) sayAsking(a rcinfo.Asking) {
	fmt.Fprintf(e.stderr, "asking the person; they have until %s\n", a.Until.Local().Format(time.TimeOnly))
}

// sayDigits tells what to read out at a first meeting.
func (e *env) sayDigits(digits string) {
	fmt.Fprintf(e.stderr, "first meeting with this agent: read these digits to the person to type in:\n\n    %s %s\n\n", digits[:3], digits[3:])
}

// sayStates tells of a session that the network loses, and that returns, until
// ctx ends.
func (e *env) sayStates(ctx context.Context, s *client.Session) {
	lost := false
	for {
		changed := s.Changed()
		info := s.Info()
		switch {
		case !lost && info.State == deskside.Suspended:
			lost = true
			fmt.Fprintf(e.stderr, "the connection was lost; trying again until %s\n", info.Until.Local().Format(time.TimeOnly))
		case lost && info.State == deskside.Active:
			lost = false
			fmt.Fprintln(e.stderr, "connected again; connect the viewer again too")
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}
