package disk

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestDraftByProc has a system as it was before files were named by their
// descriptors.
func TestDraftByProc(t *testing.T) {
	was := byProc.Load()
	byProc.Store(true)
	defer byProc.Store(was)
	TestDraft(t)
}

// TestDraftExchanged puts another file in the place of one with a hidden name.
func TestDraftExchanged(t *testing.T) {
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
	f, err := dir.named()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(path, "other"), []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(path, "other"), filepath.Join(path, f.tmp)); err != nil {
		t.Fatal(err)
	}
	if err := f.Name("a", true); err == nil {
		t.Error("another file got the name")
	}
	if err := unix.Access(filepath.Join(path, "a"), unix.F_OK); err == nil {
		t.Error("there is a file")
	}
}
