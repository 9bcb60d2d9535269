package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"deskside/bench/rounds"
	"deskside/bench/score"
	"deskside/bench/troupe"
	"deskside/internal/linksim/nets"
)

// arena is where one copy takes place: two ends, each with its programs, and the
// way between.
type arena struct {
	setting rounds.Setting
	dir     string // of this copy
	target  string // a folder at the far end
	addr    string // of the far end
	near    troupe.Troupe
	far     troupe.Troupe
	server  *troupe.Program // of the far end; nil if there is none
	trees   bool            // many files are copied
	where   string          // what the near end's program calls the far one

	pair         *nets.Pair // a link, or
	alone        *nets.Net  // loopback whose bytes are counted, or neither
	others, load float64
}

// open makes the two ends. Without the right to, loopback is the machine's own,
// and nothing counts its bytes.
func open(s rounds.Setting, w *workload, p *program) (*arena, error) {
	dir, err := os.MkdirTemp(s.Dir, w.name+"-")
	if err != nil {
		return nil, err
	}
	a := &arena{setting: s, dir: dir, target: filepath.Join(dir, "target"), addr: "127.0.0.1"}
	if err := os.MkdirAll(filepath.Join(dir, "far"), 0o755); err != nil {
		return a, err
	}
	a.near.Dir, a.far.Dir = dir, filepath.Join(dir, "far")
	if err := errors.Join(os.Mkdir(a.target, 0o755), a.connect(w, p)); err != nil {
		a.close()
		return nil, err
	}
	return a, nil
}

func (a *arena) connect(w *workload, p *program) (err error) {
	if w.link == nil {
		if a.alone, err = nets.Alone(); err == nil {
			a.near.In, a.far.In = a.alone.Start, a.alone.Start
		}
		return nil
	}
	if a.pair, err = nets.Open(*w.link); err != nil {
		return err
	}
	a.addr, a.near.In, a.far.In = a.pair.Far.Addr.String(), a.pair.Near.Start, a.pair.Far.Start
	control := "cubic" // as most kernels come
	if p.bbr {
		control = "bbr"
	}
	return a.pair.Congestion(control)
}

func (a *arena) close() {
	a.near.End()
	a.far.End()
	if a.pair != nil {
		a.pair.Close()
	}
	if a.alone != nil {
		a.alone.Close()
	}
	// What was copied stays until the run's end: ext4 without a journal does not
	// take inodes again that were let go in the last minutes, and searches past all
	// of them for each new file. Large files are few inodes and much room.
	if !a.trees {
		os.RemoveAll(a.dir)
	}
}

// wire gives the bytes on the way so far, in both directions.
func (a *arena) wire() (n int64, ok bool) {
	switch {
	case a.pair != nil:
		up, down := a.pair.Stats()
		return int64(up.Bytes + down.Bytes), true
	case a.alone != nil:
		n, err := a.alone.Received()
		return n, err == nil
	}
	return 0, false
}

// job is one copy.
type job struct {
	source string
	folder bool
	into   string // a folder of the far end
}

const mib = 1 << 20

// measure runs the near end's program to its end.
func (a *arena) measure(ctx context.Context, p *program, j *job) (score.Values, error) {
	files, size, err := weigh(j.source)
	if err != nil {
		return nil, err
	}
	argv := p.command(a, j)
	if err := settle(a.dir); err != nil {
		return nil, err
	}
	peak := watchMemory(a.server)
	machine, bench, far := troupe.Machine(), troupe.Bench(), a.server.Whole()
	wire, counted := a.wire()
	began := time.Now()
	_, near, err := a.near.Cost(ctx, argv...)
	took := time.Since(began)
	if err == nil {
		wait, cancel := context.WithTimeout(ctx, 2*time.Second)
		gone(wait, a.server.Busy)
		cancel()
	}
	far = a.server.Whole() - far
	whole := time.Since(began)
	machine, bench = troupe.Machine()-machine, troupe.Bench()-bench
	nearPeak, farPeak := peak()
	a.others = max(100*(machine-bench-near-far).Seconds()/whole.Seconds(), 0)
	a.load = troupe.LoadAverage()
	if err != nil {
		return nil, errors.Join(err, a.far.Dead())
	}
	v := score.Values{
		"files": float64(files), "bytes": float64(size), "s": took.Seconds(),
		"cpu.near": near.Seconds(), "cpu.far": far.Seconds(),
		"memory.near": float64(nearPeak) / mib, "memory.far": float64(farPeak) / mib,
	}
	if now, _ := a.wire(); counted {
		v["wire"] = float64(now-wire) / mib
	}
	return v, nil
}

// watchMemory looks again and again at the most memory that any process of
// either end ever had, until it is asked for it.
func watchMemory(server *troupe.Program) func() (near, far int64) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	var near, far int64
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			n, f := troupe.Peaks(server)
			near, far = max(near, n), max(far, f)
			select {
			case <-ctx.Done():
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	return func() (int64, int64) {
		cancel()
		<-done
		return near, far
	}
}

// about says what a run's head has beside the machine.
func (b *bench) about() string {
	text := ", files on " + fileSystem(os.TempDir())
	if n, err := nets.Alone(); err == nil {
		n.Close()
	} else {
		text += "; " + err.Error() + ", so nothing went over a link and no bytes were counted"
	}
	return text
}
