package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"deskside"
	"deskside/access"
	"deskside/agent"
	"deskside/desktop"
	"deskside/identity"
	"deskside/loopback"
)

type helpMeFlags struct {
	display string
	ports   string
	listen  []string
}

func helpMeCommand(e *env) *cobra.Command {
	f := new(helpMeFlags)
	c := leaf(&cobra.Command{
		Use:   "help-me [--display :N] [--listen HOST] [--ports MAP]",
		Short: "Let somebody help you now, without installing anything",
		Long: `Run an agent for as long as its window is open, as yourself, with a key that is
forgotten afterwards. The window shows what to read to whoever helps you, and
whether they are connected. Anybody may ask; nobody gets in unless you type the
six digits that they read to you, and press Allow. Closing the window, or
Ctrl-C, ends it all. Nothing is kept but the record of what was done, whose
place is printed.`,
		Example: "  deskside help-me",
	}, e, f.run)
	c.Flags().StringVar(&f.display, "display", "", "the X11 display you sit before")
	c.Flags().StringSliceVar(&f.listen, "listen", nil, "addresses to listen on (default all)")
	c.Flags().StringVar(&f.ports, "ports", "", "sp2, sms12 or four numbers with commas between; 0 is any free port")
	return c
}

// helpMePolicy lets everybody ask and nobody in unasked.
const helpMePolicy = `
unknown-operators = "ask"
nobody-logged-on = "deny"
join = "deny"
max-sessions = 1
`

func (f *helpMeFlags) run(ctx context.Context, e *env, _ []string) error {
	if _, err := deskside.ParsePorts(f.ports); err != nil {
		return usagef("deskside help-me", "%w", err)
	}
	dir, err := os.MkdirTemp("", "deskside-help-me-")
	if err != nil {
		return err
	}
	a, err := f.start(ctx, e, dir)
	if err != nil {
		os.RemoveAll(dir)
		return err
	}
	err = f.tell(e, a, dir)
	if err == nil {
		err = a.Notice(ctx, f.notice(a, dir))
	}
	a.Close()
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = nil // the usual end of a command that runs in a terminal
	}
	return errors.Join(err, f.leave(e, dir))
}

// start runs the agent, with a key that nothing stores.
func (f *helpMeFlags) start(ctx context.Context, e *env, dir string) (*agent.Agent, error) {
	policy, err := access.ParsePolicy([]byte(helpMePolicy))
	if err != nil {
		return nil, err
	}
	id, err := identity.New()
	if err != nil {
		return nil, err
	}
	a, err := agent.Start(ctx, agent.Config{
		Dir:      dir,
		Identity: id,
		Settings: agent.Settings{Display: f.display, Listen: f.listen, Ports: f.ports, User: loopback.Self().Name}, // the person is who runs this
		Policy:   policy,
		Attended: true,
		Log:      slog.New(slog.NewTextHandler(e.stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if deskside.CodeOf(err) == deskside.CodeNoDesktop {
		return nil, deskside.AsError(err).Hint("You must sit before the screen that is to be seen, as nobody gets in unless you allow it there: " +
			"start it in a terminal on that desktop, or name the desktop's display, as in --display :0.")
	}
	return a, err
}

// notice is what the window says.
func (f *helpMeFlags) notice(a *agent.Agent, dir string) desktop.Notice {
	hosts := f.addresses(a)
	if len(hosts) == 0 {
		hosts = []string{"none: this computer has no network"}
	}
	return desktop.Notice{
		Title: "Get help with this computer",
		Text: []string{
			"Read the address to the person who helps you; the ID too, if they want to compare it.",
			"They see nothing until you have typed the six digits that they read to you, and pressed Allow.",
		},
		Rows: []desktop.NoticeRow{
			{Label: "Address", Values: hosts},
			{Label: "ID", Values: []string{strings.ReplaceAll(a.ID().String(), "-", " ")}},
		},
		Note:   "Closing this window ends the help. What is done is recorded in " + dir,
		Button: "End help",
	}
}

// tell says the same on the terminal. Under --json this is one line, for a
// program that started the command.
func (f *helpMeFlags) tell(e *env, a *agent.Agent, dir string) error {
	hosts := f.addresses(a)
	if e.json {
		return e.line(map[string]any{"id": a.ID(), "hosts": hosts, "ports": portsOf(a), "record": dir})
	}
	fmt.Fprintln(e.stdout, "Read this to whoever helps you:")
	for _, h := range hosts {
		fmt.Fprintf(e.stdout, "  address  %s\n", h)
	}
	_, err := fmt.Fprintf(e.stdout, "  ID       %s\nThey can do nothing until you allow it. Closing the window, or Ctrl-C, ends it.\n", a.ID())
	return err
}

// leave removes all but the record, and says where that is.
func (f *helpMeFlags) leave(e *env, dir string) error {
	list, err := os.ReadDir(dir)
	for _, d := range list {
		if d.Name() != agent.AuditDir {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, d.Name())))
		}
	}
	if !e.json {
		fmt.Fprintf(e.stdout, "It has ended. What was done is recorded; show it with: deskside audit --dir %s\n", dir)
	}
	return err
}

// addresses lists where the agent can be reached: what it was told to listen
// on, else all addresses of this machine.
func (f *helpMeFlags) addresses(a *agent.Agent) []string {
	port := a.Ports().Of(deskside.RCInfo)
	named := slices.DeleteFunc(slices.Clone(f.listen), func(h string) bool {
		ip, err := netip.ParseAddr(h)
		return h == "" || err == nil && ip.IsUnspecified()
	})
	if len(named) == 0 {
		return ownAddresses(port)
	}
	for i, h := range named {
		named[i] = readable(h, port)
	}
	return named
}

// ownAddresses lists the addresses of this machine, first the one that others
// are reached from.
func ownAddresses(port uint16) []string {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	list := []string{}
	first := outward()
	for _, a := range all {
		p, err := netip.ParsePrefix(a.String())
		if err != nil || p.Addr().IsLoopback() || p.Addr().IsLinkLocalUnicast() {
			continue
		}
		text := readable(p.Addr().String(), port)
		if p.Addr() == first {
			list = slices.Insert(list, 0, text)
		} else {
			list = append(list, text)
		}
	}
	return list
}

// outward gives the address that this machine has towards others. The
// destination is of a network for documentation: nothing is sent to it.
func outward() netip.Addr {
	c, err := net.Dial("udp", "192.0.2.1:9")
	if err != nil {
		return netip.Addr{}
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
}

// readable gives a host without the port where that is the usual one: the less
// is read out, the better.
func readable(host string, port uint16) string {
	if port == deskside.SP2.Of(deskside.RCInfo) {
		return host
	}
	return net.JoinHostPort(host, fmt.Sprint(port))
}
