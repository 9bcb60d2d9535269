package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"deskside"
	"deskside/access"
	"deskside/agent"
	"deskside/internal/plain"
)

func operatorCommand(e *env) *cobra.Command {
	c := group(&cobra.Command{
		Use:   "operator",
		Short: "Say who may help at this machine",
	})
	c.AddCommand(operatorPermitCommand(e))
	return c
}

type permitFlags struct {
	dir, name, rights, consent string
}

func operatorPermitCommand(e *env) *cobra.Command {
	f := new(permitFlags)
	c := leaf(&cobra.Command{
		Use:   "permit [--dir DIR] KEY [--name NAME] [--rights all|view,control,...] [--consent ask|allow]",
		Short: "Permit an operator by the ID that deskside identity prints",
		Long: `Add an operator to the policy of an agent's folder. KEY is what the operator's
own "deskside identity" prints. With --consent ask, which is the default, the
person at the machine is asked for every session; with allow they are only told.

The rights execute and terminal run programs as the person and so amount to
every other right.`,
		Example: `  deskside operator permit --dir /var/lib/deskside ID --name "Ann Admin" --rights view,control,chat
  deskside operator permit ID --rights all --consent allow`,
		Args: cobra.ExactArgs(1),
	}, e, f.run)
	c.Flags().StringVar(&f.dir, "dir", "", dirHelp)
	c.Flags().StringVar(&f.name, "name", "", "what the person and the audit call the operator")
	c.Flags().StringVar(&f.rights, "rights", "view,control,clipboard,chat,files-read,files-write,info", "all, or rights with commas between")
	c.Flags().StringVar(&f.consent, "consent", "ask", "ask the person for every session, or allow it unasked")
	return c
}

func (f *permitFlags) run(_ context.Context, e *env, args []string) error {
	const command = "deskside operator permit"
	rule := access.OperatorRule{Name: f.name}
	var err error
	if rule.Key, err = deskside.ParseKeyID(args[0]); err != nil {
		return usagef(command, "%w", err)
	}
	if rule.Rights, err = deskside.ParseRights(f.rights); err != nil {
		return usagef(command, "--rights: %w", err)
	}
	if shown := plain.Text(f.name); shown != f.name {
		return usagef(command, "--name has what cannot be read as written: %s", shown)
	}
	switch f.consent {
	case "ask":
		rule.Consent = access.ConsentAsk
	case "allow", "none": // the second is what earlier versions called it
		rule.Consent = access.ConsentAllow
	default:
		return oneOf(command, "consent", f.consent, "ask", "allow")
	}
	dir, err := e.agentDir(f.dir)
	if err != nil {
		return err
	}
	if err := agent.Permit(dir, rule); err != nil {
		return err
	}
	return e.show(map[string]any{"key": rule.Key, "rights": rule.Rights, "consent": rule.Consent}, func(w io.Writer) error {
		asked := "The person is asked for every session."
		if rule.Consent == access.ConsentAllow {
			asked = "The person is not asked, only told."
		}
		_, err := fmt.Fprintf(w, "Permitted: %s\n%s A running agent knows within a second.\n", rule.Rights, asked)
		return err
	})
}
