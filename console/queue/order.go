package queue

import (
	"slices"

	"deskside"
)

// Do gives an order for one job.
func (q *Queue) Do(id string, o Order) error {
	return q.change(func() error { return q.order(id, o) })
}

func (q *Queue) order(id string, o Order) error {
	at := slices.IndexFunc(q.jobs, func(e *entry) bool { return e.ID == id })
	if at < 0 {
		return deskside.Errorf(deskside.CodeNotFound, "no copy %q in the queue", id)
	}
	if !q.obey(at, o) {
		return deskside.Errorf(deskside.CodeConflict, "cannot %s a copy that is %s", o, q.jobs[at].State)
	}
	return nil
}

// obey reports whether the order fits the job at a place of the list.
func (q *Queue) obey(at int, o Order) bool {
	e := q.jobs[at]
	switch o {
	case Pause:
		return !e.State.over() && e.State != Paused && e.halt(Paused)
	case Cancel:
		return !e.State.over() && e.halt(Cancelled)
	case Resume:
		return e.State == Paused && e.again(e.Replace)
	case Retry:
		return (e.State == Failed || e.State == Cancelled) && e.again(e.Replace)
	case Replace:
		return e.State == Failed && e.again(true)
	case First:
		q.put(at, 0)
	case Up:
		q.put(at, max(0, at-1))
	case Down:
		q.put(at, min(len(q.jobs)-1, at+1))
	case Forget:
		if !e.State.over() {
			return false
		}
		q.jobs = slices.Delete(q.jobs, at, at+1)
	default:
		return false
	}
	return true
}

// halt stops a run, whose end then sets the state; one that does not run has it
// at once.
func (e *entry) halt(s State) bool {
	if e.stop == nil {
		e.State = s
		return true
	}
	e.want = s
	e.stop()
	return true
}

// again lets the job wait for its turn.
func (e *entry) again(replace bool) bool {
	if e.stop != nil {
		return false
	}
	e.State, e.Error, e.Replace, e.breaks = Waiting, nil, replace, 0
	return true
}

// put moves a job in the list.
func (q *Queue) put(from, to int) {
	e := q.jobs[from]
	q.jobs = slices.Insert(slices.Delete(q.jobs, from, from+1), to, e)
}
