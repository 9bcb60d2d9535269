//go:build unix

package disk

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"deskside"
	"deskside/xfer/tree"
)

// TestSweepDrafts leaves drafts as a program does that is killed, at each step, and
// sweeps them away beside one that is still written.
func TestSweepDrafts(t *testing.T) {
	path := t.TempDir()
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	dir, err := OpenDir(root, filepath.Base(path))
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	begin := func(dress bool) *Draft {
		t.Helper()
		f, err := dir.named()
		if err == nil && dress {
			err = f.Dress(&tree.Head{Kind: tree.File, Mode: 0o755, ModTime: time.Now().Add(time.Hour)}, false, "")
		}
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	begin(false).F.Close()
	begin(true).F.Close()
	held := begin(true)
	defer held.Drop()
	link := draftName()
	if err := os.Symlink("somewhere", filepath.Join(path, link)); err != nil {
		t.Fatal(err)
	}
	fresh := PartialName(deskside.KeyID{1}, "x", 1, time.Now())
	late := PartialName(deskside.KeyID{2}, "x", 1, time.Now())
	long := time.Now().Add(-KeepPartial - time.Second)
	for name, when := range map[string]time.Time{fresh: time.Now(), late: long} {
		if err := os.WriteFile(filepath.Join(path, name), nil, 0o644); err != nil { // as before its rename
			t.Fatal(err)
		}
		if err := os.Chtimes(filepath.Join(path, name), when, when); err != nil {
			t.Fatal(err)
		}
	}
	left := func(want ...string) {
		t.Helper()
		Sweep(dir.Root, time.Now().Add(-KeepPartial))
		list, err := os.ReadDir(path)
		if err != nil || len(list) != len(want) {
			t.Errorf("left are %v, %v, want %q", list, err, want)
		}
		for _, name := range want {
			if _, err := os.Lstat(filepath.Join(path, name)); err != nil {
				t.Error(err)
			}
		}
	}
	left(held.tmp, link, fresh)
	if err := dir.setTime(link, long); err != nil {
		t.Fatal(err)
	}
	left(held.tmp, fresh)
	if err := held.Name("a", false); err != nil {
		t.Fatal(err)
	}
	left("a", fresh)
}

// TestKilledAtItsEnd stops an arrival as a program does that is killed, before and
// after each step of its end: what waits for the disk can be gone on with, and what
// has its permissions already is swept away.
func TestKilledAtItsEnd(t *testing.T) {
	path := t.TempDir()
	root, err := os.OpenRoot(path)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	meta := Meta{Size: KeepLeast, Mode: 0o644, ModTime: time.Now().Add(-2 * KeepPartial)}
	tmp := PartialName(deskside.KeyID{1}, "new", meta.Size, meta.ModTime)
	killed := func(steps ...func(*Incoming) error) int64 {
		t.Helper()
		in, err := Receive(&Place{Top: root, Dir: root, Name: "new"}, tmp, meta, nil)
		if err == nil {
			defer in.f.Close()
			err = in.Add(make([]byte, meta.Size))
		}
		for _, step := range append([]func(*Incoming) error{(*Incoming).Flush}, steps...) {
			if err == nil {
				err = step(in)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		return PartialSize(root, tmp, meta.Size)
	}
	if n := killed((*Incoming).through); n != meta.Size {
		t.Errorf("there are %d bytes to go on from, want all", n)
	}
	if n := killed((*Incoming).through, (*Incoming).dress); n != 0 {
		t.Errorf("there are %d bytes to go on from in a file that others may read", n)
	}
	Sweep(root, time.Now().Add(-KeepPartial))
	if list, err := os.ReadDir(path); err != nil || len(list) > 0 {
		t.Errorf("left are %v, %v", list, err)
	}
}
