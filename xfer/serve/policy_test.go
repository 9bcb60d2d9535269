//go:build unix

package serve

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"deskside"
	"deskside/internal/await"
	"deskside/transport/transporttest"
	"deskside/xfer"
	"deskside/xfer/disk"
)

// request is one of every kind, to try each against a refusal.
var everyRequest = map[string]struct {
	right deskside.Right
	call  func(r *rig) error
}{
	"list":   {deskside.FilesRead, func(r *rig) error { _, err := r.c.Page(ctx(r.t), "", "", 0); return err }},
	"get":    {deskside.FilesRead, func(r *rig) error { _, err := r.c.Open(ctx(r.t), "there", xfer.Options{}); return err }},
	"start":  {deskside.FilesRead, func(r *rig) error { _, _, err := r.c.Start(ctx(r.t), "there", 10); return err }},
	"put":    {deskside.FilesWrite, func(r *rig) error { _, err := r.c.Put(ctx(r.t), r.mine("a"), "new", xfer.Options{}); return err }},
	"mkdir":  {deskside.FilesWrite, func(r *rig) error { _, err := r.c.Mkdir(ctx(r.t), "dir", 0); return err }},
	"rename": {deskside.FilesWrite, func(r *rig) error { _, err := r.c.Rename(ctx(r.t), "there", "gone", false); return err }},
	"delete": {deskside.FilesWrite, func(r *rig) error { return r.c.Delete(ctx(r.t), "there", false) }},
}

func TestRights(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		write(t, r.at("there"), []byte("x"))
		write(t, r.mine("a"), []byte("x"))
		for name, req := range everyRequest {
			r.gate.SetRights(deskside.AllRights.Without(req.right))
			wantCode(t, req.call(r), deskside.CodeNoRight)
			events := r.gate.EventsOf(deskside.EventDenied)
			if n := len(events); n == 0 || events[n-1].Code != deskside.CodeNoRight {
				t.Errorf("%s: the refusal is not in the audit", name)
			}
		}
		wantOnly(t, r.dir, "there")
		for _, right := range []deskside.Right{deskside.FilesRead, deskside.FilesWrite} {
			r.gate.SetRights(deskside.RightsOf(right))
			if _, err := r.c.Stat(ctx(t), "there", false); err != nil {
				t.Errorf("stat with %s: %v", right, err)
			}
			if roots, err := r.c.Roots(ctx(t)); err != nil || len(roots) != 1 || roots[0].Path != r.dir {
				t.Errorf("roots with %s: %+v, %v", right, roots, err)
			}
		}
	})
}

func TestTickets(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		write(t, r.at("there"), []byte("x"))
		write(t, r.mine("a"), []byte("x"))
		foreign := r.gate.IssueTo(transporttest.Identity(t).ID(), deskside.Xfer, both)
		chat := r.gate.Issue(deskside.Chat, both)
		for _, ticket := range []deskside.Ticket{{}, foreign, chat} {
			r.c.Ticket = fixed(ticket)
			for _, req := range everyRequest {
				wantCode(t, req.call(r), deskside.CodeNoTicket)
			}
		}
		wantOnly(t, r.dir, "there")
	})
}

// TestNoAudit checks that nothing is done that cannot be written down before.
func TestNoAudit(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		write(t, r.at("there"), []byte("x"))
		write(t, r.mine("a"), []byte("x"))
		r.gate.FailRecord(errors.New("disk full"))
		for _, req := range everyRequest {
			wantCode(t, req.call(r), deskside.CodeNoAudit)
		}
		wantOnly(t, r.dir, "there")
	})
}

func TestAudit(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		write(t, r.mine("a"), []byte("abc"))
		put, err := r.c.Put(ctx(t), r.mine("a"), "a", xfer.Options{})
		must(t, err)
		_, err = r.c.Get(ctx(t), "a", r.mine("b"), xfer.Options{})
		must(t, err)
		_, err = r.c.Put(ctx(t), r.mine("a"), "../a", xfer.Options{})
		wantCode(t, err, deskside.CodeDenied)
		_, err = r.c.Rename(ctx(t), "a", "c", false)
		must(t, err)
		must(t, r.c.Delete(ctx(t), "c", false))
		wantCode(t, r.c.Delete(ctx(t), "c", false), deskside.CodeNotFound)
		var got []string
		for _, e := range r.gate.Events() {
			if e.Session == nil || e.Operator == nil || e.Transport != r.net.Transport || e.Service != "sms-xfer" {
				t.Errorf("an event without its session or way: %+v", e)
			}
			if strings.HasSuffix(string(e.Kind), "end") && e.Began.IsZero() {
				t.Errorf("an end without its beginning: %+v", e)
			}
			got = append(got, fmt.Sprint(e.Kind, " ", e.Detail["op"], " ", strings.ReplaceAll(e.Detail["path"], r.dir, "HOME"), " ", e.Detail["hash"] == put.Hash.String(), " ", e.Code))
		}
		want := []string{
			"file GET chunks HOME/a false ", "transfer-begin PUT file HOME/a false ", "transfer-end PUT file HOME/a true ",
			"file GET stat HOME/a false ", "transfer-begin POST file HOME/a false ", "transfer-end POST file HOME/a true ",
			"file GET chunks ../a false ", "file GET chunks ../a false denied",
			"file POST rename HOME/a false ", "file DELETE file HOME/c false ",
			"file DELETE file HOME/c false ", "file DELETE file HOME/c false not-found",
		}
		if !slices.Equal(got, want) {
			t.Errorf("the audit has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

func TestReadOnlyRoot(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		write(t, r.at("pub/there"), []byte("x"))
		write(t, r.mine("a"), []byte("x"))
		r.setRoots(xfer.Root{Name: "pub", Path: r.at("pub")}, xfer.Root{Name: "home", Path: r.dir, Write: true})
		for name, req := range everyRequest {
			switch err := req.call(r); req.right {
			case deskside.FilesRead:
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
			default:
				wantCode(t, err, deskside.CodeDenied)
			}
		}
		must(t, os.Symlink("pub", r.at("way")))
		_, err := r.c.Put(ctx(t), r.mine("a"), r.at("way/new"), xfer.Options{})
		wantCode(t, err, deskside.CodeDenied)
		wantCode(t, r.c.Delete(ctx(t), r.at("pub"), true), deskside.CodeDenied)
		write(t, r.at("mine"), nil)
		_, err = r.c.Rename(ctx(t), r.at("mine"), "in", false)
		wantCode(t, err, deskside.CodeDenied)
		wantOnly(t, r.at("pub"), "there")
	})
}

func TestRenameAcrossRoots(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		write(t, r.at("a"), nil)
		r.setRoots(xfer.Root{Name: "home", Path: r.dir, Write: true}, xfer.Root{Name: "other", Path: r.own, Write: true})
		_, err := r.c.Rename(ctx(t), "a", r.mine("a"), false)
		wantCode(t, err, deskside.CodeBadRequest)
		wantOnly(t, r.dir, "a")
	})
}

func TestStartupFiles(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		rc := write(t, r.at(".bashrc"), []byte("rc"))
		r.setRoots(xfer.Root{Name: "home", Path: r.dir, Write: true, DotFiles: true})
		write(t, r.mine("a"), []byte("evil"))
		write(t, r.at("prepared/autostart"), nil)
		must(t, os.MkdirAll(r.at(".config/systemd/user"), 0o755))
		must(t, os.Symlink(".config/systemd/user", r.at("units")))
		put := func(path string) error {
			_, err := r.c.Put(ctx(t), r.mine("a"), path, xfer.Options{Replace: true})
			return err
		}
		rename := func(from, to string) error { _, err := r.c.Rename(ctx(t), from, to, true); return err }
		for name, err := range map[string]error{
			"put .bashrc":              put(".bashrc"),
			"put by a link":            put("units/evil.service"),
			"put by the path":          put(r.at(".config/systemd/user/evil.service")),
			"put into .ssh":            put(".ssh"),
			"rename over":              rename("prepared/autostart", ".profile"),
			"rename away":              rename(".bashrc", "x"),
			"rename a folder to":       rename("prepared", ".local"),
			"rename a folder away":     rename(".config", "x"),
			"delete":                   r.c.Delete(ctx(t), ".bashrc", false),
			"delete with its folder":   r.c.Delete(ctx(t), ".config", true),
			"delete, in another place": r.c.Delete(ctx(t), "units", true),
		} {
			if name == "delete, in another place" { // the link alone is nobody's
				must(t, err)
				continue
			}
			wantCode(t, err, deskside.CodeDenied)
		}
		wantFile(t, r.at(".bashrc"), rc)
		wantOnly(t, r.at(".config/systemd/user"))
		must(t, put(".config/settings"))
		r.setRoots(xfer.Root{Name: "home", Path: r.dir, Write: true, AllowStartup: []string{".bashrc"}})
		must(t, put(".bashrc"))
		wantCode(t, put(".profile"), deskside.CodeDenied)
		if _, err := r.c.Get(ctx(t), ".bashrc", r.mine("got"), xfer.Options{}); err != nil {
			t.Errorf("start-up files may be read: %v", err)
		}
	})
}

// stalled is a file that a sender gives half of, and the rest at its leisure.
type stalled struct {
	left int
	held chan struct{} // closed: go on
	half chan struct{} // closed when half was given
}

func (s *stalled) Read(b []byte) (int, error) {
	if s.left == longFile/2 {
		close(s.half)
		<-s.held
	}
	n := min(len(b), s.left)
	if s.left > longFile/2 {
		n = min(n, s.left-longFile/2)
	}
	if s.left -= n; n == 0 {
		return 0, io.EOF
	}
	for i := range b[:n] { // not zeros, which leave holes
		b[i] = 1
	}
	return n, nil
}

// lastDenied waits until the audit has the end of a transfer that policy stopped.
func (r *rig) lastDenied() {
	r.t.Helper()
	await.True(r.t, "the transfer was stopped", func() bool {
		events := r.gate.EventsOf(deskside.EventTransferEnd)
		return len(events) > 0 && events[len(events)-1].Code == deskside.CodeDenied
	})
}

// TestARootThatGoesStopsWhatIsUnderWay takes a root away, or the right to write
// in it, while a file is on its way that moves or stands still.
func TestARootThatGoesStopsWhatIsUnderWay(t *testing.T) {
	for name, then := range map[string]func(r *rig) []xfer.Root{
		"gone":      func(*rig) []xfer.Root { return nil },
		"read only": func(r *rig) []xfer.Root { return []xfer.Root{{Name: "home", Path: r.dir}} },
		"another":   func(r *rig) []xfer.Root { return []xfer.Root{{Name: "own", Path: r.own, Write: true}} },
	} {
		for _, moves := range []bool{true, false} {
			t.Run(fmt.Sprint("put, ", name, ", moves ", moves), func(t *testing.T) {
				each(t, func(t *testing.T, r *rig) {
					src := &stalled{left: longFile, held: make(chan struct{}), half: make(chan struct{})}
					put := make(chan error, 1)
					go func() {
						_, err := r.c.Send(t.Context(), xfer.Source{Reader: src, Size: longFile}, "up", xfer.Options{})
						put <- err
					}()
					await.Closed(t, "half of the file", src.half)
					await.True(t, "some of it on the disk", func() bool { return largest(r.dir) > 0 })
					r.setRoots(then(r)...)
					if !moves {
						r.lastDenied()
					}
					close(src.held)
					err := await.Recv(t, "the put ends", put)
					if err == nil || moves && deskside.CodeOf(err) != deskside.CodeDenied {
						t.Errorf("the put gave %v", err)
					}
					r.lastDenied()
					wantOnly(t, r.dir)
				})
			})
		}
	}
	t.Run("get", func(t *testing.T) {
		each(t, func(t *testing.T, r *rig) {
			write(t, r.at("there"), noise(longFile))
			d, err := r.c.Open(t.Context(), "there", xfer.Options{})
			must(t, err)
			defer d.Close()
			_, err = io.CopyN(io.Discard, d, 1<<20)
			must(t, err)
			r.setRoots()
			r.lastDenied()
			n, err := io.Copy(io.Discard, d)
			if err == nil || n > longFile*3/4 {
				t.Errorf("%d further bytes came: %v", n, err)
			}
		})
	})
}

// TestHiddenFiles tries every way to change what is hidden, at every depth, in a
// root that does not open it, and reads it.
func TestHiddenFiles(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		write(t, r.mine("a"), []byte("evil"))
		rc := write(t, r.at("src/.toolrc"), []byte("rc"))
		must(t, os.MkdirAll(r.at(".tools/tool"), 0o755))
		must(t, os.Symlink(".tools/tool", r.at("way")))
		put := func(path string) error {
			_, err := r.c.Put(ctx(t), r.mine("a"), path, xfer.Options{Replace: true})
			return err
		}
		mkdir := func(path string) error { _, err := r.c.Mkdir(ctx(t), path, 0); return err }
		rename := func(from, to string) error { _, err := r.c.Rename(ctx(t), from, to, true); return err }
		write(t, r.at("prepared"), nil)
		for name, err := range map[string]error{
			"put": put(".toolrc"), "put below": put(".tools/tool/x"), "put over": put("src/.toolrc"), "put by a link": put("way/x"),
			"make": mkdir(".tools/x"), "make hidden": mkdir("src/.x"),
			"rename to": rename("prepared", ".toolrc"), "rename from": rename("src/.toolrc", "x"), "rename a folder": rename(".tools", "x"),
			"delete": r.c.Delete(ctx(t), "src/.toolrc", false), "delete a folder": r.c.Delete(ctx(t), ".tools", true),
			"delete with its folder": r.c.Delete(ctx(t), "src", true),
		} {
			if deskside.CodeOf(err) != deskside.CodeDenied || !strings.Contains(deskside.AsError(err).Do, "dot-files") {
				t.Errorf("%s: %v", name, err)
			}
		}
		wantFile(t, r.at("src/.toolrc"), rc)
		wantOnly(t, r.at(".tools/tool"))
		if _, err := r.c.Get(ctx(t), "src/.toolrc", r.mine("got"), xfer.Options{}); err != nil {
			t.Errorf("hidden files may be read: %v", err)
		}
		r.setRoots(xfer.Root{Name: "home", Path: r.dir, Write: true, AllowStartup: []string{".tools/tool"}})
		must(t, put(".tools/tool/x"))
		wantCode(t, put(".tools/x"), deskside.CodeDenied)
		r.setRoots(xfer.Root{Name: "tool", Path: r.at(".tools"), Write: true})
		must(t, put("x"))
		r.setRoots(xfer.Root{Name: "home", Path: r.dir, Write: true, DotFiles: true})
		must(t, put("src/.toolrc"))
	})
}

// TestDeleteTreeKeepsStartup finds a start-up file deep in a tree: then none of
// the tree is deleted.
func TestDeleteTreeKeepsStartup(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		write(t, r.at("users/ann/a"), nil)
		write(t, r.at("users/bob/.bashrc"), nil)
		wantCode(t, r.c.Delete(ctx(t), "users", true), deskside.CodeDenied)
		wantOnly(t, r.at("users/ann"), "a")
	})
}

// TestExecutables: a file that arrives may be executed only where policy lets it,
// and its source could be.
func TestExecutables(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		for name, mode := range map[string]os.FileMode{"run": 0o755, "read": 0o644, "long": 0o711} {
			size := 10
			if name == "long" {
				size = 5 << 20
			}
			write(t, r.mine("tree/"+name), noise(size))
			must(t, os.Chmod(r.mine("tree/"+name), mode))
		}
		for allowed, want := range map[bool]string{false: "-rw-r--r-- -rw-r--r-- -rw-------", true: "-rwxr-xr-x -rw-r--r-- -rwx--x--x"} {
			r.setRoots(xfer.Root{Name: "home", Path: r.dir, Write: true, Executables: allowed})
			plain := 0
			if !allowed {
				plain = 2
			}
			got, err := r.c.PutTree(ctx(t), r.mine("tree"), "tree", xfer.TreeOptions{})
			if err != nil || got.Plain != plain || got.Files != 3 {
				t.Errorf("allowed=%v: %+v, %v", allowed, got, err)
			}
			one, err := r.c.Put(ctx(t), r.mine("tree/run"), "one", xfer.Options{})
			if err != nil || one.Plain == allowed {
				t.Errorf("allowed=%v: %+v, %v", allowed, one, err)
			}
			var modes []string
			for _, name := range []string{"tree/run", "tree/read", "tree/long", "tree", "one"} {
				info, err := os.Stat(r.at(name))
				must(t, err)
				modes = append(modes, info.Mode().String())
			}
			if text := strings.Join(modes[:3], " "); text != want || modes[4] != modes[0] || modes[3] != "drwxr-xr-x" {
				t.Errorf("allowed=%v: %q, want %s", allowed, modes, want)
			}
			must(t, os.RemoveAll(r.at("tree")))
			must(t, os.Remove(r.at("one")))
		}
	})
}

func TestPrivate(t *testing.T) {
	transporttest.CheckLeaks(t)
	own := t.TempDir()
	r := newRigOf(t, transporttest.New(t, deskside.Memory), Config{Private: []string{filepath.Join(own, "agent"), filepath.Join(own, "link/agent")}})
	must(t, os.Symlink(".", filepath.Join(own, "link")))
	r.setRoots(xfer.Root{Name: "home", Path: own, Write: true})
	key := write(t, filepath.Join(own, "agent/key"), []byte("key"))
	write(t, r.mine("a"), nil)
	must(t, os.Symlink("agent", filepath.Join(own, "way")))
	for _, path := range []string{"agent/key", "way/key", own + "/agent/key"} {
		_, err := r.c.Open(ctx(t), path, xfer.Options{})
		wantCode(t, err, deskside.CodeDenied)
		_, err = r.c.Put(ctx(t), r.mine("a"), path, xfer.Options{Replace: true})
		wantCode(t, err, deskside.CodeDenied)
		wantCode(t, r.c.Delete(ctx(t), path, false), deskside.CodeDenied)
	}
	_, err := r.c.Page(ctx(t), "way", "", 0)
	wantCode(t, err, deskside.CodeDenied)
	wantCode(t, r.c.Delete(ctx(t), "agent", true), deskside.CodeDenied)
	_, err = r.c.Rename(ctx(t), "agent", "x", false)
	wantCode(t, err, deskside.CodeDenied)
	_, err = r.c.Rename(ctx(t), "link", "x", false) // what it is called by leads through it
	wantCode(t, err, deskside.CodeDenied)
	p, err := r.c.Page(ctx(t), "", "", 0)
	if err != nil || len(p.Entries) != 3 || p.Entries[0].Why == "" {
		t.Errorf("list: %+v, %v", p, err)
	}
	wantFile(t, filepath.Join(own, "agent/key"), key)
}

func TestFileLimit(t *testing.T) {
	transporttest.CheckLeaks(t)
	r := newRigOf(t, transporttest.New(t, deskside.Memory), Config{Limits: Limits{File: 100}})
	write(t, r.mine("a"), noise(101))
	_, err := r.c.Put(ctx(t), r.mine("a"), "a", xfer.Options{})
	wantCode(t, err, deskside.CodeDenied)
	write(t, r.mine("b"), noise(100))
	_, err = r.c.Put(ctx(t), r.mine("b"), "b", xfer.Options{})
	must(t, err)
	wantOnly(t, r.dir, "b")
}

// TestSweep lays an abandoned transfer, a recent one and a stranger's file into
// a folder: the next put takes the first away and leaves the others.
func TestSweep(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		old := disk.PartialName(deskside.KeyID{9}, "x", 1, time.Unix(0, 0))
		recent := disk.PartialName(deskside.KeyID{8}, "x", 1, time.Unix(0, 0))
		for _, name := range []string{old, recent, ".deskside-mine.part"} {
			write(t, r.at(name), noise(10))
			must(t, os.Chmod(r.at(name), 0o600))
			if name != recent {
				past := time.Now().Add(-25 * time.Hour)
				must(t, os.Chtimes(r.at(name), past, past))
			}
		}
		write(t, r.mine("a"), nil)
		_, err := r.c.Put(ctx(t), r.mine("a"), "a", xfer.Options{})
		must(t, err)
		want := []string{recent, ".deskside-mine.part", "a"}
		slices.Sort(want)
		wantOnly(t, r.dir, want...)
		must(t, r.c.Delete(ctx(t), recent, false))
	})
}

func TestSweepIsRare(t *testing.T) {
	var s disk.Sweeper
	now := time.Unix(1000, 0)
	if !s.Due("a", now) || s.Due("a", now.Add(time.Minute)) || !s.Due("b", now) || !s.Due("a", now.Add(2*time.Hour)) {
		t.Error("a folder is looked through once an hour")
	}
	for i := range 3 * disk.SweepFolders {
		s.Due(fmt.Sprint(i), now)
	}
	if len(s.Last) > disk.SweepFolders {
		t.Errorf("%d folders are remembered", len(s.Last))
	}
}
