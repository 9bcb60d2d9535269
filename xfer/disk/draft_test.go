package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"deskside"
	"deskside/xfer/tree"
)

// drafts are the ways in which a draft is made.
var drafts = map[string]func(*Dir) (*Draft, error){"as here": (*Dir).Draft, "with a hidden name": (*Dir).named}

// eachDraft runs test with each kind of draft, in a folder of its own, and checks
// that no hidden file is left.
func eachDraft(t *testing.T, test func(t *testing.T, path string, begin func(text string) *Draft)) {
	for name, how := range drafts {
		t.Run(name, func(t *testing.T) {
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
			test(t, path, func(text string) *Draft {
				f, err := how(dir)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := f.F.WriteString(text); err != nil {
					t.Fatal(err)
				}
				return f
			})
			list, err := os.ReadDir(path)
			for _, e := range list {
				if IsPartial(e.Name()) || err != nil {
					t.Errorf("left behind: %s, %v", e.Name(), err)
				}
			}
		})
	}
}

func TestDraft(t *testing.T) {
	eachDraft(t, func(t *testing.T, path string, begin func(string) *Draft) {
		holds := func(name, want string) {
			t.Helper()
			if got, err := os.ReadFile(filepath.Join(path, name)); err != nil || string(got) != want {
				t.Errorf("%s holds %q, %v, want %q", name, got, err, want)
			}
		}
		f := begin("one")
		if list, err := os.ReadDir(path); err != nil || len(list) > 1 || len(list) == 1 && !IsPartial(list[0].Name()) {
			t.Errorf("before it has its name there is %v, %v", list, err)
		}
		when := time.Unix(1e9, 123456789)
		if err := f.Dress(&tree.Head{Kind: tree.File, Mode: 0o640, ModTime: when}, false, ""); err != nil {
			t.Fatal(err)
		}
		if err := f.Name("a", false); err != nil {
			t.Fatal(err)
		}
		holds("a", "one")
		if info, err := os.Stat(filepath.Join(path, "a")); err != nil || !info.ModTime().Equal(when) {
			t.Errorf("its time is %v, %v", info.ModTime(), err)
		}
		if err := begin("two").Name("a", false); !errors.Is(err, fs.ErrExist) {
			t.Errorf("a name that is taken: %v", err)
		}
		holds("a", "one")
		if err := begin("three").Name("a", true); err != nil {
			t.Error(err)
		}
		holds("a", "three")
		begin("four").Drop()
		if err := os.Mkdir(filepath.Join(path, "folder"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := begin("five").Name("folder", true); deskside.CodeOf(err) != deskside.CodeExists {
			t.Errorf("in the place of a folder: %v", err)
		}
		if err := os.Symlink("a", filepath.Join(path, "link")); err == nil {
			if err := begin("six").Name("link", true); err != nil {
				t.Error(err)
			}
			holds("link", "six")
			holds("a", "three")
		}
	})
}
