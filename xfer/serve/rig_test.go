//go:build unix

package serve

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"deskside"
	"deskside/internal/await"
	"deskside/transport/transporttest"
	"deskside/wire"
	"deskside/xfer"
	"deskside/xfer/disk"
)

var both = deskside.RightsOf(deskside.FilesRead, deskside.FilesWrite)

// rig is a service with a real folder behind it and a client before it.
type rig struct {
	t    *testing.T
	net  *transporttest.Net
	gate *transporttest.Gate
	dir  string // the first root, writable
	own  string // the operator's folder
	c    *xfer.Client

	service *Service

	mu    sync.Mutex
	roots []xfer.Root
}

func newRig(t *testing.T, n *transporttest.Net) *rig { return newRigOf(t, n, Config{}) }

// newRigOf makes a rig with c, in which the gate and the roots are filled in.
func newRigOf(t *testing.T, n *transporttest.Net, c Config) *rig {
	return newRigIn(t, n, c, t.TempDir(), t.TempDir())
}

// newRigIn is newRigOf with folders that are there.
func newRigIn(t *testing.T, n *transporttest.Net, c Config, dir, own string) *rig {
	r := &rig{t: t, net: n, gate: transporttest.NewGate(t, n), dir: dir, own: own}
	r.roots = []xfer.Root{{Name: "home", Path: r.dir, Write: true, Executables: true}}
	c.Gate, c.Roots = r.gate, func() []xfer.Root {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.roots
	}
	r.service = New(c)
	r.serve(n)
	r.c = r.client(n)
	return r
}

// serve serves on a net, of which there may be several.
func (r *rig) serve(n *transporttest.Net) {
	l := n.Listen(deskside.Xfer)
	server := wire.Server(r.service, slog.New(slog.DiscardHandler))
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.Serve(l)
	}()
	r.t.Cleanup(func() {
		server.Close()
		await.Closed(r.t, "the server's end", done)
	})
}

// setRoots changes policy while the service runs.
func (r *rig) setRoots(roots ...xfer.Root) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.roots = roots
}

// client makes a client with a ticket of its own.
func (r *rig) client(n *transporttest.Net) *xfer.Client {
	w := &wire.Client{Dial: n.Dialer(deskside.Xfer)}
	r.t.Cleanup(func() { w.Close() })
	return &xfer.Client{HTTP: w, Ticket: fixed(r.gate.Issue(deskside.Xfer, both)), Agent: r.net.Agent.ID()}
}

// fixed gives always the same ticket.
func fixed(ticket deskside.Ticket) func(context.Context) (deskside.Ticket, error) {
	return func(context.Context) (deskside.Ticket, error) { return ticket, nil }
}

// at gives the path of a name in the first root, mine in the operator's folder.
func (r *rig) at(name string) string   { return filepath.Join(r.dir, name) }
func (r *rig) mine(name string) string { return filepath.Join(r.own, name) }

// each runs body over every transport.
func each(t *testing.T, body func(t *testing.T, r *rig)) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) { body(t, newRig(t, n)) })
}

// one runs body in memory: for what no transport can change.
func one(t *testing.T, body func(t *testing.T, r *rig)) {
	transporttest.CheckLeaks(t)
	body(t, newRig(t, transporttest.New(t, deskside.Memory)))
}

// write makes a file and gives its bytes.
func write(t testing.TB, path string, data []byte) []byte {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return data
}

// noise gives n bytes that do not repeat, the same each time.
func noise(n int) []byte {
	data := make([]byte, n)
	rand.NewChaCha8([32]byte{7}).Read(data)
	return data
}

func wantFile(t testing.TB, path string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("%s holds %d bytes, want %d, or other ones", path, len(got), len(want))
	}
}

func wantNone(t testing.TB, path string) {
	t.Helper()
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%s: %v, want nothing there", path, err)
	}
}

// wantCode checks a refusal: its code, and that it says why.
func wantCode(t testing.TB, err error, code deskside.Code) {
	t.Helper()
	if deskside.CodeOf(err) != code {
		t.Fatalf("got %v (code %q), want code %q", err, deskside.CodeOf(err), code)
	}
	if code != "" && deskside.AsError(err).Words == "" {
		t.Fatalf("the refusal %v has no words", err)
	}
}

// partials lists the unfinished transfers in a folder.
func partials(t testing.TB, dir string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if disk.IsPartial(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names
}

// wantOnly checks that a folder holds nothing but the names.
func wantOnly(t testing.TB, dir string, names ...string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range list {
		got = append(got, e.Name())
	}
	if len(got) != len(names) {
		t.Fatalf("%s holds %q, want %q", dir, got, names)
	}
	for i := range names {
		if got[i] != names[i] {
			t.Fatalf("%s holds %q, want %q", dir, got, names)
		}
	}
}

func ctx(t testing.TB) context.Context {
	c, cancel := context.WithTimeout(t.Context(), await.Limit)
	t.Cleanup(cancel)
	return c
}
