package queue

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"deskside"
	"deskside/internal/atomicfile"
)

// Limits of a queue.
const (
	MaxJobs   = 1000 // in the list; the oldest that are over make room
	maxFile   = 16 << 20
	maxBreaks = 5 // of the way, without a byte between
	tellEvery = 200 * time.Millisecond
)

// Mover copies for one far machine.
type Mover interface {
	// Move does the job, beginning where an earlier run stopped. It tells how
	// far it is; total is zero while it is not known.
	Move(ctx context.Context, j Job, tell func(done, total int64)) (Outcome, error)
}

// Outcome is what a finished job came to.
type Outcome struct {
	Size  int64
	Files int    // of a folder, copied
	Same  int    // of a folder, there already
	Left  int    // of a folder, left out: devices and the like
	Hash  string // of a file
}

// Config is what a Queue needs. Its zero value keeps the list in memory alone.
type Config struct {
	File    string          // where the list is kept
	Changed func()          // called after a change of state or order
	Moved   func(id string) // called now and then while a job runs
	Fault   func(error)     // told that the list could not be written
}

// Queue is the list. Its methods may be called from any goroutine. The
// functions of Config may call them.
type Queue struct {
	cfg    Config
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu     sync.Mutex
	jobs   []*entry
	movers map[deskside.AgentID][]*seat // of each machine, the latest last
	closed bool
}

// entry is a job with its run, if it has one.
type entry struct {
	Job
	stop   context.CancelFunc // of the run; nil without one
	want   State              // what the run's end makes of it, if it was stopped
	breaks int
	from   int64 // bytes when the run began
	told   time.Time
}

// seat is a far machine that can be copied to and from.
type seat struct {
	mover Mover
	ctx   context.Context
}

// New reads the list. A file that cannot be read is an error; one that does not
// parse is left out, for no job is worth that the console does not start.
func New(cfg Config) (*Queue, error) {
	q := &Queue{cfg: cfg, movers: make(map[deskside.AgentID][]*seat)}
	q.ctx, q.cancel = context.WithCancel(context.Background())
	if cfg.File == "" {
		return q, nil
	}
	text, err := os.ReadFile(cfg.File)
	if errors.Is(err, fs.ErrNotExist) {
		return q, nil
	}
	if err != nil {
		return nil, err
	}
	var list []Job
	if len(text) > maxFile || json.Unmarshal(text, &list) != nil || len(list) > MaxJobs {
		return q, nil
	}
	for _, j := range list {
		if !j.State.over() {
			j.State = Paused
			if j.Page != "" {
				j.State, j.Error = Failed, deskside.Errorf(deskside.CodeNotFound, "the console was started again, and no page has the bytes").Hint("Drop it again.")
			}
		}
		q.jobs = append(q.jobs, &entry{Job: j})
	}
	return q, nil
}

// Close stops what runs, keeps it for the next time and waits for it.
func (q *Queue) Close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.cancel()
	q.work.Wait()
}

// List copies the list.
func (q *Queue) List() []Job {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.list()
}

func (q *Queue) list() []Job {
	list := make([]Job, len(q.jobs))
	for i, e := range q.jobs {
		list[i] = e.Job
	}
	return list
}

// Job gives one of the list.
func (q *Queue) Job(id string) (Job, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, e := range q.jobs {
		if e.ID == id {
			return e.Job, true
		}
	}
	return Job{}, false
}

// Add puts jobs at the end and gives each an ID. It is all of them, or an error.
func (q *Queue) Add(jobs ...Job) error {
	return q.change(func() error {
		if err := q.room(len(jobs)); err != nil {
			return err
		}
		for _, j := range jobs {
			var b [9]byte
			rand.Read(b[:])
			j.ID, j.State = hex.EncodeToString(b[:]), Waiting
			q.jobs = append(q.jobs, &entry{Job: j})
		}
		return nil
	})
}

// room makes room for n more.
func (q *Queue) room(n int) error {
	if q.closed {
		return deskside.Errorf(deskside.CodeEnded, "the console is closing")
	}
	over := 0
	for _, e := range q.jobs {
		if e.State.over() {
			over++
		}
	}
	surplus := len(q.jobs) + n - MaxJobs
	if surplus > over {
		return deskside.Errorf(deskside.CodeTooMany, "more than %d copies would wait", MaxJobs).Hint("Wait for some of them, or copy their folder.")
	}
	q.jobs = slices.DeleteFunc(q.jobs, func(e *entry) bool {
		gone := surplus > 0 && e.State.over()
		if gone {
			surplus--
		}
		return gone
	})
	return nil
}

// Attach lets the jobs of a machine run until ctx ends. A second session with
// the same machine takes the place of the first, and gives it back at its end.
func (q *Queue) Attach(ctx context.Context, agent deskside.AgentID, m Mover) (detach func()) {
	ctx, cancel := context.WithCancel(ctx)
	s := &seat{m, ctx}
	_ = q.change(func() error {
		q.movers[agent] = append(q.movers[agent], s)
		return nil
	})
	return func() {
		cancel()
		_ = q.change(func() error {
			q.leave(agent, s)
			return nil
		})
	}
}

// leave takes away a session that copies nothing any more.
func (q *Queue) leave(agent deskside.AgentID, s *seat) {
	rest := slices.DeleteFunc(q.movers[agent], func(o *seat) bool { return o == s })
	if q.movers[agent] = rest; len(rest) == 0 {
		delete(q.movers, agent)
	}
}

// seat gives the session that a machine's jobs run over, nil if there is none.
func (q *Queue) seat(agent deskside.AgentID) *seat {
	for _, s := range slices.Backward(q.movers[agent]) {
		if s.ctx.Err() == nil {
			return s
		}
	}
	return nil
}

// change alters the list by f, begins what can begin, writes the list and says
// so, unless f refuses.
func (q *Queue) change(f func() error) error {
	q.mu.Lock()
	err := f()
	if err == nil {
		q.begin()
		q.keep()
	}
	q.mu.Unlock()
	if err == nil && q.cfg.Changed != nil {
		q.cfg.Changed()
	}
	return err
}

// keep writes the list.
func (q *Queue) keep() {
	if q.cfg.File == "" {
		return
	}
	text, err := json.Marshal(q.list())
	if err == nil {
		err = atomicfile.Write(q.cfg.File, text, 0o600)
	}
	if err != nil && q.cfg.Fault != nil {
		q.cfg.Fault(err)
	}
}

// begin starts the first job that waits, of each machine that has none running.
func (q *Queue) begin() {
	if q.closed {
		return
	}
	busy := make(map[deskside.AgentID]bool)
	for _, e := range q.jobs {
		busy[e.Agent] = busy[e.Agent] || e.stop != nil
	}
	for _, e := range q.jobs {
		s := q.seat(e.Agent)
		if e.State != Waiting || busy[e.Agent] || s == nil {
			continue
		}
		busy[e.Agent] = true
		ctx, stop := context.WithCancel(s.ctx)
		e.State, e.Error, e.stop, e.want, e.from = Running, nil, stop, "", e.Done
		unhook := context.AfterFunc(q.ctx, stop)
		job := e.Job
		q.work.Go(func() {
			defer unhook()
			out, err := s.mover.Move(ctx, job, func(done, total int64) { q.moved(e, done, total) })
			lost := s.ctx.Err() != nil || q.ctx.Err() != nil
			stop()
			q.ended(e, s, out, err, lost)
		})
	}
}

// moved notes how far a run is, and says so now and then.
func (q *Queue) moved(e *entry, done, total int64) {
	q.mu.Lock()
	e.Done = done
	if total > 0 {
		e.Size = total
	}
	tell := q.cfg.Moved != nil && time.Since(e.told) >= tellEvery
	if tell {
		e.told = time.Now()
	}
	q.mu.Unlock()
	if tell {
		q.cfg.Moved(e.ID)
	}
}

// ended sets what became of a run. One that lost its session waits for the
// next.
func (q *Queue) ended(e *entry, s *seat, out Outcome, err error, lost bool) {
	_ = q.change(func() error {
		e.stop = nil
		if deskside.CodeOf(err) == deskside.CodeEnded { // the copy may hear of it first
			lost = true
			q.leave(e.Agent, s)
		}
		if e.Done > e.from {
			e.breaks = 0
		}
		switch code := deskside.CodeOf(err); {
		case err == nil:
			e.State, e.Size, e.Done, e.Hash = Done, out.Size, out.Size, out.Hash
			e.Files, e.Same, e.Left = out.Files, out.Same, out.Left
		case e.want != "":
			e.State = e.want
		case lost, (code == deskside.CodeUnreachable || code == deskside.CodeSuspended) && e.breaks < maxBreaks:
			e.State = Waiting
			e.breaks++
		default:
			e.State, e.Error = Failed, deskside.AsError(err)
		}
		if e.State.over() {
			e.Ended = time.Now()
		}
		return nil
	})
}
