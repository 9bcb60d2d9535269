package remctrl_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"deskside"
	"deskside/codec"
	"deskside/desktop"
	"deskside/desktop/desktoptest"
	"deskside/desktop/x11"
	"deskside/internal/await"
	"deskside/internal/xvfb"
	"deskside/raster"
	"deskside/remctrl"
	"deskside/rfb"
	"deskside/transport/transporttest"
	"deskside/wire"
)

// counted counts how often a desktop's picture was taken, and at once.
type counted struct {
	desktop.Desktop
	taken, now, atOnce atomic.Int64
}

func (c *counted) Next(ctx context.Context, f *raster.Image, u *desktop.Update) error {
	if n := c.now.Add(1); n > c.atOnce.Load() {
		c.atOnce.Store(n)
	}
	defer c.now.Add(-1)
	err := c.Desktop.Next(ctx, f, u)
	if err == nil {
		c.taken.Add(1)
	}
	return err
}

// ten opens ten viewers of every kind.
func (w *world) ten() (list []*viewer, formats []raster.Format) {
	for i := range 10 {
		cfg := []rfb.ClientConfig{
			{Push: true}, {}, {Format: raster.RGB565, Encodings: []codec.Encoding{codec.ZRLE, rfb.EncodingCursor}},
			{Encodings: []codec.Encoding{codec.Raw, rfb.EncodingCursor}, Push: true}, {Encodings: []codec.Encoding{codec.Tight, codec.CopyRect, rfb.EncodingCursor}},
		}[i%5]
		list = append(list, w.view(fmt.Sprintf("?view-only=%d", i%2), cfg))
		formats = append(formats, cfg.Format)
	}
	return list, formats
}

// TestTenViewersOneCapture draws as many times as the picture is then taken, for
// all ten.
func TestTenViewersOneCapture(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		screen := &counted{Desktop: desktoptest.New(200, 150)}
		w := newWorld(t, n, func(c *remctrl.Config) { c.Desktop = screen })
		fake := screen.Desktop.(*desktoptest.Fake)
		t.Cleanup(func() { w.svc.Close(); fake.Close() })
		list, formats := w.ten()
		seen := func(what string) {
			t.Helper()
			for i, v := range list {
				v.shows(fmt.Sprintf("%s by viewer %d", what, i), fake.Picture(), formats[i])
			}
		}
		seen("the first picture")
		before := screen.taken.Load()
		const draws = 20
		for i := range draws {
			scribble(fake, i)
			seen(fmt.Sprintf("drawing %d", i))
		}
		if n := screen.taken.Load() - before; n != draws || screen.atOnce.Load() != 1 {
			t.Errorf("taken %d times, %d at once, for %d drawings and ten viewers", n, screen.atOnce.Load(), draws)
		}
	})
}

// x11World is a world whose desktop is that of a real X server.
func x11World(t *testing.T, n *transporttest.Net, screen string) (w *world, display string, taken *counted) {
	t.Helper()
	display = xvfb.Start(t, screen)
	d, err := x11.Open(x11.Config{Display: display})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	taken = &counted{Desktop: d}
	w = &world{t: t, net: n, gate: transporttest.NewGate(t, n)}
	w.svc = remctrl.New(remctrl.Config{Gate: w.gate, Desktop: taken, Input: d})
	w.ticket = w.gate.Issue(deskside.RemCtrl, everything)
	w.wire = &wire.Client{Dial: n.Dialer(deskside.RemCtrl)}
	srv := wire.Server(w.svc, slog.New(slog.DiscardHandler))
	go srv.Serve(n.Listen(deskside.RemCtrl))
	t.Cleanup(func() { w.svc.Close(); srv.Close(); w.wire.Close() })
	return w, display, taken
}

// TestTenViewersOfAnXServer has a terminal scroll before ten viewers.
func TestTenViewersOfAnXServer(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w, display, taken := x11World(t, n, "600x400x24")
		list, formats := w.ten()
		done := filepath.Join(t.TempDir(), "done")
		xvfb.Client(t, display, "xterm", "-fa", "DejaVu Sans Mono", "-geometry", "60x16+30+20", "-xrm", "*cursorBlink: false",
			"-e", "sh", "-c", "for i in 1 2 3; do ls -l /usr/bin | head -300; done; touch "+done+"; cat")
		await.True(t, "all is written", func() bool { _, err := os.Stat(done); return err == nil })
		for i, v := range list {
			if formats[i] == (raster.Format{}) {
				formats[i] = raster.RGB888
			}
			f := codec.NewFormat(formats[i])
			v.until(fmt.Sprintf("the server's pixels at viewer %d", i), func() bool { return sameAs(v.image, pixels(t, display), f) })
		}
		if taken.atOnce.Load() != 1 {
			t.Errorf("%d pictures were taken at once", taken.atOnce.Load())
		}
	})
}

// TestAnXServerTurns changes the screen's size as a rotation does, and back,
// while somebody watches. No Xvfb has rotations themselves.
func TestAnXServerTurns(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w, display, _ := x11World(t, n, "800x800x24")
		xvfb.Run(t, display, "xsetroot", "-mod", "16", "7", "-fg", "#123456", "-bg", "#cba987")
		list := []*viewer{
			w.view("", rfb.ClientConfig{Push: true}), w.view("", rfb.ClientConfig{}),
			w.view("", rfb.ClientConfig{Encodings: []codec.Encoding{codec.ZRLE, rfb.EncodingDesktopSize, rfb.EncodingCursor}}),
		}
		f := codec.NewFormat(raster.RGB888)
		for _, size := range []string{"800x600", "600x800", "800x600", "800x800"} {
			// The output is in the way of the first change, and its end is not
			// taken well by xrandr.
			xvfb.Run(t, display, "sh", "-c", "xrandr --output screen --off; xrandr --fb "+size)
			for i, v := range list {
				v.until(fmt.Sprintf("%s at viewer %d", size, i), func() bool {
					return fmt.Sprintf("%dx%d", v.image.W, v.image.H) == size && sameAs(v.image, pixels(t, display), f)
				})
			}
		}
	})
}
