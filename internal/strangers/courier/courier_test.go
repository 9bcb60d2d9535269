package courier

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"deskside"
	"deskside/access"
	"deskside/agent"
	"deskside/internal/await"
	"deskside/transport/transporttest"
)

// newAgent runs a real agent for one courier, with a home of its own.
func newAgent(t *testing.T, rights deskside.Rights) (c *courier, home string) {
	t.Helper()
	transporttest.CheckLeaks(t)
	home = t.TempDir()
	t.Setenv("HOME", home)
	dir := filepath.Join(t.TempDir(), "agent")
	if _, err := agent.Init(dir); err != nil {
		t.Fatal(err)
	}
	c = permitted(t, dir, "courier", rights)
	serve(t, dir, c)
	if err := c.open("files-read,files-write"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	return c, home
}

// permitted makes a courier that policy names.
func permitted(t *testing.T, dir, name string, rights deskside.Rights) *courier {
	t.Helper()
	c, err := newCourier()
	if err != nil {
		t.Fatal(err)
	}
	key, err := deskside.ParseKeyID(c.id())
	if err == nil {
		err = agent.Permit(dir, access.OperatorRule{Key: key, Name: name, Rights: rights, Consent: access.ConsentAllow})
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// serve runs the agent, and tells the couriers where. The caller may end it before
// the test does.
func serve(t *testing.T, dir string, to ...*courier) *agent.Agent {
	t.Helper()
	a, err := agent.Start(t.Context(), agent.Config{Dir: dir, Log: transporttest.Watch(t), Settings: agent.Settings{
		Listen: []string{"127.0.0.1"}, Ports: "0,0,0,0", Transports: []string{"tcp"}, Display: "none",
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	for _, c := range to {
		c.agent, c.ports = a.ID().String(), map[string]int{
			"sms-rcinfo": int(a.Ports().Of(deskside.RCInfo)), "sms-xfer": int(a.Ports().Of(deskside.Xfer)),
		}
	}
	return a
}

var both = deskside.RightsOf(deskside.FilesRead, deskside.FilesWrite)

func noise(n int) []byte {
	data := make([]byte, n)
	rand.NewChaCha8([32]byte{7}).Read(data)
	return data
}

func write(t *testing.T, path string, data []byte) []byte {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return data
}

func wantFile(t *testing.T, path string, want []byte) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%s has %d bytes, want %d, or other ones (%v)", path, len(got), len(want), err)
	}
}

func wantStatus(t *testing.T, err error, status int, code string) {
	t.Helper()
	no := (*refusal)(nil)
	if !errors.As(err, &no) || no.Status != status || no.Code != code && code != "" {
		t.Errorf("got %v, want %d %s", err, status, code)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fragile is a connection that breaks after so many bytes in a direction.
type fragile struct {
	net.Conn
	mu       sync.Mutex
	up, down int
}

func (f *fragile) spend(left *int, n int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if *left -= n; *left < 0 {
		f.Conn.Close()
		return io.ErrClosedPipe
	}
	return nil
}

func (f *fragile) Write(b []byte) (int, error) {
	if err := f.spend(&f.up, len(b)); err != nil {
		return 0, err
	}
	return f.Conn.Write(b)
}

func (f *fragile) Read(b []byte) (int, error) {
	n, err := f.Conn.Read(b)
	if broken := f.spend(&f.down, n); broken != nil {
		return 0, broken
	}
	return n, err
}

// breaking makes each connection from now on break after so many bytes.
func (c *courier) breaking(up, down int) {
	c.http.CloseIdleConnections()
	c.wire = func(conn net.Conn) net.Conn { return &fragile{Conn: conn, up: up, down: down} }
}

// TestGet brings files whole, in ranges, by conditions, and over a way that breaks.
func TestGet(t *testing.T) {
	c, home := newAgent(t, both)
	data := write(t, home+"/file", noise(3<<20))
	target := "/file?" + query("path", "file")

	whole, text, err := c.read("GET", target)
	must(t, err)
	tag := whole.Header.Get("ETag")
	if !bytes.Equal(text, data) || whole.ContentLength != int64(len(data)) || !strings.HasPrefix(tag, `"`) || whole.Header.Get("Accept-Ranges") != "bytes" {
		t.Fatalf("%d bytes, %v", len(text), whole.Header)
	}
	for _, r := range []struct {
		ask      string
		from, to int
	}{{"0-0", 0, 1}, {"5-9", 5, 10}, {"3145720-", 3145720, 3 << 20}, {"-7", 3<<20 - 7, 3 << 20}, {"1000000-9999999", 1000000, 3 << 20}} {
		resp, text, err := c.read("GET", target, "Range: bytes="+r.ask, "If-Range: "+tag)
		must(t, err)
		said := fmt.Sprintf("bytes %d-%d/%d", r.from, r.to-1, len(data))
		if resp.StatusCode != 206 || resp.Header.Get("Content-Range") != said || !bytes.Equal(text, data[r.from:r.to]) {
			t.Errorf("%s: %s, %d bytes, %v", r.ask, resp.Status, len(text), resp.Header)
		}
	}
	resp, _, err := c.read("GET", target, "If-None-Match: "+tag)
	if err != nil || resp.StatusCode != http.StatusNotModified {
		t.Errorf("unchanged: %v, %v", resp, err)
	}
	_, _, err = c.read("GET", target, "Range: bytes=3145728-")
	wantStatus(t, err, http.StatusRequestedRangeNotSatisfiable, "bad-request")

	data[7]++
	write(t, home+"/file", data) // of the same size
	_, _, err = c.read("GET", target, "Range: bytes=5-", "If-Match: "+tag)
	wantStatus(t, err, http.StatusPreconditionFailed, "conflict")
	resp, text, err = c.read("GET", target, "Range: bytes=5-", "If-Range: "+tag)
	if err != nil || resp.StatusCode != 200 || !bytes.Equal(text, data) || resp.Header.Get("ETag") == tag {
		t.Errorf("after a change: %v, %d bytes, %v", resp, len(text), err)
	}

	c.breaking(1<<30, 700<<10)
	got, breaks, err := c.get("file")
	if err != nil || !bytes.Equal(got, data) || breaks < 3 {
		t.Errorf("over a way that breaks: %d bytes, %d breaks, %v", len(got), breaks, err)
	}
}

// TestGetTrailer asks for a trailer.
func TestGetTrailer(t *testing.T) {
	c, home := newAgent(t, both)
	write(t, home+"/file", noise(1000))
	resp, text, err := c.read("GET", "/file?path=file", "TE: trailers")
	if err != nil || len(text) != 1000 || len(resp.Trailer.Get("Deskside-Hash")) != 64 {
		t.Errorf("%d bytes, %v, %v", len(text), resp.Trailer, err)
	}
}

// TestPut puts files in one request, by conditions.
func TestPut(t *testing.T) {
	c, home := newAgent(t, both)
	when := time.Date(2024, 2, 29, 1, 2, 3, 456789, time.UTC)
	one, two := noise(100_000), noise(50_000)
	first, err := c.put("new", one, when, "If-None-Match: *")
	must(t, err)
	wantFile(t, home+"/new", one)
	if info, err := os.Stat(home + "/new"); err != nil || !info.ModTime().Equal(when) || info.Mode() != 0o640 {
		t.Errorf("%v, %v, %v", info.ModTime(), info.Mode(), err)
	}
	_, err = c.put("new", two, when)
	wantStatus(t, err, http.StatusConflict, "exists")
	_, err = c.put("new", two, when, "If-None-Match: *")
	wantStatus(t, err, http.StatusPreconditionFailed, "conflict")
	_, err = c.put("new", two, when, `If-Match: "0123"`)
	wantStatus(t, err, http.StatusPreconditionFailed, "conflict")
	_, err = c.put("other", two, when, "If-Match: *")
	wantStatus(t, err, http.StatusPreconditionFailed, "conflict")
	_, err = c.put("new", two, when, "Repr-Digest: "+digest(one), "If-Match: *")
	wantStatus(t, err, http.StatusConflict, "conflict")
	wantFile(t, home+"/new", one)
	second, err := c.put("new", two, when, "If-Match: "+first.Header.Get("ETag"))
	must(t, err)
	wantFile(t, home+"/new", two)
	head, _, err := c.read("HEAD", "/file?path=new")
	if err != nil || head.Header.Get("ETag") != second.Header.Get("ETag") {
		t.Errorf("the tags differ: %v, %v", head.Header, err)
	}
	_, err = c.put("new", one, when, "If-Match: "+first.Header.Get("ETag"))
	wantStatus(t, err, http.StatusPreconditionFailed, "conflict")
	wantOnly(t, home, "new")
}

// wantOnly checks that nothing else is in a folder.
func wantOnly(t *testing.T, dir string, names ...string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	must(t, err)
	var got []string
	for _, e := range list {
		got = append(got, e.Name())
	}
	if !slices.Equal(got, names) {
		t.Errorf("%s holds %q, want %q", dir, got, names)
	}
}

// TestUpload sends a file over a way that breaks in the middle, and goes on by the
// draft: over other connections, and in another session.
func TestUpload(t *testing.T) {
	c, home := newAgent(t, both)
	when := time.Date(2024, 2, 29, 1, 2, 3, 456789, time.UTC)
	u := &upload{c: c, data: noise(6 << 20)}
	c.breaking(1<<20+1<<19, 1<<30)
	if _, err := u.begin("file", when); err == nil || u.address == "" {
		t.Fatalf("the way did not break, or the address was not said: %v", err)
	}
	arrived(t, home)
	at, complete, err := u.offset()
	if err != nil || at == 0 || complete {
		t.Fatalf("after a break %d bytes are there, complete: %v, %v", at, complete, err)
	}
	if _, err := os.Stat(home + "/file"); err == nil {
		t.Error("the file has its name already")
	}
	breaks, err := u.finish()
	if err != nil || breaks < 2 {
		t.Fatalf("%d breaks, %v", breaks, err)
	}
	wantFile(t, home+"/file", u.data)
	wantOnly(t, home, "file")
	at, complete, err = u.offset()
	if err != nil || at != int64(len(u.data)) || !complete {
		t.Errorf("at the end %d bytes are there, complete: %v, %v", at, complete, err)
	}
}

// TestUploadElsewhere goes on with an upload in another session of the same key,
// and then with the agent begun anew. Nobody else can.
func TestUploadElsewhere(t *testing.T) {
	transporttest.CheckLeaks(t)
	home, dir := t.TempDir(), filepath.Join(t.TempDir(), "agent")
	t.Setenv("HOME", home)
	_, err := agent.Init(dir)
	must(t, err)
	one, other := permitted(t, dir, "one", both), permitted(t, dir, "other", both)
	a := serve(t, dir, one, other)
	must(t, one.open("files-read,files-write"))
	u := &upload{c: one, data: noise(6 << 20)}
	one.breaking(1<<20+1<<19, 1<<30)
	if _, err := u.begin("file", time.Now()); err == nil || u.address == "" {
		t.Fatalf("the way did not break, or the address was not said: %v", err)
	}
	arrived(t, home)
	one.close()

	again := one.again()
	must(t, again.open("files-read,files-write"))
	u.c = again
	at, complete, err := u.offset()
	if err != nil || at == 0 || complete {
		t.Fatalf("in another session %d bytes are there, complete: %v, %v", at, complete, err)
	}
	_, err = u.send(at, at+1<<20)
	must(t, err)
	again.close()
	must(t, other.open("files-read,files-write"))
	u.c = other
	_, _, err = u.offset()
	wantStatus(t, err, http.StatusNotFound, "")
	_, err = u.send(at+1<<20, 6<<20)
	wantStatus(t, err, http.StatusNotFound, "not-found")
	other.close()
	must(t, a.Close())

	serve(t, dir, again)
	anew := again.again()
	must(t, anew.open("files-read,files-write"))
	defer anew.close()
	u.c = anew
	if now, complete, err := u.offset(); err != nil || now != at+1<<20 || complete {
		t.Fatalf("with the agent begun anew %d bytes are there, want %d, complete: %v, %v", now, at+1<<20, complete, err)
	}
	breaks, err := u.finish()
	if err != nil || breaks > 0 {
		t.Fatalf("%d breaks, %v", breaks, err)
	}
	wantFile(t, home+"/file", u.data)
	wantOnly(t, home, "file")
}

// arrived waits until bytes of an upload are in a folder: who asks how many there
// are ends what is still on its way.
func arrived(t *testing.T, home string) {
	t.Helper()
	await.True(t, "bytes of the upload", func() bool {
		list, err := os.ReadDir(home)
		if err != nil || len(list) != 1 {
			return false
		}
		info, err := list[0].Info()
		return err == nil && info.Size() > 0
	})
}

// again is the same operator, for another session.
func (c *courier) again() *courier {
	return &courier{cert: c.cert, agent: c.agent, ports: c.ports, stop: make(chan struct{})}
}

// TestUploadParts sends a file in parts, as one does who cannot read interim
// answers, and does what the draft forbids.
func TestUploadParts(t *testing.T) {
	c, home := newAgent(t, both)
	write(t, home+"/file", []byte("older"))
	u := &upload{c: c, data: noise(300_000)}
	target := "/file?" + query("path", "file", "mtime", "2024-02-29T01:02:03Z")
	begin := []string{"Upload-Complete: ?0", "Upload-Length: 300000", "Repr-Digest: " + digest(u.data), "If-Match: *"}
	resp, err := c.ask("PUT", target, nil, begin...)
	must(t, err)
	resp.Body.Close()
	u.address = resp.Header.Get("Location")
	if resp.StatusCode != http.StatusCreated || resp.Header.Get("Upload-Complete") != "?0" || !strings.Contains(resp.Header.Get("Upload-Limit"), "max-age=") {
		t.Fatalf("%s %v", resp.Status, resp.Header)
	}
	for at := int64(0); at < 200_000; at += 50_000 {
		resp, err := u.send(at, at+50_000)
		if err != nil || resp.StatusCode != http.StatusNoContent || resp.Header.Get("Upload-Complete") != "?0" {
			t.Fatalf("at %d: %v, %v", at, resp, err)
		}
	}
	resp, err = u.send(100_000, 300_000)
	wantStatus(t, err, http.StatusConflict, "conflict")
	if resp.Header.Get("Upload-Offset") != "200000" {
		t.Errorf("the right offset is %q", resp.Header.Get("Upload-Offset"))
	}
	_, err = c.ask("PATCH", u.address, strings.NewReader("x"), "Upload-Offset: 200000", "Upload-Complete: ?0")
	wantStatus(t, err, http.StatusUnsupportedMediaType, "bad-request")
	short := &upload{c: c, address: u.address, data: u.data[:250_000]}
	_, err = short.send(200_000, 250_000) // and says that this is all
	wantStatus(t, err, http.StatusBadRequest, "bad-request")
	wantFile(t, home+"/file", []byte("older"))
	resp, err = u.send(250_000, 300_000)
	if err != nil || resp.Header.Get("Upload-Complete") != "?1" || resp.Header.Get("ETag") == "" {
		t.Fatalf("the end: %v, %v", resp, err)
	}
	wantFile(t, home+"/file", u.data)
	_, err = u.send(300_000, 300_000)
	wantStatus(t, err, http.StatusNotFound, "not-found")

	resp, err = c.ask("OPTIONS", "/file?path=file", nil)
	if err != nil || !strings.Contains(resp.Header.Get("Accept-Patch"), "application/partial-upload") {
		t.Errorf("options: %v, %v", resp, err)
	}
}

// TestUploadWrong sends what is not what was said of it, and cancels.
func TestUploadWrong(t *testing.T) {
	c, home := newAgent(t, both)
	when := time.Now()
	u := &upload{c: c, data: noise(200_000)}
	resp, err := u.begin("file", when, "Repr-Digest: "+digest([]byte("else")))
	wantStatus(t, err, http.StatusConflict, "conflict")
	if resp.Header.Get("Upload-Complete") != "?1" {
		t.Errorf("%v", resp.Header)
	}
	_, err = u.begin("file", when, "Repr-Digest: md5=:AAAA:")
	wantStatus(t, err, http.StatusBadRequest, "bad-request")
	_, err = u.begin("file", when, "Upload-Length: 7")
	wantStatus(t, err, http.StatusBadRequest, "bad-request")
	wantOnly(t, home)

	c.breaking(100_000, 1<<30)
	if _, err = u.begin("file", when); err == nil {
		t.Fatal("the way did not break")
	}
	c.wire = nil
	_, _, err = c.read("DELETE", u.address)
	must(t, err)
	_, _, err = u.offset()
	wantStatus(t, err, http.StatusNotFound, "")
	wantOnly(t, home)
}

// TestTree makes a tree with folders and files, and brings it back.
func TestTree(t *testing.T) {
	c, home := newAgent(t, both)
	want := map[string][]byte{}
	for i, name := range []string{"t/a", "t/b/ü", "t/b/c d", "t/b/e/100%", "t/f/?&=#", "t/f/g", "t/h"} {
		want[name] = noise(i * 7000)
		for at := range name {
			if name[at] != '/' {
				continue
			}
			_, _, err := c.read("POST", "/folder?"+query("path", name[:at]))
			if err != nil {
				wantStatus(t, err, http.StatusConflict, "exists")
			}
		}
		_, err := c.put(name, want[name], time.Now())
		must(t, err)
		wantFile(t, home+"/"+name, want[name])
	}
	got, err := c.tree("t")
	if err != nil || !maps.EqualFunc(got, want, bytes.Equal) {
		t.Errorf("%d files, want %d, or other ones: %v", len(got), len(want), err)
	}
	_, _, err = c.read("DELETE", "/file?"+query("path", "t"))
	wantStatus(t, err, http.StatusConflict, "conflict")
	_, _, err = c.read("DELETE", "/file?"+query("path", "t", "tree", "1"))
	must(t, err)
	wantOnly(t, home)
}

// TestRefusals asks for what is not to be had.
func TestRefusals(t *testing.T) {
	c, home := newAgent(t, deskside.RightsOf(deskside.FilesRead))
	write(t, home+"/file", noise(10))
	for what, want := range map[string]struct {
		status int
		code   string
	}{
		"GET /file?path=none":         {404, "not-found"},
		"GET /file?path=../file":      {403, "denied"},
		"GET /file?path=/etc/passwd":  {403, "denied"},
		"GET /file?path=file&else=1":  {400, "bad-request"},
		"GET /else?path=file":         {400, "bad-request"},
		"DELETE /file?path=file":      {403, "no-right"},
		"HEAD /upload?path=file":      {403, ""},
		"DELETE /upload?path=file":    {403, "no-right"},
		"PATCH /upload?path=x&mode=9": {400, "bad-request"},
	} {
		method, target, _ := strings.Cut(what, " ")
		_, _, err := c.read(method, target)
		no := (*refusal)(nil)
		if !errors.As(err, &no) || no.Status != want.status || no.Code != want.code {
			t.Errorf("%s: %v, want %d %s", what, err, want.status, want.code)
		}
	}
	_, err := c.put("new", noise(5), time.Now())
	wantStatus(t, err, http.StatusForbidden, "no-right")
	ticket := c.ticket
	c.ticket = strings.Repeat("A", 43)
	_, _, err = c.read("GET", "/file?path=file")
	wantStatus(t, err, http.StatusUnauthorized, "no-ticket")
	c.ticket = ticket
	other := c.agent
	c.agent = strings.Replace(other, other[:4], "aaaa", 1)
	c.http.CloseIdleConnections()
	if _, _, err := c.read("GET", "/file?path=file"); err == nil || !strings.Contains(err.Error(), other) {
		t.Errorf("another agent was taken for the right one: %v", err)
	}
	c.agent = other
	wantFile(t, home+"/file", noise(10))
}
