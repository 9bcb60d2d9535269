package troupe

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
)

// OperatorAt gives the variable that names the operator's own place. An agent's
// troupe needs it as well, to permit the same operator.
func OperatorAt(dir string) string { return "DESKSIDE_HOME=" + dir }

// AgentConfig says how to run an agent.
type AgentConfig struct {
	Program string
	Dir     string   // its own
	Listen  string   // an address
	Policy  string   // added to what is made at first; empty is nothing
	Flags   []string // of agent run
}

// Agent is an agent of ours that runs.
type Agent struct {
	*Program
	ID   string
	Host string // what an operator's commands call it
}

// Agent makes an agent whose policy lets the operator do everything unasked, and
// runs it on free ports.
func (t *Troupe) Agent(ctx context.Context, c AgentConfig) (*Agent, error) {
	if err := t.permit(ctx, c); err != nil {
		return nil, err
	}
	argv := append([]string{
		c.Program, "agent", "run", "--json", "--dir", c.Dir, "--listen", c.Listen, "--ports", "0,0,0,0", "--name", "bench",
	}, c.Flags...)
	p, err := t.Talk("agent", argv...)
	if err != nil {
		return nil, err
	}
	var said struct {
		ID    string
		Ports map[string]int
	}
	if err := p.Hear(ctx, &said); err != nil {
		return nil, err
	}
	return &Agent{p, said.ID, net.JoinHostPort(c.Listen, strconv.Itoa(said.Ports["sms-rcinfo"]))}, nil
}

// Trust has the troupe's operator trust an agent.
func (t *Troupe) Trust(ctx context.Context, program string, a *Agent) error {
	_, err := t.Run(ctx, program, "trust", a.Host, "--fingerprint", a.ID)
	return err
}

func (t *Troupe) permit(ctx context.Context, c AgentConfig) error {
	var operator struct{ ID string }
	text, err := t.Run(ctx, c.Program, "identity", "--json")
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(text), &operator); err != nil {
		return fmt.Errorf("deskside identity says %q: %w", text, err)
	}
	for _, argv := range [][]string{
		{"agent", "init", "--dir", c.Dir},
		{"operator", "permit", "--dir", c.Dir, operator.ID, "--name", "Bench", "--rights", "all", "--consent", "none"},
	} {
		if _, err := t.Run(ctx, append([]string{c.Program}, argv...)...); err != nil {
			return err
		}
	}
	if c.Policy == "" {
		return nil
	}
	f, err := os.OpenFile(filepath.Join(c.Dir, "policy.toml"), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	if _, err := f.WriteString("\n" + c.Policy); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// FreePort gives a port of loopback that nobody used a moment ago.
func FreePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), nil
}
