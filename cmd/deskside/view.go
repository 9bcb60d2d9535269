package main

import (
	"context"

	"github.com/spf13/cobra"

	"deskside/client"
	"deskside/console"
)

type viewFlags struct {
	pageFlags
	reason    string
	transport string
}

func viewCommand(e *env) *cobra.Command {
	f := new(viewFlags)
	c := leaf(&cobra.Command{
		Use:   "view HOST [--reason TEXT] [--transport T] [--listen ADDR] [--no-browser]",
		Short: "See and control an agent's screen in a browser",
		Long: `Open the console's page for the agent at HOST, a name of your address book or an
address. With --reason the session is asked for at once, else the page asks
what for.`,
		Example: `  deskside view front-desk --reason "INC-4711, printer does not print"`,
		Args:    cobra.ExactArgs(1),
	}, e, f.run)
	f.add(c)
	c.Flags().StringVar(&f.reason, "reason", "", "why, or the ticket's number; the person and the audit see it")
	c.Flags().StringVar(&f.transport, "transport", "auto", "tcp, udp, or auto to take the first that answers; a forced one never falls back")
	return c
}

func (f *viewFlags) run(ctx context.Context, e *env, args []string) error {
	t, err := (&reachFlags{transport: f.transport}).forced("deskside view")
	if err != nil {
		return err
	}
	c, err := e.client()
	if err != nil {
		return err
	}
	m, err := machineAt(c, args[0])
	if err != nil {
		return err
	}
	open := &console.Opening{Machine: m.Name, Reason: f.reason, Transport: t, Ask: f.reason != ""}
	return f.serve(ctx, e, open, []console.Machine{m})
}

// machineAt finds a machine of the address book, or makes one of an address.
func machineAt(c *client.Client, host string) (console.Machine, error) {
	m, found, err := c.Book().Find(host)
	if err != nil {
		return console.Machine{}, err
	}
	if found {
		return console.Machine{Name: m.Name, Address: m.Address}, nil
	}
	return console.Machine{Name: host, Address: host}, nil
}
