package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"

	"github.com/spf13/cobra"

	"deskside"
	"deskside/access"
	"deskside/agent"
	"deskside/identity"
)

type helpMeFlags struct {
	display string
	ports   string
}

func helpMeCommand(e *env) *cobra.Command {
	f := new(helpMeFlags)
	c := leaf(&cobra.Command{
		Use:   "help-me [--display :N] [--ports MAP]",
		Short: "Let somebody help you now, without installing anything",
		Long: `Run an agent for as long as this command runs, as yourself, with a key that is
forgotten afterwards. Anybody may ask; nobody gets in unless you type the six
digits that they read to you, and press Allow. Nothing is kept but the record of
what was done, whose place is printed.`,
		Example: "  deskside help-me",
	}, e, f.run)
	c.Flags().StringVar(&f.display, "display", "", "the X11 display to show")
	c.Flags().StringVar(&f.ports, "ports", "", "sp2, sms12 or four numbers with commas between; 0 is any free port")
	return c
}

// helpMePolicy lets everybody ask and nobody in unasked.
const helpMePolicy = `
unknown-operators = "ask"
nobody-logged-on = "deny"
join = "deny"
max-sessions = 1

[[files]]
name = "home"
path = "~/"
write = true
`

func (f *helpMeFlags) run(ctx context.Context, e *env, _ []string) error {
	if _, err := deskside.ParsePorts(f.ports); err != nil {
		return usagef("deskside help-me", "%w", err)
	}
	policy, err := access.ParsePolicy([]byte(helpMePolicy))
	if err != nil {
		return err
	}
	id, err := identity.New()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "deskside-help-me-")
	if err != nil {
		return err
	}
	a, err := agent.Start(ctx, agent.Config{
		Dir:      dir,
		Identity: id,
		Settings: agent.Settings{Display: f.display, Ports: f.ports},
		Policy:   policy,
		Log:      slog.New(slog.NewTextHandler(e.stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		os.RemoveAll(dir)
		return err
	}
	defer a.Close()
	if err := f.tell(e, a, dir); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// tell says what to read out to the helper.
func (f *helpMeFlags) tell(e *env, a *agent.Agent, dir string) error {
	hosts := ownAddresses(a.Ports().Of(deskside.RCInfo))
	if e.json {
		return e.line(map[string]any{"id": a.ID(), "hosts": hosts, "ports": portsOf(a), "record": dir})
	}
	fmt.Fprintln(e.stdout, "Read this to whoever helps you:")
	for _, h := range hosts {
		fmt.Fprintf(e.stdout, "  address  %s\n", h)
	}
	_, err := fmt.Fprintf(e.stdout, "  ID       %s\nWhat is done is recorded in %s\nThey can do nothing until you allow it. Ctrl-C ends it.\n", a.ID(), dir)
	return err
}

// ownAddresses lists where this machine can be reached, without the port where
// that is the usual one.
func ownAddresses(port uint16) []string {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	list := []string{}
	for _, a := range all {
		p, err := netip.ParsePrefix(a.String())
		if err != nil || p.Addr().IsLoopback() || p.Addr().IsLinkLocalUnicast() {
			continue
		}
		text := p.Addr().String()
		if port != deskside.SP2.Of(deskside.RCInfo) {
			text = netip.AddrPortFrom(p.Addr(), port).String()
		}
		list = append(list, text)
	}
	return list
}
