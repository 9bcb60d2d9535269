package serve

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"deskside"
	"deskside/transport/transporttest"
	"deskside/xfer"
	"deskside/xfer/tree"
)

// attrOf reads the user's attribute of a file.
func attrOf(t *testing.T, path string) string {
	t.Helper()
	b := make([]byte, 100)
	n, err := unix.Getxattr(path, "user.note", b)
	if err != nil {
		t.Errorf("%s: %v", path, err)
	}
	return string(b[:max(n, 0)])
}

// TestAttributesOfLongFiles: what a short file of a tree keeps a long one keeps too.
func TestAttributesOfLongFiles(t *testing.T) {
	one(t, func(t *testing.T, r *rig) {
		for name, n := range map[string]int{"small": 100, "large": xfer.LongFile + 1} {
			write(t, r.mine("src/"+name), noise(n))
			must(t, unix.Setxattr(r.mine("src/"+name), "user.note", []byte("kept"), 0))
		}
		if got, err := r.c.PutTree(ctx(t), r.mine("src"), "dst", xfer.TreeOptions{}); err != nil || got.Files != 2 {
			t.Fatalf("put: %+v, %v", got, err)
		}
		if got, err := r.c.GetTree(ctx(t), "dst", r.mine("back"), xfer.TreeOptions{}); err != nil || got.Files != 2 {
			t.Fatalf("get: %+v, %v", got, err)
		}
		for _, path := range []string{r.at("dst/small"), r.at("dst/large"), r.mine("back/small"), r.mine("back/large")} {
			if got := attrOf(t, path); got != "kept" {
				t.Errorf("%s has %q", path, got)
			}
		}
	})
}

// inMemoryDir makes a folder where attributes may be long.
func inMemoryDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "trees")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	return dir
}

// TestMoreAttributesThanATreeTakes: the file arrives with those that fit, which is
// said, and the others are not the worse for it.
func TestMoreAttributesThanATreeTakes(t *testing.T) {
	src, back := inMemoryDir(t), inMemoryDir(t)
	write(t, filepath.Join(src, "a"), []byte("a"))
	write(t, filepath.Join(src, "b"), []byte("b"))
	write(t, filepath.Join(src, "c"), []byte("c"))
	for _, name := range []string{"user.x", "user.y"} {
		must(t, unix.Setxattr(filepath.Join(src, "a"), name, noise(40<<10), 0))
	}
	for i := range 50 { // names of more than 4096 bytes
		must(t, unix.Setxattr(filepath.Join(src, "b"), fmt.Sprintf("user.%0200d", i), nil, 0))
	}
	transporttest.CheckLeaks(t)
	r := newRigIn(t, transporttest.New(t, deskside.Memory), Config{}, inMemoryDir(t), t.TempDir())
	for way, copy := range map[string]func() (xfer.TreeResult, error){
		"put": func() (xfer.TreeResult, error) { return r.c.PutTree(ctx(t), src, "dst", xfer.TreeOptions{}) },
		"get": func() (xfer.TreeResult, error) {
			write(t, r.at("from/c"), []byte("c"))
			for _, name := range []string{"a", "b"} {
				write(t, r.at("from/"+name), []byte(name))
			}
			for _, name := range []string{"user.x", "user.y"} {
				must(t, unix.Setxattr(r.at("from/a"), name, noise(40<<10), 0))
			}
			for i := range 50 {
				must(t, unix.Setxattr(r.at("from/b"), fmt.Sprintf("user.%0200d", i), nil, 0))
			}
			return r.c.GetTree(ctx(t), "from", filepath.Join(back, "got"), xfer.TreeOptions{})
		},
	} {
		got, err := copy()
		if err != nil || got.Files != 3 || got.Failed != nil || len(got.Skipped) != 2 {
			t.Errorf("%s: %+v, %v", way, got, err)
		}
	}
	for _, top := range []string{r.at("dst"), filepath.Join(back, "got")} {
		for _, name := range []string{"a", "b", "c"} {
			wantFile(t, filepath.Join(top, name), []byte(name))
		}
		x, errX := unix.Getxattr(filepath.Join(top, "a"), "user.x", nil)
		y, errY := unix.Getxattr(filepath.Join(top, "a"), "user.y", nil)
		if max(x, y) != 40<<10 || errX == nil && errY == nil {
			t.Errorf("%s/a: %d bytes, %v, and %d, %v; want those of one", top, x, errX, y, errY)
		}
		list := make([]byte, 64<<10)
		n, err := unix.Listxattr(filepath.Join(top, "b"), list)
		if kept := bytes.Count(list[:max(n, 0)], []byte("user.0")); kept != tree.MaxAttrs {
			t.Errorf("%s/b: %d attributes, %v", top, kept, err)
		}
	}
}

// TestOneUnreadableFile: a file that its disk cannot give, for whatever reason, is
// noted, and the rest is copied.
func TestOneUnreadableFile(t *testing.T) {
	const odd = "/sys/class/net/lo" // to read speed gives EINVAL
	list, err := os.ReadDir(odd + "/")
	must(t, err)
	var rest []string
	for _, e := range list {
		if e.Name() != "speed" {
			rest = append(rest, "/"+e.Name())
		}
	}
	one(t, func(t *testing.T, r *rig) {
		got, err := r.c.PutTree(ctx(t), odd, "dst", xfer.TreeOptions{Exclude: rest})
		if err != nil || len(got.Failed) != 1 {
			t.Errorf("put: %+v, %v", got, err)
		}
		real, err := filepath.EvalSymlinks(odd)
		must(t, err)
		r.setRoots(xfer.Root{Name: "odd", Path: real})
		got, err = r.c.GetTree(ctx(t), real, r.mine("got"), xfer.TreeOptions{Exclude: rest})
		if err != nil || len(got.Failed) != 1 {
			t.Errorf("get: %+v, %v", got, err)
		}
	})
}
