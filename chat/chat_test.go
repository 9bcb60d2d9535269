package chat_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"deskside"
	"deskside/chat"
	"deskside/internal/await"
	"deskside/transport"
	"deskside/transport/transporttest"
	"deskside/wire"
)

// world is an agent with the chat service, and an operator's way to it.
type world struct {
	t    *testing.T
	net  *transporttest.Net
	gate *transporttest.Gate
	chat *chat.Chat
	wire *wire.Client
	// The ticket the operator uses, changed by resume.
	ticket atomic.Pointer[deskside.Ticket]
}

func newWorld(t *testing.T, n *transporttest.Net, change func(*chat.Config)) *world {
	t.Helper()
	w := &world{t: t, net: n, gate: transporttest.NewGate(t, n)}
	cfg := chat.Config{Gate: w.gate, Person: func() string { return "Änne Beispiel" }}
	if change != nil {
		change(&cfg)
	}
	w.chat = chat.New(cfg)
	w.newTicket()
	w.wire = &wire.Client{Dial: n.Dialer(deskside.Chat)}
	srv := wire.Server(w.chat, slog.New(slog.DiscardHandler))
	l := n.Listen(deskside.Chat)
	go srv.Serve(l)
	t.Cleanup(func() {
		w.gate.End(deskside.CauseOperator)
		w.chat.Close()
		srv.Close()
		w.wire.Close()
	})
	return w
}

func (w *world) newTicket() {
	ticket := w.gate.Issue(deskside.Chat, deskside.RightsOf(deskside.ChatRight))
	w.ticket.Store(&ticket)
	w.chat.SetSessions([]deskside.Session{w.gate.Session()})
}

func (w *world) open(ctx context.Context) (net.Conn, error) {
	conn, err := w.wire.Upgrade(ctx, http.MethodPost, chat.Path, chat.Protocol, *w.ticket.Load())
	if err != nil {
		return nil, err
	}
	return conn, nil
}

// client makes an operator's client that keeps all it is told.
func (w *world) client(open func(context.Context) (net.Conn, error)) (*chat.Client, *notes) {
	c := chat.NewClient(chat.ClientConfig{Open: open, Retry: time.Millisecond})
	w.t.Cleanup(func() { c.Close() })
	return c, keep(c.Updates())
}

// sit takes a seat for the person.
func (w *world) sit(since uint64) (*chat.Seat, *notes) {
	w.t.Helper()
	seat, err := w.chat.Sit(w.gate.Session().ID, since)
	if err != nil {
		w.t.Fatal(err)
	}
	ch := make(chan chat.Frame)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(ch)
		for f, err := seat.Next(ctx); err == nil; f, err = seat.Next(ctx) {
			ch <- f
		}
	}()
	w.t.Cleanup(func() { seat.Leave(); cancel(); <-done })
	return seat, keep(ch)
}

// notes keeps the frames that came.
type notes struct {
	all  atomic.Pointer[[]chat.Frame]
	done chan struct{}
}

func keep(ch <-chan chat.Frame) *notes {
	n := &notes{done: make(chan struct{})}
	n.all.Store(&[]chat.Frame{})
	go func() {
		defer close(n.done)
		for f := range ch {
			list := append(append([]chat.Frame{}, *n.all.Load()...), f)
			n.all.Store(&list)
		}
	}()
	return n
}

// has reports whether a frame came that ok likes.
func (n *notes) has(ok func(chat.Frame) bool) bool {
	for _, f := range *n.all.Load() {
		if ok(f) {
			return true
		}
	}
	return false
}

// wait waits for a frame that ok likes.
func (n *notes) wait(t *testing.T, what string, ok func(chat.Frame) bool) {
	t.Helper()
	await.True(t, what, func() bool { return n.has(ok) })
}

// texts lists what was said, by whom.
func (n *notes) texts() (list []string) {
	for _, f := range *n.all.Load() {
		if f.Type == chat.Message {
			list = append(list, fmt.Sprintf("%d %s: %s", f.Seq, f.Name, f.Text))
		}
	}
	return list
}

func says(text string) func(chat.Frame) bool {
	return func(f chat.Frame) bool { return f.Type == chat.Message && f.Text == text }
}

func is(kind chat.Type) func(chat.Frame) bool {
	return func(f chat.Frame) bool { return f.Type == kind }
}

// hardTexts are texts that have been lost or garbled by tools of this kind.
var hardTexts = []string{
	"Grüße, ça va? Żółć, ñandú, þing",
	"Привет · Γειά σου · שלום · مرحبا بالعالم · नमस्ते · 你好 · こんにちは · 안녕하세요 · สวัสดี · გამარჯობა · 𐎠𐎡𐎢",
	"👩🏽‍🚀 👨‍👩‍👧‍👦 🇪🇺 ❤️‍🔥",
	"e\u0301 is not é; ﬁ; \u200fRTL mark\u200e; \u202eoverride\u202c; \ufeffBOM; \u2028line",
	"<script>alert(1)</script> &amp; \"quotes\" 'and' \\backslash\\ %s \\u0041",
	"line one\n\tline two\n",
	strings.Repeat("界", chat.MaxText/3),
}

func TestBothWays(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		client, operator := w.client(w.open)
		seat, person := w.sit(0)
		for i, text := range hardTexts {
			if _, err := client.Send(text); err != nil {
				t.Fatal(err)
			}
			person.wait(t, "the person gets "+text, says(text))
			answer := "re: " + text[:min(len(text), 12)]
			answer = strings.ToValidUTF8(answer, "")
			if err := seat.Do(t.Context(), chat.Frame{Type: chat.Say, ID: fmt.Sprint("p", i), Text: answer}); err != nil {
				t.Fatal(err)
			}
			operator.wait(t, "the operator gets "+answer, says(answer))
		}
		a, b := operator.texts(), person.texts()
		if len(a) != 2*len(hardTexts) || fmt.Sprint(a) != fmt.Sprint(b) {
			t.Errorf("the operator has\n%q\nthe person\n%q", a, b)
		}
		if !strings.HasPrefix(a[0], "1 Olive Operator: ") || !strings.HasPrefix(a[1], "2 Änne Beispiel: ") {
			t.Errorf("names: %q", a[:2])
		}
	})
}

func TestMarksAndTyping(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		client, operator := w.client(w.open)
		client.Send("one")
		client.Send("two")
		id := w.gate.Session().ID
		await.True(t, "two are unread", func() bool { return w.chat.Unread(id) == 2 })
		seat, person := w.sit(0)
		do := func(f chat.Frame) {
			t.Helper()
			if err := seat.Do(t.Context(), f); err != nil {
				t.Fatal(err)
			}
		}
		person.wait(t, "the person gets two", says("two"))
		do(chat.Frame{Type: chat.Got, Seq: 2})
		operator.wait(t, "got is told", func(f chat.Frame) bool {
			return f.Type == chat.Marks && f.From == deskside.ByPerson && f.Got == 2 && f.Seen == 0
		})
		do(chat.Frame{Type: chat.Seen, Seq: 99}) // beyond the last counts as the last
		operator.wait(t, "seen is told", func(f chat.Frame) bool {
			return f.Type == chat.Marks && f.From == deskside.ByPerson && f.Seen == 2
		})
		if n := w.chat.Unread(id); n != 0 {
			t.Errorf("%d unread after seen", n)
		}
		do(chat.Frame{Type: chat.Typing, On: true})
		operator.wait(t, "the person types", func(f chat.Frame) bool { return f.Type == chat.Typing && f.From == deskside.ByPerson && f.On })
		client.Typing(true)
		person.wait(t, "the operator types", func(f chat.Frame) bool { return f.Type == chat.Typing && f.From == deskside.ByOperator && f.On })
		client.Seen(2)
		person.wait(t, "the operator has seen", func(f chat.Frame) bool {
			return f.Type == chat.Marks && f.From == deskside.ByOperator && f.Seen == 2
		})
		client.Close()
		person.wait(t, "typing ends with the stream", func(f chat.Frame) bool { return f.Type == chat.Typing && !f.On })
		if w.gate.Touched() == 0 {
			t.Error("what the operator said is no activity")
		}
	})
}

// breaking is a stream that breaks after so many bytes, in either direction.
type breaking struct {
	net.Conn
	left *atomic.Int64
}

func (b breaking) count(n int) error {
	if b.left.Add(int64(-n)) <= 0 {
		b.Conn.(*wire.Conn).Abort()
		return errors.New("broken by the test")
	}
	return nil
}

func (b breaking) Read(p []byte) (int, error) {
	n, err := b.Conn.Read(p[:min(len(p), max(1, int(b.left.Load())))])
	return n, errors.Join(err, b.count(n))
}

func (b breaking) Write(p []byte) (int, error) {
	n, err := b.Conn.Write(p[:min(len(p), max(0, int(b.left.Load())))])
	if n < len(p) {
		err = errors.Join(err, b.count(n+1))
	}
	return n, errors.Join(err, b.count(n))
}

// TestReconnect breaks the first streams after every number of bytes, while
// both sides talk: everything said arrives on both sides, once and in order.
func TestReconnect(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		var current atomic.Pointer[world]
		handler := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { current.Load().chat.ServeHTTP(rw, r) })
		srv := wire.Server(handler, slog.New(slog.DiscardHandler))
		l := n.Listen(deskside.Chat)
		go srv.Serve(l)
		t.Cleanup(func() { srv.Close() })
		step := map[deskside.Transport]int64{deskside.Memory: 23, deskside.TCP: 173, deskside.UDP: 173}[n.Transport]
		for at := int64(1); at < 1800; at += step {
			w := &world{t: t, net: n, gate: transporttest.NewGate(t, n), wire: &wire.Client{Dial: n.Dialer(deskside.Chat)}}
			w.chat = chat.New(chat.Config{Gate: w.gate})
			current.Store(w)
			reconnectAt(t, w, at)
		}
	})
}

func reconnectAt(t *testing.T, w *world, at int64) {
	defer w.chat.Close()
	defer w.gate.End(deskside.CauseOperator)
	w.newTicket()
	var opened atomic.Int64
	open := func(ctx context.Context) (net.Conn, error) {
		conn, err := w.open(ctx)
		if err != nil || opened.Add(1) > 3 {
			return conn, err
		}
		left := new(atomic.Int64)
		left.Store(at)
		return breaking{conn, left}, nil
	}
	client := chat.NewClient(chat.ClientConfig{Open: open, Retry: time.Microsecond})
	defer client.Close()
	operator := keep(client.Updates())
	seat, err := w.chat.Sit(w.gate.Session().ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer seat.Leave()
	for i := range 4 {
		client.Send(fmt.Sprint("from operator ", i))
		if err := seat.Do(t.Context(), chat.Frame{Type: chat.Say, ID: fmt.Sprint(i), Text: fmt.Sprint("from person ", i)}); err != nil {
			t.Fatal(err)
		}
	}
	await.True(t, fmt.Sprint("all eight arrive when broken after ", at), func() bool { return len(operator.texts()) >= 8 })
	client.Close()
	<-operator.done
	var room []string
	for len(room) < 8 {
		f, err := seat.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if f.Type == chat.Message {
			room = append(room, fmt.Sprintf("%d %s: %s", f.Seq, f.Name, f.Text))
		}
	}
	if got := operator.texts(); fmt.Sprint(got) != fmt.Sprint(room) {
		t.Fatalf("broken after %d: the operator has\n%q\nthe room\n%q", at, got, room)
	}
	for _, from := range []string{"operator", "person"} {
		next := 0
		for _, line := range room {
			if strings.Contains(line, "from "+from) {
				if !strings.HasSuffix(line, fmt.Sprint("from ", from, " ", next)) {
					t.Fatalf("broken after %d: out of order: %q", at, room)
				}
				next++
			}
		}
	}
}

// TestOverSuspension keeps the room while the network is away.
func TestOverSuspension(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		resumed := make(chan struct{})
		first := true
		client, operator := w.client(func(ctx context.Context) (net.Conn, error) {
			if !first {
				select {
				case <-resumed:
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			}
			first = false
			return w.open(ctx)
		})
		seat, person := w.sit(0)
		client.Send("before")
		person.wait(t, "before", says("before"))
		w.gate.Suspend()
		w.chat.SetSessions([]deskside.Session{w.gate.Session()})
		person.wait(t, "the person is told", func(f chat.Frame) bool { return f.Type == chat.State && *f.State == deskside.Suspended })
		operator.wait(t, "the operator is told", is(chat.Offline))
		client.Send("while away")
		seat.Do(t.Context(), chat.Frame{Type: chat.Say, ID: "p", Text: "are you there?"})
		w.gate.Resume()
		w.newTicket()
		close(resumed)
		person.wait(t, "what was said while away", says("while away"))
		operator.wait(t, "what the person said meanwhile", says("are you there?"))
		person.wait(t, "the person is told", func(f chat.Frame) bool { return f.Type == chat.State && *f.State == deskside.Active })
		if got := strings.Join(operator.texts(), "|"); strings.Count(got, "before") != 1 {
			t.Errorf("the operator has %q", got)
		}
	})
}

func TestEnd(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		client, operator := w.client(w.open)
		seat, person := w.sit(0)
		client.Send("hello")
		person.wait(t, "hello", says("hello"))
		w.gate.End(deskside.CausePerson)
		w.chat.SetSessions([]deskside.Session{w.gate.Session()})
		person.wait(t, "the person is told the cause", func(f chat.Frame) bool {
			return f.Type == chat.State && *f.State == deskside.Ended && f.Cause == deskside.CausePerson
		})
		await.Closed(t, "the client gives up", operator.done)
		if code := deskside.CodeOf(client.Err()); code != deskside.CodeNoTicket && code != deskside.CodeEnded {
			t.Errorf("the client ended with %v", client.Err())
		}
		if _, err := client.Send("too late"); err == nil {
			t.Error("Send after the end: no error")
		}
		w.readAfterTheEnd(seat, person)
		if _, err := w.chat.Sit(w.gate.Session().ID, 0); deskside.CodeOf(err) != deskside.CodeNotFound {
			t.Errorf("a seat after the end: %v", err)
		}
		await.True(t, "begin and end are in the audit", func() bool {
			ends := w.gate.EventsOf(deskside.EventChatEnd)
			return len(w.gate.EventsOf(deskside.EventChat)) == 1 && len(ends) == 1 &&
				ends[0].Detail["from-operator"] == "1" && ends[0].Cause == deskside.CausePerson
		})
	})
}

// readAfterTheEnd has the person read, and try to answer, in a room whose session
// has ended, and close it.
func (w *world) readAfterTheEnd(seat *chat.Seat, person *notes) {
	w.t.Helper()
	id := w.gate.Session().ID
	if rooms := w.chat.Rooms(); len(rooms) != 1 || rooms[0].Unread != 1 || rooms[0].Session.State != deskside.Ended {
		w.t.Errorf("the rooms are %+v", rooms)
	}
	_, late := w.sit(0) // a page that comes after the end
	late.wait(w.t, "what was said before the end", says("hello"))
	late.wait(w.t, "that it has ended", func(f chat.Frame) bool { return f.Type == chat.State && *f.State == deskside.Ended })
	seat.Do(w.t.Context(), chat.Frame{Type: chat.Say, ID: "late", Text: "too late"})
	person.wait(w.t, "a refusal with words", func(f chat.Frame) bool {
		return f.Type == chat.Refused && f.ID == "late" && f.Error.Code == deskside.CodeEnded && f.Error.Words != ""
	})
	seat.Do(w.t.Context(), chat.Frame{Type: chat.Seen, Seq: 1})
	await.True(w.t, "nothing is unread", func() bool { return w.chat.Unread(id) == 0 })
	w.chat.Forget(id)
	late.wait(w.t, "the end of the room", is(chat.End))
}

func TestCloseSaysWhy(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		_, operator := w.client(w.open)
		operator.wait(t, "welcome", is(chat.Welcome))
		w.chat.Close()
		operator.wait(t, "end", func(f chat.Frame) bool { return f.Type == chat.End && f.Cause == deskside.CauseShutdown })
	})
}

func TestRefusals(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		good := *w.ticket.Load()
		stranger := &wire.Client{Dial: func(ctx context.Context) (transport.Stream, error) {
			return n.TryDial(ctx, transporttest.Identity(t), deskside.Chat, n.Agent.ID())
		}}
		defer stranger.Close()
		try := func(c *wire.Client, method, path, protocol string, ticket deskside.Ticket) deskside.Code {
			conn, err := c.Upgrade(t.Context(), method, path, protocol, ticket)
			if err == nil {
				conn.Abort()
			}
			return deskside.CodeOf(err)
		}
		const post, path, proto = http.MethodPost, chat.Path, chat.Protocol
		for _, c := range []struct {
			name string
			want deskside.Code
			got  deskside.Code
		}{
			{"no ticket", deskside.CodeNoTicket, try(w.wire, post, path, proto, deskside.Ticket{})},
			{"unknown ticket", deskside.CodeNoTicket, try(w.wire, post, path, proto, deskside.NewTicket())},
			{"another key's ticket", deskside.CodeNoTicket, try(stranger, post, path, proto, good)},
			{"another service's ticket", deskside.CodeNoTicket, try(w.wire, post, path, proto, w.gate.Issue(deskside.Xfer, 0))},
			{"another protocol", deskside.CodeBadRequest, try(w.wire, post, path, "websocket", good)},
			{"another path", deskside.CodeNotFound, try(w.wire, post, "/", proto, good)},
			{"another method", deskside.CodeNotFound, try(w.wire, http.MethodGet, path, proto, good)},
		} {
			if c.got != c.want {
				t.Errorf("%s: %q, want %q", c.name, c.got, c.want)
			}
		}
		w.gate.FailRecord(deskside.Errorf(deskside.CodeNoAudit, "disk full"))
		if code := try(w.wire, post, path, proto, good); code != deskside.CodeNoAudit {
			t.Errorf("when the audit cannot be written: %q", code)
		}
		w.gate.FailRecord(nil)
		w.gate.SetRights(deskside.RightsOf(deskside.View))
		if code := try(w.wire, post, path, proto, good); code != deskside.CodeNoRight {
			t.Errorf("without the right: %q", code)
		}
	})
}

// TestBadInput sends what must not be sent on an admitted stream: each gets an
// end with the code, and the service lives on.
func TestBadInput(t *testing.T) {
	const join = `{"type":"join"}` + "\n"
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		for name, input := range map[string]string{
			"not JSON":            join + "hello\n",
			"no join":             `{"type":"say","id":"a","text":"x"}` + "\n",
			"garbage first":       "\x00\xff\x16\x03\n",
			"oversized":           join + strings.Repeat("x", chat.MaxLine+1),
			"oversized first":     strings.Repeat("{", chat.MaxLine+1),
			"not UTF-8":           join + "{\"type\":\"say\",\"id\":\"a\",\"text\":\"\xff\"}\n",
			"text over the limit": join + `{"type":"say","id":"a","text":"` + strings.Repeat("x", chat.MaxText+1) + `"}` + "\n",
			"joined twice":        join + join,
			"an agent's frame":    join + `{"type":"message","seq":1,"id":"a","from":"person","text":"I agree"}` + "\n",
		} {
			conn, err := w.open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			conn.SetDeadline(time.Now().Add(await.Limit))
			go io.WriteString(conn, input)
			f := lastFrame(t, name, conn)
			if f.Type != chat.End || f.Error == nil || f.Error.Code != deskside.CodeBadRequest {
				t.Errorf("%s: %+v, want an end with bad-request", name, f)
			}
			conn.Close()
		}
		await.True(t, "all streams are closed", func() bool { return w.gate.Open() == 0 })
		if rooms := w.chat.Rooms(); len(rooms) != 1 || rooms[0].Last != 0 {
			t.Errorf("something was said: %+v", rooms)
		}
	})
}

// lastFrame reads to the end of a stream.
func lastFrame(t *testing.T, name string, conn net.Conn) (last chat.Frame) {
	t.Helper()
	b, err := io.ReadAll(conn)
	if err != nil {
		t.Errorf("%s: after %q: %v", name, b, err)
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	if last, err = chat.ParseFrame([]byte(lines[len(lines)-1])); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	return last
}

// TestCutOff ends the stream in the middle of a line: nothing half is said.
func TestCutOff(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		conn, err := w.open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, `{"type":"join"}`+"\n"+`{"type":"say","id":"a","text":"half`)
		conn.(*wire.Conn).CloseWrite()
		await.True(t, "the stream is closed", func() bool { return w.gate.Open() == 0 })
		if rooms := w.chat.Rooms(); rooms[0].Last != 0 {
			t.Error("half a line was said")
		}
		conn.Close()
	})
}

// TestRightTakenAway ends a stream whose session lost the right.
func TestRightTakenAway(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		client, operator := w.client(w.open)
		operator.wait(t, "welcome", is(chat.Welcome))
		w.gate.SetRights(deskside.RightsOf(deskside.View))
		client.Send("may I?")
		await.Closed(t, "the client gives up", operator.done)
		if code := deskside.CodeOf(client.Err()); code != deskside.CodeNoRight {
			t.Errorf("ended with %v, want no-right", client.Err())
		}
	})
}

func TestAudit(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, func(c *chat.Config) { c.AuditMessages = func() bool { return true } })
		seat, person := w.sit(0)
		if err := seat.Do(t.Context(), chat.Frame{Type: chat.Say, ID: "p1", Text: "before anyone came"}); err != nil {
			t.Fatal(err)
		}
		client, operator := w.client(w.open)
		operator.wait(t, "the operator gets it", says("before anyone came"))
		client.Send("good morning")
		operator.wait(t, "it is said", says("good morning"))
		var got []string
		for _, e := range w.gate.EventsOf(deskside.EventChatMessage) {
			got = append(got, e.Detail["from"]+" "+e.Detail["seq"]+" "+e.Detail["text"])
		}
		if want := "[person 1 before anyone came operator 2 good morning]"; fmt.Sprint(got) != want {
			t.Errorf("audit: %v, want %s", got, want)
		}
		w.gate.FailRecord(deskside.Errorf(deskside.CodeNoAudit, "disk full"))
		client.Send("off the record")
		operator.wait(t, "refused", func(f chat.Frame) bool { return f.Type == chat.Refused && f.Error.Code == deskside.CodeNoAudit })
		if person.has(says("off the record")) {
			t.Error("what could not be written to the audit was said")
		}
		w.gate.FailRecord(nil)
	})
}
