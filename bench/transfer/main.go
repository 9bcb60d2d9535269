// Command transfer is the file bench: it copies the same files with each of
// several programs, ours among them, between two ends on this machine, checks
// what arrived, and prints tables. See bench/README.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"deskside/bench/rounds"
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
	if len(args) > 0 && args[0] == "tls" {
		return rawTLS(args[1:])
	}
	b := new(bench)
	p := b.plan()
	var f rounds.Flags
	set := flag.NewFlagSet("transfer", flag.ContinueOnError)
	f.Add(set, p)
	set.BoolVar(&b.small, "small", false, "a sixteenth of everything, for a quick look")
	if err := set.Parse(args); err != nil {
		return err
	}
	if err := f.Check(p); err != nil {
		return err
	}
	p.About += b.about()
	if b.small {
		p.Suffix += "-small"
	}
	return rounds.Measure(ctx, &f, p)
}
