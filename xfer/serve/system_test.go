//go:build unix

package serve

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"deskside/xfer"
	"deskside/xfer/disk"

	"deskside"
)

// TestNoSpace lets the system refuse to make a file larger than so much, as a
// full disk does, in each direction: nothing stays that would keep it full, and
// with room again the file arrives.
func TestNoSpace(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		const room = 16 << 20 // above what go test itself writes
		data := write(t, r.mine("a"), noise(longFile))
		write(t, r.at("b"), data)
		func() {
			defer limitFiles(t, room)()
			_, err := r.c.Put(ctx(t), r.mine("a"), "a", xfer.Options{})
			wantCode(t, err, deskside.CodeNoSpace)
			_, err = r.c.Get(ctx(t), "b", r.mine("b"), xfer.Options{})
			wantCode(t, err, deskside.CodeNoSpace)
		}()
		wantOnly(t, r.dir, "b")
		wantOnly(t, r.own, "a")
		sent, err := r.c.Put(ctx(t), r.mine("a"), "a", xfer.Options{})
		must(t, err)
		got, err := r.c.Get(ctx(t), "b", r.mine("b"), xfer.Options{})
		must(t, err)
		if sent.Resumed != 0 || got.Resumed != 0 {
			t.Errorf("went on at %d and %d", sent.Resumed, got.Resumed)
		}
		wantFile(t, r.at("a"), data)
		wantFile(t, r.mine("b"), data)
	})
}

// limitFiles limits the size of the files this process writes, until the
// function it gives is called.
func limitFiles(t *testing.T, size uint64) func() {
	var old syscall.Rlimit
	must(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old))
	must(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size, Max: old.Max}))
	return func() { must(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old)) }
}

// TestNoAccess uses a file system that refuses even the superuser.
func TestNoAccess(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		write(t, r.mine("a"), noise(10))
		r.setRoots(xfer.Root{Name: "sys", Path: "/sys/kernel", Write: true}, xfer.Root{Name: "proc", Path: "/proc", Write: true})
		for name, err := range map[string]error{
			"put":    func() error { _, err := r.c.Put(ctx(t), r.mine("a"), "a", xfer.Options{}); return err }(),
			"mkdir":  func() error { _, err := r.c.Mkdir(ctx(t), "a", 0); return err }(),
			"delete": r.c.Delete(ctx(t), "mm", false),
		} {
			if code := deskside.CodeOf(err); code != deskside.CodeNoAccess {
				t.Errorf("%s: %v (code %q)", name, err, code)
			}
		}
	})
}

// TestWordsOfThisMachine has a folder on the operator's side that takes no file:
// the person at the other machine can do nothing about it.
func TestWordsOfThisMachine(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		write(t, r.at("a"), noise(10))
		for _, dir := range []string{"/proc/x", "/sys/kernel/x"} {
			_, err := r.c.Get(ctx(t), "a", dir, xfer.Options{})
			wantCode(t, err, deskside.CodeNoAccess)
			if said := deskside.AsError(err); !strings.HasPrefix(said.Words, "on this machine: ") || strings.Contains(said.Do, "person") {
				t.Errorf("%s: %q, %q", dir, said.Words, said.Do)
			}
		}
		_, err := r.c.Put(ctx(t), r.mine("none"), "a", xfer.Options{})
		wantCode(t, err, deskside.CodeNotFound)
		if said := deskside.AsError(err); said.By != "" || !strings.HasPrefix(said.Words, "on this machine: ") {
			t.Errorf("%+v", said)
		}
		_, err = r.c.Get(ctx(t), "none", r.mine("b"), xfer.Options{})
		if said := deskside.AsError(err); said.By != deskside.ByAgent || strings.Contains(said.Words, "this machine") {
			t.Errorf("%+v", said)
		}
	})
}

// TestPast4GiB goes on with a file at 4 GiB and a half, in each direction. The
// file is all holes, so that it takes no room.
func TestPast4GiB(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		r.dir, r.own = holes(t), holes(t)
		r.setRoots(xfer.Root{Name: "home", Path: r.dir, Write: true})
		const size, there = 4<<30 + 600<<20, 4<<30 + 512<<20
		sparse := func(path string, n int64, mode os.FileMode) {
			f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, mode)
			must(t, err)
			must(t, errors.Join(f.Truncate(n), f.Close()))
		}
		sparse(r.mine("a"), size, 0o644)
		f, err := os.OpenFile(r.mine("a"), os.O_RDWR, 0)
		must(t, err)
		_, err = f.WriteAt([]byte("the end"), size-7)
		must(t, errors.Join(err, f.Close()))
		info, err := os.Stat(r.mine("a"))
		must(t, err)
		sparse(r.at(disk.PartialName(r.net.Operator.ID(), "a", size, disk.WireTime(info.ModTime()))), there, 0o600)
		sent, err := r.c.Put(t.Context(), r.mine("a"), "a", xfer.Options{})
		must(t, err)
		if sent.Resumed != there || sent.Size != size {
			t.Errorf("put: %+v", sent)
		}
		e, err := r.c.Stat(ctx(t), "a", false)
		if err != nil || e.Size != size {
			t.Errorf("stat: %+v, %v", e, err)
		}
		// The same with holes takes its place: what was put has none, and memory is dear.
		must(t, os.Rename(r.mine("a"), r.at("a")))
		sparse(r.mine(disk.PartialName(r.net.Agent.ID(), "b", size, e.ModTime)), there, 0o600)
		got, err := r.c.Get(t.Context(), "a", r.mine("b"), xfer.Options{})
		must(t, err)
		if got.Resumed != there || got.Hash != sent.Hash {
			t.Errorf("get: %+v, sent %+v", got, sent)
		}
	})
}

// holes makes a folder, if it can in memory, where reading a hole is quick.
func holes(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "deskside")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// TestLocked has another program at work on the same partial file.
func TestLocked(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		write(t, r.at("a"), noise(10))
		e, err := r.c.Stat(ctx(t), "a", false)
		must(t, err)
		tmp := r.mine(disk.PartialName(r.net.Agent.ID(), "a", e.Size, e.ModTime))
		must(t, os.WriteFile(tmp, noise(5), 0o600))
		f, err := os.Open(tmp)
		must(t, err)
		defer f.Close()
		must(t, disk.Lock(f))
		_, err = r.c.Get(ctx(t), "a", r.mine("a"), xfer.Options{})
		wantCode(t, err, deskside.CodeBusy)
		must(t, f.Close())
		_, err = r.c.Get(ctx(t), "a", r.mine("a"), xfer.Options{})
		must(t, err)
	})
}
