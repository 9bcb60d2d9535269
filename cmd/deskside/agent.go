package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"deskside"
	"deskside/access"
	"deskside/agent"
)

func agentCommand(e *env) *cobra.Command {
	c := group(&cobra.Command{
		Use:   "agent",
		Short: "Run on a machine that is to be helped",
		Long: `The agent runs on the machine that is helped. It serves the four remote tools,
asks the person, enforces policy and writes the audit.`,
	})
	c.AddCommand(agentInitCommand(e), agentRunCommand(e))
	return c
}

// agentDir gives the agent's folder: the flag, DESKSIDE_AGENT_DIR, or the
// platform's place.
func (e *env) agentDir(flag string) (string, error) {
	if flag == "" {
		flag = e.getenv("DESKSIDE_AGENT_DIR")
	}
	if flag != "" {
		return filepath.Abs(flag)
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("no place for the agent's folder: %w; give --dir", err)
	}
	return filepath.Join(dir, "deskside-agent"), nil
}

const dirHelp = "the agent's folder (default $DESKSIDE_AGENT_DIR, or deskside-agent in the place for settings)"

func agentInitCommand(e *env) *cobra.Command {
	var dir string
	c := leaf(&cobra.Command{
		Use:   "init [--dir DIR]",
		Short: "Make an agent's folder: key, config.toml, policy.toml; nobody is permitted",
		Example: `  deskside agent init --dir /var/lib/deskside
  deskside operator permit --dir /var/lib/deskside ID --name "Ann Admin"`,
	}, e, func(_ context.Context, e *env, _ []string) error { return runAgentInit(e, dir) })
	c.Flags().StringVar(&dir, "dir", "", dirHelp)
	return c
}

func runAgentInit(e *env, flag string) error {
	dir, err := e.agentDir(flag)
	if err != nil {
		return err
	}
	id, err := agent.Init(dir)
	if err != nil {
		return err
	}
	permitted, err := permittedBy(dir)
	if err != nil {
		return err
	}
	return e.show(map[string]any{"id": id, "dir": dir, "permitted": permitted}, func(w io.Writer) error {
		who := "Nobody is permitted yet. Permit an operator, and run the agent:"
		if permitted > 0 {
			who = fmt.Sprintf("The policy that was here stays, and permits %s. To permit one more, and to run the agent:", counted(permitted, "operator"))
		}
		_, err := fmt.Fprintf(w, `This agent's ID is %s
%s
  deskside operator permit --dir %s ID --name NAME
  deskside agent run --dir %s
`, id, who, dir, dir)
		return err
	})
}

// counted gives "1 operator", "2 operators".
func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// permittedBy counts the operators that the policy of an agent's folder names.
func permittedBy(dir string) (int, error) {
	text, err := os.ReadFile(filepath.Join(dir, agent.PolicyFile))
	if err != nil {
		return 0, err
	}
	p, err := access.ParsePolicy(text)
	if err != nil {
		return 0, deskside.Errorf(deskside.CodePolicyBroken, "the policy that was here: %w", err).Hint("Mend it in %s: no session begins before.", filepath.Join(dir, agent.PolicyFile))
	}
	return len(p.Operators), nil
}

type agentRunFlags struct {
	dir, display, ports, transports, name string
	listen                                []string
	verbose                               bool
}

func agentRunCommand(e *env) *cobra.Command {
	f := new(agentRunFlags)
	c := leaf(&cobra.Command{
		Use:   "run [--dir DIR] [--display :0] [--listen HOST] [--ports 2701,2702,2703,2704] [--transports tcp,udp]",
		Short: "Serve the four remote tools until interrupted",
		Long: `Serve session setup, remote control, chat and file transfer on this machine,
until interrupted. Flags go before the environment (DESKSIDE_LISTEN,
DESKSIDE_PORTS, DESKSIDE_TRANSPORTS, DESKSIDE_DISPLAY, DESKSIDE_NAME,
DESKSIDE_USER), and that goes before config.toml. The policy file is read again
whenever it changes.`,
		Example: "  deskside agent run --dir /var/lib/deskside --display :0\n  deskside agent run --listen 127.0.0.1 --ports sms12",
	}, e, f.run)
	c.Flags().StringVar(&f.dir, "dir", "", dirHelp)
	c.Flags().StringVar(&f.display, "display", "", "the X11 display to show; none shows no screen")
	c.Flags().StringSliceVar(&f.listen, "listen", nil, "hosts or addresses to listen on (default all)")
	c.Flags().StringVar(&f.ports, "ports", "", "sp2, sms12, or four ports with commas between")
	c.Flags().StringVar(&f.transports, "transports", "", "tcp, udp, or both with a comma between")
	c.Flags().StringVar(&f.name, "name", "", "what operators see (default the host name)")
	c.Flags().BoolVarP(&f.verbose, "verbose", "v", false, "log more")
	return c
}

func (f *agentRunFlags) run(ctx context.Context, e *env, _ []string) error {
	dir, err := e.agentDir(f.dir)
	if err != nil {
		return err
	}
	settings, err := agent.ReadSettings(dir)
	if err != nil {
		return err
	}
	settings.FromEnvironment(e.getenv)
	f.override(&settings)
	level := slog.LevelInfo
	if f.verbose {
		level = slog.LevelDebug
	}
	a, err := agent.Start(ctx, agent.Config{
		Dir: dir, Settings: settings,
		Log: slog.New(slog.NewTextHandler(e.stderr, &slog.HandlerOptions{Level: level})),
	})
	if err != nil {
		return err
	}
	defer a.Close()
	if err := f.greet(e, a, dir); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func (f *agentRunFlags) override(s *agent.Settings) {
	if f.display != "" {
		s.Display = f.display
	}
	if len(f.listen) > 0 {
		s.Listen = f.listen
	}
	if f.ports != "" {
		s.Ports = f.ports
	}
	if f.transports != "" {
		s.Transports = strings.Split(f.transports, ",")
	}
	if f.name != "" {
		s.Name = f.name
	}
}

// greet says who the agent is and where it listens. Under --json this is one
// line, which a program that started the agent waits for.
func (f *agentRunFlags) greet(e *env, a *agent.Agent, dir string) error {
	if e.json {
		return e.line(map[string]any{"id": a.ID(), "ports": portsOf(a), "dir": dir, "chat": a.ChatSocket()})
	}
	fmt.Fprintf(e.stdout, "Agent %s\n", a.ID())
	for _, s := range deskside.Services {
		fmt.Fprintf(e.stdout, "  %-12s %5d  %s\n", s, a.Ports().Of(s), s.Function())
	}
	_, err := fmt.Fprintln(e.stdout, "Serving. Interrupt (Ctrl-C) ends every session and the agent.")
	return err
}

// portsOf gives an agent's ports by process name.
func portsOf(a *agent.Agent) map[string]uint16 {
	ports := make(map[string]uint16)
	for _, s := range deskside.Services {
		ports[s.String()] = a.Ports().Of(s)
	}
	return ports
}
