package serve

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"deskside/xfer"
)

const originAttr = "user.xdg.origin.url"

// wantMark checks what a file is marked with. A file system without attributes of
// users has no mark, and that is all that it lacks.
func wantMark(t *testing.T, path, want string) {
	t.Helper()
	probe := filepath.Join(t.TempDir(), "probe")
	write(t, probe, nil)
	if errors.Is(unix.Setxattr(probe, originAttr, []byte("x"), 0), unix.ENOTSUP) {
		t.Logf("%s: no attributes here, so nothing but that it arrived can be seen", path)
		want = ""
	}
	b := make([]byte, 300)
	n, err := unix.Getxattr(path, originAttr, b)
	if _, gone := os.Stat(path); gone != nil || string(b[:max(n, 0)]) != want {
		t.Errorf("%s is marked %q (%v), want %q", path, b[:max(n, 0)], err, want)
	}
}

// TestWhatArrivesIsMarked copies files and trees both ways. A mark that the source
// has, which its owner could set to anything, is not the copy's.
func TestWhatArrivesIsMarked(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		fromAgent := "deskside:agent/" + r.c.Agent.String()
		for _, dir := range []string{r.mine("tree"), r.at("far")} {
			for _, name := range []string{"a", "sub/b"} {
				p := filepath.Join(dir, name)
				must(t, os.MkdirAll(filepath.Dir(p), 0o755))
				write(t, p, []byte("text"))
				if err := unix.Setxattr(p, originAttr, []byte("https://bank.example/"), 0); err != nil && !errors.Is(err, unix.ENOTSUP) {
					t.Fatal(err)
				}
				must(t, os.Chmod(p, 0o444))
			}
		}
		_, err := r.c.Put(ctx(t), r.mine("tree/a"), "one", xfer.Options{})
		must(t, err)
		wantMark(t, r.at("one"), "deskside:operator")
		_, err = r.c.PutTree(ctx(t), r.mine("tree"), "tree", xfer.TreeOptions{})
		must(t, err)
		wantMark(t, r.at("tree/a"), "deskside:operator")
		wantMark(t, r.at("tree/sub/b"), "deskside:operator")

		_, err = r.c.Get(ctx(t), "far/a", r.mine("one"), xfer.Options{})
		must(t, err)
		wantMark(t, r.mine("one"), fromAgent)
		_, err = r.c.GetTree(ctx(t), "far", r.mine("far"), xfer.TreeOptions{})
		must(t, err)
		wantMark(t, r.mine("far/sub/b"), fromAgent)

		_, err = r.c.Get(ctx(t), "far/a", r.mine("plain"), xfer.Options{Unmarked: true})
		must(t, err)
		wantMark(t, r.mine("plain"), "")
	})
}
