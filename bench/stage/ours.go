package stage

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"time"
)

// openOurs runs an agent, and the operator's deskside vnc with a session over
// TCP: what a viewer sees has gone through both processes, TLS and two loopback
// connections.
func (s *Stage) openOurs(ctx context.Context) error {
	dir := filepath.Join(s.dir, "agent")
	s.env = append(s.env, "DESKSIDE_HOME="+filepath.Join(s.dir, "operator"))
	if err := s.permit(ctx, dir); err != nil {
		return err
	}
	var agent struct {
		ID    string
		Ports map[string]int
	}
	var err error
	s.server, err = s.talk("agent", s.cfg.Program, "agent", "run", "--json", "--dir", dir, "--display", s.Display,
		"--listen", "127.0.0.1", "--ports", "0,0,0,0", "--transports", "tcp", "--name", "bench")
	if err != nil {
		return err
	}
	if err := s.server.Hear(ctx, &agent); err != nil {
		return err
	}
	host := net.JoinHostPort("127.0.0.1", strconv.Itoa(agent.Ports["sms-rcinfo"]))
	if _, err := s.run(ctx, s.cfg.Program, "trust", host, "--fingerprint", agent.ID); err != nil {
		return err
	}
	var relay struct{ Listen string }
	began := time.Now()
	s.relay, err = s.talk("deskside-vnc", s.cfg.Program, "vnc", host, "--json", "--listen", "127.0.0.1:0",
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

// permit makes an agent's folder whose policy lets the bench's operator do
// everything unasked.
func (s *Stage) permit(ctx context.Context, dir string) error {
	var operator struct{ ID string }
	text, err := s.run(ctx, s.cfg.Program, "identity", "--json")
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(text), &operator); err != nil {
		return fmt.Errorf("deskside identity says %q: %w", text, err)
	}
	for _, argv := range [][]string{
		{"agent", "init", "--dir", dir},
		{"operator", "permit", "--dir", dir, operator.ID, "--name", "Bench", "--rights", "all", "--consent", "none"},
	} {
		if _, err := s.run(ctx, append([]string{s.cfg.Program}, argv...)...); err != nil {
			return err
		}
	}
	return nil
}
