package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"deskside"
	"deskside/identity"
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
	id, err := e.identity()
	if err != nil {
		return err
	}
	return e.show(map[string]deskside.OperatorID{"id": id.ID()}, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, id.ID())
		return err
	})
}

// identity gives the operator's key, made on first use.
func (e *env) identity() (*identity.Identity, error) {
	home, err := e.home()
	if err != nil {
		return nil, err
	}
	return identity.LoadOrCreate(filepath.Join(home, "identity.key"))
}
