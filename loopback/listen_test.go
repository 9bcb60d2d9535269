package loopback

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"deskside"
	"deskside/internal/await"
)

func TestMain(m *testing.M) {
	if addr := os.Getenv("LOOPBACK_TEST_DIAL"); addr != "" {
		os.Exit(dialAndRead(addr))
	}
	// net/http lets a refused request's connection linger for half a second, and
	// waits for that nowhere.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

// dialAndRead is what the test's child does as another user: it exits 0 when
// it was served.
func dialAndRead(addr string) int {
	network, addr, _ := strings.Cut(addr, ":")
	c, err := net.Dial(network, addr)
	if err != nil {
		return 4 // refused so soon that dialling failed
	}
	c.Write([]byte("GET / HTTP/1.0\r\n\r\n"))
	if n, _ := io.ReadFull(c, make([]byte, 1)); n == 1 {
		return 0
	}
	return 4
}

func TestListenRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	os.WriteFile(file, nil, 0o600)
	live := filepath.Join(t.TempDir(), "live")
	l, err := Listen("unix:" + live)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			c.Close()
		}
	}()
	for addr, want := range map[string]deskside.Code{
		"":                    deskside.CodeBadRequest,
		":5900":               deskside.CodeBadRequest,
		"0.0.0.0:0":           deskside.CodeBadRequest,
		"[::]:0":              deskside.CodeBadRequest,
		"192.0.2.1:0":         deskside.CodeBadRequest,
		"[::ffff:0.0.0.0]:0":  deskside.CodeBadRequest,
		"localhost.evil.eu:0": deskside.CodeBadRequest,
		"127.0.0.1":           deskside.CodeBadRequest,
		"localhost:http":      deskside.CodeBadRequest,
		"unix:" + file:        deskside.CodeExists,
		"unix:" + live:        deskside.CodeExists,
	} {
		l, err := Listen(addr)
		if err == nil {
			l.Close()
		}
		if got := deskside.CodeOf(err); got != want {
			t.Errorf("Listen(%q) = %v, code %q, want %q", addr, err, got, want)
		}
	}
}

// served reports whether the listener gives a connection that dial made.
func served(t *testing.T, l *Listener, dial func() (net.Conn, error)) bool {
	t.Helper()
	accepted, refused := make(chan struct{}, 1), make(chan error, 1)
	l.Refused = func(_ net.Addr, why error) { refused <- why }
	done := make(chan struct{})
	go func() {
		defer close(done)
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			c.Close()
			accepted <- struct{}{}
		}
	}()
	// A refusal may come so soon that dialling fails.
	if c, err := dial(); err == nil {
		defer c.Close()
	}
	var is bool
	select {
	case <-accepted:
		is = true
	case why := <-refused:
		if !errors.Is(why, ErrOtherUser) {
			t.Errorf("refused for %v, want ErrOtherUser", why)
		}
	case <-time.After(await.Limit):
		t.Error("neither accepted nor refused")
	}
	l.Close()
	await.Closed(t, "the accepting goroutine ends", done)
	return is
}

func TestListenServesThisUserAlone(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "127.0.0.7:0", "[::1]:0", "localhost:0", "unix:"} {
		for _, uid := range []int{os.Getuid(), os.Getuid() + 1} {
			at := addr
			if at == "unix:" {
				at += filepath.Join(t.TempDir(), "s")
			}
			l, err := Listen(at)
			if err != nil {
				t.Fatal(err)
			}
			l.uid = uid
			got := served(t, l, func() (net.Conn, error) { return net.Dial(l.Addr().Network(), l.Addr().String()) })
			if want := uid == os.Getuid(); got != want {
				t.Errorf("%s for user %d: served %v, want %v", at, uid, got, want)
			}
		}
	}
}

func TestUnixSocketIsPrivateAndStaleOnesGo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := Listen("unix:" + path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v, want 0600", info.Mode(), err)
	}
	l.Listener.(*net.UnixListener).SetUnlinkOnClose(false) // as if killed
	l.Close()
	if l, err = Listen("unix:" + path); err != nil {
		t.Fatalf("over a stale socket: %v", err)
	}
	l.Close()
}
