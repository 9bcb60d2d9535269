//go:build unix

package serve

import (
	"fmt"
	"net/http"
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
			if got.Files != len(files) || got.Folders != 5 || len(got.Failed) != 0 {
				t.Errorf("copied %+v", got)
			}
			for path, data := range files {
				wantFile(t, filepath.Join(top, path), data)
			}
			if _, err := os.Stat(filepath.Join(top, "empty")); err != nil {
				t.Error(err)
			}
			wantNone(t, filepath.Join(top, "link"))
			wantNone(t, filepath.Join(top, "docs/etc"))
		}
		put, err := r.c.PutTree(ctx(t), r.mine("tree"), "tree", xfer.Options{})
		check(r.at("tree"), put, err)
		if len(put.Skipped) != 3 {
			t.Errorf("skipped %+v", put.Skipped)
		}
		must(t, os.Symlink("a", r.at("tree/link")))
		get, err := r.c.GetTree(ctx(t), "tree", r.mine("back"), xfer.Options{})
		must(t, os.Remove(r.at("tree/link")))
		check(r.mine("back"), get, err)
		if len(get.Skipped) != 1 {
			t.Errorf("skipped %+v", get.Skipped)
		}
		whole, err := r.c.GetTree(ctx(t), "", r.mine("whole"), xfer.Options{})
		if err != nil || whole.Files != len(files) {
			t.Errorf("all of a root: %+v, %v", whole, err)
		}
		put, err = r.c.PutTree(ctx(t), r.mine("tree"), "tree", xfer.Options{})
		if err != nil || put.Files != 0 || put.Same != len(files) {
			t.Errorf("again: %+v, %v", put, err)
		}
		get, err = r.c.GetTree(ctx(t), "tree", r.mine("back"), xfer.Options{})
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
		got, err := r.c.PutTree(ctx(t), r.mine("tree"), "tree", xfer.Options{})
		must(t, err)
		var failed []string
		for _, n := range got.Failed {
			failed = append(failed, filepath.Base(n.Path)+" "+string(n.Error.Code))
		}
		if want := []string{".bashrc denied", "a\\b bad-request", "other exists"}; !slices.Equal(failed, want) || got.Files != 1 {
			t.Errorf("copied %d, failed %q, want %q", got.Files, failed, want)
		}
		wantFile(t, r.at("tree/good"), []byte("good"))
		wantFile(t, r.at("tree/other"), other)
		r.gate.SetRights(deskside.RightsOf(deskside.FilesRead))
		_, err = r.c.PutTree(ctx(t), r.mine("tree"), "new", xfer.Options{})
		wantCode(t, err, deskside.CodeNoRight)
	})
}

// TestHostileLists has an agent that lists what leads out of the folder a tree
// is copied to, or never ends.
func TestHostileLists(t *testing.T) {
	for name, page := range map[string]string{
		"up":       `{"entries":[{"name":"..","kind":"folder"}]}`,
		"path":     `{"entries":[{"name":"../x","kind":"file"},{"name":"/etc/x","kind":"file"}]}`,
		"bytes":    `{"entries":[{"name":"x","name_b64":"Li4veA==","kind":"file"}]}`,
		"nothing":  `{"entries":[{"name":"","kind":"folder"}]}`,
		"itself":   `{"entries":[{"name":".","kind":"folder"}]}`,
		"slash":    `{"entries":[{"name":"a\\\\b","kind":"file"}]}`,
		"circle":   `{"entries":[{"name":"..","kind":"file"}],"more":true}`,
		"no end":   `{"entries":[],"more":true}`,
		"link":     `{"entries":[{"name":"link","kind":"folder"}]}`,
		"no JSON":  `{"entries":[`,
		"no kind":  `{"entries":[{"name":"x","kind":""}]}`,
		"no depth": `{"entries":[{"name":"d","kind":"folder"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			top := t.TempDir()
			must(t, os.Mkdir(filepath.Join(top, "got"), 0o755))
			must(t, os.Symlink("..", filepath.Join(top, "got/link")))
			c := &xfer.Client{HTTP: answering(page), Ticket: fixed(deskside.NewTicket())}
			got, err := c.GetTree(ctx(t), "x", filepath.Join(top, "got"), xfer.Options{})
			if err == nil && len(got.Failed)+len(got.Skipped) == 0 {
				t.Errorf("copied %+v", got)
			}
			wantOnly(t, top, "got")
		})
	}
}

// answering answers every request with the same JSON.
type answering string

func (a answering) Do(*http.Request) (*http.Response, error) {
	return http.ReadResponse(bufioOf(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(a), a)), nil)
}

// TestDepth copies a tree that is deeper than paths may be.
func TestDepth(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		write(t, r.mine("tree/"+strings.Repeat("d/", disk.MaxDepth+2)+"x"), nil)
		got, err := r.c.PutTree(ctx(t), r.mine("tree"), "tree", xfer.Options{})
		if err != nil || len(got.Failed) != 1 {
			t.Errorf("copied %+v, %v", got, err)
		}
	})
}
