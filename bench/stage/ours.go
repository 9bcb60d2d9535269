package stage

import (
	"context"
	"path/filepath"
	"time"

	"deskside/bench/troupe"
)

// openOurs runs an agent, and the operator's deskside vnc with a session over
// TCP: what a viewer sees has gone through both processes, TLS and two loopback
// connections.
func (s *Stage) openOurs(ctx context.Context) error {
	s.Env = append(s.Env, troupe.OperatorAt(filepath.Join(s.Dir, "operator")))
	agent, err := s.Agent(ctx, troupe.AgentConfig{
		Program: s.cfg.Program, Dir: filepath.Join(s.Dir, "agent"), Listen: "127.0.0.1",
		Flags: []string{"--display", s.Display, "--transports", "tcp"},
	})
	if err != nil {
		return err
	}
	s.server = agent.Program
	if err := s.Trust(ctx, s.cfg.Program, agent); err != nil {
		return err
	}
	var relay struct{ Listen string }
	began := time.Now()
	s.relay, err = s.Talk("deskside-vnc", s.cfg.Program, "vnc", agent.Host, "--json", "--listen", "127.0.0.1:0",
		"--transport", "tcp", "--reason", "bench")
	if err != nil {
		return err
	}
	if err := s.relay.Hear(ctx, &relay); err != nil {
		return err
	}
	s.SetUp, s.Addr = time.Since(began), relay.Listen
	return nil
}
