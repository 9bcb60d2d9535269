package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"deskside/demo"
)

// demoCommand is what script/demo runs after it has installed and built.
func demoCommand(e *env) *cobra.Command {
	f := new(demo.Config)
	c := leaf(&cobra.Command{
		Use:   "demo [--once] [--virtual] [--screenshot FILE]",
		Short: "Show a session on this machine: something to help, an agent and a console",
		Long: `Bring up something to help (the display this runs in, or a virtual one), an
agent and a console, until interrupted; with --once, do one scripted session
over TCP and one over UDP on a virtual display instead. All keys and settings
are in a folder that is removed afterwards.`,
		Example: "  deskside demo\n  deskside demo --once",
		Hidden:  true,
	}, e, func(ctx context.Context, e *env, _ []string) error { return runDemo(ctx, e, *f) })
	c.Flags().BoolVar(&f.Once, "once", false, "do one scripted session over each transport and end")
	c.Flags().BoolVar(&f.Virtual, "virtual", false, "use a virtual display even where there is a real one")
	c.Flags().StringVar(&f.Screenshot, "screenshot", "demo.png", "with --once: where to save what was seen")
	c.Flags().StringVar(&f.Ports, "ports", "", "the agent's ports; without it the usual ones, or free ones where those are in use")
	return c
}

func runDemo(ctx context.Context, e *env, c demo.Config) (err error) {
	if c.Program, err = os.Executable(); err != nil {
		return err
	}
	c.Display = e.getenv("DISPLAY")
	c.Stdin, c.Stdout, c.Stderr = e.stdin, e.stdout, e.stderr
	if !e.json {
		c.Did = func(s demo.Step) {
			fmt.Fprintf(e.stdout, "%-4s %-78s %9.1f ms\n", s.Transport, s.What, s.Took)
		}
	}
	steps, err := demo.Run(ctx, c)
	if err != nil || !c.Once {
		return err
	}
	return e.show(map[string]any{"steps": steps, "screenshot": c.Screenshot}, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "all of it held, on all eight endpoints; what was seen is in %s\n", c.Screenshot)
		return err
	})
}
