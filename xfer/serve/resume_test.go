//go:build unix

package serve

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"deskside"
	"deskside/internal/await"
	"deskside/transport/transporttest"
	"deskside/xfer"
	"deskside/xfer/disk"
)

const (
	longFile = 24 << 20 // more than any transport holds on the way
	breakAt  = 12 << 20
)

// breaker gives options whose Progress calls stop once, when both ends have a
// good part of the file.
func breaker(r *rig, dir string, stop func()) xfer.Options {
	stopped := false
	return xfer.Options{Progress: func(p xfer.Progress) {
		if stopped || p.Done < breakAt {
			return
		}
		stopped = true
		await.True(r.t, "a good part of the file on the disk", func() bool { return largest(dir) > breakAt/4 })
		stop()
	}}
}

// largest gives the size of the largest unfinished transfer in dir.
func largest(dir string) (size int64) {
	list, _ := os.ReadDir(dir)
	for _, e := range list {
		if info, err := e.Info(); err == nil && disk.IsPartial(e.Name()) {
			size = max(size, info.Size())
		}
	}
	return size
}

// TestResume breaks a transfer in each direction and goes on over the same
// transport.
func TestResume(t *testing.T) {
	each(t, func(t *testing.T, r *rig) { resume(t, r, r.net) })
}

// TestResumeElsewhere goes on over another transport than the one that broke.
func TestResumeElsewhere(t *testing.T) {
	for _, way := range [][2]deskside.Transport{{deskside.TCP, deskside.UDP}, {deskside.UDP, deskside.TCP}} {
		t.Run(string(way[0])+" then "+string(way[1]), func(t *testing.T) {
			transporttest.CheckLeaks(t)
			r := newRig(t, transporttest.New(t, way[0]))
			n := transporttest.New(t, way[1])
			n.Agent, n.Operator = r.net.Agent, r.net.Operator
			r.serve(n)
			resume(t, r, n)
		})
	}
}

// TestAStreamGoesOn breaks what comes from a reader, and gives it again: what has
// arrived is not sent twice. Another reader of the same name, size and time is
// found out.
func TestAStreamGoesOn(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		data := noise(longFile)
		send := func(b []byte, o xfer.Options) error {
			src := xfer.Source{Reader: bytes.NewReader(b), Size: int64(len(b)), ModTime: time.Unix(1e9, 0)}
			_, err := r.c.Send(ctx(t), src, "up", o)
			return err
		}
		broken := func() {
			t.Helper()
			wantCode(t, send(data, breaker(r, r.dir, r.gate.Suspend)), deskside.CodeUnreachable)
			wantNone(t, r.at("up"))
			r.gate.Resume()
			r.c = r.client(r.net)
		}
		broken()
		other := bytes.Clone(data)
		other[0]++
		wantCode(t, send(other, xfer.Options{}), deskside.CodeConflict)
		wantNone(t, r.at("up"))
		broken()
		first := int64(-1)
		must(t, send(data, xfer.Options{Progress: func(p xfer.Progress) {
			if first < 0 {
				first = p.Done
			}
		}}))
		if first < breakAt/4 {
			t.Errorf("it went on with %d bytes", first)
		}
		wantFile(t, r.at("up"), data)
	})
}

func resume(t *testing.T, r *rig, then *transporttest.Net) {
	data := write(t, r.mine("up"), noise(longFile))
	_, err := r.c.Put(ctx(t), r.mine("up"), "up", breaker(r, r.dir, r.gate.Suspend))
	wantCode(t, err, deskside.CodeUnreachable)
	wantNone(t, r.at("up"))
	r.gate.Resume()
	sent, err := r.client(then).Put(ctx(t), r.mine("up"), "up", xfer.Options{})
	must(t, err)
	if sent.Resumed == 0 {
		t.Error("the file went again from its beginning")
	}
	wantFile(t, r.at("up"), data)

	_, err = r.client(r.net).Get(ctx(t), "up", r.mine("down"), breaker(r, r.own, r.gate.Suspend))
	wantCode(t, err, deskside.CodeUnreachable)
	wantNone(t, r.mine("down"))
	r.gate.Resume()
	got, err := r.client(then).Get(ctx(t), "up", r.mine("down"), xfer.Options{})
	must(t, err)
	if got.Resumed == 0 {
		t.Error("the file came again from its beginning")
	}
	wantFile(t, r.mine("down"), data)
	if left := append(partials(t, r.dir), partials(t, r.own)...); left != nil {
		t.Errorf("left behind: %q", left)
	}
}

// TestResumeDamaged lays other bytes into the partial files: both directions
// begin again and end right.
func TestResumeDamaged(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		data := write(t, r.mine("a"), noise(5<<20))
		info, err := os.Stat(r.mine("a"))
		must(t, err)
		tmp := disk.PartialName(r.net.Operator.ID(), "a", info.Size(), disk.WireTime(info.ModTime()))
		must(t, os.WriteFile(r.at(tmp), make([]byte, 1<<20), 0o600))
		sent, err := r.c.Put(ctx(t), r.mine("a"), "a", xfer.Options{})
		if err != nil || sent.Resumed != 0 {
			t.Fatalf("put: %+v, %v", sent, err)
		}
		wantFile(t, r.at("a"), data)

		tmp = disk.PartialName(r.net.Agent.ID(), "b", info.Size(), disk.WireTime(info.ModTime()))
		must(t, os.WriteFile(r.mine(tmp), make([]byte, 1<<20), 0o600))
		got, err := r.c.Get(ctx(t), "a", r.mine("b"), xfer.Options{})
		if err != nil || got.Resumed != 0 {
			t.Fatalf("get: %+v, %v", got, err)
		}
		wantFile(t, r.mine("b"), data)
	})
}

// TestPoisoned lays partial files that are not ours alone where one would be
// gone on from: they are moved out of the way.
func TestPoisoned(t *testing.T) {
	for name, lay := range map[string]func(r *rig, path string) error{
		"open to others": func(r *rig, path string) error { return os.WriteFile(path, make([]byte, 1<<20), 0o666) },
		"a link":         func(r *rig, path string) error { return os.Symlink(r.mine("victim"), path) },
		"a second name": func(r *rig, path string) error {
			return errors.Join(os.Chmod(r.mine("victim"), 0o600), os.Link(r.mine("victim"), path))
		},
		"a folder": func(r *rig, path string) error { return os.Mkdir(path, 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			one(t, func(t *testing.T, r *rig) {
				r.own = filepath.Join(r.dir, "own") // on the same disk, for the second name
				victim := write(t, r.mine("victim"), []byte("victim"))
				data := write(t, r.mine("a"), noise(2<<20))
				info, err := os.Stat(r.mine("a"))
				must(t, err)
				tmp := disk.PartialName(r.net.Operator.ID(), "a", info.Size(), disk.WireTime(info.ModTime()))
				must(t, lay(r, r.at(tmp)))
				if name == "open to others" {
					must(t, os.Chmod(r.at(tmp), 0o666))
				}
				sent, err := r.c.Put(ctx(t), r.mine("a"), "a", xfer.Options{})
				if err != nil || sent.Resumed != 0 {
					t.Fatalf("put: %+v, %v", sent, err)
				}
				wantFile(t, r.at("a"), data)
				wantFile(t, r.mine("victim"), victim)
			})
		})
	}
}

// TestResumeIsBound checks that no part of what an interrupted transfer is
// known by can differ.
func TestResumeIsBound(t *testing.T) {
	when := time.Unix(1, 2)
	one := deskside.KeyID{1}
	names := map[string]bool{
		disk.PartialName(one, "a", 1, when):                     true,
		disk.PartialName(deskside.KeyID{2}, "a", 1, when):       true,
		disk.PartialName(one, "b", 1, when):                     true,
		disk.PartialName(one, "a", 2, when):                     true,
		disk.PartialName(one, "a", 1, when.Add(1)):              true,
		disk.PartialName(one, "a", 1, when.Add(time.Second)):    true,
		disk.PartialName(one, "a", 1, when.Add(-2*time.Second)): true,
	}
	if len(names) != 7 {
		t.Errorf("%d different names of 7", len(names))
	}
	for name := range names {
		if !disk.IsPartial(name) || disk.WindowsName(name) != nil {
			t.Errorf("%q is no name for a partial file", name)
		}
	}
}

// TestSourceChanges changes a file while it is copied, in both directions.
func TestSourceChanges(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		grow := func(path string) func() {
			return func() {
				f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
				must(t, err)
				_, err = f.Write([]byte("more"))
				must(t, errors.Join(err, f.Close()))
			}
		}
		shrink := func(path string) func() { return func() { must(t, os.Truncate(path, breakAt)) } }
		for name, change := range map[string]func(string) func(){"grown": grow, "shrunk": shrink} {
			write(t, r.mine(name), noise(longFile))
			_, err := r.c.Put(ctx(t), r.mine(name), name, breaker(r, r.dir, change(r.mine(name))))
			wantCode(t, err, deskside.CodeConflict)
			write(t, r.at("src"+name), noise(longFile))
			_, err = r.c.Get(ctx(t), "src"+name, r.mine("got"), breaker(r, r.own, change(r.at("src"+name))))
			wantCode(t, err, deskside.CodeConflict)
		}
		wantOnly(t, r.dir, "srcgrown", "srcshrunk")
		wantOnly(t, r.own, "grown", "shrunk")
	})
}

// TestEnded ends the session in the middle, and takes the right away.
func TestEnded(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		write(t, r.mine("up"), noise(longFile))
		write(t, r.at("down"), noise(longFile))
		none := func() { r.gate.SetRights(deskside.RightsOf(deskside.View)) }
		_, err := r.c.Put(ctx(t), r.mine("up"), "up", breaker(r, r.dir, none))
		wantCode(t, err, deskside.CodeNoRight)
		r.gate.SetRights(both)
		_, err = r.c.Get(ctx(t), "down", r.mine("down"), breaker(r, r.own, none))
		wantCode(t, err, deskside.CodeNoRight)
		wantNone(t, r.at("up"))
		wantNone(t, r.mine("down"))
		r.gate.SetRights(both)
		_, err = r.c.Get(ctx(t), "down", r.mine("down"), breaker(r, r.own, func() { r.gate.End(deskside.CausePerson) }))
		wantCode(t, err, deskside.CodeUnreachable)
		wantNone(t, r.mine("down"))
		_, err = r.c.Get(ctx(t), "down", r.mine("down"), xfer.Options{})
		wantCode(t, err, deskside.CodeEnded)
		wantNone(t, r.mine("down"))
	})
}

// TestEndedPut ends the session in the middle of a put: nothing half is seen,
// and the audit has the end of the transfer.
func TestEndedPut(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		write(t, r.mine("up"), noise(longFile))
		_, err := r.c.Put(ctx(t), r.mine("up"), "up", breaker(r, r.dir, func() { r.gate.End(deskside.CausePerson) }))
		wantCode(t, err, deskside.CodeUnreachable)
		wantNone(t, r.at("up"))
		await.True(t, "the end of the transfer in the audit", func() bool { return len(r.gate.EventsOf(deskside.EventTransferEnd)) == 1 })
		if e := r.gate.EventsOf(deskside.EventTransferEnd)[0]; e.Code == "" || e.Detail["hash"] != "" {
			t.Errorf("the audit has %+v", e)
		}
	})
}
