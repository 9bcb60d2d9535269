package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"deskside"
	"deskside/internal/plain"
)

func sessionsCommand(e *env) *cobra.Command {
	f := new(sessionsFlags)
	c := leaf(&cobra.Command{
		Use:     "sessions HOST [--transport T]",
		Short:   "List the sessions that are open at an agent",
		Long:    "List the open sessions of the agent at HOST: all that concerns your own, and of other operators' the name, state, rights and when they began.",
		Example: "  deskside sessions front-desk",
		Args:    cobra.ExactArgs(1),
	}, e, f.run)
	f.add(c)
	return c
}

type sessionsFlags struct{ reachFlags }

func (f *sessionsFlags) run(ctx context.Context, e *env, args []string) error {
	a, err := f.reach(ctx, e, "deskside sessions", args[0])
	if err != nil {
		return err
	}
	defer a.Close()
	list, err := a.Sessions(ctx)
	if err != nil {
		return err
	}
	if list == nil {
		list = []deskside.Session{}
	}
	return e.show(map[string]any{"sessions": list}, func(w io.Writer) error { return writeSessions(w, list) })
}

func writeSessions(out io.Writer, list []deskside.Session) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(out, "no session is open")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SESSION\tSTATE\tOPERATOR\tBEGAN\tUNTIL\tRIGHTS\tREASON")
	for i := range list {
		s := &list[i]
		id := "-"
		if !s.ID.IsZero() {
			id = s.ID.String()
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", id, s.State, plain.Text(s.Operator.Title()),
			clockTime(s.Began), clockTime(s.Until), s.Rights, plain.Text(s.Reason))
	}
	return w.Flush()
}

func clockTime(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format(time.TimeOnly)
}
