package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"deskside"
	"deskside/client"
)

type pingFlags struct {
	sessionFlags
	count int
}

func pingCommand(e *env) *cobra.Command {
	f := new(pingFlags)
	c := leaf(&cobra.Command{
		Use:   "ping HOST [--count N] [--transport T] [--reason TEXT]",
		Short: "Measure round trips on all eight endpoints of an agent",
		Long: `Set a session up with the agent at HOST and measure the round trip of requests
to each of its four services over TCP and over UDP, or over the one transport
that is named. An endpoint that does not answer makes the exit status 4.`,
		Example: "  deskside ping front-desk\n  deskside ping front-desk --count 100 --transport udp --json",
		Args:    cobra.ExactArgs(1),
	}, e, f.run)
	f.add(c)
	c.Flags().IntVar(&f.count, "count", 10, "how many round trips to measure on each endpoint, 1 to 10000")
	return c
}

// pingRights reach all four services without changing anything.
var pingRights = deskside.RightsOf(deskside.View, deskside.ChatRight, deskside.FilesRead)

// pingWait is how long one answer may take before it counts as lost.
const pingWait = 3 * time.Second

// pingRow is one endpoint.
type pingRow struct {
	Service   deskside.Service   `json:"service"`
	Transport deskside.Transport `json:"transport"`
	Sent      int                `json:"sent"`
	Lost      int                `json:"lost"`
	P50       float64            `json:"p50_ms,omitempty"`
	P95       float64            `json:"p95_ms,omitempty"`
	Error     *deskside.Error    `json:"error,omitempty"` // the last
}

func (f *pingFlags) run(ctx context.Context, e *env, args []string) error {
	if f.count < 1 || f.count > 10000 {
		return usagef("deskside ping", "--count %d: want 1 to 10000", f.count)
	}
	forced, err := f.forced("deskside ping")
	if err != nil {
		return err
	}
	over := []deskside.Transport{deskside.TCP, deskside.UDP}
	if forced != "" {
		over = []deskside.Transport{forced}
	}
	s, err := f.session(ctx, e, "deskside ping", args[0], pingRights)
	if err != nil {
		return err
	}
	rows := []pingRow{}
	err = s.During(ctx, func(ctx context.Context) error {
		for _, t := range over {
			rows = append(rows, pingOver(ctx, s, t, f.count)...)
		}
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	if err := e.show(map[string]any{"endpoints": rows}, func(w io.Writer) error { return writePings(w, rows) }); err != nil {
		return err
	}
	return silent(e, rows)
}

// pingOver measures the four endpoints of one transport, one after another.
func pingOver(ctx context.Context, s *client.Session, t deskside.Transport, count int) []pingRow {
	p := s.Pinger(t)
	defer p.Close()
	rows := []pingRow{}
	for _, svc := range deskside.Services {
		rows = append(rows, pingOne(ctx, p, svc, t, count))
	}
	return rows
}

func pingOne(ctx context.Context, p *client.Pinger, svc deskside.Service, t deskside.Transport, count int) pingRow {
	row := pingRow{Service: svc, Transport: t}
	trip := func() (time.Duration, error) {
		ctx, cancel := context.WithTimeout(ctx, pingWait)
		defer cancel()
		return p.Ping(ctx, svc)
	}
	if _, err := trip(); err != nil { // the handshake, which is not a round trip
		row.Sent, row.Lost, row.Error = 1, 1, deskside.AsError(err)
		return row
	}
	times := []float64{}
	for range count {
		if ctx.Err() != nil {
			break
		}
		row.Sent++
		took, err := trip()
		if err != nil {
			row.Lost++
			row.Error = deskside.AsError(err)
			continue
		}
		times = append(times, float64(took.Microseconds())/1000)
	}
	slices.Sort(times)
	row.P50, row.P95 = percentile(times, 50), percentile(times, 95)
	return row
}

// percentile gives the nearest rank of sorted values, 0 if there are none.
func percentile(sorted []float64, p int) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[max((len(sorted)*p+99)/100, 1)-1]
}

func writePings(out io.Writer, rows []pingRow) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SERVICE\tTRANSPORT\tP50 MS\tP95 MS\tLOST")
	for _, r := range rows {
		if r.Sent == r.Lost {
			fmt.Fprintf(w, "%s\t%s\t-\t-\t%s\n", r.Service, r.Transport, r.Error.Words)
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%.2f\t%.2f\t%d of %d\n", r.Service, r.Transport, r.P50, r.P95, r.Lost, r.Sent)
	}
	return w.Flush()
}

// silent is the error for endpoints that never answered. It has been told in
// the table.
func silent(e *env, rows []pingRow) error {
	n := 0
	for _, r := range rows {
		if r.Sent == r.Lost {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	fmt.Fprintf(e.stderr, "deskside: %d of %d endpoints did not answer\n", n, len(rows))
	return statusError{exitUnreachable}
}
