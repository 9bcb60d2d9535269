//go:build unix

package serve

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"deskside/xfer"
	"deskside/xfer/disk"

	"deskside"
)

// layTree makes a small tree and gives its files by path.
func layTree(t *testing.T, top string) map[string][]byte {
	files := map[string][]byte{
		"a": noise(10), "docs/b": nil, "docs/deep/er/c": noise(disk.BufferSize + 1), "bytes\xff": noise(3), "docs/雪": noise(4),
	}
	for path, data := range files {
		write(t, filepath.Join(top, path), data)
	}
	must(t, os.Mkdir(filepath.Join(top, "empty"), 0o755))
	must(t, os.Symlink("a", filepath.Join(top, "link")))
	must(t, os.Symlink("/etc", filepath.Join(top, "docs/etc")))
	must(t, syscall.Mkfifo(filepath.Join(top, "pipe"), 0o600))
	return files
}

func TestTrees(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		files := layTree(t, r.mine("tree"))
		check := func(top string, got xfer.TreeResult, err error) {
			t.Helper()
			must(t, err)
			if got.Files != len(files) || got.Folders != 5 || got.Links != 1 || len(got.Failed) != 1 {
				t.Errorf("copied %+v", got)
			}
			for path, data := range files {
				wantFile(t, filepath.Join(top, path), data)
			}
			if _, err := os.Stat(filepath.Join(top, "empty")); err != nil {
				t.Error(err)
			}
			if to, err := os.Readlink(filepath.Join(top, "link")); to != "a" {
				t.Errorf("the link leads to %q, %v", to, err)
			}
			wantNone(t, filepath.Join(top, "docs/etc"))
		}
		put, err := r.c.PutTree(ctx(t), r.mine("tree"), "tree", xfer.TreeOptions{})
		check(r.at("tree"), put, err)
		if len(put.Skipped) != 1 || filepath.Base(put.Failed[0].Path) != "etc" {
			t.Errorf("skipped %+v, failed %+v", put.Skipped, put.Failed)
		}
		must(t, os.Symlink("/etc", r.at("tree/docs/etc")))
		get, err := r.c.GetTree(ctx(t), "tree", r.mine("back"), xfer.TreeOptions{})
		check(r.mine("back"), get, err)
		must(t, os.Remove(r.at("tree/docs/etc")))
		whole, err := r.c.GetTree(ctx(t), "", r.mine("whole"), xfer.TreeOptions{})
		if err != nil || whole.Files != len(files) {
			t.Errorf("all of a root: %+v, %v", whole, err)
		}
		put, err = r.c.PutTree(ctx(t), r.mine("tree"), "tree", xfer.TreeOptions{})
		if err != nil || put.Files != 0 || put.Same != len(files) {
			t.Errorf("again: %+v, %v", put, err)
		}
		get, err = r.c.GetTree(ctx(t), "tree", r.mine("back"), xfer.TreeOptions{})
		if err != nil || get.Files != 0 || get.Same != len(files) {
			t.Errorf("again: %+v, %v", get, err)
		}
	})
}

// TestTreeFailures has files in a tree that cannot be copied: they are noted
// and the others are copied.
func TestTreeFailures(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		write(t, r.mine("tree/good"), []byte("good"))
		write(t, r.mine(`tree/a\b`), nil)
		write(t, r.mine("tree/.bashrc"), nil)
		write(t, r.mine("tree/other"), []byte("new"))
		other := write(t, r.at("tree/other"), []byte("is another"))
		got, err := r.c.PutTree(ctx(t), r.mine("tree"), "tree", xfer.TreeOptions{})
		must(t, err)
		var failed []string
		for _, n := range got.Failed {
			failed = append(failed, filepath.Base(n.Path)+" "+string(n.Error.Code))
		}
		if want := []string{"other exists", ".bashrc denied"}; !slices.Equal(failed, want) || got.Files != 2 {
			t.Errorf("copied %d, failed %q, want %q", got.Files, failed, want)
		}
		wantFile(t, r.at("tree/good"), []byte("good"))
		wantFile(t, r.at(`tree/a\b`), nil)
		wantFile(t, r.at("tree/other"), other)
		r.gate.SetRights(deskside.RightsOf(deskside.FilesRead))
		_, err = r.c.PutTree(ctx(t), r.mine("tree"), "new", xfer.TreeOptions{})
		wantCode(t, err, deskside.CodeNoRight)
	})
}

// TestDepth copies a tree that is deeper than paths may be.
func TestDepth(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		write(t, r.mine("tree/"+strings.Repeat("d/", disk.MaxDepth+2)+"x"), nil)
		got, err := r.c.PutTree(ctx(t), r.mine("tree"), "tree", xfer.TreeOptions{})
		if err != nil || len(got.Failed) != 1 {
			t.Errorf("copied %+v, %v", got, err)
		}
	})
}
