package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"deskside"
	"deskside/internal/await"
	"deskside/transport"
	"deskside/transport/transporttest"
)

func serve(t *testing.T, n *transporttest.Net, h http.HandlerFunc) *Client {
	t.Helper()
	server := Server(h, slog.New(slog.NewTextHandler(io.Discard, nil)))
	l := n.Listen(deskside.Chat)
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { done <- Serve(ctx, server, l) }()
	t.Cleanup(func() {
		cancel()
		if err := await.Recv(t, "the server's end", done); err != nil {
			t.Error(err)
		}
	})
	c := &Client{Dial: func(ctx context.Context) (transport.Stream, error) {
		return n.TryDial(ctx, n.Operator, deskside.Chat, n.Agent.ID())
	}}
	t.Cleanup(c.Close)
	return c
}

func TestRefusalsArriveWhole(t *testing.T) {
	want := deskside.Errorf(deskside.CodeExists, "there is %q", "ä\x00").Hint("Take another name.")
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		c := serve(t, n, func(w http.ResponseWriter, _ *http.Request) { Refuse(w, want) })
		err := c.JSON(t.Context(), "GET", "/", deskside.Ticket{}, nil, nil)
		if got := deskside.AsError(err); *got != *want.From(deskside.ByAgent) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

func TestTicketsReachTheGate(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		gate := transporttest.NewGate(t, n)
		c := serve(t, n, func(w http.ResponseWriter, r *http.Request) {
			if pass, ok := Admit(gate, w, r); ok {
				WriteJSON(w, pass.Session().ID)
			}
		})
		var id deskside.SessionID
		good := gate.Issue(deskside.Chat, deskside.AllRights)
		if err := c.JSON(t.Context(), "GET", "/", good, nil, &id); err != nil || id != gate.Session().ID {
			t.Errorf("got %v, %v", id, err)
		}
		for _, bad := range []deskside.Ticket{{}, deskside.NewTicket(), gate.Issue(deskside.Xfer, deskside.AllRights)} {
			if err := c.JSON(t.Context(), "GET", "/", bad, nil, nil); deskside.CodeOf(err) != deskside.CodeNoTicket {
				t.Errorf("got %v", err)
			}
		}
	})
}

func TestMalformedAuthorization(t *testing.T) {
	n := transporttest.New(t, deskside.Memory)
	gate := transporttest.NewGate(t, n)
	c := serve(t, n, func(w http.ResponseWriter, r *http.Request) { Admit(gate, w, r) })
	for _, header := range []string{"Bearer x", "Deskside", "Deskside abc", "Deskside " + strings.Repeat("A", 44), "deskside x"} {
		r, err := NewRequest(t.Context(), "GET", "/", deskside.Ticket{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", header)
		if _, err := c.Do(r); deskside.CodeOf(err) != deskside.CodeBadRequest {
			t.Errorf("%q: %v", header, err)
		}
	}
}

func TestReadJSONIsStrict(t *testing.T) {
	n := transporttest.New(t, deskside.Memory)
	c := serve(t, n, func(w http.ResponseWriter, r *http.Request) {
		var v struct{ A int }
		if ReadJSON(w, r, 32, &v) == nil {
			WriteJSON(w, v.A)
		}
	})
	for body, ok := range map[string]bool{
		`{"A": 1}`: true, `{"A": 1} `: true,
		``: false, `{`: false, `{"A": 1}{}`: false, `{"A": 1, "B": 2}`: false, `{"A": "1"}`: false, `[1]`: false,
		`{"A": 1}` + strings.Repeat(" ", 25): false,
	} {
		r, err := NewRequest(t.Context(), "POST", "/", deskside.Ticket{}, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		answer, err := c.Do(r)
		if (err == nil) != ok || (!ok && deskside.CodeOf(err) != deskside.CodeBadRequest) {
			t.Errorf("%q: %v", body, err)
		}
		if err == nil {
			answer.Body.Close()
		}
	}
}

// Bytes that either side sends right behind its HTTP header belong to the raw
// stream and are not lost, and either side may finish first.
func TestUpgradeLosesNothing(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		c := serve(t, n, func(w http.ResponseWriter, r *http.Request) {
			conn, err := Upgrade(w, r, "echo")
			if err != nil {
				return
			}
			defer conn.Close()
			io.WriteString(conn, "first ")
			io.Copy(conn, conn)
			conn.CloseWrite()
		})
		for name, upgrade := range map[string]func(ctx context.Context, method, target, protocol string, t deskside.Ticket) (*Conn, error){
			"a new stream": c.Upgrade, "a kept stream": c.UpgradeKept,
		} {
			t.Run(name, func(t *testing.T) { losesNothing(t, upgrade) })
		}
	})
}

func losesNothing(t *testing.T, upgrade func(ctx context.Context, method, target, protocol string, t deskside.Ticket) (*Conn, error)) {
	conn, err := upgrade(t.Context(), "POST", "/", "echo", deskside.Ticket{})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(await.Limit))
	want := "first " + strings.Repeat("x", 1<<20)
	go func() {
		io.WriteString(conn, want[len("first "):])
		conn.CloseWrite()
	}()
	if got, err := io.ReadAll(conn); err != nil || string(got) != want {
		t.Errorf("got %d bytes, %v, want %d", len(got), err, len(want))
	}
	if _, err := upgrade(t.Context(), "POST", "/", "other", deskside.Ticket{}); deskside.CodeOf(err) != deskside.CodeBadRequest {
		t.Errorf("another protocol: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := upgrade(ctx, "POST", "/", "echo", deskside.Ticket{}); err == nil {
		t.Error("an ended context upgraded")
	}
}

// TestUpgradeKept takes the stream of an earlier request, which then outlives the
// context, and another where the kept one has been closed.
func TestUpgradeKept(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		served := make(chan transport.Stream, 4)
		c := serve(t, n, func(w http.ResponseWriter, r *http.Request) {
			served <- transport.FromContext(r.Context())
			if r.Header.Get("Upgrade") == "" {
				return
			}
			if conn, err := Upgrade(w, r, "echo"); err == nil {
				defer conn.Close()
				io.Copy(conn, conn)
			}
		})
		t.Cleanup(c.Close)
		var dialled []transport.Stream
		dial := c.Dial
		c.Dial = func(ctx context.Context) (transport.Stream, error) {
			s, err := dial(ctx)
			dialled = append(dialled, s)
			return s, err
		}
		ask := func() transport.Stream {
			t.Helper()
			if err := c.JSON(t.Context(), "GET", "/", deskside.Ticket{}, nil, nil); err != nil {
				t.Fatal(err)
			}
			return <-served
		}
		take := func(ctx context.Context) *Conn {
			t.Helper()
			conn, err := c.UpgradeKept(ctx, "POST", "/", "echo", deskside.Ticket{})
			if err != nil {
				t.Fatal(err)
			}
			<-served
			t.Cleanup(func() { conn.Abort() })
			return conn
		}
		ask()
		ctx, cancel := context.WithCancel(t.Context())
		conn := take(ctx)
		cancel()
		if len(dialled) != 1 || conn.Stream != dialled[0] {
			t.Errorf("%d streams for a request and an upgrade after it, want one", len(dialled))
		}
		if _, err := io.WriteString(conn, "still"); err != nil {
			t.Error(err)
		}
		got := make([]byte, 5)
		conn.SetDeadline(time.Now().Add(await.Limit))
		if _, err := io.ReadFull(conn, got); err != nil || string(got) != "still" {
			t.Errorf("%q, %v, want the echo", got, err)
		}
		ask().Abort() // the far end gives up the stream that this one keeps
		take(t.Context())
	})
}

func TestRequestsWithoutAStreamAreRefused(t *testing.T) {
	rec := &recorder{header: http.Header{}}
	r, err := NewRequest(t.Context(), "GET", "/", deskside.Ticket{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := Admit(nil, rec, r); ok || rec.status != http.StatusInternalServerError {
		t.Errorf("admitted %v, status %d", ok, rec.status)
	}
}

type recorder struct {
	header http.Header
	status int
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) Write(b []byte) (int, error) { return len(b), nil }
func (r *recorder) WriteHeader(status int)      { r.status = status }

func TestLines(t *testing.T) {
	type line struct{ A int }
	for in, want := range map[string]string{
		"{\"A\":1}\n":                           "EOF",
		"":                                      "EOF",
		"{\"A\":1}":                             "unexpected EOF",
		"{\"A\":1}\n{\"A\":":                    "unexpected EOF",
		"{\"B\":1}\n":                           "not the JSON",
		strings.Repeat(" ", 32) + "{\"A\":1}\n": "more than 32 bytes",
	} {
		lines := NewLines(struct {
			io.Reader
			io.Writer
		}{strings.NewReader(in), nil}, 32)
		var err error
		for range 3 {
			var l line
			if err = lines.Read(&l); err != nil {
				break
			}
			if l.A != 1 {
				t.Errorf("%q: read %+v", in, l)
			}
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", in, err, want)
		}
	}
	var out bytes.Buffer
	if err := NewLines(&out, 16).Write(line{7}); err != nil || out.String() != "{\"A\":7}\n" {
		t.Errorf("wrote %q, %v", out.String(), err)
	}
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("{\"code\":\"x\"}\n"))
	f.Add([]byte("{}\n{}\n\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		lines := NewLines(struct {
			io.Reader
			io.Writer
		}{bytes.NewReader(in), nil}, 64)
		for {
			var e deskside.Error
			err := lines.Read(&e)
			if err == nil {
				if _, err := json.Marshal(e); err != nil {
					t.Error(err)
				}
				continue
			}
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || deskside.CodeOf(err) == deskside.CodeBadRequest {
				return
			}
			t.Fatal(err)
		}
	})
}
