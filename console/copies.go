package console

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path"
	"path/filepath"
	"strconv"

	"deskside"
	"deskside/console/feed"
	"deskside/console/here"
	"deskside/console/queue"
	"deskside/xfer/disk"
)

// openQueue opens the operator's folder and the queue, and the desk whose
// sessions it copies over.
func (c *Console) openQueue() (err error) {
	if c.cfg.Folder != "" {
		if c.here, err = here.Open(c.cfg.Folder); err != nil {
			return err
		}
	}
	c.queue, err = queue.New(queue.Config{
		File: c.cfg.Queue,
		Changed: func() {
			c.desk.hub.publish(func() (notice, bool) { return notice{Type: "queue", Queue: c.queue.List()}, true })
		},
		Moved: func(id string) {
			c.desk.hub.publish(func() (notice, bool) {
				j, there := c.queue.Job(id)
				return notice{Type: "job", Job: &j}, there
			})
		},
		Fault: func(err error) { c.log.Warn("the queue of copies cannot be kept", "error", err) },
	})
	if err != nil {
		c.closeHere()
		return err
	}
	c.desk = newDesk(c.cfg.Backend, c.cfg.Linger, c.useFor)
	return nil
}

// shut ends the sessions, then the queue that copied over them.
func (c *Console) shut() error {
	err := c.desk.Close()
	c.queue.Close()
	c.closeHere()
	return err
}

func (c *Console) closeHere() {
	if c.here != nil {
		c.here.Close()
	}
}

// useFor lets the queue copy over a session until the function it gives is
// called.
func (c *Console) useFor(t *tab, s Session) (stop func()) {
	return c.queue.Attach(t.ctx, s.Agent(), mover{s.Files(), c.here, &c.feeds})
}

// mover copies between this machine's folder and a far machine.
type mover struct {
	far   Files
	here  *here.Folder // nil: none was chosen
	feeds *feed.Table
}

// Move does one job.
func (m mover) Move(ctx context.Context, j queue.Job, tell func(done, total int64)) (queue.Outcome, error) {
	if j.Page != "" {
		return m.dropped(ctx, j, tell)
	}
	if m.here == nil {
		return queue.Outcome{}, noFolder
	}
	place, err := m.here.At(j.Here, j.Up)
	if err != nil {
		return queue.Outcome{}, err
	}
	defer place.Close()
	how := Copy{Tree: j.Tree, Replace: j.Replace, Checksum: j.Move, Tell: tell} // what a move takes away must be there
	var out queue.Outcome
	if j.Up {
		out, err = m.far.Send(ctx, place, j.There, how)
	} else {
		out, err = m.far.Fetch(ctx, j.There, place, how)
	}
	if err == nil && j.Move && out.Left > 0 {
		err = deskside.Errorf(deskside.CodeConflict, "it was copied, but the first one stays: %d in it cannot be copied, such as devices and sockets", out.Left).
			Hint("Delete it where it is if they are not needed.")
	} else if err == nil && j.Move {
		err = m.discard(ctx, j)
	}
	return out, err
}

// discard puts the source of a move into the trash, once its copy is whole.
func (m mover) discard(ctx context.Context, j queue.Job) error {
	var err error
	if j.Up {
		_, err = discard(ctx, m.here, topOfHere, j.Here)
	} else {
		_, err = discard(ctx, m.far, func(p string) (string, error) { return m.far.Root(ctx, p) }, j.There)
	}
	if err != nil {
		e := *deskside.AsError(err)
		e.Words = "it was copied, but the first one stays: " + e.Words
		return &e
	}
	return nil
}

// dropped sends what a page gives of what was dropped on it.
func (m mover) dropped(ctx context.Context, j queue.Job, tell func(done, total int64)) (out queue.Outcome, err error) {
	var failed int
	var first error
	err = m.feeds.Take(ctx, j.ID, func(f feed.File) error {
		to := path.Join(j.There, f.Path)
		sum, err := m.far.Put(ctx, Upload{Path: to, Size: f.Size, Changed: f.Changed, Replace: j.Replace,
			Tell: func(done int64) { tell(f.Before+done, j.Size) }}, f.Body)
		switch {
		case err != nil && endsAll(ctx, err):
			return &feed.Stop{Err: err}
		case err != nil:
			if failed++; failed == 1 {
				first = err
			}
			return err
		}
		out.Files, out.Hash = f.Nth, sum
		tell(f.Before+f.Size, j.Size)
		return nil
	})
	switch {
	case err != nil:
		return out, err
	case failed > 1 || failed == 1 && j.Tree:
		e := *deskside.AsError(first)
		e.Words = fmt.Sprintf("%d could not be copied, first: %s", failed, e.Words)
		return out, &e
	}
	if out.Size = j.Size; j.Tree {
		out.Hash = ""
	}
	return out, first
}

// endsAll reports whether an error of one file is one of all that follow: the way
// broke, the person or the operator stopped the copy, or the session is another.
func endsAll(ctx context.Context, err error) bool {
	switch deskside.CodeOf(err) {
	case deskside.CodeUnreachable, deskside.CodeSuspended, deskside.CodeEnded, deskside.CodeRefused, deskside.CodeNoRight, deskside.CodeNoTicket, deskside.CodeNoSpace:
		return true
	}
	return ctx.Err() != nil
}

// feed gives a file that a page holds to its copy, which runs.
func (c *Console) feed(w http.ResponseWriter, r *http.Request) error {
	u, err := uploadOf(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	before, errBefore := strconv.ParseInt(q.Get("before"), 10, 64)
	nth, errNth := strconv.Atoi(q.Get("nth"))
	if errBefore != nil || errNth != nil || before < 0 || nth < 1 {
		return deskside.Errorf(deskside.CodeBadRequest, "before %q and nth %q are no numbers", q.Get("before"), q.Get("nth"))
	}
	if j, there := c.queue.Job(r.PathValue("job")); !there || j.Page == "" || j.State != queue.Running {
		return deskside.Errorf(deskside.CodeConflict, "no copy %q that a page gives files to runs now", r.PathValue("job"))
	}
	if u.Path != "" {
		p, err := disk.ParsePath(u.Path)
		if err != nil || p.Abs {
			return deskside.Errorf(deskside.CodeBadRequest, "%q is no path below a folder", u.Path)
		}
	}
	noDeadlines(w)
	more, err := c.feeds.Give(r.Context(), r.PathValue("job"), feed.File{Path: u.Path, Size: u.Size, Changed: u.Changed, Before: before, Nth: nth, Last: q.Get("last") == "1", Body: r.Body})
	answer := struct {
		More  bool            `json:"more"`
		Error *deskside.Error `json:"error,omitempty"`
	}{More: more}
	if err != nil {
		answer.Error = deskside.AsError(err)
		_, _ = io.CopyN(io.Discard, r.Body, maxDrained) // or a browser does not read the answer
	}
	return writeJSON(w, answer)
}

const maxDrained = 64 << 20

var noFolder = deskside.Errorf(deskside.CodeNotFound, "no folder of this machine is shown").Hint("Start the console with --folder DIR.")

func topOfHere(string) (string, error) { return "/", nil }

func (c *Console) herePath() string {
	if c.here == nil {
		return ""
	}
	return c.here.Path()
}

// folder gives this machine's folder, if the operator chose one.
func (c *Console) folder() (*here.Folder, error) {
	if c.here == nil {
		return nil, noFolder
	}
	return c.here, nil
}

func (c *Console) listHere(w http.ResponseWriter, r *http.Request) error {
	f, err := c.folder()
	if err != nil {
		return err
	}
	at := path.Join("/", r.URL.Query().Get("path"))
	list, more, err := f.List(r.Context(), at)
	if err != nil {
		return err
	}
	l := Listing{Path: at, More: more, Roots: []Entry{{Name: filepath.Base(f.Path()), Path: "/", Dir: true}}, Entries: make([]Entry, 0, len(list))}
	for _, e := range list {
		l.Entries = append(l.Entries, Entry(e))
	}
	return writeJSON(w, l)
}

func (c *Console) changeHere(w http.ResponseWriter, r *http.Request) error {
	f, err := c.folder()
	if err != nil {
		return err
	}
	return change(w, r, f, topOfHere)
}

// addCopies puts files and folders into the queue.
func (c *Console) addCopies(w http.ResponseWriter, r *http.Request) error {
	var ask struct {
		Tab     string `json:"tab"`
		Up      bool   `json:"up"`
		Move    bool   `json:"move"`
		Replace bool   `json:"replace"`
		Items   []struct {
			Here  string `json:"here"`
			There string `json:"there"`
			Tree  bool   `json:"tree"`
			Size  int64  `json:"size"`
			Page  string `json:"page"`
		} `json:"items"`
	}
	if err := readJSON(w, r, &ask); err != nil {
		return err
	}
	t, err := c.desk.tab(ask.Tab)
	if err != nil {
		return err
	}
	s, err := t.live()
	if err != nil {
		return err
	}
	jobs := make([]queue.Job, 0, len(ask.Items))
	for _, i := range ask.Items {
		if i.Page == "" && c.here == nil {
			return noFolder
		}
		if i.Page != "" && (!ask.Up || ask.Move || len(i.Page) > 64) {
			return deskside.Errorf(deskside.CodeBadRequest, "what a page holds can only be copied to the machine")
		}
		for _, p := range []string{i.Here, i.There} {
			if _, err := disk.ParsePath(p); err != nil || p == "" || p == "/" {
				return deskside.Errorf(deskside.CodeBadRequest, "%q is no path of a file or folder", p)
			}
		}
		jobs = append(jobs, queue.Job{Agent: s.Agent(), Machine: t.request.Machine.Name, Up: ask.Up, Here: i.Here, There: i.There,
			Tree: i.Tree, Move: ask.Move, Replace: ask.Replace, Size: max(0, i.Size), Page: i.Page})
	}
	if err := c.queue.Add(jobs...); err != nil {
		return err
	}
	return writeJSON(w, struct{}{})
}

// orderCopy pauses, resumes, moves and so on one of them.
func (c *Console) orderCopy(w http.ResponseWriter, r *http.Request) error {
	var ask struct {
		Do queue.Order `json:"do"`
	}
	if err := readJSON(w, r, &ask); err != nil {
		return err
	}
	if err := c.queue.Do(r.PathValue("job"), ask.Do); err != nil {
		return err
	}
	return writeJSON(w, struct{}{})
}
