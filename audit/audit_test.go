package audit

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"deskside"
)

// clock counts seconds from a fixed day.
type clock struct {
	mu sync.Mutex
	n  int
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	return time.Date(2026, 1, 2, 3, 4, c.n, 0, time.UTC)
}

func open(t *testing.T, c Config) *Log {
	t.Helper()
	if c.Now == nil {
		c.Now = new(clock).now
	}
	l, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func add(t *testing.T, l *Log, kind deskside.EventKind, words string) Head {
	t.Helper()
	h, err := l.Append(context.Background(), deskside.Event{Kind: kind, Words: words})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// fill writes n entries to a new log in files of size bytes, and closes it.
func fill(t *testing.T, n int, size int64) (dir string, head Head) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "audit")
	l := open(t, Config{Dir: dir, FileSize: size})
	for i := range n {
		head = add(t, l, deskside.EventInfo, fmt.Sprint("line ", i+1))
	}
	l.Close()
	return dir, head
}

func verify(t *testing.T, dir string, heads ...SignedHead) Report {
	t.Helper()
	r, err := Verify(dir, heads...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func paths(t *testing.T, dir string) []string {
	t.Helper()
	names, err := files(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i := range names {
		names[i] = filepath.Join(dir, names[i])
	}
	return names
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func signer(t *testing.T) crypto.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sign(t *testing.T, h Head) SignedHead {
	t.Helper()
	s, err := Sign(signer(t), h, time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestChainAcrossFilesAndRuns(t *testing.T) {
	defer goleak.VerifyNone(t)
	dir := filepath.Join(t.TempDir(), "deep", "audit")
	var head Head
	for run := range 3 {
		l := open(t, Config{Dir: dir, FileSize: 600})
		if l.Head() != head {
			t.Fatalf("run %d begins at %v, want %v", run, l.Head(), head)
		}
		for range 5 {
			head = add(t, l, deskside.EventInfo, "héllo <&>")
		}
		l.Close()
	}
	r := verify(t, dir, sign(t, head))
	if !r.Whole() || r.Entries != 15 || r.Head != head || r.Files < 5 || r.Writing {
		t.Fatalf("got %+v, want 15 entries with head %v", r, head)
	}
	for _, p := range append(paths(t, dir), filepath.Join(dir, lockName)) {
		if info, err := os.Stat(p); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", p, info.Mode(), err)
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%s: %v, %v", dir, info.Mode(), err)
	}
}

func TestEventComesBackWhole(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "audit")
	l := open(t, Config{Dir: dir})
	id, key := deskside.NewSessionID(), deskside.KeyID{7}
	ev := deskside.Event{
		Kind: deskside.EventTransferEnd, Session: &id, Operator: &key, Name: "Zoë", Address: "[::1]:5",
		Transport: deskside.UDP, Service: "sms-xfer", Reason: "T-1\n\u2028", Began: time.Unix(1, 0).UTC(),
		Detail: map[string]string{"path": `C:\a "b"`},
	}
	if _, err := l.Append(context.Background(), ev); err != nil {
		t.Fatal(err)
	}
	for e, err := range Read(dir, Filter{}) {
		if err != nil || fmt.Sprintf("%+v %s", e.Event, *e.Event.Session) != fmt.Sprintf("%+v %s", withPointers(ev, e.Event), id) {
			t.Errorf("got %+v, %v, want %+v", e.Event, err, ev)
		}
	}
}

// withPointers gives ev with the pointers of other, which are compared apart.
func withPointers(ev, other deskside.Event) deskside.Event {
	ev.Session, ev.Operator = other.Session, other.Operator
	return ev
}

func TestEveryChangedByteIsFound(t *testing.T) {
	dir, _ := fill(t, 4, 500)
	all := paths(t, dir)
	if len(all) < 2 {
		t.Fatalf("%d files, want several", len(all))
	}
	for _, p := range all {
		good := read(t, p)
		for i := range good {
			for _, bit := range []byte{0x01, 0x20, 0x80} {
				bad := slices.Clone(good)
				bad[i] ^= bit
				write(t, p, bad)
				if r := verify(t, dir); r.Whole() {
					t.Fatalf("%s: byte %d, %q instead of %q, was not found", filepath.Base(p), i, bad[i], good[i])
				}
			}
		}
		write(t, p, good)
	}
	if r := verify(t, dir); !r.Whole() {
		t.Fatal(r.Breaks)
	}
}

func TestABreakSaysWhere(t *testing.T) {
	split := func(b []byte) []string { return strings.SplitAfter(strings.TrimSuffix(string(b), "\n"), "\n") }
	for _, c := range []struct {
		name string
		bend func(t *testing.T, files []string)
		want string
	}{
		{"changed line", func(t *testing.T, f []string) {
			write(t, f[0], []byte(strings.Replace(string(read(t, f[0])), "line 2", "line X", 1)))
		}, "audit-0000000000000001.jsonl:2: the line after entry 1 is not an entry: its hash is"},
		{"removed line", func(t *testing.T, f []string) {
			l := split(read(t, f[0]))
			write(t, f[0], []byte(l[0]+strings.Join(l[2:], "")))
		}, "audit-0000000000000001.jsonl:2: entry 3: 1 entries before it are missing"},
		{"doubled line", func(t *testing.T, f []string) {
			l := split(read(t, f[0]))
			write(t, f[0], []byte(l[0]+l[0]+strings.Join(l[1:], "")))
		}, "audit-0000000000000001.jsonl:2: entry 1: it stands after entry 1"},
		{"line with a good hash of its own", func(t *testing.T, f []string) {
			l := split(read(t, f[0]))
			forged, _, err := appendLine(nil, Head{Sequence: 1}, time.Unix(0, 0), deskside.Event{Kind: "info"})
			if err != nil {
				t.Fatal(err)
			}
			write(t, f[0], []byte(l[0]+string(forged)+strings.Join(l[2:], "")))
		}, "audit-0000000000000001.jsonl:2: entry 2: it follows an entry with the hash 00000000…"},
		{"removed first file", func(t *testing.T, f []string) { os.Remove(f[0]) }, "entries before it are missing"},
		{"removed middle file", func(t *testing.T, f []string) { os.Remove(f[1]) }, "entries before it are missing"},
		{"emptied middle file", func(t *testing.T, f []string) { write(t, f[1], nil) }, "the file is empty"},
		{"renamed file", func(t *testing.T, f []string) {
			os.Rename(f[1], filepath.Join(filepath.Dir(f[1]), fileName(2)))
		}, "but the name says 2"},
		{"over-long line", func(t *testing.T, f []string) {
			b := read(t, f[0])
			write(t, f[0], append(slices.Repeat([]byte("x"), MaxLine+500), b...))
		}, "it is longer than"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, _ := fill(t, 12, 1000)
			f := paths(t, dir)
			if len(f) < 3 {
				t.Fatalf("%d files, want three or more", len(f))
			}
			c.bend(t, f)
			r := verify(t, dir)
			if r.Whole() || !strings.Contains(r.Breaks[0].String(), c.want) {
				t.Errorf("got %v, want %q", r.Breaks, c.want)
			}
		})
	}
}

func TestACutEndIsFoundByTheSignedHead(t *testing.T) {
	dir, head := fill(t, 6, 0)
	s := sign(t, head)
	path := paths(t, dir)[0]
	good := read(t, path)
	cut := strings.LastIndex(strings.TrimSuffix(string(good), "\n"), "\n") + 1

	write(t, path, good[:cut])
	if r := verify(t, dir); !r.Whole() {
		t.Fatalf("without the head nothing should be seen, got %v", r.Breaks)
	}
	r := verify(t, dir, s)
	if len(r.Breaks) != 1 || !strings.Contains(r.Breaks[0].Why, "its end was cut off") {
		t.Fatalf("got %v, want a cut end", r.Breaks)
	}

	// What is written after the cut does not hide it.
	l := open(t, Config{Dir: dir})
	add(t, l, deskside.EventInfo, "another sixth")
	l.Close()
	if r := verify(t, dir); !r.Whole() {
		t.Fatal(r.Breaks)
	}
	r = verify(t, dir, s)
	if len(r.Breaks) != 1 || !strings.Contains(r.Breaks[0].Why, "written anew") {
		t.Fatalf("got %v, want a chain written anew", r.Breaks)
	}

	// Nor does taking away all of it.
	os.Remove(path)
	if r := verify(t, dir, s); r.Whole() {
		t.Fatal("an emptied folder was found whole")
	}
}

func TestEveryCutIsRepaired(t *testing.T) {
	dir, _ := fill(t, 2, 0)
	path := paths(t, dir)[0]
	good := read(t, path)
	first := strings.Index(string(good), "\n") + 1
	for n := range good {
		write(t, path, good[:n])
		whole := strings.Count(string(good[:n]), "\n")
		torn := n - map[int]int{0: 0, 1: first}[whole]
		if r := verify(t, dir); r.Whole() != (torn == 0) {
			t.Fatalf("cut to %d bytes: %+v", n, r)
		}
		checkRepair(t, dir, uint64(whole), torn)
		os.Remove(path)
		kept, _ := filepath.Glob(filepath.Join(dir, "torn-*"))
		for _, k := range kept {
			os.Remove(k)
		}
	}
}

// checkRepair opens the log and wants it to go on after whole entries, with
// torn bytes moved away and told.
func checkRepair(t *testing.T, dir string, whole uint64, torn int) {
	t.Helper()
	l := open(t, Config{Dir: dir})
	add(t, l, deskside.EventAgentStart, "again")
	l.Close()
	if r := verify(t, dir); !r.Whole() {
		t.Fatalf("after repair of %d bytes: %v", torn, r.Breaks)
	}
	repairs := 0
	for e, err := range Read(dir, Filter{Kinds: []deskside.EventKind{deskside.EventRepaired}}) {
		if err != nil || e.Sequence != whole+1 || e.Event.Detail["size"] != fmt.Sprint(torn) {
			t.Fatalf("%+v, %v, want a repair of %d bytes as entry %d", e, err, torn, whole+1)
		}
		kept := read(t, filepath.Join(dir, e.Event.Detail["kept"]))
		if len(kept) != torn || Hash(sha256.Sum256(kept)).String() != e.Event.Detail["hash"] {
			t.Fatalf("kept %q", kept)
		}
		repairs++
	}
	if want := min(torn, 1); repairs != want {
		t.Fatalf("%d repairs are told, want %d", repairs, want)
	}
}

func TestAnEmptyLastFileIsNoHarm(t *testing.T) {
	dir, head := fill(t, 3, 0)
	write(t, filepath.Join(dir, fileName(4)), nil)
	if r := verify(t, dir); !r.Whole() {
		t.Fatal(r.Breaks)
	}
	l := open(t, Config{Dir: dir})
	if l.Head() != head {
		t.Fatalf("head %v, want %v", l.Head(), head)
	}
	add(t, l, deskside.EventInfo, "on")
	l.Close()
	if r := verify(t, dir); !r.Whole() || r.Entries != 4 {
		t.Fatalf("%+v", r)
	}
}

func TestConcurrentCallers(t *testing.T) {
	defer goleak.VerifyNone(t)
	dir := filepath.Join(t.TempDir(), "audit")
	l := open(t, Config{Dir: dir, FileSize: 8 << 10})
	const callers, each = 16, 20
	heads := make(chan Head, callers*each)
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			for j := range each {
				h, err := l.Append(context.Background(), deskside.Event{Kind: deskside.EventInfo, Words: fmt.Sprint(i, " ", j)})
				if err != nil {
					t.Error(err)
				}
				heads <- h
			}
		})
	}
	wg.Wait()
	l.Close()
	close(heads)
	entries := make(map[uint64]Hash)
	for e, err := range Read(dir, Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		entries[e.Sequence] = e.Hash
	}
	seen := 0
	for h := range heads {
		if seen++; entries[h.Sequence] != h.Hash {
			t.Fatalf("a caller was told %v, the disk has %v", h, entries[h.Sequence])
		}
		delete(entries, h.Sequence)
	}
	if r := verify(t, dir); !r.Whole() || r.Entries != callers*each || seen != callers*each || len(entries) != 0 {
		t.Fatalf("%+v, %d told, %d left", r, seen, len(entries))
	}
}

func TestOneWriter(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "audit")
	l := open(t, Config{Dir: dir})
	if _, err := Open(Config{Dir: dir}); !errors.Is(err, ErrLocked) {
		t.Fatalf("a second writer got %v", err)
	}
	add(t, l, deskside.EventInfo, "one")

	// To a reader, a line that the writer has not finished is no break.
	f, err := os.OpenFile(paths(t, dir)[0], os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.WriteString(`{"seq":2,`)
	if r := verify(t, dir); !r.Whole() || !r.Writing || r.Entries != 1 {
		t.Fatalf("%+v", r)
	}
	for e, err := range Read(dir, Filter{}) {
		if err != nil || e.Sequence != 1 {
			t.Fatalf("read %+v, %v", e, err)
		}
	}
	l.Close()
	if r := verify(t, dir); r.Whole() {
		t.Fatal("a torn line that nobody writes was not found")
	}
}

// TestTogether writes several events by one call: all of them, or none.
func TestTogether(t *testing.T) {
	defer goleak.VerifyNone(t)
	dir := filepath.Join(t.TempDir(), "audit")
	l := open(t, Config{Dir: dir})
	event := func(words string) deskside.Event { return deskside.Event{Kind: deskside.EventInfo, Words: words} }
	head, err := l.Append(context.Background(), event("a"), event("b"), event("c"))
	if err != nil || head != l.Head() {
		t.Errorf("head %v of %v, %v", head, l.Head(), err)
	}
	if _, err := l.Append(context.Background(), event("d"), event(strings.Repeat("x", MaxLine)), event("e")); deskside.CodeOf(err) != deskside.CodeBadRequest {
		t.Errorf("one that is too long: %v", err)
	}
	if _, err := l.Append(context.Background(), event("f")); err != nil {
		t.Error(err)
	}
	l.Close()
	var words string
	for e, err := range Read(dir, Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		words += e.Event.Words
	}
	if words != "abcf" {
		t.Errorf("the log has %q", words)
	}
}

func TestRefusals(t *testing.T) {
	defer goleak.VerifyNone(t)
	dir := filepath.Join(t.TempDir(), "audit")
	l := open(t, Config{Dir: dir})
	_, err := l.Append(context.Background(), deskside.Event{Kind: "info", Words: strings.Repeat("x", MaxLine)})
	if deskside.CodeOf(err) != deskside.CodeBadRequest {
		t.Errorf("a line too long: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for range 20 {
		if _, err := l.Append(ctx, deskside.Event{Kind: "info"}); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("an ended context: %v", err)
		}
	}
	l.Close()
	if _, err := l.Append(context.Background(), deskside.Event{Kind: "info"}); !errors.Is(err, ErrClosed) || deskside.CodeOf(err) != deskside.CodeNoAudit {
		t.Errorf("after Close: %v", err)
	}
	if r := verify(t, dir); !r.Whole() {
		t.Error(r.Breaks)
	}
	if err := os.Chmod(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("a folder that others may read: %v", err)
	}
}

func TestReadFilters(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "audit")
	c := new(clock)
	l := open(t, Config{Dir: dir, FileSize: 700, Now: c.now})
	a, b := deskside.NewSessionID(), deskside.NewSessionID()
	for i, id := range []*deskside.SessionID{nil, &a, &b, &a, &a} {
		kind := []deskside.EventKind{"info", "session-begin", "session-begin", "info", "session-end"}[i]
		if _, err := l.Append(context.Background(), deskside.Event{Kind: kind, Session: id}); err != nil {
			t.Fatal(err)
		}
	}
	at := func(n int) time.Time { return time.Date(2026, 1, 2, 3, 4, n, 0, time.UTC) }
	for _, q := range []struct {
		name   string
		filter Filter
		want   []uint64
	}{
		{"all", Filter{}, []uint64{1, 2, 3, 4, 5}},
		{"session", Filter{Session: a}, []uint64{2, 4, 5}},
		{"kinds", Filter{Kinds: []deskside.EventKind{"session-begin", "session-end"}}, []uint64{2, 3, 5}},
		{"time", Filter{Since: at(2), Until: at(4)}, []uint64{2, 3}},
		{"both", Filter{Session: a, Kinds: []deskside.EventKind{"info"}}, []uint64{4}},
	} {
		got := []uint64{}
		for e, err := range Read(dir, q.filter) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, e.Sequence)
		}
		if !slices.Equal(got, q.want) {
			t.Errorf("%s: got %v, want %v", q.name, got, q.want)
		}
	}
	for range Read(dir, Filter{}) {
		break // must not panic
	}
	if _, err := Verify(filepath.Join(dir, "nowhere")); err == nil {
		t.Error("a folder that is not there was verified")
	}
}

func TestSignedHead(t *testing.T) {
	s := sign(t, Head{7, Hash{1}})
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(signer(t).Public())
	if err != nil {
		t.Fatal(err)
	}
	for name, bend := range map[string]func(*SignedHead){
		"sequence":  func(s *SignedHead) { s.Sequence++ },
		"hash":      func(s *SignedHead) { s.Hash[31] ^= 1 },
		"time":      func(s *SignedHead) { s.At = s.At.Add(time.Second) },
		"agent":     func(s *SignedHead) { s.Agent[0] ^= 1 },
		"signature": func(s *SignedHead) { s.Signature[0] ^= 1 },
		"no sig":    func(s *SignedHead) { s.Signature = nil },
		"other key": func(s *SignedHead) { s.Key = der },
		"other key and agent": func(s *SignedHead) {
			s.Key, s.Agent = der, sha256.Sum256(der)
		},
		"no key": func(s *SignedHead) { s.Key, s.Agent = nil, sha256.Sum256(nil) },
	} {
		bad := s
		bad.Signature = slices.Clone(s.Signature)
		bend(&bad)
		if bad.Check() == nil {
			t.Errorf("%s: a bent head was taken", name)
		}
		if _, err := Verify(t.TempDir(), bad); err == nil {
			t.Errorf("%s: Verify took a bent head", name)
		}
	}
}
