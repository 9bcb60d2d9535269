// Command picture is the picture bench: it plays workloads with real programs on
// a fresh X server in front of each of several VNC servers, ours among them,
// watches them with one viewer, and prints a table. See bench/README.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"runtime/pprof"
	"syscall"

	"deskside/bench/player"
	"deskside/bench/rounds"
	"deskside/raster"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == "play" {
		return show(args[1:])
	}
	if len(args) > 0 && args[0] == "lines" {
		return lines(args[1:])
	}
	p := plan()
	c, err := parse(args, p)
	if err != nil {
		return err
	}
	debug.SetGCPercent(400) // the viewer is not what is measured
	if c.profile != "" {
		f, err := os.Create(c.profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	return rounds.Measure(ctx, &c.Flags, p)
}

// config is what a user asked for.
type config struct {
	rounds.Flags
	profile string
}

func parse(args []string, p *rounds.Plan) (*config, error) {
	c := new(config)
	f := flag.NewFlagSet("picture", flag.ContinueOnError)
	c.Add(f, p)
	f.StringVar(&c.profile, "profile", "", "a file for where the viewer spends its time, as go tool pprof reads it")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	return c, c.Check(p)
}

// show is what the bench runs itself as on the X server.
func show(args []string) error {
	f := flag.NewFlagSet("play", flag.ContinueOnError)
	c := player.Config{In: os.Stdin, Out: os.Stdout}
	at := ""
	f.StringVar(&c.Kind, "kind", "", "what to play")
	f.StringVar(&c.Display, "display", "", "the X server")
	f.StringVar(&at, "at", "", "where, as WxH+X+Y")
	f.IntVar(&c.Rate, "rate", 0, "steps a second; 0 is one at each key")
	if err := f.Parse(args); err != nil {
		return err
	}
	var x, y, w, h int
	if _, err := fmt.Sscanf(at, "%dx%d+%d+%d", &w, &h, &x, &y); err != nil {
		return fmt.Errorf("--at %q: want WxH+X+Y", at)
	}
	c.At = raster.XYWH(x, y, w, h)
	return player.Run(c)
}

// lines is what the bench runs itself as in a terminal.
func lines(args []string) error {
	f := flag.NewFlagSet("lines", flag.ContinueOnError)
	c := player.LinesConfig{In: os.Stdin, Out: os.Stdout}
	f.IntVar(&c.Rate, "rate", 0, "lines a second")
	f.IntVar(&c.Count, "count", 0, "how many")
	f.StringVar(&c.Log, "log", "", "where to say which was printed when")
	if err := f.Parse(args); err != nil {
		return err
	}
	return player.Lines(c)
}
