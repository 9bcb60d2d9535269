//go:build unix

package haul

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"deskside"
	"deskside/xfer/disk"
	"deskside/xfer/tree"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// thing is an entry to land, with a file's bytes.
type thing struct {
	tree.Head
	data string
}

func aFile(path, data string) thing {
	return thing{tree.Head{Kind: tree.File, Path: path, Size: int64(len(data)), Mode: 0o644, ModTime: time.Unix(1e9, 7)}, data}
}

func aFolder(path string) thing {
	return thing{tree.Head{Kind: tree.Folder, Path: path, Mode: 0o755, ModTime: time.Unix(1e9, 7)}, ""}
}

// land lets things arrive in the folder at path, and gives what became of them,
// and the codes of those that did not arrive by their paths.
func land(t *testing.T, path string, l *Landing, list ...thing) (Result, map[string]deskside.Code, error) {
	t.Helper()
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	var body bytes.Buffer
	w := tree.NewWriter(&body)
	for _, it := range list {
		must(t, w.Entry(&it.Head))
		if it.Kind == tree.File {
			io.WriteString(w, it.data)
			must(t, w.End(disk.SumOf([]byte(it.data))))
		}
	}
	must(t, w.Close())
	above, err := os.OpenRoot(filepath.Dir(path))
	must(t, err)
	defer above.Close()
	l.Top, err = disk.OpenDir(above, filepath.Base(path))
	must(t, err)
	defer l.Top.Close()
	err = add(l, tree.NewReader(&body, true))
	err = errors.Join(err, l.Close())
	failed := map[string]deskside.Code{}
	for _, n := range l.Result.Failed {
		failed[n.Path] = deskside.CodeOf(n.Err)
	}
	return l.Result, failed, err
}

func add(l *Landing, r *tree.Reader) error {
	for {
		rec, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = l.Add(rec.Head, r)
		}
		if err != nil {
			return err
		}
	}
}

// holds compares all files below a folder with what is wanted.
func holds(t *testing.T, top string, want map[string]string) {
	t.Helper()
	got := map[string]string{}
	must(t, filepath.WalkDir(top, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			name, _ := filepath.Rel(top, p)
			data, err := os.ReadFile(p)
			got[name] = string(data)
			return err
		}
		return err
	}))
	if len(got) != len(want) {
		t.Errorf("%d files, want %d", len(got), len(want))
	}
	for name, data := range want {
		if got[name] != data {
			t.Errorf("%s holds %.40q of %d bytes, want %.40q of %d", name, got[name], len(got[name]), data, len(data))
		}
	}
}

// TestManyFiles lands more files than two groups hold, of sizes around those that
// make a difference, onto nothing and then onto themselves.
func TestManyFiles(t *testing.T) {
	top, want := t.TempDir(), map[string]string{}
	var list []thing
	sizes := []int{0, 1, 4096, shortFile - 1, shortFile, shortFile + 1, disk.BufferSize + 1}
	for i := range 3 * groupFiles {
		if i%100 == 0 {
			list = append(list, aFolder(fmt.Sprintf("d%02d", i/100)))
		}
		size := 100
		if i%50 < len(sizes) {
			size = sizes[i%50]
		}
		f := aFile(fmt.Sprintf("d%02d/f%04d", i/100, i), strings.Repeat(fmt.Sprint(i%10), size))
		list, want[f.Path] = append(list, f), f.data
	}
	recorded := 0
	for _, replace := range []bool{false, true} {
		l := &Landing{Replace: replace, Record: func(a []Arrival) error {
			recorded += len(a)
			return nil
		}}
		got, failed, err := land(t, top, l, list...)
		if err != nil || len(failed) > 0 || got.Files != len(want) {
			t.Fatalf("replace=%v: %+v, %v", replace, got, err)
		}
		holds(t, top, want)
	}
	if recorded != 2*len(want)+len(list)-len(want) {
		t.Errorf("%d were recorded", recorded)
	}
	_, failed, err := land(t, top, new(Landing), list[:3]...)
	if err != nil || failed["d00/f0000"] != deskside.CodeExists {
		t.Errorf("onto files that may not go: %v, %v", failed, err)
	}
}

// TestSameNameManyTimes has a body with one name again and again: the name has
// one of them, whole.
func TestSameNameManyTimes(t *testing.T) {
	for _, replace := range []bool{false, true} {
		top := t.TempDir()
		var list []thing
		for i := range 200 {
			list = append(list, aFile("x", strings.Repeat(fmt.Sprint(i%10), 1000+i*300)))
		}
		got, _, err := land(t, top, &Landing{Replace: replace}, list...)
		if err != nil || !replace && got.Files != 1 {
			t.Errorf("replace=%v: %+v, %v", replace, got.Files, err)
		}
		data, err := os.ReadFile(filepath.Join(top, "x"))
		must(t, err)
		if !slices.ContainsFunc(list, func(f thing) bool { return f.data == string(data) }) {
			t.Errorf("replace=%v: a mixture of %d bytes", replace, len(data))
		}
		if names, err := os.ReadDir(top); err != nil || len(names) != 1 {
			t.Errorf("beside it: %v, %v", names, err)
		}
	}
}

// TestCaseClash has a file system that does not tell names by case: of two that
// differ in nothing else the second is told, and the first stays what it is.
func TestCaseClash(t *testing.T) {
	top := t.TempDir()
	got, failed, err := land(t, top, &Landing{Folds: true, Replace: true},
		aFolder("A"), aFile("A/x", "1"), aFile("README", "2"), aFile("Readme", "3"), aFolder("a"), aFile("a/x", "4"), aFile("a/y", "5"), aFile("é", "6"), aFile("É", "7"))
	want := map[string]deskside.Code{"Readme": deskside.CodeConflict, "a": deskside.CodeConflict, "É": deskside.CodeConflict}
	if err != nil || got.Files != 3 || fmt.Sprint(failed) != fmt.Sprint(want) {
		t.Errorf("%+v, failed %v, want %v; %v", got, failed, want, err)
	}
	holds(t, top, map[string]string{"A/x": "1", "README": "2", "é": "6"})
}

// TestOneFileTwoNames has a file system on which two names, between which nothing
// in their letters tells, are one: the second is told, and the first stays.
func TestOneFileTwoNames(t *testing.T) {
	top := t.TempDir()
	groups := 0
	l := &Landing{Folds: true, Replace: true, Record: func([]Arrival) error {
		if groups++; groups == 2 {
			return os.Link(filepath.Join(top, "one"), filepath.Join(top, "other"))
		}
		return nil
	}}
	list := []thing{aFile("one", "first")}
	for i := range groupFiles {
		list = append(list, aFile(fmt.Sprint("f", i), ""))
	}
	_, failed, err := land(t, top, l, append(list, aFile("other", "second"))...)
	if err != nil || len(failed) != 1 || failed["other"] != deskside.CodeConflict {
		t.Errorf("failed %v, %v", failed, err)
	}
	if data, err := os.ReadFile(filepath.Join(top, "one")); err != nil || string(data) != "first" {
		t.Errorf("it holds %q, %v", data, err)
	}
}

// TestOntoOtherKinds lands files and folders where something else has the name,
// which no replacing may take away.
func TestOntoOtherKinds(t *testing.T) {
	top := t.TempDir()
	in := func(name string) string { return filepath.Join(top, name) }
	must(t, syscall.Mkfifo(in("pipe"), 0o600))
	must(t, os.MkdirAll(in("folder/sub"), 0o755))
	must(t, os.WriteFile(in("file"), []byte("old"), 0o644))
	must(t, os.Symlink("folder", in("link")))
	long := strings.Repeat("l", shortFile+1)
	_, failed, err := land(t, top, &Landing{Replace: true},
		aFolder("file"), aFile("file/x", "new"), aFile("folder", "new"), aFile("folder/sub", long), aFolder("link"), aFile("link/x", "new"), aFile("pipe", "new"))
	for _, path := range []string{"file", "folder", "folder/sub", "link", "pipe"} {
		if failed[path] != deskside.CodeExists {
			t.Errorf("%s: %q", path, failed[path])
		}
	}
	if err != nil {
		t.Error(err)
	}
	holds(t, top, map[string]string{"file": "old"})
	for name, mode := range map[string]fs.FileMode{"pipe": fs.ModeNamedPipe, "folder/sub": fs.ModeDir, "link": fs.ModeSymlink} {
		if info, err := os.Lstat(in(name)); err != nil || info.Mode().Type() != mode {
			t.Errorf("%s is %v, %v", name, info, err)
		}
	}
}

// TestNoRecordNoName: what cannot be recorded does not get its name, and nothing
// of it is left.
func TestNoRecordNoName(t *testing.T) {
	top, full := t.TempDir(), errors.New("full")
	_, _, err := land(t, top, &Landing{Record: func([]Arrival) error { return full }}, aFolder("d"), aFile("d/x", "0"), aFile("a", "1"), aFile("b", strings.Repeat("2", 2*shortFile)))
	if !errors.Is(err, full) {
		t.Error(err)
	}
	if names, err := os.ReadDir(top); err != nil || len(names) > 0 {
		t.Errorf("there is %v, %v", names, err)
	}
}

// TestNarrowedAtTheEnd: permissions that Record takes from a file are not the
// file's at any moment.
func TestNarrowedAtTheEnd(t *testing.T) {
	top := t.TempDir()
	list := []thing{aFile("short", "x"), aFile("long", strings.Repeat("x", 2*shortFile))}
	for i := range list {
		list[i].Mode = 0o755
	}
	_, failed, err := land(t, top, &Landing{Record: func(list []Arrival) error {
		for _, a := range list {
			a.Head.Mode &^= 0o111
		}
		return nil
	}}, list...)
	if err != nil || len(failed) > 0 {
		t.Fatalf("%v, %v", failed, err)
	}
	for _, it := range list {
		if info, err := os.Stat(filepath.Join(top, it.Path)); err != nil || info.Mode() != 0o644 {
			t.Errorf("%s: %v, %v", it.Path, info.Mode(), err)
		}
	}
}

// TestFoldersAreRecordedFirst: no folder is made before Record has it, and few calls
// have all of them.
func TestFoldersAreRecordedFirst(t *testing.T) {
	top := t.TempDir()
	var list []thing
	for i := range 300 {
		dir := fmt.Sprintf("d%03d", i)
		list = append(list, aFolder(dir), aFile(dir+"/f", "x"), aFolder(dir+"/sub"), aFile(dir+"/sub/f", "x"))
	}
	calls, told := 0, map[string]int{}
	got, failed, err := land(t, top, &Landing{Record: func(list []Arrival) error {
		calls++
		for _, a := range list {
			told[a.Head.Path]++
			if _, err := os.Lstat(filepath.Join(top, a.Head.Path)); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s is there before", a.Head.Path)
			}
		}
		return nil
	}}, list...)
	if err != nil || len(failed) > 0 || got.Folders != 600 || got.Files != 600 || len(told) != len(list) || calls > 40 {
		t.Errorf("%+v, %d of %d recorded by %d calls, %v", got, len(told), len(list), calls, err)
	}
	for path, n := range told {
		if n > 1 {
			t.Errorf("%s was recorded %d times", path, n)
		}
	}
}

// TestOwners: owners are kept where they are asked for and this program may, and
// never otherwise.
func TestOwners(t *testing.T) {
	for _, keep := range []bool{false, true} {
		top := t.TempDir()
		list := []thing{aFolder("d"), aFile("d/short", "x"), aFile("d/long", strings.Repeat("x", 2*shortFile))}
		for i := range list {
			list[i].Owner = &tree.Owner{User: 12345, Group: 12346}
		}
		if _, failed, err := land(t, top, &Landing{Owners: keep}, list...); err != nil || len(failed) > 0 {
			t.Fatalf("%v, %v", failed, err)
		}
		for _, it := range list {
			info, err := os.Lstat(filepath.Join(top, it.Path))
			must(t, err)
			st := info.Sys().(*syscall.Stat_t)
			want := uint32(os.Geteuid())
			if keep && want == 0 {
				want = 12345
			}
			if st.Uid != want {
				t.Errorf("keep=%v: %s belongs to %d, want %d", keep, it.Path, st.Uid, want)
			}
		}
	}
}

// TestFoldersOfACopyCutOff: a folder has its permissions when all stops in the
// middle, and when the program did, of which it only has what its owner may do more
// than the source's. One that somebody closed stays closed.
func TestFoldersOfACopyCutOff(t *testing.T) {
	top := t.TempDir()
	with := func(path string, mode uint16) thing {
		f := aFolder(path)
		f.Mode = mode
		return f
	}
	list := []thing{with("open", 0o777), with("open/file", 0o755), with("shut", 0o550), with("shut/sub", 0o500), with("mine", 0o755), aFile("z", strings.Repeat("z", 2*shortFile))}
	must(t, os.Mkdir(filepath.Join(top, "mine"), 0o700))
	must(t, os.Mkdir(filepath.Join(top, "shut"), 0o700))
	must(t, os.Chmod(filepath.Join(top, "shut"), 0o750))
	wants := func(when string, want map[string]fs.FileMode) {
		t.Helper()
		for path, mode := range want {
			info, err := os.Lstat(filepath.Join(top, path))
			must(t, err)
			if info.Mode().Perm() != mode {
				t.Errorf("%s: %s has %v, want %v", when, path, info.Mode().Perm(), mode)
			}
		}
	}
	stop := errors.New("stop")
	_, _, err := land(t, top, &Landing{Step: func() error {
		if _, err := os.Lstat(filepath.Join(top, "shut/sub")); err == nil {
			return stop
		}
		return nil
	}}, list...)
	if !errors.Is(err, stop) {
		t.Fatal(err)
	}
	want := map[string]fs.FileMode{"open": 0o777, "open/file": 0o755, "shut": 0o550, "mine": 0o700}
	wants("stopped", want)
	_, failed, err := land(t, top, &Landing{}, list...)
	if err != nil || len(failed) > 0 {
		t.Errorf("%v, %v", failed, err)
	}
	want["shut/sub"] = 0o500
	wants("again", want)
}
