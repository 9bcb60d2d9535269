package wire

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"deskside"
	"deskside/internal/await"
	"deskside/transport"
	"deskside/transport/transporttest"
)

// goodbye is longer than TLS tries to say goodbye to a peer that does not read.
const goodbye = 6 * time.Second

// serveHere serves on a network in memory, for a bubble of package synctest:
// what its test waits for takes no time, and what never comes is found as a
// deadlock.
func serveHere(t *testing.T, h http.HandlerFunc) (dial func() transport.Stream) {
	t.Helper()
	n := transporttest.New(t, deskside.Memory)
	serve(t, n, h)
	return func() transport.Stream { return n.Dial(deskside.Chat) }
}

// A peer that keeps part of a request to itself is hung up on, whatever part it
// is and whether or not the handler wants it.
func TestSlowRequests(t *testing.T) {
	const post = "POST /%s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
	for name, text := range map[string]string{
		"nothing":             "",
		"half a request line": "POST /re",
		"half a header":       fmt.Sprintf(post, "read") + "Authoriz",
		"half a body":         fmt.Sprintf(post, "read") + "Content-Length: 10\r\n\r\n{\"A\"",
		"half a chunk":        fmt.Sprintf(post, "read") + "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"A\"",
		"a body not wanted":   fmt.Sprintf(post, "ignore") + "Content-Length: 10\r\n\r\n",
		"a chunk not wanted":  fmt.Sprintf(post, "ignore") + "Transfer-Encoding: chunked\r\n\r\n",
		"a body to nobody":    "OPTIONS * HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n",
		"an expected body":    fmt.Sprintf(post, "read") + "Expect: 100-continue\r\nContent-Length: 10\r\n\r\n",
		"an upgrade's body":   fmt.Sprintf(post, "upgrade") + "Connection: Upgrade\r\nUpgrade: echo\r\nContent-Length: 10\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dial := serveHere(t, func(w http.ResponseWriter, r *http.Request) {
					switch r.URL.Path {
					case "/read":
						var v struct{ A int }
						ReadJSON(w, r, 32, &v)
					case "/upgrade":
						if conn, err := Upgrade(w, r, "echo"); err == nil {
							conn.Close()
						}
					}
				})
				s, start := dial(), time.Now()
				defer s.Abort()
				io.WriteString(s, text)
				io.Copy(io.Discard, s)
				if took := time.Since(start); took > HeaderTimeout+BodyTimeout+time.Second {
					t.Errorf("hung up after %v of its own time", took)
				}
			})
		})
	}
}

// A peer that drips cannot make time stand still either.
func TestDrippingRequests(t *testing.T) {
	for name, text := range map[string]struct{ first, then string }{
		"header": {"POST / HTTP/1.1\r\nHost: a\r\nX: ", "x"},
		"body":   {"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1001\r\n\r\n", " "},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dial := serveHere(t, func(w http.ResponseWriter, r *http.Request) {
					var v struct{ A int }
					ReadJSON(w, r, 2000, &v)
				})
				s, start := dial(), time.Now()
				defer s.Abort()
				io.WriteString(s, text.first)
				go func() {
					for range 1000 {
						if _, err := io.WriteString(s, text.then); err != nil {
							return
						}
						<-time.After(time.Second)
					}
				}()
				io.Copy(io.Discard, s)
				s.Abort()
				if took := time.Since(start); took > HeaderTimeout+BodyTimeout+time.Second {
					t.Errorf("hung up after %v of its own time", took)
				}
				<-time.After(2 * time.Second) // for the drip to notice
			})
		})
	}
}

// An answer that the peer does not read is given up, and with it the handler.
func TestAPeerThatDoesNotRead(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"an answer": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, strings.Repeat("x", 1<<20)) },
		"many pieces": func(w http.ResponseWriter, _ *http.Request) {
			for range 1 << 10 {
				if _, err := io.WriteString(w, strings.Repeat("x", 1<<10)); err != nil {
					return
				}
				http.NewResponseController(w).Flush()
			}
		},
		"a long refusal": func(w http.ResponseWriter, _ *http.Request) {
			Refuse(w, deskside.Errorf(deskside.CodeDenied, "%s", strings.Repeat("x", 1<<20)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var left atomic.Bool
				dial := serveHere(t, func(w http.ResponseWriter, r *http.Request) {
					h(w, r)
					left.Store(true)
				})
				s := dial()
				defer s.Abort()
				io.WriteString(s, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
				<-time.After(WriteTimeout + goodbye)
				if !left.Load() {
					t.Error("the handler still writes")
				}
			})
		})
	}
}

// A handler may wait for longer than any of the limits, once the body is there,
// and its own deadlines hold.
func TestAPatientHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dial := serveHere(t, func(w http.ResponseWriter, r *http.Request) {
			var v struct{ A int }
			if ReadJSON(w, r, 32, &v) != nil {
				return
			}
			select {
			case <-r.Context().Done():
				Refuse(w, r.Context().Err())
			case <-time.After(10 * time.Minute):
				WriteJSON(w, v.A)
			}
			control := http.NewResponseController(w)
			control.Flush()
			control.SetWriteDeadline(time.Now().Add(time.Second))
			start := time.Now()
			_, err := io.WriteString(w, strings.Repeat("x", 1<<20))
			if took := time.Since(start); err == nil || took > time.Second+goodbye {
				t.Errorf("its own deadline of a second gave %v after %v", err, took)
			}
		})
		s := dial()
		defer s.Abort()
		io.WriteString(s, "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{\"A\": 7}")
		answer := make([]byte, 15)
		if _, err := io.ReadFull(s, answer); err != nil || string(answer) != "HTTP/1.1 200 OK" {
			t.Errorf("got %q, %v", answer, err)
		}
		<-time.After(2 * goodbye)
	})
}

// A body behind an upgrade could be read as raw bytes or as a body.
func TestAnUpgradeHasNoBody(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		serve(t, n, func(w http.ResponseWriter, r *http.Request) {
			if conn, err := Upgrade(w, r, "echo"); err == nil {
				io.Copy(conn, conn)
				conn.Close()
			}
		})
		for name, length := range map[string]string{"chunked": "Transfer-Encoding: chunked", "counted": "Content-Length: 5"} {
			s := n.Dial(deskside.Chat)
			s.SetDeadline(time.Now().Add(await.Limit))
			io.WriteString(s, "POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n"+length+"\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
			answer := make([]byte, 12)
			if _, err := io.ReadFull(s, answer); err != nil || string(answer) != "HTTP/1.1 400" {
				t.Errorf("%s: %q, %v", name, answer, err)
			}
			s.Abort()
		}
	})
}

// An agent may not make its operator read headers without end.
func TestAHostileAgent(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		l := n.Listen(deskside.Chat)
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					defer c.Close()
					io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\n")
					for i := 0; ; i++ {
						if _, err := fmt.Fprintf(c, "X-%d: %s\r\n", i, strings.Repeat("x", 1000)); err != nil {
							return
						}
					}
				}()
			}
		}()
		c := &Client{Dial: n.Dialer(deskside.Chat)}
		defer c.Close()
		if _, err := c.Upgrade(t.Context(), "POST", "/", "echo", deskside.Ticket{}); err == nil {
			t.Error("upgraded")
		}
		if err := c.JSON(t.Context(), "GET", "/", deskside.Ticket{}, nil, nil); err == nil {
			t.Error("answered")
		}
	})
}

// A ticket that cannot be read is an attempt like any other, in the audit.
func TestAMalformedTicketIsAudited(t *testing.T) {
	n := transporttest.New(t, deskside.Memory)
	gate := transporttest.NewGate(t, n)
	c := serve(t, n, func(w http.ResponseWriter, r *http.Request) { Admit(gate, w, r) })
	r, err := NewRequest(t.Context(), "GET", "/", deskside.Ticket{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Deskside abc")
	if _, err := c.Do(r); deskside.CodeOf(err) != deskside.CodeBadRequest || len(gate.EventsOf(deskside.EventDenied)) != 1 {
		t.Errorf("got %v, audited %+v", err, gate.Events())
	}
}

// What is no path, or only nearly one, is refused like anything else.
func TestNearlyPaths(t *testing.T) {
	n := transporttest.New(t, deskside.Memory)
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { WriteJSON(w, "here") })
	serve(t, n, mux.ServeHTTP)
	for _, request := range []string{"GET //", "GET /a/../b", "GET /a//b", "GET /a/", "OPTIONS *", "CONNECT a:1", "GET http://a//b"} {
		s := n.Dial(deskside.Chat)
		s.SetDeadline(time.Now().Add(await.Limit))
		io.WriteString(s, request+" HTTP/1.1\r\nHost: a\r\n\r\n")
		answer := make([]byte, 12)
		if _, err := io.ReadFull(s, answer); err != nil || string(answer) != "HTTP/1.1 404" {
			t.Errorf("%s: %q, %v", request, answer, err)
		}
		s.Abort()
	}
}
