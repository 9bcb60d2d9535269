package here

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"deskside"
)

// folder gives an open folder with a few files beside one that is nobody's
// business.
func folder(t *testing.T) *Folder {
	t.Helper()
	top := t.TempDir()
	for name, text := range map[string]string{"in/a.txt": "a", "in/sub/b.txt": "bb", "secret": "s"} {
		p := filepath.Join(top, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := Open(filepath.Join(top, "in"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func paths(t *testing.T, f *Folder, dir string) (list []string) {
	t.Helper()
	entries, _, err := f.List(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, e.Path)
	}
	slices.Sort(list)
	return list
}

func TestListing(t *testing.T) {
	f := folder(t)
	for dir, want := range map[string][]string{"/": {"/a.txt", "/sub"}, "": {"/a.txt", "/sub"}, "/sub": {"/sub/b.txt"}, "sub/": {"/sub/b.txt"}} {
		if got := paths(t, f, dir); !slices.Equal(got, want) {
			t.Errorf("%q has %v, want %v", dir, got, want)
		}
	}
}

func TestNothingLeavesTheFolder(t *testing.T) {
	f := folder(t)
	for name, target := range map[string]string{"out": "..", "file": "../secret", "abs": filepath.Dir(f.Path()), "twice": "sub/../.."} {
		if err := os.Symlink(target, filepath.Join(f.Path(), name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range []string{"..", "/..", "/../secret", "sub/../../secret", "/out/secret", "/abs/secret", "/twice/secret", "/file", "/a\x00b", strings.Repeat("x/", 300)} {
		if at, err := f.At(p, true); err == nil {
			t.Errorf("%q led to %v", p, at.Abs)
			at.Close()
		}
		if _, _, err := f.List(t.Context(), p); err == nil {
			t.Errorf("%q was listed", p)
		}
		if p == "/file" {
			continue // the link itself lies in the folder
		}
		if err := f.Rename(t.Context(), p, "/got"); err == nil {
			t.Errorf("%q was renamed", p)
		}
		if err := f.Rename(t.Context(), "/a.txt", p); err == nil {
			t.Errorf("a.txt was put at %q", p)
		}
	}
	if text, err := os.ReadFile(filepath.Join(filepath.Dir(f.Path()), "secret")); err != nil || string(text) != "s" {
		t.Errorf("what lies beside the folder is %q (%v)", text, err)
	}
}

func TestTrashAndBack(t *testing.T) {
	f, now := folder(t), time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)
	to, err := Discard(t.Context(), f, "/", "/sub", now)
	if err != nil || to != "/Deskside trash/2026-11-23 14.00.00 sub" {
		t.Fatalf("it is at %q (%v)", to, err)
	}
	if got := paths(t, f, "/"); !slices.Equal(got, []string{"/Deskside trash", "/a.txt"}) {
		t.Errorf("there are %v", got)
	}
	if err := f.Mkdir(t.Context(), "/sub"); err != nil {
		t.Fatal(err)
	}
	second, err := Discard(t.Context(), f, "/", "/sub", now)
	if err != nil || second == to {
		t.Errorf("the second of the name is at %q (%v)", second, err)
	}
	if err := f.Rename(t.Context(), to, "/sub"); err != nil {
		t.Fatal(err)
	}
	if got := paths(t, f, "/sub"); !slices.Equal(got, []string{"/sub/b.txt"}) {
		t.Errorf("undone there are %v", got)
	}
	for _, p := range []string{"/Deskside trash", second} {
		if _, err := Discard(t.Context(), f, "/", p, now); deskside.CodeOf(err) != deskside.CodeBadRequest {
			t.Errorf("discard %q: %v", p, err)
		}
	}
	if err := f.Delete(t.Context(), "/sub"); deskside.CodeOf(err) != deskside.CodeDenied {
		t.Errorf("delete what is not in the trash: %v", err)
	}
	if err := f.Delete(t.Context(), second); err != nil {
		t.Error(err)
	}
}

func TestRenameReplacesNothing(t *testing.T) {
	f := folder(t)
	for _, c := range []struct {
		from, to string
		want     deskside.Code
	}{
		{"/a.txt", "/sub/b.txt", deskside.CodeExists},
		{"/none", "/x", deskside.CodeNotFound},
		{"/sub", "/sub/in", deskside.CodeBadRequest},
		{"/", "/x", deskside.CodeBadRequest},
	} {
		if err := f.Rename(t.Context(), c.from, c.to); deskside.CodeOf(err) != c.want {
			t.Errorf("%q to %q: %v, want %s", c.from, c.to, err, c.want)
		}
	}
}
