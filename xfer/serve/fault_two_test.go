//go:build unix

package serve

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"sync"
	"syscall"
	"testing"

	"deskside"
	"deskside/internal/figure"
	"deskside/transport/transporttest"
	"deskside/wire"
	"deskside/xfer"
)

// gates admits by the first gate that does: several sessions at once.
type gates []deskside.Gate

func (g gates) Admit(ticket deskside.Ticket, stream deskside.Stream) (pass deskside.Pass, err error) {
	for _, one := range g {
		if pass, err = one.Admit(ticket, stream); err == nil {
			return pass, nil
		}
	}
	return nil, err
}

const duelFile = 8 << 20

// duel is two operators who write one target.
type duel struct {
	*rig
	c    [2]*xfer.Client
	data [2][]byte
}

func newDuel(t *testing.T) *duel {
	d := &duel{rig: newRig(t, transporttest.New(t, deskside.TCP))}
	other := transporttest.New(t, deskside.UDP)
	other.Agent = d.net.Agent
	gate := transporttest.NewGate(t, other)
	d.service.config.Gate = gates{d.gate, gate}
	d.serve(other)
	w := &wire.Client{Dial: other.Dialer(deskside.Xfer)}
	t.Cleanup(w.Close)
	d.c[0] = d.rig.c
	d.c[1] = &xfer.Client{HTTP: w, Ticket: fixed(gate.Issue(deskside.Xfer, both)), Agent: other.Agent.ID()}
	for i, size := range []int{duelFile, duelFile - 1<<20} {
		d.data[i] = noise(size + i)[i:]
		write(t, d.mine([]string{"long/target", "short/target"}[i]), d.data[i])
	}
	return d
}

// put has operator who send file number i, alone or in a tree.
func (d *duel) put(ctx context.Context, who, i int, tree bool, progress func(xfer.Progress)) error {
	o := xfer.Options{Replace: true, Progress: progress}
	from := d.mine([]string{"long", "short"}[i])
	if tree {
		return firstFailure(d.c[who].PutTree(ctx, from, "", xfer.TreeOptions{Options: o}))
	}
	_, err := d.c[who].Put(ctx, from+"/target", "target", o)
	return err
}

// look gives which file is at the target, -1 for none.
func (d *duel) look() (int, error) {
	got, err := readQuietly(d.at("target"))
	for i, data := range d.data {
		if err == nil && bytes.Equal(got, data) {
			return i, nil
		}
	}
	if !errors.Is(err, fs.ErrNotExist) {
		err = errors.Join(err, errors.New("the target is neither file"))
		return -1, err
	}
	return -1, nil
}

// readQuietly is os.ReadFile without a line in the log that go test keeps, which
// would grow without end.
func readQuietly(path string) ([]byte, error) {
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), path)
	defer f.Close()
	return io.ReadAll(f)
}

func (d *duel) want(i int) {
	d.t.Helper()
	if got, err := d.look(); got != i {
		d.t.Errorf("the target is file %d, want %d (%v)", got, i, err)
	}
}

// TestFaultTwo has two operators, over two transports, write one target. The one
// who comes to the end last has it, whoever began first; and in many rounds with
// no order, while somebody reads the target all the time, it is always one of the
// files as a whole.
func TestFaultTwo(t *testing.T) {
	transporttest.CheckLeaks(t)
	d := newDuel(t)
	for who := range 2 {
		once := sync.OnceFunc(func() {
			must(t, d.put(t.Context(), 1-who, 1, who == 1, nil))
			d.want(1)
		})
		must(t, d.put(t.Context(), who, 0, false, func(p xfer.Progress) {
			if p.Done > duelFile/2 {
				once()
			}
		}))
		d.want(0)
	}
	rounds, looks, seen := figure.Of(4, 400), 0, [2]int{}
	rnd := rand.New(rand.NewPCG(1, 2))
	for round := range rounds {
		must(t, os.Remove(d.at("target")))
		stop := make(chan struct{})
		var puts, reader sync.WaitGroup
		reader.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				looks++
				if _, err := d.look(); err != nil {
					t.Errorf("round %d: %v", round, err)
					return
				}
			}
		})
		who, trees := rnd.IntN(2), rnd.IntN(4)
		same := rnd.IntN(4) == 0 // one operator twice
		for i := range 2 {
			by := (who + i) % 2
			if same {
				by = who
			}
			puts.Go(func() {
				if err := d.put(t.Context(), by, i, trees&(1<<i) != 0, nil); err != nil {
					t.Errorf("round %d: file %d: %v", round, i, err)
				}
			})
		}
		puts.Wait()
		close(stop)
		reader.Wait()
		last, err := d.look()
		if last < 0 || t.Failed() {
			t.Fatalf("round %d: the target is file %d, %v", round, last, err)
		}
		seen[last]++
		wantOnly(t, d.dir, "target")
	}
	t.Logf("%d rounds, in which the longer file was last %d times and the shorter %d; the target was read %d times meanwhile", rounds, seen[0], seen[1], looks)
}
