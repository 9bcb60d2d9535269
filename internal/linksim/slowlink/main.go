// Command slowlink puts a slow, distant and lossy link before an agent, or
// before any other server, to try by hand how it is to work over one:
//
//	go run ./internal/linksim/slowlink -delay 50ms -rate 1000 -loss 2 127.0.0.1 127.0.0.2
//	deskside vnc 127.0.0.2
//
// It listens on the second address and leads to the first, on the same ports of
// both, over TCP and UDP. The link is the same for all of them, as package
// linksim describes it. An interrupt ends it and prints what it did.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"time"

	"deskside/internal/linksim"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "slowlink:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, problems io.Writer) error {
	set := flag.NewFlagSet("slowlink", flag.ContinueOnError)
	set.SetOutput(problems)
	delay := set.Duration("delay", 0, "one way")
	jitter := set.Duration("jitter", 0, "at most added to the delay")
	rate := set.Float64("rate", 0, "kbit/s in each direction; 0 is no bound")
	queue := set.Int("queue", 0, "bytes that wait for the rate; 0 is a fifth of a second's")
	loss := set.Float64("loss", 0, "packets lost, in per cent")
	seed := set.Uint64("seed", uint64(time.Now().UnixNano()), "of the chance")
	ports := set.String("ports", "2701,2702,2703,2704", "on both addresses")
	if err := set.Parse(args); err != nil {
		return err
	}
	if set.NArg() != 2 {
		return fmt.Errorf("%d arguments: want the address of the server and the one to listen on", set.NArg())
	}
	l := linksim.New(linksim.Config{
		Delay: *delay, Jitter: *jitter, Rate: int(*rate * 1000 / 8), Queue: *queue, Loss: *loss / 100, Seed: *seed,
	})
	defer l.Close()
	for _, port := range strings.Split(*ports, ",") {
		to, at := net.JoinHostPort(set.Arg(0), port), net.JoinHostPort(set.Arg(1), port)
		if _, err := l.ListenTCP(at, to); err != nil {
			return err
		}
		if _, err := l.ListenUDP(at, to); err != nil {
			return err
		}
		fmt.Fprintf(out, "%s leads to %s\n", at, to)
	}
	<-ctx.Done()
	up, down := l.Stats()
	fmt.Fprintf(out, "to the server %+v\nfrom the server %+v\n", up, down)
	return nil
}
