package remctrl_test

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"sync"
	"testing"

	"deskside"
	"deskside/codec"
	"deskside/desktop"
	"deskside/desktop/desktoptest"
	"deskside/internal/await"
	"deskside/raster"
	"deskside/remctrl"
	"deskside/rfb"
	"deskside/transport/transporttest"
	"deskside/wire"
)

var everything = deskside.RightsOf(deskside.View, deskside.Control, deskside.Clipboard)

// world is an agent with the service and a desktop, and an operator's way to it.
type world struct {
	t       testing.TB
	net     *transporttest.Net
	gate    *transporttest.Gate
	desktop *desktoptest.Fake
	svc     *remctrl.Service
	wire    *wire.Client
	ticket  deskside.Ticket
}

// newWorld serves a desktop of 200x150. change may alter the configuration.
func newWorld(t testing.TB, n *transporttest.Net, change func(*remctrl.Config)) *world {
	t.Helper()
	w := &world{t: t, net: n, gate: transporttest.NewGate(t, n), desktop: desktoptest.New(200, 150)}
	cfg := remctrl.Config{Gate: w.gate, Desktop: w.desktop, Input: w.desktop, Name: "Büro"}
	if change != nil {
		change(&cfg)
	}
	w.svc = remctrl.New(cfg)
	w.ticket = w.gate.Issue(deskside.RemCtrl, everything)
	w.wire = &wire.Client{Dial: n.Dialer(deskside.RemCtrl)}
	srv := wire.Server(w.svc, slog.New(slog.DiscardHandler))
	l := n.Listen(deskside.RemCtrl)
	go srv.Serve(l)
	t.Cleanup(func() {
		w.svc.Close()
		srv.Close()
		w.wire.Close()
		w.desktop.Close()
	})
	return w
}

// dial opens a stream of RFB with the query, which has not shaken hands yet.
func (w *world) dial(query string) (*wire.Conn, error) {
	return w.wire.Upgrade(context.Background(), http.MethodPost, "/rfb"+query, "rfb", w.ticket)
}

// raw is dial that must succeed.
func (w *world) raw(query string) *wire.Conn {
	w.t.Helper()
	conn, err := w.dial(query)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(conn.Abort)
	return conn
}

// viewer is a client that keeps looking.
type viewer struct {
	*rfb.Client
	t    testing.TB
	conn *wire.Conn
	done chan struct{}

	mu       sync.Mutex
	image    *raster.Image
	cursor   rfb.Cursor
	name     string
	screens  []rfb.Screen
	messages []rfb.Message
	used     map[codec.Encoding]int
	err      error
}

func (w *world) view(query string, cfg rfb.ClientConfig) *viewer {
	w.t.Helper()
	conn := w.raw(query)
	c, err := rfb.NewClient(conn, cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	v := &viewer{
		Client: c, t: w.t, conn: conn, done: make(chan struct{}),
		image: new(raster.Image), used: make(map[codec.Encoding]int),
	}
	go v.run()
	w.t.Cleanup(func() { conn.Abort(); <-v.done })
	return v
}

func (v *viewer) run() {
	defer close(v.done)
	for {
		m, err := v.Next()
		v.mu.Lock()
		v.err = err
		v.image.Resize(v.Image.W, v.Image.H)
		v.image.Copy(v.Image, v.Image.Bounds())
		v.cursor, v.name, v.screens = v.Cursor, v.Name, v.Screens
		v.cursor.Image.Pix = append([]byte(nil), v.Cursor.Image.Pix...)
		v.messages = append(v.messages, m)
		if u, ok := m.(rfb.FramebufferUpdate); ok {
			for _, r := range u.Rects {
				v.used[r.Encoding]++
			}
		}
		v.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// until waits for what the viewer sees to be as ok wants it.
func (v *viewer) until(what string, ok func() bool) {
	v.t.Helper()
	await.True(v.t, what, func() bool {
		v.mu.Lock()
		defer v.mu.Unlock()
		return ok()
	})
}

// shows waits until the viewer sees the picture as its format rounds it.
func (v *viewer) shows(what string, want *raster.Image, rf raster.Format) {
	v.t.Helper()
	f := codec.NewFormat(cmp.Or(rf, raster.RGB888))
	rounded := raster.NewImage(want.W, want.H)
	for y := range want.H {
		for x := range want.W {
			rounded.Set(x, y, f.Rounded(want.Pixel(x, y)))
		}
	}
	v.until(what, func() bool {
		return v.image.W == want.W && v.image.H == want.H && raster.Equal(v.image, rounded, want.Bounds())
	})
}

// got waits for a message that ok likes.
func got[M rfb.Message](v *viewer, what string, ok func(M) bool) {
	v.t.Helper()
	v.until(what, func() bool {
		for _, m := range v.messages {
			if m, is := m.(M); is && ok(m) {
				return true
			}
		}
		return false
	})
}

// ends waits for the viewer's stream to end.
func (v *viewer) ends() {
	v.t.Helper()
	await.Closed(v.t, "the stream ends", v.done)
}

// part copies a part of a picture.
func part(m *raster.Image, r raster.Rect) *raster.Image {
	sub := m.Sub(r)
	out := raster.NewImage(r.W(), r.H())
	out.Copy(&sub, out.Bounds())
	return out
}

// scribble paints something with many colours.
func scribble(f *desktoptest.Fake, seed int) {
	f.Draw(func(m *raster.Image) raster.Rect {
		r := raster.XYWH(seed%50, 20, 100, 90)
		for y := r.Y0; y < r.Y1; y++ {
			for x := r.X0; x < r.X1; x++ {
				m.Set(x, y, uint32(x*y*(seed+7)*2654435761))
			}
		}
		return r
	})
}

// twoScreens makes the desktop two screens side by side.
func twoScreens(f *desktoptest.Fake) {
	f.SetLayout(desktop.Layout{W: 200, H: 150, Screens: []desktop.Screen{
		{ID: 1, Name: "left", Bounds: raster.XYWH(0, 0, 120, 150), Primary: true},
		{ID: 7, Name: "right", Bounds: raster.XYWH(120, 10, 80, 100)},
	}})
}
