//go:build linux

package serve

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"deskside"
	"deskside/xfer"
	"deskside/xfer/disk"
)

// randomTree makes a tree of every kind of thing that is kept, and of names of
// any bytes.
func randomTree(t *testing.T, top string, rnd *rand.Rand) {
	folders := []string{top}
	must(t, os.MkdirAll(top, 0o755))
	letters := []string{"a", "B", "é", "雪", "\xff", " ", "-", "\n", `\`, ":", "x"}
	name := func() string {
		text := "n"
		for range 1 + rnd.IntN(4) {
			text += letters[rnd.IntN(len(letters))]
		}
		return text
	}
	for range 60 {
		at := filepath.Join(folders[rnd.IntN(len(folders))], name())
		if _, err := os.Lstat(at); err == nil {
			continue
		}
		switch rnd.IntN(6) {
		case 0, 1:
			must(t, os.Mkdir(at, 0o755))
			folders = append(folders, at)
		case 2:
			must(t, os.Symlink(name(), at))
		case 3:
			f, err := os.Create(at)
			must(t, err)
			must(t, f.Truncate(int64(1<<20+rnd.IntN(1<<20))))
			_, err = f.WriteAt(noise(5000), int64(rnd.IntN(1<<20)))
			must(t, errors.Join(err, f.Close()))
		default:
			must(t, os.WriteFile(at, noise(rnd.IntN(3*disk.BufferSize)*rnd.IntN(2)), 0o644))
			must(t, os.Chmod(at, fs.FileMode(0o400+rnd.IntN(0o377))))
			if err := unix.Setxattr(at, "user.note", []byte(filepath.Base(at)), 0); err != nil && !errors.Is(err, unix.ENOTSUP) {
				t.Fatal(err)
			}
		}
	}
	for i := len(folders) - 1; i >= 0; i-- {
		must(t, filepath.WalkDir(folders[i], func(p string, d fs.DirEntry, err error) error {
			when := time.Unix(rnd.Int64N(2e9), rnd.Int64N(1e9))
			if err != nil || d.Type()&fs.ModeSymlink != 0 || d.IsDir() && p != folders[i] {
				return err
			}
			return os.Chtimes(p, when, when)
		}))
	}
}

// told describes all of a tree in text, slowly and from outside.
func told(t *testing.T, top string) (lines []string) {
	must(t, filepath.WalkDir(top, func(p string, d fs.DirEntry, err error) error {
		must(t, err)
		info, err := os.Lstat(p)
		must(t, err)
		rel, err := filepath.Rel(top, p)
		must(t, err)
		line := fmt.Sprintf("%q %v", rel, info.Mode())
		if d.Type()&fs.ModeSymlink != 0 {
			to, err := os.Readlink(p)
			must(t, err)
			line += " " + to
		} else {
			line += " " + info.ModTime().UTC().Format(time.RFC3339Nano)
		}
		if info.Mode().IsRegular() {
			data, err := os.ReadFile(p)
			must(t, err)
			note := make([]byte, 4096)
			n, _ := unix.Getxattr(p, "user.note", note)
			line += fmt.Sprintf(" %d %x %q", info.Size(), disk.SumOf(data), note[:max(n, 0)])
		}
		lines = append(lines, line)
		return nil
	}))
	return lines
}

func wantTold(t *testing.T, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("line %d of %d and %d:\n got %q\nwant %q", i, len(got), len(want), got[min(i, len(got)-1)], want[min(i, len(want)-1)])
		}
	}
}

// TestTreesRoundTrip copies trees there and back, and again: what comes is what
// was, and nothing is copied twice.
func TestTreesRoundTrip(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		for seed := range uint64(8) {
			rnd := rand.New(rand.NewPCG(seed, 1))
			name := fmt.Sprint("t", seed)
			randomTree(t, r.mine(name), rnd)
			want := told(t, r.mine(name))
			put, err := r.c.PutTree(ctx(t), r.mine(name), name, xfer.TreeOptions{})
			if err != nil || put.Failed != nil {
				t.Fatalf("put: %v %+v, %v", put, put.Failed, err)
			}
			wantTold(t, told(t, r.at(name)), want)
			get, err := r.c.GetTree(ctx(t), name, r.mine("back-"+name), xfer.TreeOptions{})
			if err != nil || get.Failed != nil {
				t.Fatalf("get: %+v, %v", get, err)
			}
			wantTold(t, told(t, r.mine("back-"+name)), want)
			for _, checksum := range []bool{false, true} {
				put, err = r.c.PutTree(ctx(t), r.mine(name), name, xfer.TreeOptions{Checksum: checksum})
				if err != nil || put.Files+put.Folders+put.Links != 0 || put.Same != get.Files {
					t.Errorf("put again: %+v, %v", put, err)
				}
				get, err := r.c.GetTree(ctx(t), name, r.mine("back-"+name), xfer.TreeOptions{Checksum: checksum})
				if err != nil || get.Files+get.Folders+get.Links != 0 || get.Same != put.Same {
					t.Errorf("get again: %+v, %v", get, err)
				}
			}
			wantTold(t, told(t, r.at(name)), want)
		}
		if left := append(partials(t, r.dir), partials(t, r.own)...); left != nil {
			t.Errorf("left behind: %q", left)
		}
	})
}

// TestSparseTrees copies files with islands of data on both sides of 4 GiB: as
// much room is taken as there is data, and no more crosses the wire.
func TestSparseTrees(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		must(t, os.Mkdir(r.mine("tree"), 0o755))
		f, err := os.Create(r.mine("tree/sparse"))
		must(t, err)
		const size = 5 << 30
		must(t, f.Truncate(size))
		for _, at := range []int64{0, 1 << 20, 4<<30 - 50_000, 4<<30 + 1<<20, size - 10} {
			_, err := f.WriteAt(noise(10), at)
			must(t, err)
		}
		must(t, f.Close())
		must(t, os.Truncate(r.mine("tree/sparse"), size))
		var moved int64
		o := xfer.TreeOptions{Options: xfer.Options{Progress: func(p xfer.Progress) { moved = p.Done }}}
		put, err := r.c.PutTree(ctx(t), r.mine("tree"), "tree", o)
		if err != nil || put.Files != 1 || put.Failed != nil || moved > 1<<20 {
			t.Fatalf("put: %+v, %v; %d bytes moved", put, err, moved)
		}
		get, err := r.c.GetTree(ctx(t), "tree", r.mine("back"), o)
		if err != nil || get.Files != 1 || moved > 1<<20 {
			t.Fatalf("get: %+v, %v; %d bytes moved", get, err, moved)
		}
		for _, path := range []string{r.at("tree/sparse"), r.mine("back/sparse")} {
			var st unix.Stat_t
			must(t, unix.Stat(path, &st))
			if st.Size != size || st.Blocks*512 > 1<<20 {
				t.Errorf("%s: %d bytes in %d blocks", path, st.Size, st.Blocks)
			}
			f, err := os.Open(path)
			must(t, err)
			for _, at := range []int64{0, 1 << 20, 4<<30 - 50_000, 4<<30 + 1<<20, size - 10} {
				got := make([]byte, 10)
				if _, err := f.ReadAt(got, at); err != nil || !bytes.Equal(got, noise(10)) {
					t.Errorf("%s at %d: %x, %v", path, at, got, err)
				}
			}
			must(t, f.Close())
		}
	})
}

// TestTreeOptions tries what may be asked of a copy of a tree, in each
// direction.
func TestTreeOptions(t *testing.T) {
	for _, way := range []string{"put", "get"} {
		t.Run(way, func(t *testing.T) {
			one(t, func(t *testing.T, r *rig) {
				from, to := r.mine("tree"), r.at("tree")
				do := func(o xfer.TreeOptions) (xfer.TreeResult, error) { return r.c.PutTree(ctx(t), from, "tree", o) }
				if way == "get" {
					from, to = to, from
					do = func(o xfer.TreeOptions) (xfer.TreeResult, error) { return r.c.GetTree(ctx(t), "tree", to, o) }
				}
				for _, name := range []string{"a.go", "b.o", "sub/c.go", "sub/d.o", "out/x", "keep/out"} {
					write(t, filepath.Join(from, name), []byte(name))
				}
				var steps []string
				each := func(s xfer.TreeStep) {
					if s.Do != xfer.StepSame {
						steps = append(steps, string(s.Do)+" "+s.Path)
					}
				}
				got, err := do(xfer.TreeOptions{DryRun: true, Each: each})
				if err != nil || got.Files != 6 || got.Folders < 3 || len(steps) < 9 {
					t.Errorf("dry run: %+v, %v, %q", got, err, steps)
				}
				wantNone(t, to)
				got, err = do(xfer.TreeOptions{Exclude: []string{"*.o", "/out", "keep/*"}})
				if err != nil || got.Files != 2 {
					t.Errorf("exclude: %+v, %v", got, err)
				}
				wantNone(t, filepath.Join(to, "out"))
				wantOnly(t, filepath.Join(to, "sub"), "c.go")
				if _, err := do(xfer.TreeOptions{Exclude: []string{"["}}); deskside.CodeOf(err) != deskside.CodeBadRequest {
					t.Errorf("a pattern that is none: %v", err)
				}
				other := []byte("xxxx")
				write(t, filepath.Join(to, "a.go"), other)
				got, err = do(xfer.TreeOptions{Keep: true})
				if err != nil || got.Kept != 1 || got.Files != 4 || got.Failed != nil {
					t.Errorf("keep: %+v, %v", got, err)
				}
				wantFile(t, filepath.Join(to, "a.go"), other)
				must(t, os.Chtimes(filepath.Join(to, "a.go"), time.Time{}, mtime(t, filepath.Join(from, "a.go"))))
				got, err = do(xfer.TreeOptions{})
				if err != nil || got.Same != 6 {
					t.Errorf("by size and time: %+v, %v", got, err)
				}
				got, err = do(xfer.TreeOptions{Checksum: true, Options: xfer.Options{Replace: true}})
				if err != nil || got.Same != 5 || got.Files != 1 {
					t.Errorf("by checksum: %+v, %v", got, err)
				}
				wantFile(t, filepath.Join(to, "a.go"), []byte("a.go"))
				write(t, filepath.Join(to, "old/one"), nil)
				write(t, filepath.Join(to, "old/two"), nil)
				write(t, filepath.Join(to, "sub/z.o"), nil)
				write(t, filepath.Join(to, "sub/zz"), nil)
				steps = nil
				got, err = do(xfer.TreeOptions{Delete: true, DryRun: true, Exclude: []string{"*.o"}, Each: each})
				if err != nil || got.Deleted != 2 || !slices.Equal(steps, []string{"delete old", "delete sub/zz"}) {
					t.Errorf("would delete: %+v, %v, %q", got, err, steps)
				}
				got, err = do(xfer.TreeOptions{Delete: true, Exclude: []string{"*.o"}})
				if err != nil || got.Deleted != 2 || got.Failed != nil {
					t.Errorf("deleted: %+v, %v", got, err)
				}
				wantOnly(t, to, "a.go", "b.o", "keep", "out", "sub")
				wantOnly(t, filepath.Join(to, "sub"), "c.go", "d.o", "z.o")
			})
		})
	}
}

func mtime(t *testing.T, path string) time.Time {
	info, err := os.Stat(path)
	must(t, err)
	return info.ModTime()
}

// TestTreeAudit: each file of a tree is in the audit, with its hash where it
// arrived, and without an audit none gets its name.
func TestTreeAudit(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		for i := range 300 {
			write(t, r.mine(fmt.Sprintf("tree/%03d", i)), []byte("x"))
		}
		_, err := r.c.PutTree(ctx(t), r.mine("tree"), "tree", xfer.TreeOptions{})
		must(t, err)
		_, err = r.c.GetTree(ctx(t), "tree", r.mine("back"), xfer.TreeOptions{})
		must(t, err)
		seen := map[string]int{}
		for _, e := range r.gate.EventsOf(deskside.EventFile) {
			if e.Detail["op"] == "PUT tree" && e.Detail["hash"] != hashOf("x") && e.Detail["kind"] == "" {
				t.Fatalf("the audit has %+v", e)
			}
			if strings.HasPrefix(e.Detail["path"], r.at("tree/")) {
				seen[e.Detail["op"]]++
			}
		}
		if seen["PUT tree"] != 300 || seen["POST fetch"] != 300 {
			t.Errorf("in the audit: %v", seen)
		}
		r.gate.FailRecord(errors.New("full"))
		_, err = r.c.PutTree(ctx(t), r.mine("tree"), "other", xfer.TreeOptions{})
		if err == nil {
			t.Error("copied without an audit")
		}
		r.gate.FailRecord(nil)
		wantNone(t, r.at("other/000"))
	})
}

// TestFoldersAfterABreak: what the first, broken copy made is in the end what one
// copy would have made.
func TestFoldersAfterABreak(t *testing.T) {
	for _, way := range []string{"put", "get"} {
		t.Run(way, func(t *testing.T) {
			one(t, func(t *testing.T, r *rig) {
				from, to := r.mine, r.at
				do := func(c context.Context, o xfer.TreeOptions) (xfer.TreeResult, error) {
					return r.c.PutTree(c, r.mine("src"), "got", o)
				}
				if way == "get" {
					from, to = to, from
					do = func(c context.Context, o xfer.TreeOptions) (xfer.TreeResult, error) {
						return r.c.GetTree(c, "src", r.mine("got"), o)
					}
				}
				for i := range 3 {
					write(t, from(fmt.Sprintf("src/d%d/f", i)), noise(100))
				}
				write(t, from("src/z"), noise(8<<20))
				c, cancel := context.WithCancel(ctx(t))
				var o xfer.TreeOptions
				o.Progress = func(p xfer.Progress) {
					if p.Total > 0 {
						cancel()
					}
				}
				if _, err := do(c, o); err == nil {
					t.Fatal("it was not broken")
				}
				if got, err := do(ctx(t), xfer.TreeOptions{}); err != nil || got.Failed != nil {
					t.Fatalf("%+v, %v", got, err)
				}
				for _, path := range []string{"got", "got/d0", "got/d1", "got/d2"} {
					info, err := os.Stat(to(path))
					must(t, err)
					if info.Mode().Perm() != 0o755 {
						t.Errorf("%s has %v, the source 0755", path, info.Mode())
					}
				}
			})
		})
	}
}

// TestTreeForOneWhoMayWriteAlone sends what it may not look at, and is refused
// what would be replaced or deleted unseen.
func TestTreeForOneWhoMayWriteAlone(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		write(t, r.mine("src/a"), []byte("a"))
		write(t, r.mine("src/b/c"), []byte("c"))
		rights := deskside.RightsOf(deskside.FilesWrite)
		r.c.Ticket = fixed(r.gate.Issue(deskside.Xfer, rights))
		r.gate.SetRights(rights)
		if got, err := r.c.PutTree(ctx(t), r.mine("src"), "dst", xfer.TreeOptions{}); err != nil || got.Files != 2 || len(got.Failed) > 0 {
			t.Errorf("%+v, %v", got, err)
		}
		write(t, r.mine("src/a"), []byte("other"))
		if got, err := r.c.PutTree(ctx(t), r.mine("src"), "dst", xfer.TreeOptions{}); err != nil || len(got.Failed) == 0 {
			t.Errorf("another file of that name: %+v, %v", got, err)
		}
		_, err := r.c.PutTree(ctx(t), r.mine("src"), "dst", xfer.TreeOptions{Delete: true})
		wantCode(t, err, deskside.CodeNoRight)
	})
}
