package strangers

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"deskside"
	"deskside/desktop"
	"deskside/desktop/desktoptest"
	"deskside/desktop/x11"
	"deskside/internal/await"
	"deskside/internal/xvfb"
	"deskside/raster"
	"deskside/remctrl"
	"deskside/transport/transporttest"
	"deskside/wire"
)

var update = flag.Bool("update", false, "record the conversations that rfb's tests replay")

// agent is the real service with a desktop by hand.
type agent struct {
	t       *testing.T
	desktop *desktoptest.Fake
	open    func() *wire.Conn // a stream of RFB to it
}

func newAgent(t *testing.T) *agent {
	t.Helper()
	n := transporttest.New(t, deskside.TCP)
	gate := transporttest.NewGate(t, n)
	a := &agent{t: t, desktop: desktoptest.New(width, height)}
	svc := remctrl.New(remctrl.Config{Gate: gate, Desktop: a.desktop, Input: a.desktop, Name: "easel"})
	ticket := gate.Issue(deskside.RemCtrl, deskside.AllRights)
	client := &wire.Client{Dial: n.Dialer(deskside.RemCtrl)}
	srv := wire.Server(svc, slog.New(slog.DiscardHandler))
	l := n.Listen(deskside.RemCtrl)
	go srv.Serve(l)
	t.Cleanup(func() {
		svc.Close()
		srv.Close()
		client.Close()
		a.desktop.Close()
	})
	a.open = func() *wire.Conn {
		conn, err := client.Upgrade(context.Background(), http.MethodPost, "/rfb", "rfb", ticket)
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	return a
}

// splice joins a viewer to the agent until one of them ends, and keeps what both
// say.
func (a *agent) splice(viewer net.Conn, keep *recording) {
	conn := a.open()
	var both sync.WaitGroup
	pass := func(to, from net.Conn, copy *bytes.Buffer) {
		io.Copy(io.MultiWriter(to, copy), from)
		conn.Abort()
		viewer.Close()
	}
	both.Go(func() { pass(conn, viewer, &keep.client) })
	both.Go(func() { pass(viewer, conn, &keep.server) })
	a.t.Cleanup(func() {
		conn.Abort()
		viewer.Close()
		both.Wait()
		keep.save(a.t)
	})
}

// recording is one conversation.
type recording struct {
	name           string
	client, server bytes.Buffer
}

// save writes the conversation to where rfb replays it.
func (r *recording) save(t *testing.T) {
	if !*update || t.Failed() {
		return
	}
	for kind, b := range map[string]*bytes.Buffer{"client": &r.client, "server": &r.server} {
		file := filepath.Join("../../rfb/testdata", r.name+"."+kind)
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Error(err)
		}
	}
}

// typed waits until the desktop saw the key go down and up again.
func (a *agent) typed(sym uint32) {
	a.t.Helper()
	await.True(a.t, fmt.Sprintf("key %#x", sym), func() bool {
		down, up := false, false
		for _, e := range a.desktop.Events() {
			if e.IsKey && e.Key.Sym == sym {
				down, up = down || e.Down, up || !e.Down
			}
		}
		return down && up
	})
}

// clicked waits until the desktop saw the button there.
func (a *agent) clicked(x, y int, b desktop.Buttons) {
	a.t.Helper()
	await.True(a.t, fmt.Sprintf("button %d at %d,%d", b, x, y), func() bool {
		return slices.Contains(a.desktop.Events(), desktoptest.Event{X: x, Y: y, Buttons: b})
	})
}

// scroll moves a part of the desktop up; draw paints many colours.
func (a *agent) scroll() {
	a.desktop.Draw(func(m *raster.Image) raster.Rect {
		m.Move(raster.XYWH(10, 27, 150, 120), 10, 10)
		return raster.XYWH(10, 10, 150, 137)
	})
}

func (a *agent) draw() {
	a.desktop.Draw(func(m *raster.Image) raster.Rect {
		r := raster.XYWH(100, 60, 70, 70)
		m.Copy(shot{colours: -1}.picture(), r)
		return r
	})
}

// TestSessionWithTigerVNC helps through TigerVNC's viewer: what its window shows
// comes to be exactly the desktop, and what is typed into it arrives.
func TestSessionWithTigerVNC(t *testing.T) {
	transporttest.CheckLeaks(t)
	a := newAgent(t)
	display := xvfb.Start(t, "400x300x24")
	screen, err := x11.Open(x11.Config{Display: display})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { screen.Close() })
	port, accept := listen(t)
	xvfb.Client(t, display, "xtigervncviewer", "-SecurityTypes=None", "-RemoteResize=0", "-Shared=1",
		fmt.Sprintf("127.0.0.1::%d", port))
	a.splice(accept(), &recording{name: "tigervnc-1.12"})
	window := find(t, display)
	shows := func(what string) {
		t.Helper()
		sent := a.desktop.Picture()
		at := raster.XYWH(window.X0, window.Y0, sent.W, sent.H)
		look(t, screen, at, shot{name: what}, sent, func(v uint32) uint32 { return v })
	}
	shows("at first")
	a.draw()
	shows("many colours, at rest")
	a.scroll()
	shows("scrolled")

	id := strings.Fields(xvfb.Run(t, display, "xdotool", "search", "--name", "easel - TigerVNC"))[0]
	xvfb.Run(t, display, "xdotool", "windowfocus", "--sync", id)
	xvfb.Run(t, display, "xdotool", "mousemove", strconv.Itoa(window.X0+30), strconv.Itoa(window.Y0+40), "click", "3", "key", "a", "Return", "eacute")
	a.clicked(30, 40, 4)
	a.typed('a')
	a.typed(0xff0d)
	a.typed(0xe9)

	xvfb.Feed(t, display, "zażółć 🙂", "xclip", "-selection", "clipboard")
	xvfb.Run(t, display, "xdotool", "windowfocus", "--sync", id)
	await.True(t, "the viewer's clipboard at the desktop", func() bool { return a.desktop.Paste() == "zażółć 🙂" })
	a.desktop.Copy("für den Betrachter")
	await.True(t, "the desktop's clipboard at the viewer", func() bool {
		return xvfb.Run(t, display, "xclip", "-o", "-selection", "clipboard") == "für den Betrachter"
	})

	a.desktop.Resize(180, 120)
	shows("smaller")
}

// TestSessionWithNoVNC does the same through noVNC in Chromium.
func TestSessionWithNoVNC(t *testing.T) {
	transporttest.CheckLeaks(t)
	a := newAgent(t)
	b := browse(t, func(conn net.Conn) { a.splice(conn, &recording{name: "novnc-1.7.0"}) })
	shows := func(what string) {
		t.Helper()
		want := a.desktop.Picture()
		await.True(t, what, func() bool {
			m := b.canvas()
			return m.W == want.W && m.H == want.H && raster.Equal(m, want, want.Bounds())
		})
	}
	shows("at first")
	a.draw()
	shows("many colours, at rest")
	a.scroll()
	shows("scrolled")

	b.do("key", "a", "KeyA")
	b.do("key", "Enter", "Enter")
	b.do("key", "é", "Digit2")
	b.do("click", "30", "40")
	a.typed('a')
	a.typed(0xff0d)
	a.typed(0xe9)
	a.clicked(30, 40, 1)

	b.do("paste", "zażółć 🙂")
	await.True(t, "noVNC's clipboard at the desktop", func() bool { return a.desktop.Paste() == "zażółć 🙂" })
	a.desktop.Copy("für den Betrachter")
	await.True(t, "the desktop's clipboard at noVNC", func() bool { return b.do("copied") == "für den Betrachter" })

	a.desktop.Resize(180, 120)
	shows("smaller")
}
