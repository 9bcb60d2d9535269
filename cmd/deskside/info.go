package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"deskside"
	"deskside/client"
	"deskside/internal/plain"
	"deskside/rcinfo"
)

func infoCommand(e *env) *cobra.Command {
	f := new(infoFlags)
	c := leaf(&cobra.Command{
		Use:   "info HOST [--transport T] | info --self [--display D]",
		Short: "Show who an agent is and what its policy lets you do",
		Long: `Show what the agent at HOST says of itself: its ID, name, version, desktop and
ports, and the policy that applies to you. To an operator its policy does not
name, an agent says its ID and protocol version and nothing else.

With --self, show what this machine has for an agent, without one: the display
that would be shown, its screens, the extensions its X server has, by which way
pictures would be taken, and what to do about what is missing.`,
		Example: "  deskside info front-desk\n  deskside info 192.0.2.7:2701 --json\n  deskside info --self --display :0",
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case f.ownSelf && len(args) > 0:
				return errors.New("--self takes no HOST")
			case f.ownSelf:
				return nil
			case f.display != "":
				return errors.New("--display goes with --self alone")
			case len(args) != 1:
				return fmt.Errorf("accepts 1 arg(s), received %d", len(args))
			}
			return nil
		},
	}, e, f.run)
	f.add(c)
	c.Flags().BoolVar(&f.ownSelf, "self", false, "describe this machine, without an agent")
	c.Flags().StringVar(&f.display, "display", "", "with --self: the X display, as :0 (default $DISPLAY)")
	return c
}

type infoFlags struct {
	reachFlags
	ownSelf bool
	display string
}

type infoResult struct {
	Host   string        `json:"host"`
	Addr   string        `json:"address"`
	Pinned bool          `json:"pinned"`
	Path   deskside.Path `json:"path"`
	Hello  rcinfo.Hello  `json:"agent"`
}

func (f *infoFlags) run(ctx context.Context, e *env, args []string) error {
	if f.ownSelf {
		return f.self(e)
	}
	a, err := f.reach(ctx, e, "deskside info", args[0])
	if err != nil {
		return err
	}
	defer a.Close()
	r := infoResult{a.Host, a.Addr, a.Pinned, a.Path(), a.Hello}
	return e.show(r, func(w io.Writer) error { return writeInfo(w, a, &r) })
}

func writeInfo(out io.Writer, a *client.Agent, r *infoResult) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(w, "%s\t%s\n", name, fmt.Sprintf(format, args...)) }
	h := &r.Hello
	row("agent", "%s", a.Key)
	row("address", "%s over %s", r.Addr, r.Path.Transport)
	row("protocol", "%d", h.Protocol)
	if !r.Pinned {
		row("pinned", "no: compare the ID at the agent, then run: deskside trust %s --fingerprint %s", a.Host, a.Key)
	}
	if !h.Known {
		row("known", "no: its policy does not name your key")
		return w.Flush()
	}
	row("name", "%s", plain.Text(h.Name))
	row("version", "%s on %s", plain.Text(h.Version), plain.Text(h.Platform))
	row("desktop", "%s", orNone(plain.Text(h.Desktop)))
	for _, s := range h.Screens {
		row("screen", "%d  %dx%d+%d+%d  %s", s.ID, s.W, s.H, s.X, s.Y, plain.Text(s.Name))
	}
	for _, s := range deskside.Services {
		row(s.String(), "%d", h.Ports[s.String()])
	}
	if h.Policy != nil {
		writePolicy(row, h.Policy)
	}
	return w.Flush()
}

func writePolicy(row func(name, format string, args ...any), p *rcinfo.Policy) {
	row("you are", "%s", plain.Text(p.Name))
	row("rights", "%s", p.Rights)
	if p.Consent {
		row("consent", "the person is asked, for %s", time.Duration(p.AskFor)*time.Second)
	} else {
		row("consent", "not needed, but to join a session that somebody else has")
	}
	row("limits", "idle %s, absolute %s, grace %s", p.Limits.Idle.Duration(), p.Limits.Absolute.Duration(), p.Limits.Grace.Duration())
	row("presence", "%s", plain.Text(p.Presence))
	if p.Broken != "" {
		row("policy", "its file does not parse, so no session can begin: %s", plain.Text(p.Broken))
	}
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}
