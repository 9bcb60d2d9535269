package queue

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"deskside"
	"deskside/internal/await"
)

// far is a Mover that the test plays: each run says what it is for and then
// waits for its end.
type far struct{ runs chan *run }

type run struct {
	Job
	tell func(done, total int64)
	end  chan error
}

func newFar() far { return far{make(chan *run)} }

func (f far) Move(ctx context.Context, j Job, tell func(done, total int64)) (Outcome, error) {
	r := &run{j, tell, make(chan error)}
	select {
	case f.runs <- r:
	case <-ctx.Done():
		return Outcome{}, ctx.Err()
	}
	select {
	case err := <-r.end:
		return Outcome{Size: j.Size, Hash: "abc"}, err
	case <-ctx.Done():
		return Outcome{}, ctx.Err()
	}
}

var agent, other = deskside.AgentID{1}, deskside.AgentID{2}

func begin(t *testing.T, file string) *Queue {
	t.Helper()
	q, err := New(Config{File: file})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(q.Close)
	return q
}

func add(t *testing.T, q *Queue, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := q.Add(Job{Agent: agent, Here: "/" + name, There: "/x/" + name, Size: 100}); err != nil {
			t.Fatal(err)
		}
	}
}

// id gives the ID of the job of a name.
func id(t *testing.T, q *Queue, name string) string {
	t.Helper()
	for _, j := range q.List() {
		if j.Here == "/"+name {
			return j.ID
		}
	}
	t.Fatalf("no job %s", name)
	return ""
}

func do(t *testing.T, q *Queue, name string, o Order) {
	t.Helper()
	if err := q.Do(id(t, q, name), o); err != nil {
		t.Fatalf("%s %s: %v", o, name, err)
	}
}

// is waits until a job is in a state.
func is(t *testing.T, q *Queue, name string, want State) Job {
	t.Helper()
	var j Job
	await.True(t, name+" is "+string(want), func() bool {
		j, _ = q.Job(id(t, q, name))
		return j.State == want
	})
	return j
}

func names(q *Queue) (list []string) {
	for _, j := range q.List() {
		list = append(list, j.Here[1:])
	}
	return list
}

func TestOneAtATimeInTheOrderGiven(t *testing.T) {
	q, f := begin(t, ""), newFar()
	add(t, q, "a", "b", "c", "d")
	do(t, q, "d", First)
	do(t, q, "b", Down)
	do(t, q, "a", Up) // already behind d alone: changes with it
	if got := names(q); !slices.Equal(got, []string{"a", "d", "c", "b"}) {
		t.Fatalf("order %v", got)
	}
	q.Attach(t.Context(), agent, f)
	for _, want := range []string{"a", "d", "c", "b"} {
		r := await.Recv(t, "a run", f.runs)
		if r.Here != "/"+want {
			t.Fatalf("%s runs, want %s", r.Here, want)
		}
		running := 0
		for _, j := range q.List() {
			if j.State == Running {
				running++
			}
		}
		if running != 1 {
			t.Errorf("%d run at once", running)
		}
		r.end <- nil
		if j := is(t, q, want, Done); j.Hash != "abc" || j.Done != 100 || j.Ended.IsZero() {
			t.Errorf("%+v", j)
		}
	}
}

func TestMachinesDoNotWaitForOneAnother(t *testing.T) {
	q, f, g := begin(t, ""), newFar(), newFar()
	add(t, q, "a")
	if err := q.Add(Job{Agent: other, Here: "/b"}); err != nil {
		t.Fatal(err)
	}
	q.Attach(t.Context(), agent, f)
	q.Attach(t.Context(), other, g)
	await.Recv(t, "a run of one", f.runs)
	await.Recv(t, "and of the other", g.runs)
}

func TestPauseStopsAndResumeGoesOn(t *testing.T) {
	q, f := begin(t, ""), newFar()
	q.Attach(t.Context(), agent, f)
	add(t, q, "a", "b")
	r := await.Recv(t, "a run", f.runs)
	r.tell(40, 100)
	do(t, q, "a", Pause)
	if j := is(t, q, "a", Paused); j.Done != 40 {
		t.Errorf("%d bytes are known to have arrived, want 40", j.Done)
	}
	r = await.Recv(t, "the next", f.runs)
	if r.Here != "/b" {
		t.Fatalf("%s runs while a is paused", r.Here)
	}
	do(t, q, "a", Resume)
	is(t, q, "a", Waiting)
	r.end <- nil
	r = await.Recv(t, "the first again", f.runs)
	if r.Here != "/a" || r.Done != 40 {
		t.Fatalf("%s runs from %d", r.Here, r.Done)
	}
	do(t, q, "a", Cancel)
	is(t, q, "a", Cancelled)
	do(t, q, "a", Retry)
	r = await.Recv(t, "a retry", f.runs)
	r.end <- deskside.Errorf(deskside.CodeExists, "it is there")
	if j := is(t, q, "a", Failed); j.Error == nil || j.Error.Code != deskside.CodeExists {
		t.Errorf("%+v", j)
	}
	do(t, q, "a", Replace)
	if r = await.Recv(t, "a run that replaces", f.runs); !r.Job.Replace {
		t.Error("it does not replace")
	}
	r.end <- nil
	is(t, q, "a", Done)
	do(t, q, "a", Forget)
	if got := names(q); !slices.Equal(got, []string{"b"}) {
		t.Errorf("the list has %v", got)
	}
}

func TestOrdersThatDoNotFitAreRefused(t *testing.T) {
	q := begin(t, "")
	add(t, q, "a")
	for _, o := range []Order{Resume, Retry, Replace, Forget, "burn"} {
		if err := q.Do(id(t, q, "a"), o); deskside.CodeOf(err) != deskside.CodeConflict {
			t.Errorf("%s: %v, want a conflict", o, err)
		}
	}
	if err := q.Do("nobody", Pause); deskside.CodeOf(err) != deskside.CodeNotFound {
		t.Errorf("%v, want not-found", err)
	}
}

func TestALostSessionLetsItWaitForTheNext(t *testing.T) {
	q, f := begin(t, ""), newFar()
	detach := q.Attach(t.Context(), agent, f)
	add(t, q, "a")
	await.Recv(t, "a run", f.runs)
	detach()
	is(t, q, "a", Waiting)
	q.Attach(t.Context(), agent, f)
	await.Recv(t, "a run over the next session", f.runs).end <- deskside.Errorf(deskside.CodeEnded, "the session has ended")
	is(t, q, "a", Waiting)
	q.Attach(t.Context(), agent, f)
	await.Recv(t, "a run over the third", f.runs).end <- nil
	is(t, q, "a", Done)
}

func TestASecondSessionGivesTheSeatBack(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(cancel, detach func(), r *run)
	}{
		{"it was closed", func(_, detach func(), _ *run) { detach() }},
		{"it broke, and was closed", func(cancel, detach func(), _ *run) { cancel(); detach() }},
		{"the copy heard of it first", func(_, _ func(), r *run) { r.end <- deskside.Errorf(deskside.CodeEnded, "the session has ended") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			q, f, g := begin(t, ""), newFar(), newFar()
			q.Attach(t.Context(), agent, f)
			ctx, cancel := context.WithCancel(t.Context())
			detach := q.Attach(ctx, agent, g)
			add(t, q, "a", "b")
			c.end(cancel, detach, await.Recv(t, "a run over the second", g.runs))
			await.Recv(t, "the same over the first", f.runs).end <- nil
			is(t, q, "a", Done)
			await.Recv(t, "the next over the first", f.runs).end <- nil
			is(t, q, "b", Done)
		})
	}
}

// TestAJobThatWaitsGoesOverTheFirst has none run when the second session ends.
func TestAJobThatWaitsGoesOverTheFirst(t *testing.T) {
	q, f := begin(t, ""), newFar()
	q.Attach(t.Context(), agent, f)
	detach := q.Attach(t.Context(), agent, newFar())
	detach()
	detach() // no harm
	add(t, q, "a")
	await.Recv(t, "a run", f.runs).end <- nil
	is(t, q, "a", Done)
}

func TestABrokenWayIsTriedAFewTimes(t *testing.T) {
	q, f := begin(t, ""), newFar()
	q.Attach(t.Context(), agent, f)
	add(t, q, "a")
	gone := deskside.Errorf(deskside.CodeUnreachable, "the connection broke")
	for range maxBreaks {
		await.Recv(t, "a run", f.runs).end <- gone
	}
	r := await.Recv(t, "a run", f.runs)
	r.tell(10, 100) // a new byte forgives the breaks before it
	r.end <- gone
	for range maxBreaks {
		await.Recv(t, "a run", f.runs).end <- gone
	}
	is(t, q, "a", Failed)
}

func TestTheListOutlivesTheProgram(t *testing.T) {
	file := filepath.Join(t.TempDir(), "queue.json")
	q, f := begin(t, file), newFar()
	q.Attach(t.Context(), agent, f)
	add(t, q, "a", "b", "c")
	await.Recv(t, "a run", f.runs).end <- nil
	is(t, q, "a", Done)
	await.Recv(t, "the next", f.runs).tell(30, 100)
	q.Close()

	q = begin(t, file)
	if got := names(q); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Fatalf("the list has %v", got)
	}
	if j := is(t, q, "a", Done); j.Hash != "abc" {
		t.Errorf("%+v", j)
	}
	if j := is(t, q, "b", Paused); j.Done != 30 {
		t.Errorf("%+v", j)
	}
	is(t, q, "c", Paused)
	q.Attach(t.Context(), agent, f)
	do(t, q, "b", Resume)
	if r := await.Recv(t, "it goes on when told", f.runs); r.Here != "/b" {
		t.Errorf("%s runs", r.Here)
	}
}

func TestWhatAPageHadIsLostWithTheProgram(t *testing.T) {
	file := filepath.Join(t.TempDir(), "queue.json")
	q := begin(t, file)
	if err := q.Add(Job{Agent: agent, Here: "/a", Page: "p"}); err != nil {
		t.Fatal(err)
	}
	q.Close()
	q = begin(t, file)
	if list := q.List(); len(list) != 1 || list[0].State != Failed || deskside.CodeOf(list[0].Error) != deskside.CodeNotFound {
		t.Errorf("%+v", list)
	}
}

func TestAFileThatIsNoListIsLeftOut(t *testing.T) {
	for _, text := range []string{"", "{", `{"a":1}`, `[{"id":7}]`, "\x00"} {
		file := filepath.Join(t.TempDir(), "queue.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		q := begin(t, file)
		if n := len(q.List()); n != 0 {
			t.Errorf("%q gave %d jobs", text, n)
		}
		add(t, q, "a")
	}
}

func TestTheListHasAnEnd(t *testing.T) {
	q, f := begin(t, ""), newFar()
	add(t, q, "a")
	q.Attach(t.Context(), agent, f)
	await.Recv(t, "a run", f.runs).end <- nil
	is(t, q, "a", Done)
	many := make([]Job, MaxJobs)
	if err := q.Add(many...); err != nil {
		t.Fatal(err) // the one that is over makes room
	}
	if err := q.Add(Job{}); deskside.CodeOf(err) != deskside.CodeTooMany {
		t.Errorf("%v, want too-many", err)
	}
	if n := len(q.List()); n != MaxJobs {
		t.Errorf("%d in the list", n)
	}
}
