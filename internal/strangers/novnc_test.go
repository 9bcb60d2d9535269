package strangers

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/coder/websocket"

	"deskside/internal/await"
	"deskside/internal/xvfb"
	"deskside/raster"
	"deskside/rfb"
	"deskside/transport/transporttest"
)

// novnc is where script/web puts noVNC, the same that the console's page has.
const novnc = "../../console/web/node_modules/@novnc/novnc"

//go:embed testdata/novnc.html
var page string

// browser is Chromium with a page of noVNC. The page asks for commands, one at a
// time, and posts what came of each.
type browser struct {
	t        *testing.T
	commands chan []string
	answers  chan []byte
	bells    chan struct{}
}

// browse opens the page; serve is given its WebSocket and returns when that is
// no longer read.
func browse(t *testing.T, serve func(net.Conn)) *browser {
	t.Helper()
	if _, err := os.Stat(novnc); err != nil {
		t.Fatalf("noVNC is missing, run script/web: %v", err)
	}
	b := &browser{t: t, commands: make(chan []string), answers: make(chan []byte, 1), bells: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	mux := http.NewServeMux()
	mux.Handle("/novnc/", http.StripPrefix("/novnc/", http.FileServer(http.Dir(novnc))))
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, page) })
	mux.HandleFunc("/bell", func(http.ResponseWriter, *http.Request) { b.bells <- struct{}{} })
	mux.HandleFunc("/wrong", func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(io.LimitReader(r.Body, 4096))
		t.Errorf("the page says %q", text)
	})
	mux.HandleFunc("/next", func(w http.ResponseWriter, r *http.Request) {
		select {
		case c := <-b.commands:
			json.NewEncoder(w).Encode(c)
		case <-r.Context().Done():
		case <-ctx.Done():
		}
	})
	mux.HandleFunc("/answer", func(_ http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		b.answers <- data
	})
	ended := make(chan struct{})
	mux.HandleFunc("/rfb", func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		serve(websocket.NetConn(ctx, c, websocket.MessageBinary))
		<-ended
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(func() { close(ended); cancel(); srv.Close() })
	xvfb.Client(t, "", "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
		"--user-data-dir="+profile(t), srv.URL)
	return b
}

// profile makes a folder for the browser. Its processes may write there for a
// moment after the first of them has been ended.
func profile(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "chromium")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { await.True(t, "the profile is gone", func() bool { return os.RemoveAll(dir) == nil }) })
	return dir
}

// do gives the page a command and what came of it.
func (b *browser) do(command ...string) string {
	b.t.Helper()
	select {
	case b.commands <- command:
	case <-time.After(await.Limit):
		b.t.Fatalf("the page does not ask for %q", command)
	}
	return string(await.Recv(b.t, command[0], b.answers))
}

// canvas gives what noVNC has drawn. The page sends width and height in six
// digits each, then red, green, blue and opacity of each pixel.
func (b *browser) canvas() *raster.Image {
	b.t.Helper()
	data := b.do("canvas")
	var w, h int
	if _, err := fmt.Sscanf(data[:min(len(data), 12)], "%06d%06d", &w, &h); err != nil || len(data) != 12+w*h*4 {
		b.t.Fatalf("a canvas of %d bytes: %v", len(data), err)
	}
	m := raster.NewImage(w, h)
	for i := range w * h {
		p := data[12+i*4:]
		m.Set(i%w, i/w, uint32(p[0])<<16|uint32(p[1])<<8|uint32(p[2]))
	}
	return m
}

// TestNoVNC compares what noVNC draws in Chromium. The server rings the bell
// after each picture, which noVNC comes to when it has drawn it.
func TestNoVNC(t *testing.T) {
	transporttest.CheckLeaks(t)
	easels := make(chan *easel, 1)
	b := browse(t, func(conn net.Conn) { easels <- newEasel(t, conn) })
	e := await.Recv(t, "noVNC", easels)
	for _, s := range shots {
		sent, f := e.show(s, rfb.Bell{})
		if !f.Full() {
			t.Fatalf("noVNC asked for %+v", f.Format)
		}
		await.Recv(t, s.name, b.bells)
		if text := s.differs(sent, b.canvas(), f.Rounded); text != "" {
			t.Errorf("%s: %s", s.name, text)
		}
	}
}
