package person

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"deskside"
	"deskside/chat"
	"deskside/internal/await"
	"deskside/loopback"
	"deskside/transport/transporttest"
	"deskside/wire"
)

// gates admits to the first gate that takes a ticket.
type gates []*transporttest.Gate

func (g gates) Admit(ticket deskside.Ticket, stream deskside.Stream) (pass deskside.Pass, err error) {
	for _, gate := range g {
		if pass, err = gate.Admit(ticket, stream); err == nil {
			return pass, nil
		}
	}
	return nil, err
}

// world is an agent's chat with the person's side, and operators.
type world struct {
	t     *testing.T
	net   *transporttest.Net
	gates gates
	chat  *chat.Chat
	bin   string // the only programs the desk has

	change func(i int, s *deskside.Session) // what the agent's table has different from the gates'
}

func newWorld(t *testing.T, sessions int) *world {
	t.Helper()
	transporttest.CheckLeaks(t)
	n := transporttest.New(t, deskside.Memory)
	w := &world{t: t, net: n, bin: t.TempDir()}
	for range sessions {
		gate := transporttest.NewGate(t, n)
		w.gates = append(w.gates, gate)
	}
	w.chat = chat.New(chat.Config{Gate: w.gates, Person: func() string { return "Änne Beispiel" }})
	srv := wire.Server(w.chat, slog.New(slog.DiscardHandler))
	l := n.Listen(deskside.Chat)
	go srv.Serve(l)
	t.Cleanup(func() {
		for _, g := range w.gates {
			g.End(deskside.CauseOperator)
		}
		w.chat.Close()
		srv.Close()
	})
	return w
}

// operator joins a session's chat; update tells the chat of the sessions anew.
func (w *world) operator(session int) *chat.Client {
	w.t.Helper()
	ticket := w.gates[session].Issue(deskside.Chat, deskside.RightsOf(deskside.ChatRight))
	w.update()
	c := &wire.Client{Dial: w.net.Dialer(deskside.Chat)}
	client := chat.NewClient(chat.ClientConfig{Open: func(ctx context.Context) (net.Conn, error) {
		conn, err := c.Upgrade(ctx, http.MethodPost, chat.Path, chat.Protocol, ticket)
		if err != nil {
			return nil, err
		}
		return conn, nil
	}})
	w.t.Cleanup(func() { client.Close(); c.Close() })
	return client
}

func (w *world) update() {
	var all []deskside.Session
	for i, g := range w.gates {
		s := g.Session()
		if w.change != nil {
			w.change(i, &s)
		}
		all = append(all, s)
	}
	w.chat.SetSessions(all)
}

// program puts a program into the desk's PATH that notes its arguments, a line
// each, and runs on or exits.
func (w *world) program(name, then string) (args string) {
	w.t.Helper()
	args = filepath.Join(w.bin, name+".args")
	text := fmt.Sprintf("#!/bin/sh\nprintf '%%s\\n' \"$@\" > %[1]s.new\nmv %[1]s.new %[1]s\n%[2]s\n", args, then)
	if err := os.WriteFile(filepath.Join(w.bin, name), []byte(text), 0o755); err != nil {
		w.t.Fatal(err)
	}
	return args
}

// started waits until a program was started and gives its arguments.
func (w *world) started(args string) []string {
	w.t.Helper()
	await.True(w.t, filepath.Base(args)+" is there", func() bool {
		_, err := os.Stat(args)
		return err == nil
	})
	b, err := os.ReadFile(args)
	if err != nil {
		w.t.Fatal(err)
	}
	os.Remove(args)
	return strings.Split(strings.TrimSpace(string(b)), "\n")
}

const runsOn = "exec sleep 1000"

// person starts the person's side on a desk that has the programs of w alone.
func (w *world) person(change func(*Config)) *Person {
	w.t.Helper()
	cfg := Config{Chat: w.chat, Desk: &loopback.Desk{Path: w.bin}, Terminal: []string{"/opt/deskside", "person-chat"}}
	if change != nil {
		change(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { s.Close() })
	return s
}

// notes collects what a client is told.
type notes struct {
	mu  sync.Mutex
	all []chat.Frame
}

func collect(c *chat.Client) *notes {
	n := new(notes)
	go func() {
		for f := range c.Updates() {
			n.mu.Lock()
			n.all = append(n.all, f)
			n.mu.Unlock()
		}
	}()
	return n
}

func (n *notes) wait(t *testing.T, what string, ok func(chat.Frame) bool) {
	t.Helper()
	await.True(t, what, func() bool {
		n.mu.Lock()
		defer n.mu.Unlock()
		for _, f := range n.all {
			if ok(f) {
				return true
			}
		}
		return false
	})
}

func says(text string) func(chat.Frame) bool {
	return func(f chat.Frame) bool { return f.Type == chat.Message && f.Text == text }
}

// launchFile finds the file among a browser's arguments.
func launchFile(t *testing.T, args []string) string {
	t.Helper()
	for _, a := range args {
		if path, ok := strings.CutPrefix(a, "--app=file://"); ok {
			return path
		}
	}
	t.Fatalf("no launch file in %q", args)
	return ""
}

func TestFirstMessageOpensTheBrowserOnce(t *testing.T) {
	w := newWorld(t, 1)
	args := w.program("chromium", runsOn)
	w.person(nil)
	op := w.operator(0)
	n := collect(op)
	op.Send("hello")
	n.wait(t, "hello is held", says("hello"))
	file := launchFile(t, w.started(args))
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
	op.Send("are you there?")
	n.wait(t, "the second is held", says("are you there?"))
	if _, err := os.Stat(args); err == nil {
		t.Error("a second window was opened while the first is on its way")
	}
}

func TestTerminalWhereNoBrowserIs(t *testing.T) {
	w := newWorld(t, 1)
	args := w.program("xterm", runsOn)
	s := w.person(nil)
	op := w.operator(0)
	n := collect(op)
	op.Send("hello")
	n.wait(t, "hello is held", says("hello"))
	got := strings.Join(w.started(args), " ")
	id := w.gates[0].Session().ID
	if !strings.Contains(got, "-e /opt/deskside person-chat "+s.Socket()+" "+id.String()) {
		t.Errorf("xterm was started with %q", got)
	}
	rooms, err := Rooms(t.Context(), s.Socket())
	if err != nil || rooms.You != "Änne Beispiel" || len(rooms.Rooms) != 1 || rooms.Rooms[0].Session != id || rooms.Rooms[0].Unread != 1 {
		t.Errorf("rooms %+v, %v", rooms, err)
	}

	// What runs in the terminal.
	c := NewClient(s.Socket(), id)
	defer c.Close()
	m := collect(c)
	m.wait(t, "the terminal gets hello", says("hello"))
	c.Send("grüß Gott")
	n.wait(t, "the operator gets the answer", says("grüß Gott"))
	s.Close()
	if s.server != nil {
		t.Error("without a browser, a page is served")
	}
}

func TestBrowserThatDoesNotCome(t *testing.T) {
	for name, then := range map[string]string{"it ends": "exit 1", "it hangs": runsOn} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1)
			browser := w.program("chromium", then)
			terminal := w.program("xterm", runsOn)
			s := w.person(func(c *Config) {
				if then == runsOn {
					c.Patience = 1
				}
			})
			op := w.operator(0)
			collect(op)
			await.True(t, "the room is there", func() bool { return len(w.chat.Rooms()) == 1 })
			s.Open(w.gates[0].Session().ID) // the person presses Chat
			w.started(terminal)
			if then != runsOn {
				w.started(browser)
			}
			os.Remove(browser)
			s.Open(w.gates[0].Session().ID) // there is a terminal
			op.Send("hello")
			s.Close()
			if _, err := os.Stat(browser); err == nil {
				t.Error("the browser that failed was tried again")
			}
		})
	}
}

func TestTerminalThatWasClosedComesAgainForTheNextMessage(t *testing.T) {
	w := newWorld(t, 1)
	args := w.program("xterm", "exit 0")
	w.person(nil)
	op := w.operator(0)
	collect(op)
	for i := range 3 {
		op.Send(fmt.Sprint("message ", i))
		w.started(args)
	}
}

func TestNoWindowWhereNobodySits(t *testing.T) {
	w := newWorld(t, 1)
	args := w.program("xterm", runsOn)
	s := w.person(func(c *Config) { c.Desk = nil })
	op := w.operator(0)
	n := collect(op)
	op.Send("hello")
	n.wait(t, "hello is held", says("hello"))
	s.Open(w.gates[0].Session().ID)
	s.Close()
	if _, err := os.Stat(args); err == nil {
		t.Error("a window was opened")
	}
}

func TestViewMarksClaims(t *testing.T) {
	hostile := "Bob \u202e\x1b[2J<b>"
	for _, c := range []struct {
		operator deskside.Operator
		name     string
		says     bool
	}{
		{deskside.Operator{Name: "Olive", SaysName: "The Bank"}, "Olive", false},
		{deskside.Operator{SaysName: hostile}, "Bob [U+202E][U+001B][2J<b>", true},
		{deskside.Operator{}, deskside.Operator{}.Title(), false},
	} {
		v := viewOf(chat.Room{Session: deskside.Session{Operator: c.operator}})
		if v.Name != c.name || v.Says != c.says {
			t.Errorf("%+v: %q says %v, want %q %v", c.operator, v.Name, v.Says, c.name, c.says)
		}
	}
}
