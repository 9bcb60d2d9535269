//go:build unix

package console

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"deskside"
	"deskside/console/here"
	"deskside/console/queue"
	"deskside/transport/transporttest"
	"deskside/wire"
	"deskside/xfer"
	"deskside/xfer/serve"
)

// moving is a mover between two folders, through a real service of files.
type moving struct {
	t         *testing.T
	m         mover
	far, near string
}

func newMoving(t *testing.T) *moving {
	t.Helper()
	w := &moving{t: t, far: t.TempDir(), near: t.TempDir()}
	n := transporttest.New(t, deskside.Memory)
	gate := transporttest.NewGate(t, n)
	server := wire.Server(serve.New(serve.Config{Gate: gate, Roots: func() []xfer.Root {
		return []xfer.Root{{Name: "home", Path: w.far, Write: true}}
	}}), slog.New(slog.DiscardHandler))
	l := n.Listen(deskside.Xfer)
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	http := &wire.Client{Dial: n.Dialer(deskside.Xfer)}
	t.Cleanup(func() { http.Close() })
	ticket := gate.Issue(deskside.Xfer, deskside.RightsOf(deskside.FilesRead, deskside.FilesWrite))
	folder, err := here.Open(w.near)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { folder.Close() })
	w.m = mover{here: folder, far: remoteFiles{&xfer.Client{
		HTTP: http, Ticket: func(context.Context) (deskside.Ticket, error) { return ticket, nil }, Agent: n.Agent.ID(),
	}}}
	return w
}

func (w *moving) write(path, text string) {
	w.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
	when := time.Unix(1_600_000_000, 0)
	if err := os.Chtimes(path, when, when); err != nil {
		w.t.Fatal(err)
	}
}

func (w *moving) do(j queue.Job) (queue.Outcome, error) {
	return w.m.Move(w.t.Context(), j, func(int64, int64) {})
}

// TestAMoveTakesNothingAwayThatIsNotThere has a target that looks the same and
// is not, and a source with something that cannot be copied.
func TestAMoveTakesNothingAwayThatIsNotThere(t *testing.T) {
	w := newMoving(t)
	job := queue.Job{Up: true, Here: "/d", There: w.far + "/d", Tree: true, Move: true}
	w.write(w.near+"/d/f", "AAAA")
	w.write(w.far+"/d/f", "BBBB")
	if _, err := w.do(job); deskside.CodeOf(err) != deskside.CodeExists {
		t.Errorf("another file with its size and time: %v", err)
	}
	w.write(w.far+"/d/f", "AAAA")
	if err := unix.Mkfifo(w.near+"/d/pipe", 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := w.do(job); deskside.CodeOf(err) != deskside.CodeConflict || out.Left != 1 {
		t.Errorf("a pipe in it: %+v, %v", out, err)
	}
	for _, name := range []string{"f", "pipe"} {
		if _, err := os.Lstat(filepath.Join(w.near, "d", name)); err != nil {
			t.Errorf("the first %s is gone: %v", name, err)
		}
	}
	if err := os.Remove(w.near + "/d/pipe"); err != nil {
		t.Fatal(err)
	}
	if out, err := w.do(job); err != nil || out.Same != 1 {
		t.Errorf("all of it is there: %+v, %v", out, err)
	}
	if _, err := os.Lstat(w.near + "/d"); !os.IsNotExist(err) {
		t.Errorf("the first one stays: %v", err)
	}
}

// TestACopyThatArrivedIsNoFailure has the answer lost, so it is tried again.
func TestACopyThatArrivedIsNoFailure(t *testing.T) {
	w := newMoving(t)
	w.write(w.near+"/f", "AAAA")
	for _, up := range []bool{true, true, false} {
		out, err := w.do(queue.Job{Up: up, Here: "/f", There: w.far + "/f"})
		if err != nil || out.Size != 4 || out.Hash == "" {
			t.Errorf("up %v: %+v, %v", up, out, err)
		}
	}
	w.write(w.far+"/f", "BBBB")
	if _, err := w.do(queue.Job{Up: true, Here: "/f", There: w.far + "/f"}); deskside.CodeOf(err) != deskside.CodeExists {
		t.Errorf("another file: %v", err)
	}
}

// TestOutcomeOfAStrangeReceipt has an agent that counts what it does not name.
func TestOutcomeOfAStrangeReceipt(t *testing.T) {
	if _, err := treeOutcome(xfer.TreeResult{Files: 1, More: 1}, nil); deskside.CodeOf(err) != deskside.CodeConflict {
		t.Errorf("%v", err)
	}
}
