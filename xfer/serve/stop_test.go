//go:build unix

package serve

import (
	"os"
	"testing"

	"deskside"
	"deskside/internal/await"
	"deskside/xfer"
	"deskside/xfer/traffic"
)

// stopped are copies that a person may stop, of a file and of a tree in each
// direction.
var stopped = map[string]struct {
	in   bool
	name string
	copy func(r *rig, o xfer.Options) error
}{
	"put": {true, "put", func(r *rig, o xfer.Options) error {
		_, err := r.client(r.net).Put(ctx(r.t), r.mine("src/long"), "to/put", o)
		return err
	}},
	"get": {false, "long", func(r *rig, o xfer.Options) error {
		_, err := r.client(r.net).Get(ctx(r.t), "src/long", r.mine("to/get"), o)
		return err
	}},
	"put a tree": {true, "tree", func(r *rig, o xfer.Options) error {
		return firstFailure(r.client(r.net).PutTree(ctx(r.t), r.mine("many"), "to/tree", xfer.TreeOptions{Options: o}))
	}},
	"get a tree": {false, "many", func(r *rig, o xfer.Options) error {
		return firstFailure(r.client(r.net).GetTree(ctx(r.t), "many", r.mine("to/tree"), xfer.TreeOptions{Options: o}))
	}},
	"a long file of a tree": {true, "long", func(r *rig, o xfer.Options) error {
		return firstFailure(r.client(r.net).PutTree(ctx(r.t), r.mine("src"), "to/tree", xfer.TreeOptions{Options: o}))
	}},
}

// running gives the transfer that goes on.
func (r *rig) running() (now traffic.Transfer, ok bool) {
	for _, x := range r.service.Traffic.List() {
		if !x.Ended {
			return x, true
		}
	}
	return now, false
}

// TestStopped has the person stop a copy in the middle, which the operator then
// moves on with or, waiting, does not. The operator is told who did it, nothing is
// left of the file, it is in the audit, and the same copy is refused at once.
func TestStopped(t *testing.T) {
	for name, s := range stopped {
		for _, waits := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				each(t, func(t *testing.T, r *rig) {
					layStopped(t, r)
					once := false
					err := s.copy(r, xfer.Options{Progress: func(p xfer.Progress) {
						if once || p.Done < 1<<20 {
							return
						}
						now, ok := r.running()
						if !ok { // at this end before it is at the other
							return
						}
						once = true
						if now.In != s.in || now.Name != s.name || now.Session != r.gate.Session().ID {
							t.Errorf("the person sees %+v", now)
						}
						r.service.Traffic.Stop(now.ID)
						if waits {
							await.True(t, "the agent ends it", func() bool { _, ok := r.running(); return !ok })
						}
					}})
					if !once {
						t.Fatal("it came to its end before")
					}
					if deskside.CodeOf(err) == deskside.CodeUnreachable && waits { // the way could not tell
						err = s.copy(r, xfer.Options{})
					}
					wantCode(t, err, deskside.CodeRefused)
					wantCode(t, s.copy(r, xfer.Options{}), deskside.CodeRefused)
					for _, dir := range []string{r.at("to"), r.mine("to"), r.at("to/tree"), r.mine("to/tree")} {
						if _, err := os.Stat(dir); err == nil && partials(t, dir) != nil {
							t.Errorf("left in %s: %q", dir, partials(t, dir))
						}
					}
					wantNone(t, r.at("to/put"))
					wantNone(t, r.mine("to/get"))
					wantNone(t, r.at("to/tree/long"))
					events := r.gate.EventsOf(deskside.EventTransferEnd)
					if n := len(events); n == 0 || events[n-1].Code != deskside.CodeRefused {
						t.Errorf("the audit has %+v", events)
					}
				})
			})
		}
	}
}

// layStopped makes what is copied, and where to.
func layStopped(t *testing.T, r *rig) {
	long, piece := noise(longFile), noise(3<<20)
	for _, at := range []func(string) string{r.at, r.mine} {
		write(t, at("src/long"), long)
		for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
			write(t, at("many/"+name), piece)
		}
		must(t, os.Mkdir(at("to"), 0o755))
	}
}
