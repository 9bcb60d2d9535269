package identity

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"deskside"
)

// place gives the path of a file in a directory of the test's own that is not
// there yet.
func place(t testing.TB, name string) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "home", name)
}

func TestCreateAndLoad(t *testing.T) {
	path := place(t, "key.pem")
	if _, err := Load(path); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("load what is not there: %v, want fs.ErrNotExist", err)
	}
	made, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := Load(path)
	if err != nil || loaded.ID() != made.ID() {
		t.Fatalf("loaded %v, %v; want %s", loaded, err, made.ID())
	}
	if _, err := Create(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("create over another: %v, want fs.ErrExist", err)
	}
	for name, want := range map[string]fs.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: mode %v, %v; want %v", name, info.Mode(), err, want)
		}
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("the directory holds %v, %v; want the key alone", left, err)
	}
}

func TestLoadOrCreateAtOnce(t *testing.T) {
	path := place(t, "key.pem")
	var work sync.WaitGroup
	ids := make([]*Identity, 16)
	for i := range ids {
		work.Go(func() {
			id, err := LoadOrCreate(path)
			if err != nil {
				t.Error(err)
			}
			ids[i] = id
		})
	}
	work.Wait()
	for _, id := range ids {
		if id == nil || id.ID() != ids[0].ID() {
			t.Fatal("several identities were made of one file")
		}
	}
}

func TestLoadRefusesPlaces(t *testing.T) {
	for what, spoil := range map[string]func(path string) error{
		"a file others may read":       func(p string) error { return os.Chmod(p, 0o640) },
		"a file others may write":      func(p string) error { return os.Chmod(p, 0o602) },
		"a directory others may list":  func(p string) error { return os.Chmod(filepath.Dir(p), 0o755) },
		"a directory others may write": func(p string) error { return os.Chmod(filepath.Dir(p), 0o720) },
		"a replaceable directory":      func(p string) error { return os.Chmod(filepath.Dir(filepath.Dir(p)), 0o777) },
	} {
		path := place(t, "key.pem")
		if _, err := Create(path); err != nil {
			t.Fatal(err)
		}
		if err := spoil(path); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path)
		e := deskside.AsError(err)
		if e.Code != deskside.CodeDenied || !strings.Contains(e.Do, "chmod") {
			t.Errorf("%s: %v (%s, do %q); want denied and a chmod", what, err, e.Code, e.Do)
		}
		if _, err := LoadOrCreate(path); err == nil {
			t.Errorf("%s: LoadOrCreate took it", what)
		}
	}
}

func TestCreateRefusesPlaces(t *testing.T) {
	path := place(t, "key.pem")
	if err := os.Mkdir(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(path); deskside.CodeOf(err) != deskside.CodeDenied {
		t.Errorf("created in a directory others may list: %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("and left a file: %v", err)
	}
}

// Others may read a policy or a program, and nothing more.
func TestCheckUnwritable(t *testing.T) {
	other := func(p string) error { return os.Chown(p, 65534, 65534) }
	dir := filepath.Dir
	for what, c := range map[string]struct {
		spoil func(path string) error
		code  deskside.Code
	}{
		"as it was made":               {func(string) error { return nil }, ""},
		"a file others may read":       {func(p string) error { return os.Chmod(p, 0o755) }, ""},
		"a directory others may list":  {func(p string) error { return os.Chmod(dir(p), 0o755) }, ""},
		"a sticky directory":           {func(p string) error { return os.Chmod(dir(p), 0o777|fs.ModeSticky) }, ""},
		"a file others may write":      {func(p string) error { return os.Chmod(p, 0o602) }, deskside.CodeDenied},
		"a file a group may write":     {func(p string) error { return errors.Join(os.Chmod(p, 0o620), anotherGroup(p)) }, deskside.CodeDenied},
		"a directory others may write": {func(p string) error { return os.Chmod(dir(p), 0o702) }, deskside.CodeDenied},
		"a replaceable directory":      {func(p string) error { return os.Chmod(dir(dir(p)), 0o777) }, deskside.CodeDenied},
		"a file of another's":          {other, deskside.CodeDenied},
		"a directory of another's":     {func(p string) error { return other(dir(p)) }, deskside.CodeDenied},
	} {
		path := place(t, "policy.toml")
		if err := errors.Join(os.Mkdir(dir(path), 0o700), os.WriteFile(path, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
		if err := c.spoil(path); errors.Is(err, fs.ErrPermission) {
			continue // only root gives files away
		} else if err != nil {
			t.Fatal(err)
		}
		err := CheckUnwritable(path)
		if deskside.CodeOf(err) != c.code || err != nil && deskside.AsError(err).Do == "" {
			t.Errorf("%s: %v, want code %q and what to do", what, err, c.code)
		}
		if c.code != "" { // by a link as well, whatever is above the link
			link := filepath.Join(t.TempDir(), "link")
			if err := os.Symlink(path, link); err != nil {
				t.Fatal(err)
			}
			if err := CheckUnwritable(link); deskside.CodeOf(err) != c.code {
				t.Errorf("%s, by a link: %v", what, err)
			}
		}
	}
	if err := CheckUnwritable(place(t, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing there: %v", err)
	}
}

// A link that others can replace leads wherever they like.
func TestCheckUnwritableLooksAboveLinks(t *testing.T) {
	path := place(t, "policy.toml")
	if err := errors.Join(os.Mkdir(filepath.Dir(path), 0o700), os.WriteFile(path, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	open := t.TempDir()
	link := filepath.Join(open, "link")
	if err := errors.Join(os.Symlink(path, link), os.Chmod(open, 0o777)); err != nil {
		t.Fatal(err)
	}
	if err := CheckUnwritable(link); deskside.CodeOf(err) != deskside.CodeDenied {
		t.Errorf("got %v", err)
	}
}

// anotherGroup gives a file to a group that is not its owner's own, where that
// may be done: to one of the user's, or as root to any.
func anotherGroup(path string) error {
	if os.Geteuid() == 0 {
		return os.Chown(path, -1, 65534)
	}
	groups, err := os.Getgroups()
	if err != nil {
		return err
	}
	for _, g := range groups {
		if g != os.Getegid() {
			return os.Chown(path, -1, g)
		}
	}
	return fs.ErrPermission
}

func TestLoadFollowsLinks(t *testing.T) {
	path := place(t, "key.pem")
	if _, err := Create(path); err != nil {
		t.Fatal(err)
	}
	// By way of a link the real directory counts, and those above it.
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(filepath.Dir(path), link); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(filepath.Join(link, "key.pem")); err != nil {
		t.Errorf("by a link: %v", err)
	}
	if err := os.Chmod(filepath.Dir(filepath.Dir(path)), 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(filepath.Join(link, "key.pem")); deskside.CodeOf(err) != deskside.CodeDenied {
		t.Errorf("by a link to a replaceable directory: %v, want denied", err)
	}
}

func TestLoadRefusesContents(t *testing.T) {
	good := place(t, "key.pem")
	if _, err := Create(good); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for what, content := range map[string]string{
		"nothing": "", "no PEM": "hello", "twice": text + text, "something after": text + "x",
		"another block": strings.ReplaceAll(text, "PRIVATE KEY", "CERTIFICATE"),
		"too large":     strings.Repeat("#", maxKeyFile) + text,
		"another key":   ecKey, "cut short": text[:len(text)/2],
	} {
		path := place(t, "key.pem")
		if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadOrCreate(path); err == nil {
			t.Errorf("%s: taken", what)
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != content {
			t.Errorf("%s: the file was changed", what)
		}
	}
	dir := place(t, "key.pem")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); err == nil {
		t.Error("took a directory for a key")
	}
}

// ecKey is a key of another type, made for this test and used nowhere.
const ecKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgLSYAJ8vH349f8cEl
DOoSsEgd9ZLhVVKU20Jr19uxkwKhRANCAARRlTCQXhUWfT/sRrFKmNSOHG/YhyYC
vWc4Gg/2Y4GcjvptCASe8Evj+D8H4JOB2ndsC6Bos/9M+7tcoiQ6yylD
-----END PRIVATE KEY-----
`
