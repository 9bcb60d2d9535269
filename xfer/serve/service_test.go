//go:build unix

package serve

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"deskside/internal/await"
	"deskside/xfer"
	"deskside/xfer/disk"

	"deskside"
)

func TestGetPut(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		when := time.Date(2021, 3, 4, 5, 6, 7, 123456789, time.UTC)
		for _, size := range []int{0, 1, disk.BufferSize - 1, disk.BufferSize, 3*disk.BufferSize + 17} {
			name := fmt.Sprintf("file-%d", size)
			data := write(t, r.mine(name), noise(size))
			if err := errors.Join(os.Chmod(r.mine(name), 0o751), os.Chtimes(r.mine(name), when, when)); err != nil {
				t.Fatal(err)
			}
			var last xfer.Progress
			sent, err := r.c.Put(ctx(t), r.mine(name), name, xfer.Options{Progress: func(p xfer.Progress) { last = p }})
			if err != nil {
				t.Fatalf("put %d bytes: %v", size, err)
			}
			if size > 0 && (last.Done != int64(size) || last.Total != int64(size)) {
				t.Errorf("progress ended at %+v", last)
			}
			if sent.Path != r.at(name) {
				t.Errorf("the receipt names %q, want %q", sent.Path, r.at(name))
			}
			wantFile(t, r.at(name), data)
			wantMeta(t, r.at(name), 0o751, when)
			back, err := r.c.Get(ctx(t), r.at(name), r.mine("back-"+name), xfer.Options{})
			if err != nil || back.Hash != sent.Hash {
				t.Fatalf("get %d bytes: %v, hash %s, sent %s", size, err, back.Hash, sent.Hash)
			}
			wantFile(t, r.mine("back-"+name), data)
			wantMeta(t, r.mine("back-"+name), 0o751, when)
		}
		if left := append(partials(t, r.dir), partials(t, r.own)...); left != nil {
			t.Errorf("left behind: %q", left)
		}
	})
}

func wantMeta(t *testing.T, path string, mode os.FileMode, when time.Time) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != mode || !info.ModTime().Equal(when) {
		t.Errorf("%s has %v %v, want %v %v", path, info.Mode(), info.ModTime(), mode, when)
	}
}

func TestStreams(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		data := noise(disk.BufferSize + 5)
		src := xfer.Source{Reader: bytes.NewReader(data), Name: "page", Size: int64(len(data))}
		if _, err := r.c.Send(ctx(t), src, "a", xfer.Options{}); err != nil {
			t.Fatal(err)
		}
		d, err := r.c.Open(ctx(t), "a", xfer.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		got, err := io.ReadAll(d)
		if err != nil || !bytes.Equal(got, data) || d.Size != int64(len(data)) || d.Mode != 0o644 {
			t.Fatalf("read %d bytes of %d, mode %v: %v", len(got), d.Size, d.Mode, err)
		}
		for name, src := range map[string]xfer.Source{
			"short": {Reader: bytes.NewReader(data[1:]), Size: int64(len(data))},
			"long":  {Reader: bytes.NewReader(append(data, 1)), Size: int64(len(data))},
		} {
			_, err := r.c.Send(ctx(t), src, name, xfer.Options{})
			wantCode(t, err, deskside.CodeConflict)
		}
		wantOnly(t, r.dir, "a")
	})
}

// TestStart reads beginnings: what is asked for is sent, and told to the audit.
func TestStart(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		data := write(t, r.at("a"), noise(disk.BufferSize+5))
		write(t, r.at("empty"), nil)
		for _, n := range []int{1, 4096, len(data), len(data) + 1} {
			head, meta, err := r.c.Start(ctx(t), "a", int64(n))
			if err != nil || !bytes.Equal(head, data[:min(n, len(data))]) || meta.Size != int64(len(data)) {
				t.Errorf("the first %d: %d of %d, %v", n, len(head), meta.Size, err)
			}
		}
		await.True(t, "the ends in the audit", func() bool { return len(r.gate.EventsOf(deskside.EventTransferEnd)) == 4 })
		if d := r.gate.EventsOf(deskside.EventTransferEnd)[1].Detail; d["range"] != "bytes=0-4095" || d["bytes"] != "4096" {
			t.Errorf("the audit has %v", d)
		}
		if head, meta, err := r.c.Start(ctx(t), "empty", 10); err != nil || len(head) != 0 || meta.Size != 0 {
			t.Errorf("of nothing: %q of %d, %v", head, meta.Size, err)
		}
	})
}

func TestExisting(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		old := write(t, r.at("a"), []byte("old"))
		fresh := write(t, r.mine("a"), []byte("fresh"))
		_, err := r.c.Put(ctx(t), r.mine("a"), "a", xfer.Options{})
		wantCode(t, err, deskside.CodeExists)
		wantFile(t, r.at("a"), old)
		_, err = r.c.Get(ctx(t), "a", r.mine("a"), xfer.Options{})
		wantCode(t, err, deskside.CodeExists)
		wantFile(t, r.mine("a"), fresh)
		if _, err = r.c.Put(ctx(t), r.mine("a"), "a", xfer.Options{Replace: true}); err != nil {
			t.Fatal(err)
		}
		wantFile(t, r.at("a"), fresh)
		if err := os.Mkdir(r.at("dir"), 0o755); err != nil {
			t.Fatal(err)
		}
		_, err = r.c.Put(ctx(t), r.mine("a"), "dir", xfer.Options{Replace: true})
		wantCode(t, err, deskside.CodeExists)
		wantOnly(t, r.dir, "a", "dir")
	})
}

func TestFolders(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		if _, err := r.c.Mkdir(ctx(t), "docs", 0); err != nil {
			t.Fatal(err)
		}
		_, err := r.c.Mkdir(ctx(t), "docs", 0)
		wantCode(t, err, deskside.CodeExists)
		_, err = r.c.Mkdir(ctx(t), "none/docs", 0)
		wantCode(t, err, deskside.CodeNotFound)
		data := write(t, r.at("docs/a"), []byte("a"))
		write(t, r.at("docs/b"), []byte("b"))
		_, err = r.c.Rename(ctx(t), "docs/a", "docs/b", false)
		wantCode(t, err, deskside.CodeExists)
		if e, err := r.c.Rename(ctx(t), "docs/a", r.at("docs/b"), true); err != nil || e.Name != "b" {
			t.Fatalf("rename: %+v, %v", e, err)
		}
		wantFile(t, r.at("docs/b"), data)
		if _, err := r.c.Rename(ctx(t), "docs", "papers", false); err != nil {
			t.Fatal(err)
		}
		_, err = r.c.Rename(ctx(t), "papers", "papers/in", false)
		wantCode(t, err, deskside.CodeBadRequest)
		_, err = r.c.Rename(ctx(t), "none", "x", false)
		wantCode(t, err, deskside.CodeNotFound)
		wantCode(t, r.c.Delete(ctx(t), "papers", false), deskside.CodeConflict)
		wantCode(t, r.c.Delete(ctx(t), "none", true), deskside.CodeNotFound)
		wantCode(t, r.c.Delete(ctx(t), r.dir, true), deskside.CodeDenied)
		if err := r.c.Delete(ctx(t), "papers", true); err != nil {
			t.Fatal(err)
		}
		wantOnly(t, r.dir)
	})
}

func TestDeleteFollowsNoLink(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		kept := write(t, filepath.Join(r.own, "kept"), []byte("x"))
		write(t, r.at("tree/deep/er/file"), []byte("y"))
		for _, link := range []string{"tree/out", "tree/deep/out"} {
			if err := os.Symlink(r.own, r.at(link)); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.c.Delete(ctx(t), "tree", true); err != nil {
			t.Fatal(err)
		}
		wantOnly(t, r.dir)
		wantFile(t, filepath.Join(r.own, "kept"), kept)
	})
}

func TestList(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		write(t, r.at("file"), []byte("12345"))
		write(t, r.at("sub/x"), nil)
		write(t, r.at("odd\xff"), nil)
		write(t, r.at("CON"), nil)
		write(t, r.at("back\\slash"), nil)
		must(t, os.Symlink("sub", r.at("in")))
		must(t, os.Symlink("/etc", r.at("out")))
		must(t, os.Symlink("nowhere", r.at("dangling")))
		must(t, syscall.Mkfifo(r.at("pipe"), 0o600))
		got := map[string]xfer.Entry{}
		if err := r.c.List(ctx(t), "", func(e xfer.Entry) bool { got[e.Raw()] = e; return true }); err != nil {
			t.Fatal(err)
		}
		want := map[string]struct {
			kind disk.Kind
			why  string
		}{
			"file": {disk.File, ""}, "sub": {disk.Folder, ""}, "odd\xff": {disk.File, ""},
			"CON": {disk.File, ""}, `back\slash`: {disk.File, "backslash"},
			"in": {disk.Link, ""}, "out": {disk.Link, "leads out"}, "dangling": {disk.Link, "leads to nothing"},
			"pipe": {disk.Pipe, "only files are copied"},
		}
		for name, w := range want {
			e, ok := got[name]
			if !ok || e.Kind != w.kind || (w.why == "") != (e.Why == "") || !strings.Contains(e.Why, w.why) {
				t.Errorf("%q is listed as %+v, want %s and %q", name, e, w.kind, w.why)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%d entries, want %d", len(got), len(want))
		}
		if e := got["file"]; e.Size != 5 || e.Mode != 0o644 || e.ModTime.IsZero() {
			t.Errorf("the file is listed as %+v", e)
		}
		if got["out"].Target != "/etc" {
			t.Errorf("the link is listed as %+v", got["out"])
		}
		_, err := r.c.Page(ctx(t), "file", "", 0)
		wantCode(t, err, deskside.CodeBadRequest)
		_, err = r.c.Page(ctx(t), "none", "", 0)
		wantCode(t, err, deskside.CodeNotFound)
	})
}

func TestListPages(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		const count = 10_000
		for i := range count {
			write(t, r.at(fmt.Sprintf("file %05d", i)), nil)
		}
		next := 0
		err := r.c.List(ctx(t), "", func(e xfer.Entry) bool {
			if e.Name != fmt.Sprintf("file %05d", next) {
				t.Fatalf("entry %d is %q", next, e.Name)
			}
			next++
			return true
		})
		if err != nil || next != count {
			t.Fatalf("%d entries, %v", next, err)
		}
		p, err := r.c.Page(ctx(t), "", "file 09998", 7)
		if err != nil || len(p.Entries) != 1 || p.More {
			t.Errorf("the last page: %+v, %v", p, err)
		}
		p, err = r.c.Page(ctx(t), "", "", 7)
		if err != nil || len(p.Entries) != 7 || !p.More {
			t.Errorf("the first page: %+v, %v", p, err)
		}
	})
}

func TestNames(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		data := write(t, r.mine("a"), noise(1000))
		for _, name := range []string{
			strings.Repeat("n", disk.MaxName), "Страхование 雪 ☃.txt", "bytes\xff\xfe", "new\nline", "quote\"'`", "-rf", " lead", "a%2fb?c#d&e=f;g+h",
			"decomposed e\u0301", "rtl \u202egpj.exe", "esc \x1b[31m \x7f",
		} {
			if _, err := r.c.Put(ctx(t), r.mine("a"), name, xfer.Options{}); err != nil {
				t.Fatalf("put %q: %v", name, err)
			}
			wantFile(t, r.at(name), data)
			if _, err := r.c.Get(ctx(t), name, r.mine("back"), xfer.Options{Replace: true}); err != nil {
				t.Fatalf("get %q: %v", name, err)
			}
			if err := r.c.Delete(ctx(t), name, false); err != nil {
				t.Fatalf("delete %q: %v", name, err)
			}
		}
		wantOnly(t, r.dir)
	})
}

func TestTraversal(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		secret := write(t, r.mine("secret"), []byte("secret"))
		write(t, r.mine("new"), []byte("new"))
		must(t, os.Symlink(r.own, r.at("out")))
		must(t, os.Symlink(r.mine("secret"), r.at("file")))
		must(t, os.Symlink("../"+filepath.Base(r.own), r.at("up")))
		must(t, os.Symlink("loop", r.at("loop")))
		up := strings.Repeat("../", 20)
		for _, path := range []string{
			r.mine("secret"), "/etc/passwd", "../x", up + "etc/passwd", r.dir + "/../x", "out/secret", "up/secret", "file", "loop",
			"a/\x00", "out/../secret", strings.Repeat("x/", 3000), strings.Repeat("y", 300), `..\secret`, "NUL", "a/COM1/b", r.dir + "x/secret",
		} {
			_, err := r.c.Get(ctx(t), path, r.mine("got"), xfer.Options{})
			wantRefused(t, "get", path, err)
			_, err = r.c.Open(ctx(t), path, xfer.Options{})
			wantRefused(t, "open", path, err)
			_, err = r.c.Page(ctx(t), path, "", 0)
			wantRefused(t, "list", path, err)
		}
		for _, path := range []string{r.mine("x"), "out/x", "up/x", "../x", `a\b`, disk.PartialName(r.net.Operator.ID(), "x", 1, time.Now())} {
			_, err := r.c.Put(ctx(t), r.mine("new"), path, xfer.Options{Replace: true})
			wantRefused(t, "put", path, err)
			_, err = r.c.Mkdir(ctx(t), path, 0)
			wantRefused(t, "mkdir", path, err)
			write(t, r.at("here"), nil)
			_, err = r.c.Rename(ctx(t), "here", path, true)
			wantRefused(t, "rename", path, err)
		}
		wantCode(t, r.c.Delete(ctx(t), "out/secret", false), deskside.CodeDenied)
		wantFile(t, r.mine("secret"), secret)
		wantOnly(t, r.own, "new", "secret")
		wantOnly(t, r.dir, "file", "here", "loop", "out", "up")
	})
}

func wantRefused(t *testing.T, what, path string, err error) {
	t.Helper()
	switch deskside.CodeOf(err) {
	case deskside.CodeDenied, deskside.CodeBadRequest, deskside.CodeConflict, deskside.CodeNotFound:
	default:
		t.Errorf("%s %.60q: %v", what, path, err)
	}
}

// TestLinkReplaced puts through a link to a file that lies outside: the link is
// replaced, what it led to is not touched.
func TestLinkReplaced(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		old := write(t, r.mine("target"), []byte("old"))
		fresh := write(t, r.mine("new"), []byte("new"))
		must(t, os.Symlink(r.mine("target"), r.at("link")))
		if _, err := r.c.Put(ctx(t), r.mine("new"), "link", xfer.Options{Replace: true}); err != nil {
			t.Fatal(err)
		}
		wantFile(t, r.mine("target"), old)
		wantFile(t, r.at("link"), fresh)
	})
}

func TestInnerLinks(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		data := write(t, r.at("real/deep/file"), []byte("data"))
		must(t, os.Symlink("real/deep", r.at("short")))
		must(t, os.Symlink(r.at("real"), r.at("absolute")))
		must(t, os.Symlink("../short/../deep/file", r.at("real/round")))
		for _, path := range []string{"short/file", "absolute/deep/file", "real/round"} {
			if _, err := r.c.Get(ctx(t), path, r.mine("got"), xfer.Options{Replace: true}); err != nil {
				t.Fatalf("get %s: %v", path, err)
			}
			wantFile(t, r.mine("got"), data)
		}
		write(t, r.mine("new"), []byte("new"))
		if _, err := r.c.Put(ctx(t), r.mine("new"), "short/new", xfer.Options{}); err != nil {
			t.Fatal(err)
		}
		wantOnly(t, r.at("real/deep"), "file", "new")
		if e, err := r.c.Stat(ctx(t), "real/round", false); err != nil || e.Kind != disk.Link {
			t.Errorf("stat of the link: %+v, %v", e, err)
		}
		if e, err := r.c.Stat(ctx(t), "real/round", true); err != nil || e.Kind != disk.File || e.Size != 4 {
			t.Errorf("stat through the link: %+v, %v", e, err)
		}
	})
}

// TestSwappedFolder exchanges a folder for a link while files are put into it
// again and again. Wherever a file went, it is not outside.
func TestSwappedFolder(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		write(t, r.mine("new"), noise(100))
		outside := filepath.Join(r.own, "outside")
		must(t, os.Mkdir(outside, 0o755))
		must(t, os.Mkdir(r.at("dir"), 0o755))
		must(t, os.Symlink(outside, r.at("link")))
		stop, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			for {
				select {
				case <-stop:
					return
				default:
					os.Rename(r.at("dir"), r.at("aside"))
					os.Rename(r.at("link"), r.at("dir"))
					os.Rename(r.at("dir"), r.at("link"))
					os.Rename(r.at("aside"), r.at("dir"))
				}
			}
		}()
		for range 150 {
			r.c.Put(ctx(t), r.mine("new"), "dir/x", xfer.Options{Replace: true})
			r.c.Mkdir(ctx(t), "dir/d", 0)
			r.c.Delete(ctx(t), "dir/d", true)
		}
		close(stop)
		<-done
		wantOnly(t, outside)
	})
}

func TestKinds(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		must(t, syscall.Mkfifo(r.at("pipe"), 0o600))
		must(t, os.Mkdir(r.at("dir"), 0o755))
		for _, path := range []string{"pipe", "dir", ""} {
			_, err := r.c.Open(ctx(t), path, xfer.Options{})
			wantCode(t, err, deskside.CodeBadRequest)
		}
		r.setRoots(xfer.Root{Name: "dev", Path: "/dev"})
		_, err := r.c.Open(ctx(t), "null", xfer.Options{})
		wantCode(t, err, deskside.CodeBadRequest)
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
