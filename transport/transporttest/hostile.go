package transporttest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"deskside"
	"deskside/internal/await"
	"deskside/transport"
)

// Target is a service under Hostile.
type Target struct {
	// Dial opens a stream to the service as an operator with a session.
	Dial func(context.Context) (transport.Stream, error)

	// Ticket gives a ticket of a live session for the service. It is called
	// before each try, as a try may cost the session.
	Ticket func() deskside.Ticket

	// End ends the session of the last ticket.
	End func()

	// Bodies are requests that take a body: "PUT /file?path=%2Fx&size=5".
	Bodies []string

	// Upgrades are requests that become raw bytes.
	Upgrades []Upgrade

	// Works fails the test unless the service serves a good operator. It is
	// called after each kind of try, and while slow peers hold their streams.
	Works func(t *testing.T)
}

// Upgrade is a request that turns a stream into raw bytes.
type Upgrade struct {
	Request  string // "POST /chat"
	Protocol string
	Good     []byte // what a good peer may say first, to be cut and bent
	Alone    bool   // it belongs to no session, and does not end with one
}

// Hostile plays an operator with a live ticket who sends what is malformed, cut
// off, too large or too slow, in HTTP and in what follows an Upgrade. Each try
// has a stream of its own, and gets a refusal with a code and words, or the end
// of its stream: never success, silence, or an end of the service.
//
// What peers without a key can do is tested in package transport. Serve with
// Watch's log, so that a panic that net/http swallows is found as well.
func Hostile(t *testing.T, x Target) {
	for kind, tries := range map[string]map[string]string{
		"malformed": x.malformed(), "truncated": x.truncated(), "oversized": x.oversized(),
	} {
		t.Run(kind, func(t *testing.T) {
			for name, words := range tries {
				x.try(t, name, words, kind == "truncated")
			}
			x.Works(t)
		})
	}
	for _, u := range x.Upgrades {
		t.Run(u.Protocol, func(t *testing.T) {
			for name, words := range u.words() {
				x.tryRaw(t, u, name, words)
			}
			x.Works(t)
		})
	}
	t.Run("slow", x.slow)
}

// head is a request up to its end of header, with a ticket in place of %s.
func head(request string, more ...string) string {
	return request + " HTTP/1.1\r\nHost: a\r\n" + strings.Join(append(more, "Authorization: Deskside %s"), "\r\n") + "\r\n\r\n"
}

func (x Target) malformed() map[string]string {
	ticket := "\r\nAuthorization: Deskside %s\r\n\r\n"
	tries := map[string]string{
		"TLS":                  "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
		"HTTP/2":               "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"RFB":                  "RFB 003.008\n\r\n\r\n",
		"no version":           "GET /" + ticket,
		"another version":      "GET / HTTP/9.9\r\nHost: a" + ticket,
		"no host":              "GET / HTTP/1.1" + ticket,
		"two hosts":            "GET / HTTP/1.1\r\nHost: a\r\nHost: b" + ticket,
		"no colon":             head("GET /", "Hello"),
		"space before a colon": head("GET /", "Hello : x"),
		"NUL in a header":      head("GET /", "Hello: \x00"),
		"a bare CR":            head("GET /", "Hello: a\rb: c"),
		"two lengths":          head("POST /", "Content-Length: 1", "Content-Length: 2"),
		"a negative length":    head("POST /", "Content-Length: -1"),
		"a huge length":        head("POST /", "Content-Length: 99999999999999999999"),
		"length and chunks":    head("POST /", "Content-Length: 3", "Transfer-Encoding: chunked") + "0\r\n\r\n",
		"unknown encoding":     head("POST /", "Transfer-Encoding: gzip"),
		"unknown path":         head("GET /no/such/thing"),
		"nearly a path":        head("GET //"),
		"NUL in the path":      head("GET /%%00"),
		"a bad escape":         head("GET /%%zz"),
		"unknown method":       head("DANCE /"),
		"to nobody":            head("OPTIONS *"),
		"to a proxy":           head("GET http://elsewhere/"),
		"through a proxy":      head("CONNECT elsewhere:1"),
		"half a ticket":        "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Deskside %.20s\r\n\r\n",
		"a ticket twice":       "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Deskside %[1]s%[1]s\r\n\r\n",
		"another scheme":       "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n\r\n",
	}
	for i, request := range x.Bodies {
		tries[fmt.Sprint("body not as it says ", i)] = head(request, "Content-Type: application/json", "Content-Length: 3") + "\x00\xff{"
		tries[fmt.Sprint("bad chunk ", i)] = head(request, "Content-Type: application/json", "Transfer-Encoding: chunked") + "zz\r\n"
		tries[fmt.Sprint("null ", i)] = head(request, "Content-Type: application/json", "Content-Length: 4") + "null"
	}
	for i, u := range x.Upgrades {
		tries[fmt.Sprint("another protocol ", i)] = head(u.Request, "Connection: Upgrade", "Upgrade: websocket")
		tries[fmt.Sprint("no upgrade ", i)] = head(u.Request)
		tries[fmt.Sprint("upgrade with a body ", i)] = head(u.Request, "Connection: Upgrade", "Upgrade: "+u.Protocol, "Content-Length: 2") + "{}"
		tries[fmt.Sprint("upgrade with chunks ", i)] = head(u.Request, "Connection: Upgrade", "Upgrade: "+u.Protocol, "Transfer-Encoding: chunked") + "0\r\n\r\n"
	}
	return tries
}

// truncated are requests that end before they are whole.
func (x Target) truncated() map[string]string {
	tries := map[string]string{"nothing": ""}
	whole := head("GET /")
	for n := 1; n < len(whole)-1; n += 7 {
		tries[fmt.Sprintf("header cut at %d", n)] = strings.TrimSuffix(whole[:n], "%")
	}
	for i, request := range x.Bodies {
		for name, more := range map[string]string{"length": "Content-Length: 5", "chunks": "Transfer-Encoding: chunked"} {
			tries[fmt.Sprintf("%s without a body %d", name, i)] = head(request, "Content-Type: application/json", more)
		}
		tries[fmt.Sprint("half a body ", i)] = head(request, "Content-Type: application/json", "Content-Length: 5") + "{\"a"
		tries[fmt.Sprint("half a chunk ", i)] = head(request, "Content-Type: application/json", "Transfer-Encoding: chunked") + "5\r\n{\"a"
	}
	return tries
}

func (x Target) oversized() map[string]string {
	const large = 1 << 20
	tries := map[string]string{
		"request line":  head("GET /" + strings.Repeat("x", large)),
		"header":        head("GET /", "Hello: "+strings.Repeat("x", large)),
		"name":          head("GET /", strings.Repeat("x", large)+": x"),
		"many headers":  head("GET /", strings.Split(strings.Repeat("A: b\n", large/5), "\n")[:large/5]...),
		"endless":       strings.Repeat("x", large),
		"a long ticket": "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Deskside " + strings.Repeat("A", 10<<10) + "\r\n\r\n",
	}
	for i, request := range x.Bodies {
		kind := "Content-Type: application/json"
		tries[fmt.Sprint("body ", i)] = head(request, kind, fmt.Sprint("Content-Length: ", large)) + strings.Repeat(" ", large)
		tries[fmt.Sprint("chunks ", i)] = head(request, kind, "Transfer-Encoding: chunked") + fmt.Sprintf("%x\r\n", large) + strings.Repeat(" ", large) + "\r\n0\r\n\r\n"
		tries[fmt.Sprint("nested ", i)] = head(request, kind, "Content-Length: 50000") + strings.Repeat("[", 50000)
	}
	return tries
}

// try says words on a stream of its own and reads the refusal.
func (x Target) try(t *testing.T, name, words string, cut bool) {
	t.Helper()
	s := x.dial(t)
	var writing sync.WaitGroup
	defer writing.Wait()
	defer s.Abort()
	writing.Go(func() {
		io.WriteString(s, x.ticketed(words))
		if cut {
			s.CloseWrite()
		}
	})
	answer, err := http.ReadResponse(bufio.NewReader(s), nil)
	if err != nil {
		mustHaveEnded(t, name, err)
		return
	}
	defer answer.Body.Close()
	if answer.StatusCode < 400 {
		t.Errorf("%s: answered with %s", name, answer.Status)
	}
	if strings.HasPrefix(answer.Header.Get("Content-Type"), "text/plain") {
		return // net/http's own, for what is no HTTP
	}
	var e deskside.Error
	if err := json.NewDecoder(answer.Body).Decode(&e); err != nil || e.Code == "" || e.Words == "" || e.By != deskside.ByAgent {
		t.Errorf("%s: %s with %+v, %v: want a refusal with code and words", name, answer.Status, e, err)
	}
	if e.Code == deskside.CodeInternal {
		t.Errorf("%s: refused as a fault of the agent's own: %s", name, e.Words)
	}
}

func (x Target) dial(t *testing.T) transport.Stream {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), await.Limit)
	defer cancel()
	s, err := x.Dial(ctx)
	if err != nil {
		t.Fatal(err)
	}
	s.SetDeadline(time.Now().Add(await.Limit))
	return s
}

// ticketed puts a live ticket into words that want one.
func (x Target) ticketed(words string) string {
	if !strings.Contains(words, "Deskside %") && !strings.Contains(words, "Bearer %") {
		return strings.ReplaceAll(words, "%%", "%")
	}
	text, _ := x.Ticket().MarshalText()
	return fmt.Sprintf(words, text)
}

func mustHaveEnded(t *testing.T, name string, err error) {
	t.Helper()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%s: neither refused nor hung up", name)
	}
}

// words are what the other end of an upgraded stream does not expect.
func (u Upgrade) words() map[string][]byte {
	noise := make([]byte, 64<<10)
	rand.NewChaCha8([32]byte{1}).Read(noise)
	all := map[string][]byte{
		"nothing": {}, "noise": noise, "zeroes": make([]byte, 64<<10), "newlines": bytes.Repeat([]byte("\n"), 64<<10),
		"ones": bytes.Repeat([]byte{0xff}, 64<<10), "endless": bytes.Repeat([]byte("x"), 4<<20),
		"HTTP": []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), "null": []byte("null\n"), "nested": append(bytes.Repeat([]byte("["), 3000), '\n'),
		"more than good": append(bytes.Clone(u.Good), noise...),
	}
	for n := range u.Good {
		if n > 0 && (len(u.Good) < 32 || n%(len(u.Good)/16) == 0) {
			all[fmt.Sprintf("cut at %d", n)] = u.Good[:n]
			bent := bytes.Clone(u.Good)
			bent[n] ^= 0x55
			all[fmt.Sprintf("bent at %d", n)] = bent
		}
	}
	return all
}

// upgrade makes a stream of raw bytes.
func (x Target) upgrade(t *testing.T, u Upgrade) (transport.Stream, *bufio.Reader) {
	t.Helper()
	s := x.dial(t)
	if _, err := io.WriteString(s, x.ticketed(head(u.Request, "Connection: Upgrade", "Upgrade: "+u.Protocol))); err != nil {
		t.Fatal(err)
	}
	br := bufio.NewReader(s)
	answer, err := http.ReadResponse(br, nil)
	if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("upgrade to %s: %+v, %v", u.Protocol, answer, err)
	}
	return s, br
}

// tryRaw says words after an upgrade, and waits for the end of the stream.
func (x Target) tryRaw(t *testing.T, u Upgrade, name string, words []byte) {
	t.Helper()
	s, br := x.upgrade(t, u)
	var writing sync.WaitGroup
	defer writing.Wait()
	defer s.Abort()
	writing.Go(func() {
		s.Write(words)
		s.CloseWrite()
	})
	if _, err := io.Copy(io.Discard, br); err != nil {
		mustHaveEnded(t, name, err)
	}
}

// slow holds streams in every stage while the service works for others, and
// then ends the session: what had come so far as to belong to it ends with it.
func (x Target) slow(t *testing.T) {
	for _, words := range []string{"", "GE", "GET / HTTP/1.1\r\nHost: a\r\nAuthori"} {
		s := x.dial(t)
		defer s.Abort()
		io.WriteString(s, words)
	}
	for _, request := range x.Bodies {
		s := x.dial(t)
		defer s.Abort()
		io.WriteString(s, x.ticketed(head(request, "Content-Type: application/json", "Content-Length: 1000")+"{"))
	}
	for _, u := range x.Upgrades {
		s, br := x.upgrade(t, u)
		defer s.Abort()
		s.Write(u.Good[:len(u.Good)/2])
		x.Works(t)
		if x.End(); u.Alone {
			continue
		}
		if _, err := io.Copy(io.Discard, br); err != nil {
			mustHaveEnded(t, "half a message at the session's end", err)
		}
	}
	x.Works(t)
}

// Watch gives a log that fails the test when a handler's panic is written to
// it.
func Watch(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(watch{t}, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

type watch struct{ t testing.TB }

func (w watch) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("panic serving")) {
		w.t.Errorf("a handler panicked: %s", b)
	}
	return len(b), nil
}
