package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"deskside"
	"deskside/client"
)

func identityCommand(e *env) *cobra.Command {
	return leaf(&cobra.Command{
		Use:   "identity",
		Short: "Print this operator's ID, making its key on first use",
		Long: `Print the ID of this operator's key, for the owner of an agent to permit. The
key is made on first use and stays on this machine, in DESKSIDE_HOME or the
platform's place for settings.`,
		Example: "  deskside identity\n  deskside identity --json",
	}, e, runIdentity)
}

func runIdentity(_ context.Context, e *env, _ []string) error {
	c, err := e.client()
	if err != nil {
		return err
	}
	return e.show(map[string]deskside.OperatorID{"id": c.ID()}, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, c.ID())
		return err
	})
}

// client opens the operator's own place.
func (e *env) client() (*client.Client, error) {
	home, err := e.home()
	if err != nil {
		return nil, err
	}
	return client.Open(home)
}
