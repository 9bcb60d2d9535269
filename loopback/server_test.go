package loopback

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/coder/websocket"

	"deskside/internal/await"
)

var testPage = fstest.MapFS{
	"index.html": {Data: []byte("<!doctype html><head>" + bearerMeta + "</head>")},
	"app.js":     {Data: []byte("export {}")},
	"build.sh":   {Data: []byte("not for the page")},
}

// testServer serves testPage and two requests: GET /api and a WebSocket /ws
// that echoes one message.
func testServer(t *testing.T, change func(*Config)) *Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "secret") })
	mux.HandleFunc("GET /ws", func(w http.ResponseWriter, r *http.Request) {
		c, err := Upgrade(w, r, "echo", 100)
		if err != nil {
			return
		}
		defer c.Close("done")
		for b, err := c.Read(r.Context()); err == nil; b, err = c.Read(r.Context()) {
			c.Write(r.Context(), b)
		}
	})
	cfg := Config{Assets: testPage, Handler: mux, Title: "Test <page>"}
	if change != nil {
		change(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(s.dir); !os.IsNotExist(err) {
			t.Errorf("the private directory is still there: %v", err)
		}
	})
	return s
}

// ask makes a request with headers "Name: value" and gives status and body.
func ask(t *testing.T, s *Server, method, path, body string, headers ...string) (int, string, http.Header) {
	t.Helper()
	r, err := http.NewRequest(method, s.URL()+strings.TrimPrefix(path, "/"), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			r.Host = value
		}
		r.Header.Add(name, value)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b), resp.Header
}

// launchToken reads the token in a launch file, as a browser would.
func launchToken(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`name="token" value="([^"]+)"`).FindSubmatch(b)
	if m == nil {
		t.Fatalf("no token in %s", b)
	}
	return string(m[1])
}

const form = "Content-Type: application/x-www-form-urlencoded"

// logIn goes the browser's way to a bearer.
func logIn(t *testing.T, s *Server) string {
	t.Helper()
	path, err := s.LaunchFile()
	if err != nil {
		t.Fatal(err)
	}
	status, body, _ := ask(t, s, "POST", "/login", url.Values{"token": {launchToken(t, path)}}.Encode(),
		form, "Origin: null", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Dest: document")
	m := regexp.MustCompile(`<meta name="bearer" content="([^"]{43})">`).FindStringSubmatch(body)
	if status != 200 || m == nil {
		t.Fatalf("login: %d %s", status, body)
	}
	return m[1]
}

func TestLogin(t *testing.T) {
	s := testServer(t, nil)
	path, err := s.LaunchFile()
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("launch file: %v %v, want mode 0600", info, err)
	}
	token := launchToken(t, path)
	refuse := func(what string, want int, method, body string, headers ...string) {
		t.Helper()
		if status, got, _ := ask(t, s, method, "/login", body, append(headers, form)...); status != want {
			t.Errorf("%s: %d %s, want %d", what, status, got, want)
		}
	}
	good := "token=" + token
	refuse("no token", 403, "POST", "")
	refuse("a wrong token", 403, "POST", "token="+strings.Repeat("A", 43))
	refuse("a token in the address", 405, "GET", "")
	refuse("a body over the limit", 400, "POST", "token="+strings.Repeat("A", 2000))
	refuse("a body that is no form", 400, "POST", "%zz")
	refuse("another site's form", 403, "POST", good, "Origin: http://evil.example")
	refuse("a frame", 403, "POST", good, "Origin: null", "Sec-Fetch-Dest: iframe")
	refuse("a script's request", 403, "POST", good, "Origin: null", "Sec-Fetch-Dest: empty")
	refuse("a rebound name", 403, "POST", good, "Host: evil.example")
	refuse("the first good one", 200, "POST", good)
	refuse("a used token", 403, "POST", good)
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the launch file is still there after use: %v", err)
	}
	a, b := logIn(t, s), logIn(t, s)
	for _, bearer := range []string{a, b} {
		if status, body, _ := ask(t, s, "GET", "/api", "", "Authorization: Bearer "+bearer); status != 200 || body != "secret" {
			t.Errorf("with a bearer: %d %s", status, body)
		}
	}
}

func TestLaunchFilesEnd(t *testing.T) {
	s := testServer(t, nil)
	var first string
	for i := range maxTokens + 1 {
		path, err := s.LaunchFile()
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = path
		}
	}
	if _, err := os.Stat(first); !os.IsNotExist(err) {
		t.Errorf("the oldest of too many launch files is still there: %v", err)
	}
	path, _ := s.LaunchFile()
	token := launchToken(t, path)
	s.keys.mu.Lock()
	s.keys.tokens[len(s.keys.tokens)-1].old.Reset(0)
	s.keys.mu.Unlock()
	await.True(t, "the launch file expires", func() bool {
		_, err := os.Stat(path)
		return os.IsNotExist(err)
	})
	if status, _, _ := ask(t, s, "POST", "/login", "token="+token, form); status != 403 {
		t.Errorf("an expired token: %d, want 403", status)
	}
}

func TestRequestsWithoutRight(t *testing.T) {
	s := testServer(t, nil)
	bearer := "Authorization: Bearer " + logIn(t, s)
	port := s.hosts[0][strings.LastIndex(s.hosts[0], ":"):]
	for _, c := range []struct {
		name    string
		path    string
		headers []string
		want    int
	}{
		{"good", "/api", []string{bearer}, 200},
		{"good by name", "/api", []string{bearer, "Host: localhost" + port}, 200},
		{"good from our page", "/api", []string{bearer, "Origin: http://" + s.hosts[0], "Sec-Fetch-Site: same-origin"}, 200},
		{"typed address", "/", []string{"Sec-Fetch-Site: none"}, 200},
		{"asset", "/app.js", nil, 200},
		{"not an asset", "/build.sh", nil, 401},
		{"no bearer", "/api", nil, 401},
		{"empty bearer", "/api", []string{"Authorization: Bearer "}, 401},
		{"wrong bearer", "/api", []string{"Authorization: Bearer " + strings.Repeat("A", 43)}, 401},
		{"bearer in the address", "/api?bearer=" + bearer[22:], nil, 401},
		{"bearer in a cookie", "/api", []string{"Cookie: bearer=" + bearer[22:]}, 401},
		{"rebound name", "/api", []string{bearer, "Host: evil.example" + port}, 403},
		{"rebound name for the page", "/", []string{"Host: evil.example" + port}, 403},
		{"no port", "/", []string{"Host: 127.0.0.1"}, 403},
		{"other loopback address", "/", []string{"Host: 127.0.0.2" + port}, 403},
		{"foreign origin", "/api", []string{bearer, "Origin: http://evil.example"}, 403},
		{"other port's origin", "/api", []string{bearer, "Origin: http://127.0.0.1:1"}, 403},
		{"https origin", "/api", []string{bearer, "Origin: https://" + s.hosts[0]}, 403},
		{"two origins", "/api", []string{bearer, "Origin: http://" + s.hosts[0], "Origin: http://" + s.hosts[0]}, 403},
		{"a file's origin", "/api", []string{bearer, "Origin: null"}, 403},
		{"other site", "/api", []string{bearer, "Sec-Fetch-Site: cross-site"}, 403},
		{"other port of this host", "/api", []string{bearer, "Sec-Fetch-Site: same-site"}, 403},
		{"other site loads our script", "/app.js", []string{"Sec-Fetch-Site: cross-site"}, 403},
	} {
		status, body, h := ask(t, s, "GET", c.path, "", c.headers...)
		if status != c.want {
			t.Errorf("%s: %d %s, want %d", c.name, status, body, c.want)
		}
		for name, want := range map[string]string{
			"Content-Security-Policy":      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'",
			"Cache-Control":                "no-store",
			"X-Content-Type-Options":       "nosniff",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Referrer-Policy":              "no-referrer",
		} {
			if !strings.HasPrefix(h.Get(name), want) {
				t.Errorf("%s: %s is %q", c.name, name, h.Get(name))
			}
		}
		if csp := h.Get("Content-Security-Policy"); c.want == 200 && !strings.Contains(csp, " ws://") || strings.Contains(csp, "evil") {
			t.Errorf("%s: policy %q", c.name, csp)
		}
		if h.Get("Set-Cookie") != "" || h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: a cookie or a foreign origin allowed: %v", c.name, h)
		}
	}
	if status, _, _ := ask(t, s, "POST", "/app.js", ""); status != 405 {
		t.Errorf("POST of an asset: %d", status)
	}
}

func TestWebSocket(t *testing.T) {
	s := testServer(t, nil)
	bearer := BearerProtocol + logIn(t, s)
	at := strings.Replace(s.URL(), "http:", "ws:", 1) + "ws"
	dial := func(origin string, protocols ...string) (*websocket.Conn, int) {
		client := &http.Client{Transport: &http.Transport{}}
		opt := &websocket.DialOptions{HTTPClient: client, Subprotocols: protocols, HTTPHeader: http.Header{}}
		if origin != "" {
			opt.HTTPHeader.Set("Origin", origin)
		}
		c, resp, err := websocket.Dial(t.Context(), at, opt)
		client.CloseIdleConnections()
		if err != nil {
			return nil, resp.StatusCode
		}
		return c, resp.StatusCode
	}
	for _, c := range []struct {
		name, origin string
		protocols    []string
		want         int
	}{
		{"no bearer", "http://" + s.hosts[0], []string{"echo"}, 401},
		{"wrong bearer", "", []string{"echo", BearerProtocol + "x"}, 401},
		{"foreign origin", "http://evil.example", []string{"echo", bearer}, 403},
		{"a file's origin", "null", []string{"echo", bearer}, 403},
		{"no protocol but the bearer", "", []string{bearer}, 400},
	} {
		if ws, status := dial(c.origin, c.protocols...); ws != nil || status != c.want {
			t.Errorf("%s: %d, want %d", c.name, status, c.want)
		}
	}
	ws, _ := dial("http://"+s.hosts[0], "echo", bearer)
	if ws == nil || ws.Subprotocol() != "echo" {
		t.Fatalf("no socket, or the bearer was echoed: %v", ws)
	}
	ctx, cancel := context.WithTimeout(t.Context(), await.Limit)
	defer cancel()
	if err := ws.Write(ctx, websocket.MessageText, []byte("grüße")); err != nil {
		t.Fatal(err)
	}
	if _, b, err := ws.Read(ctx); err != nil || string(b) != "grüße" {
		t.Errorf("echo: %q %v", b, err)
	}
	ws.Write(ctx, websocket.MessageText, make([]byte, 101))
	if _, _, err := ws.Read(ctx); websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
		t.Errorf("after a message over the limit: %v", err)
	}
	ws.CloseNow()
	// A socket that stays open ends with the server.
	ws, _ = dial("", "echo", bearer)
	go s.Close()
	if _, _, err := ws.Read(ctx); err == nil || ctx.Err() != nil {
		t.Errorf("after Close: %v", err)
	}
	ws.CloseNow()
}

func TestOverUnixSocket(t *testing.T) {
	s := testServer(t, func(c *Config) { c.Unix = true })
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", s.UnixPath())
		},
	}}
	for origin, want := range map[string]int{"": 200, "http://" + s.hosts[0]: 403} {
		r, _ := http.NewRequest("GET", "http://deskside/api", nil)
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("origin %q: %d, want %d", origin, resp.StatusCode, want)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for name, cfg := range map[string]Config{
		"any address":        {Addr: "0.0.0.0:0"},
		"a Unix socket":      {Addr: "unix:/nowhere"},
		"a page without":     {Assets: fstest.MapFS{"index.html": {Data: []byte("<meta>")}}},
		"files without page": {Assets: fstest.MapFS{"app.js": {}}},
	} {
		if s, err := New(cfg); err == nil {
			s.Close()
			t.Errorf("%s: no error", name)
		}
	}
}
