package x11_test

import (
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"deskside/desktop"
	"deskside/desktop/x11"
	"deskside/internal/await"
	"deskside/internal/xvfb"
	"deskside/raster"
)

func open(t *testing.T, display string) *x11.Desktop {
	t.Helper()
	d, err := x11.Open(x11.Config{Display: display})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// watch is a picture that follows a desktop.
type watch struct {
	d *x11.Desktop
	f raster.Image
	u desktop.Update
}

func (w *watch) next(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), await.Limit)
	defer cancel()
	if err := w.d.Next(ctx, &w.f, &w.u); err != nil {
		t.Fatal(err)
	}
	if w.u.Took <= 0 {
		t.Error("a picture took no time")
	}
}

// until takes pictures until one satisfies ok.
func (w *watch) until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), await.Limit)
	defer cancel()
	for !ok() {
		if err := w.d.Next(ctx, &w.f, &w.u); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
}

// xwd takes the picture by the X.Org program, which shares no code with us,
// of a server with 24 bits of colour.
func xwd(t *testing.T, display string) *raster.Image {
	t.Helper()
	path := filepath.Join(t.TempDir(), "xwd")
	xvfb.Run(t, display, "xwd", "-root", "-silent", "-out", path)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head := func(i int) int { return int(binary.BigEndian.Uint32(b[4*i:])) }
	w, h, stride, colours := head(4), head(5), head(12), head(19)
	if head(11) != 32 {
		t.Fatalf("xwd wrote %d bits a pixel, want 32", head(11))
	}
	pix := b[head(0)+12*colours:]
	m := raster.NewImage(w, h)
	for y := range h {
		for x := range w {
			copy(m.Row(y, x, x+1)[:3], pix[y*stride+4*x:])
		}
	}
	return m
}

// differs gives the first pixel in which two pictures differ.
func differs(a, b *raster.Image) (x, y int, differ bool) {
	if a.W != b.W || a.H != b.H {
		return -1, -1, true
	}
	for y := range a.H {
		for x := range a.W {
			if string(a.Row(y, x, x+1)) != string(b.Row(y, x, x+1)) {
				return x, y, true
			}
		}
	}
	return 0, 0, false
}

func dark(m *raster.Image, r raster.Rect) int {
	n := 0
	for y := r.Y0; y < r.Y1; y++ {
		for x := r.X0; x < r.X1; x++ {
			if p := m.Row(y, x, x+1); p[0] < 128 && p[1] < 128 && p[2] < 128 {
				n++
			}
		}
	}
	return n
}

func xterm(t *testing.T, display string, args ...string) {
	t.Helper()
	args = append([]string{"-u8", "-fn", "fixed", "-geometry", "60x20+0+0", "+sb", "-bg", "white", "-fg", "black", "-xrm", "*cursorBlink: false"}, args...)
	xvfb.Client(t, display, "xterm", args...)
}

func TestTypedKeyIsSeenExactly(t *testing.T) {
	defer goleak.VerifyNone(t)
	display := xvfb.Start(t, "640x480x24")
	d := open(t, display)
	defer d.Close()
	w := &watch{d: d}
	w.next(t)
	if w.f.W != 640 || w.f.H != 480 || len(w.u.Changed) != 1 || w.u.Changed[0] != w.f.Bounds() || w.u.Cursor == nil {
		t.Fatalf("first update: %dx%d %+v", w.f.W, w.f.H, w.u)
	}
	if err := d.Pointer(100, 100, 0); err != nil {
		t.Fatal(err)
	}
	xterm(t, display, "-e", "cat")
	w.until(t, "xterm shows", func() bool { return dark(&w.f, raster.XYWH(0, 0, 100, 20)) < 1000 })
	blank := dark(&w.f, raster.XYWH(0, 0, 360, 20))
	for _, sym := range []uint32{'W', 'x', '@'} {
		if err := d.Key(desktop.Key{Sym: sym}, true); err != nil {
			t.Fatal(err)
		}
		if err := d.Key(desktop.Key{Sym: sym}, false); err != nil {
			t.Fatal(err)
		}
	}
	w.until(t, "text shows", func() bool { return dark(&w.f, raster.XYWH(0, 0, 360, 20)) > blank+40 })
	w.until(t, "the picture equals xwd's", func() bool {
		_, _, differ := differs(&w.f, xwd(t, display))
		return !differ
	})
}
