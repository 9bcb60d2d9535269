// Package demo shows a session on one machine: it brings up something to help,
// an agent and a console, or does a scripted session and says whether all of it
// held. The agent and the console are programs of their own, as they are for a
// user.
package demo

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"deskside"
	"deskside/access"
	"deskside/agent"
	"deskside/client"
	"deskside/internal/plain"
	"deskside/internal/sockets"
)

// Config says what to show, and how.
type Config struct {
	Once       bool   // one scripted session over each transport, instead of a page
	Virtual    bool   // a virtual display even where there is a real one
	Screenshot string // with Once: the PNG file that shows what was seen
	Ports      string // the agent's; "" is the usual ones, or free ones where those are in use

	Program string // deskside itself
	Display string // the display this runs in, "" for none

	Stdin          io.Reader
	Stdout, Stderr io.Writer

	// Did is told each step of a scripted session; nil is nobody.
	Did func(Step)
}

// stage is what a demo runs on.
type stage struct {
	crew
	cfg     Config
	display string
	client  *client.Client
}

// Run shows it until ctx ends, or until the scripted sessions are done. The
// steps are theirs; an error names the one that did not hold. All keys, settings
// and programs are of a folder of its own and gone afterwards.
func Run(ctx context.Context, c Config) ([]Step, error) {
	dir, err := os.MkdirTemp("", "deskside-demo-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	s := &stage{cfg: c, crew: crew{dir: dir}, display: c.Display}
	defer s.crew.end()
	if s.client, err = client.Open(filepath.Join(dir, "operator")); err != nil {
		return nil, err
	}
	s.crew.env = s.operatorEnv()
	real := c.Display != "" && !c.Once && !c.Virtual
	if !real {
		if err := s.openDisplay(ctx); err != nil {
			return nil, err
		}
	}
	if c.Once {
		return s.once(ctx)
	}
	return nil, s.show(ctx, real)
}

// operatorEnv is what makes a program the demo's operator. The console gets no
// more: its browser belongs to the user of the demo.
func (s *stage) operatorEnv() []string {
	return []string{"DESKSIDE_HOME=" + filepath.Join(s.dir, "operator")}
}

// agentDir makes the agent's folder, with a policy that permits the demo's own
// operator: unasked on a virtual desktop, asked on a real one.
func (s *stage) agentDir(ask bool) (string, error) {
	dir := filepath.Join(s.dir, "agent")
	if _, err := agent.Init(dir); err != nil {
		return "", err
	}
	if !ask {
		if err := s.virtualPolicy(dir); err != nil {
			return "", err
		}
	}
	rule := access.OperatorRule{Key: s.client.ID(), Name: "Demo Operator", Rights: deskside.AllRights, Consent: access.ConsentAllow}
	if ask {
		rule.Consent = access.ConsentAsk
	}
	return dir, agent.Permit(dir, rule)
}

// virtualPolicy puts a policy in place for a desktop that is nobody's: files are
// in a folder of the demo, and the clipboard travels.
func (s *stage) virtualPolicy(dir string) error {
	folder := filepath.Join(s.dir, "files")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	note := "Everything in this folder goes away with the demo.\n"
	if err := os.WriteFile(filepath.Join(folder, "read me.txt"), []byte(note), 0o600); err != nil {
		return err
	}
	text := fmt.Sprintf("[clipboard]\nto-agent = true\nto-operator = true\n\n[[files]]\nname = \"demo\"\npath = %q\nwrite = true\n", folder)
	return os.WriteFile(filepath.Join(dir, agent.PolicyFile), []byte(text), 0o600)
}

// greeting is what agent run says when it is ready.
type greeting struct {
	ID    deskside.AgentID
	Ports map[string]uint16
	Chat  string // socket of the person's side
}

func (g *greeting) host() string {
	return net.JoinHostPort("127.0.0.1", fmt.Sprint(g.Ports[deskside.RCInfo.String()]))
}

// startAgent runs the agent over the transports, on the usual ports where they
// are free.
func (s *stage) startAgent(ctx context.Context, dir, transports string) (g greeting, m *member, err error) {
	ports := s.cfg.Ports
	if ports == "" {
		ports = s.usualPorts()
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	m, err = s.startReady(ctx, &g, "agent", s.cfg.Program, "agent", "run", "--json", "--dir", dir,
		"--listen", "127.0.0.1", "--ports", ports, "--transports", transports, "--display", s.display, "--name", "demo-desk")
	return g, m, err
}

// usualPorts gives the ports of the table, or any where those are in use.
func (s *stage) usualPorts() string {
	busy, err := sockets.Listening(deskside.SP2[:]...)
	if err == nil && len(busy) == 0 {
		return deskside.SP2.String()
	}
	if len(busy) > 0 {
		who := cmp.Or(plain.Text(busy[0].Program), "a program of another user")
		fmt.Fprintf(s.cfg.Stderr, "%s uses ports of 2701 to 2704 here; taking free ones\n", who)
	}
	return "0,0,0,0"
}

// show runs the agent and the console until the user ends it.
func (s *stage) show(ctx context.Context, real bool) error {
	dir, err := s.agentDir(real)
	if err != nil {
		return err
	}
	g, m, err := s.startAgent(ctx, dir, "tcp,udp")
	if err != nil {
		return err
	}
	if err := s.client.Trust(g.host(), g.ID); err != nil {
		return err
	}
	book := client.Machine{Name: "demo-desk", Address: g.host(), Group: "Demo", Note: "the desktop that this demo shows"}
	if err := s.client.Book().Put(book); err != nil {
		return err
	}
	fmt.Fprintf(s.cfg.Stdout, "The agent %s serves display %s.\nThe page's address book has it as demo-desk.\n", g.ID, s.display)
	fmt.Fprintf(s.cfg.Stdout, "Commands reach it too, from another terminal:\n  %s %s info demo-desk\n", strings.Join(s.operatorEnv(), " "), s.cfg.Program)
	console := exec.CommandContext(ctx, s.cfg.Program, "console")
	console.Env = append(os.Environ(), s.operatorEnv()...)
	console.Stdin, console.Stdout, console.Stderr = s.cfg.Stdin, s.cfg.Stdout, s.cfg.Stderr
	console.Cancel = func() error { return console.Process.Signal(os.Interrupt) }
	console.WaitDelay = patience
	if err := console.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	watched, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		ended <- console.Wait()
		cancel()
	}()
	err = s.watch(watched, m)
	console.Process.Signal(os.Interrupt)
	if consoleErr := <-ended; err == nil && ctx.Err() == nil {
		err = consoleErr
	}
	return err
}
