//go:build unix

package audit

import (
	"context"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"deskside"
)

const alone = "DESKSIDE_TEST_ALONE"

// limitFiles makes the system refuse to let any file of this process grow
// beyond n bytes: a write that would is cut short, as on a full disk.
func limitFiles(t *testing.T, n uint64) (lift func()) {
	t.Helper()
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	signal.Ignore(syscall.SIGXFSZ)
	limit := old
	limit.Cur = n
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	lift = func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(lift)
	return lift
}

// TestAFullDiskRefusesAndRecovers runs in a process of its own: the limit holds
// for each file of a process, and go test has its own be written by this one.
func TestAFullDiskRefusesAndRecovers(t *testing.T) {
	if os.Getenv(alone) == "" {
		child := exec.Command(os.Args[0], "-test.v", "-test.run=^"+t.Name()+"$")
		child.Env = append(os.Environ(), alone+"=1")
		if said, err := child.CombinedOutput(); err != nil || !strings.Contains(string(said), "--- PASS: "+t.Name()) {
			t.Errorf("%v: %s", err, said)
		}
		return
	}
	defer goleak.VerifyNone(t)
	dir := filepath.Join(t.TempDir(), "audit")
	l := open(t, Config{Dir: dir})
	var head Head
	const entries = 40
	for range entries {
		head = add(t, l, deskside.EventInfo, "before")
	}
	path := paths(t, dir)[0]
	size := len(read(t, path))

	lift := limitFiles(t, uint64(size+20))
	for range 3 {
		_, err := l.Append(context.Background(), deskside.Event{Kind: deskside.EventPermitted, Words: "refused"})
		if deskside.CodeOf(err) != deskside.CodeNoAudit || deskside.AsError(err).Do == "" {
			t.Fatalf("on a full disk: %v", err)
		}
		if strings.Contains(deskside.AsError(err).Words, dir) {
			t.Errorf("the words give a path away: %v", err)
		}
	}
	if l.Head() != head {
		t.Fatalf("head %v, want %v", l.Head(), head)
	}
	lift()
	add(t, l, deskside.EventInfo, "after")
	l.Close()

	r := verify(t, dir)
	if !r.Whole() || r.Entries != entries+2 {
		t.Fatalf("%+v", r)
	}
	told := ""
	for e, err := range Read(dir, Filter{Kinds: []deskside.EventKind{deskside.EventRepaired}}) {
		if err != nil {
			t.Fatal(err)
		}
		told = e.Event.Words
	}
	if !strings.HasPrefix(told, "3 entries could not be written") {
		t.Errorf("the gap is told as %q", told)
	}
	if b := read(t, path); strings.Contains(string(b), `"refused"`) {
		t.Errorf("what was refused is in the audit: %s", b)
	}
}

func TestAFolderThatIsGone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "audit")
	l := open(t, Config{Dir: dir, FileSize: 1})
	add(t, l, deskside.EventInfo, "one")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := l.Append(context.Background(), deskside.Event{Kind: "info"}); deskside.CodeOf(err) != deskside.CodeNoAudit {
			t.Fatalf("without a folder: %v", err)
		}
	}
}
