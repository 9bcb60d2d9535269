package strangers

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

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

// TestNoVNC compares what noVNC draws in Chromium. The server rings the bell
// after each picture, upon which the page posts its canvas.
func TestNoVNC(t *testing.T) {
	transporttest.CheckLeaks(t)
	if _, err := os.Stat(novnc); err != nil {
		t.Fatalf("noVNC is missing, run script/web: %v", err)
	}
	conns, pictures := make(chan *easel, 1), make(chan *raster.Image, 1)
	mux := http.NewServeMux()
	mux.Handle("/novnc/", http.StripPrefix("/novnc/", http.FileServer(http.Dir(novnc))))
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, page) })
	mux.HandleFunc("/said", func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(io.LimitReader(r.Body, 4096))
		t.Errorf("the page says %q", text)
	})
	mux.HandleFunc("/picture", func(_ http.ResponseWriter, r *http.Request) {
		m, err := canvas(r.Body)
		if err != nil {
			t.Error(err)
		}
		pictures <- m
	})
	ctx, cancel := context.WithCancel(context.Background())
	mux.HandleFunc("/rfb", func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		e := newEasel(t, websocket.NetConn(ctx, c, websocket.MessageBinary))
		conns <- e
		<-e.done
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(func() { cancel(); srv.Close() })
	xvfb.Client(t, "", "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
		"--user-data-dir="+profile(t), srv.URL)

	e := await.Recv(t, "noVNC", conns)
	for _, s := range shots {
		sent, f := e.show(s, rfb.Bell{})
		if !f.Full() {
			t.Fatalf("noVNC asked for %+v", f.Format)
		}
		if text := s.differs(sent, await.Recv(t, s.name, pictures), f.Rounded); text != "" {
			t.Errorf("%s: %s", s.name, text)
		}
	}
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

// canvas reads the bytes of a canvas: red, green, blue and opacity.
func canvas(r io.Reader) (*raster.Image, error) {
	data, err := io.ReadAll(r)
	if err != nil || len(data) != width*height*4 {
		return nil, fmt.Errorf("a picture of %d bytes: %v", len(data), err)
	}
	m := raster.NewImage(width, height)
	for i := range width * height {
		p := data[i*4:]
		m.Set(i%width, i/width, uint32(p[0])<<16|uint32(p[1])<<8|uint32(p[2]))
	}
	return m, nil
}
