package agent

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"deskside"
	"deskside/access"
	"deskside/chat"
	"deskside/desktop"
	"deskside/desktop/desktoptest"
	"deskside/internal/await"
	"deskside/loopback"
	"deskside/person"
	"deskside/transport"
	"deskside/transport/transporttest"
)

// terminal puts a terminal program on the desk that notes what it is to run
// and ends. opened waits for the next.
func (d *desk) terminal(t *testing.T) (opened func() string) {
	t.Helper()
	note := filepath.Join(d.bin, "note")
	text := fmt.Sprintf("#!/bin/sh\necho \"$@\" > %[1]s.new\nmv %[1]s.new %[1]s\n", note)
	if err := os.WriteFile(filepath.Join(d.bin, "xterm"), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return func() (args string) {
		t.Helper()
		await.True(t, "a terminal is opened", func() bool {
			b, err := os.ReadFile(note)
			args = string(b)
			return err == nil && os.Remove(note) == nil
		})
		return args
	}
}

// chat joins a session's chat as its operator.
func (d *desk) chat(t *testing.T, ticket deskside.Ticket) *chat.Client {
	t.Helper()
	w := d.wire(deskside.Chat)
	c := chat.NewClient(chat.ClientConfig{Open: func(ctx context.Context) (net.Conn, error) {
		conn, err := w.Upgrade(ctx, http.MethodPost, chat.Path, chat.Protocol, ticket)
		if err != nil {
			return nil, err
		}
		return conn, nil
	}})
	t.Cleanup(func() { c.Close(); w.Close() })
	return c
}

// hears waits until a message comes.
func hears(t *testing.T, c *chat.Client, text string) chat.Frame {
	t.Helper()
	for {
		if f := await.Recv(t, text, c.Updates()); f.Type == chat.Message && f.Text == text {
			return f
		}
	}
}

func TestTheChatOpens(t *testing.T) {
	d := openDesk(t, Settings{}, ann)
	opened := d.terminal(t)
	a, err := d.setup(t)
	if err != nil {
		t.Fatal(err)
	}
	d.attach(t, a)
	await.True(t, "the bar shows the session", func() bool { return len(d.screen.Bar()) == 1 })
	want := "person-chat " + d.ChatSocket() + " " + a.Session.ID.String()
	d.screen.Press(desktop.BarAction{Session: a.Session.ID, Do: desktop.BarChat})
	if got := opened(); !strings.Contains(got, want) {
		t.Errorf("the button opened %q, want %q", got, want)
	}
	op := d.chat(t, a.Tickets[deskside.Chat.String()])
	if _, err := op.Send("hello"); err != nil {
		t.Fatal(err)
	}
	hears(t, op, "hello")
	if got := opened(); !strings.Contains(got, want) {
		t.Errorf("the first message opened %q, want %q", got, want)
	}
	await.True(t, "the bar shows a message", func() bool { rows := d.screen.Bar(); return len(rows) == 1 && rows[0].Unread == 1 })

	// What the terminal runs.
	p := person.NewClient(d.ChatSocket(), a.Session.ID)
	defer p.Close()
	p.Seen(hears(t, p, "hello").Seq)
	if _, err := p.Send("good day"); err != nil {
		t.Fatal(err)
	}
	if f := hears(t, op, "good day"); f.Name != loopback.Self().Name || f.From != deskside.ByPerson {
		t.Errorf("the operator sees %+v", f)
	}
	await.True(t, "the bar shows it was seen", func() bool { rows := d.screen.Bar(); return len(rows) == 1 && rows[0].Unread == 0 })
}

// Where no window can be opened before the screen, as when root does not know
// whose display it is, the bar has no button for it, and the operator sees it.
func TestNoChatAtTheDesk(t *testing.T) {
	d := openDeskAt(t, "", nil, Settings{}, ann)
	a, err := d.setup(t)
	if err != nil {
		t.Fatal(err)
	}
	d.attach(t, a)
	await.True(t, "the bar has no Chat", func() bool {
		rows := d.screen.Bar()
		return len(rows) == 1 && rows[0].State == deskside.Active && rows[0].NoChat
	})
	op := d.chat(t, a.Tickets[deskside.Chat.String()])
	if _, err := op.Send("hello"); err != nil {
		t.Fatal(err)
	}
	hears(t, op, "hello")
	p := person.NewClient(d.ChatSocket(), a.Session.ID)
	defer p.Close()
	hears(t, p, "hello")
	if _, err := p.Send("by a program"); err != nil {
		t.Fatal(err)
	}
	if f := hears(t, op, "by a program"); f.Name != NoChatAtDesk {
		t.Errorf("the operator sees %q, want %q", f.Name, NoChatAtDesk)
	}
}

// A display that cannot be opened may have somebody before it: nobody is let in
// because there is nobody. Where there is no display at all, policy holds.
func TestADisplayThatCannotBeOpened(t *testing.T) {
	transporttest.CheckLeaks(t)
	op := transporttest.Identity(t)
	policy := &access.Policy{Nobody: access.NobodyAllowLocked, Limits: access.DefaultLimits, Operators: map[deskside.OperatorID]access.OperatorRule{
		op.ID(): {Key: op.ID(), Name: "Ann", Rights: deskside.AllRights, Consent: access.ConsentAsk, Limits: access.DefaultLimits},
	}}
	for display, want := range map[string]deskside.Code{"none": "", ":59000": deskside.CodeNobody} {
		a, err := Start(t.Context(), Config{
			Dir: t.TempDir(), Identity: transporttest.Identity(t), Policy: policy, Log: slog.New(slog.DiscardHandler),
			Settings: Settings{Display: display, Ports: "0,0,0,0", Listen: []string{"127.0.0.1"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		d := &desk{Agent: a, op: op, dialer: &transport.Dialer{Identity: op}}
		if _, err := d.setup(t); deskside.CodeOf(err) != want {
			t.Errorf("display %q: %v, want code %q", display, err, want)
		}
		d.dialer.Close()
		a.Close()
	}
}

// TestOnlyTheConfiguredDeskIsUsed keeps an agent with a screen of its own from
// opening windows on whatever display the environment names.
func TestOnlyTheConfiguredDeskIsUsed(t *testing.T) {
	a := &Agent{cfg: Config{Screen: desktoptest.New(8, 8)}}
	a.screen = a.cfg.Screen
	if d := a.desk(); d != nil {
		t.Errorf("a screen of one's own opens windows on %+v", d)
	}
	a = new(Agent)
	if d := a.desk(); d != nil {
		t.Errorf("no screen opens windows on %+v", d)
	}
}

func TestAgentWithoutScreenChats(t *testing.T) {
	transporttest.CheckLeaks(t)
	dir := filepath.Join(t.TempDir(), "agent")
	if _, err := Init(dir); err != nil {
		t.Fatal(err)
	}
	a, err := Start(t.Context(), Config{Dir: dir, Settings: Settings{Display: "none", Ports: "0,0,0,0", Listen: []string{"127.0.0.1"}}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	rooms, err := person.Rooms(t.Context(), a.ChatSocket())
	if err != nil || len(rooms.Rooms) != 0 || rooms.You != loopback.Self().Name {
		t.Errorf("rooms %+v, %v", rooms, err)
	}
	a.Close()
	if _, err := person.Rooms(t.Context(), a.ChatSocket()); err == nil {
		t.Error("the socket outlives the agent")
	}
}
