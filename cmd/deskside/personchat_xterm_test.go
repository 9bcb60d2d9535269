package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"deskside"
	"deskside/chat"
	"deskside/internal/await"
	"deskside/internal/xvfb"
	"deskside/loopback"
	"deskside/person"
	"deskside/transport/transporttest"
	"deskside/wire"
)

// TestTerminalWindow has a real xterm open on the operator's first message,
// and types the answer into it.
func TestTerminalWindow(t *testing.T) {
	display := xvfb.Start(t, "900x600x24")
	room, op := chatRoom(t)
	p, err := person.New(person.Config{Chat: room, Desk: xtermAlone(t, display), Terminal: []string{look(t, "deskside"), "person-chat"}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, err := op.Send("Is the printer on?"); err != nil {
		t.Fatal(err)
	}
	for seen := false; !seen; {
		f := await.Recv(t, "the terminal shows the message", op.Updates())
		seen = f.Type == chat.Marks && f.Seen == 1
	}
	if at := xvfb.Run(t, display, "sh", "-c", "xwininfo -name 'Deskside chat' | awk '/Absolute upper-left Y/{print $4}'"); strings.TrimSpace(at) != "82" {
		t.Errorf("the terminal is at y %q, not below the bar's room", at)
	}
	xvfb.Run(t, display, "xdotool", "type", "--delay", "5", "It is.\n")
	for f := (chat.Frame{}); f.From != deskside.ByPerson || f.Text != "It is."; {
		f = await.Recv(t, "the operator gets the answer", op.Updates())
	}
}

// chatRoom is a chat with a session, and its operator.
func chatRoom(t *testing.T) (*chat.Chat, *chat.Client) {
	t.Helper()
	transporttest.CheckLeaks(t)
	n := transporttest.New(t, deskside.Memory)
	gate := transporttest.NewGate(t, n)
	ticket := gate.Issue(deskside.Chat, deskside.RightsOf(deskside.ChatRight))
	room := chat.New(chat.Config{Gate: gate})
	room.SetSessions([]deskside.Session{gate.Session()})
	srv := wire.Server(room, slog.New(slog.DiscardHandler))
	l := n.Listen(deskside.Chat)
	go srv.Serve(l)
	w := &wire.Client{Dial: n.Dialer(deskside.Chat)}
	op := chat.NewClient(chat.ClientConfig{Open: func(ctx context.Context) (net.Conn, error) {
		conn, err := w.Upgrade(ctx, http.MethodPost, chat.Path, chat.Protocol, ticket)
		if err != nil {
			return nil, err
		}
		return conn, nil
	}})
	t.Cleanup(func() {
		op.Close()
		w.Close()
		gate.End(deskside.CauseOperator)
		room.Close()
		srv.Close()
	})
	return room, op
}

// xtermAlone is a desk where no other program is found.
func xtermAlone(t *testing.T, display string) *loopback.Desk {
	t.Helper()
	bin := t.TempDir()
	if err := os.Symlink(look(t, "xterm"), filepath.Join(bin, "xterm")); err != nil {
		t.Fatal(err)
	}
	return &loopback.Desk{Env: []string{"DISPLAY=" + display}, Path: bin, Room: func() loopback.Room { return loopback.Room{Y: 42, W: 900, H: 558} }}
}

func look(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}
