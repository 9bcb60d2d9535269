package x11_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/damage"
	"github.com/jezek/xgb/xproto"
	"go.uber.org/goleak"

	"deskside/desktop"
	"deskside/desktop/desktoptest"
	"deskside/desktop/x11"
	"deskside/internal/await"
	"deskside/internal/xvfb"
	"deskside/raster"
)

// Servers that do not tell what they draw, or not all of it.

func without(names ...string) (args []string) {
	for _, n := range names {
		args = append(args, "-extension", n)
	}
	return args
}

// TestServersThatLack shows a picture that changes by every path there is.
func TestServersThatLack(t *testing.T) {
	for _, c := range []struct {
		screen string
		lacks  []string
		timed  bool
	}{
		{"640x480x24", []string{"DAMAGE"}, true},
		{"640x480x24", []string{"-XFIXES"}, true}, // which is told, and checked
		{"640x480x24", []string{"DAMAGE", "-XFIXES"}, true},
		{"640x480x24", []string{"DAMAGE", "MIT-SHM"}, true},
		{"640x480x24", []string{"DAMAGE", "-XFIXES", "MIT-SHM", "RANDR"}, true},
		{"640x480x24", []string{"MIT-SHM"}, false},
		{"641x480x16", []string{"DAMAGE"}, true},
		{"640x480x30", []string{"DAMAGE", "MIT-SHM"}, true},
	} {
		t.Run(c.screen+" "+strings.Join(c.lacks, " "), func(t *testing.T) {
			defer goleak.VerifyNone(t)
			// Debian's Xvfb dies of clients if it has no XFIXES, so ours does
			// without.
			args := without(slices.DeleteFunc(slices.Clone(c.lacks), func(n string) bool { return n == "-XFIXES" })...)
			p := &program{t: t, server: xvfb.Launch(t, c.screen, args...)}
			p.display = p.server.Display
			cfg := x11.Config{Display: p.display}
			if slices.Contains(c.lacks, "-XFIXES") {
				cfg.Without = []string{"XFIXES"}
			}
			d, err := x11.Open(cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			w := &watch{d: d}
			w.next(t)
			if cur := w.u.Cursor; cur == nil || cur.Image.W == 0 {
				t.Error("no pointer")
			}
			if d.Timed() != c.timed {
				t.Errorf("timed: %v, want %v", d.Timed(), c.timed)
			}
			white := uint32(0xffffffff)
			p.paint(raster.XYWH(7, 5, 33, 20), white)
			w.shows(t, 39, 24, 0xffffff)
			if err := d.Pointer(100, 200, 0); err != nil {
				t.Fatal(err)
			}
			xterm(t, p.display, "-geometry", "40x10+0+100", "-e", "cat")
			w.until(t, "xterm shows", func() bool { return dark(&w.f, raster.XYWH(0, 100, 100, 20)) < 1000 })
			blank := dark(&w.f, raster.XYWH(0, 100, 240, 20))
			w.until(t, "text shows", func() bool {
				d.Key(desktop.Key{Sym: 'W'}, true)
				d.Key(desktop.Key{Sym: 'W'}, false)
				return dark(&w.f, raster.XYWH(0, 100, 240, 20)) > blank+40
			})
			if strings.HasSuffix(c.screen, "24") {
				w.until(t, "the picture equals xwd's", func() bool {
					_, _, differ := differs(&w.f, xwd(t, p.display))
					return !differ
				})
			}
		})
	}
}

// TestContractWithoutDamage holds the timed desktop to all that desktops
// promise.
func TestContractWithoutDamage(t *testing.T) { contract(t, without("DAMAGE", "MIT-SHM")...) }

// TestDamageIsLost has the server stop telling while somebody watches.
func TestDamageIsLost(t *testing.T) {
	for name, lose := range map[string]func(*testing.T, *program, *x11.Desktop){
		"silently": func(t *testing.T, _ *program, d *x11.Desktop) {
			if err := d.Deafen(); err != nil {
				t.Fatal(err)
			}
		},
		"destroyed by another program": func(t *testing.T, p *program, d *x11.Desktop) {
			p.client(func(c *xgb.Conn, _ xproto.Window) {
				if err := damage.Init(c); err != nil {
					t.Fatal(err)
				}
				damage.QueryVersion(c, 1, 1).Reply()
				if err := damage.DestroyChecked(c, d.Damage()).Check(); err != nil {
					t.Fatal(err)
				}
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer goleak.VerifyNone(t)
			p, d := start(t, "640x480x24")
			defer d.Close()
			w := &watch{d: d}
			w.next(t)
			p.paint(raster.XYWH(10, 10, 20, 20), 0xaa5500)
			w.shows(t, 15, 15, 0xaa5500)
			if d.Timed() {
				t.Fatal("a server that tells everything is compared in time")
			}
			lose(t, p, d)
			for i := range uint32(5) {
				p.paint(raster.XYWH(int(40*i), 10, 20, 20), 0x0055aa+i)
				w.shows(t, int(40*i)+5, 15, 0x0055aa+i)
			}
			if !d.Timed() {
				t.Error("the server is still trusted")
			}
			w.until(t, "the picture equals xwd's", func() bool {
				_, _, differ := differs(&w.f, xwd(t, p.display))
				return !differ
			})
		})
	}
}

// TestTrustReturns has a server that kept something back tell everything again.
func TestTrustReturns(t *testing.T) {
	defer goleak.VerifyNone(t)
	p, d := start(t, "320x200x24")
	defer d.Close()
	w := &watch{d: d}
	w.next(t)
	if err := d.Deafen(); err != nil {
		t.Fatal(err)
	}
	p.paint(raster.XYWH(10, 10, 20, 20), 0xaa5500)
	w.shows(t, 15, 15, 0xaa5500)
	if !d.Timed() {
		t.Fatal("the server is still trusted")
	}
	if err := d.Mend(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for d.Next(ctx, &w.f, &w.u) == nil {
		}
	}()
	await.True(t, "the server is trusted", func() bool { return !d.Timed() })
	cancel()
	await.Closed(t, "the end", done)
	p.paint(raster.XYWH(40, 10, 20, 20), 0x0055aa)
	w.shows(t, 45, 15, 0x0055aa)
	if d.Timed() {
		t.Error("a server that tells is compared in time")
	}
}

// TestTellingServersAreTrusted draws all over for as long as a few checks take:
// what is told late is not taken for what is kept back.
func TestTellingServersAreTrusted(t *testing.T) {
	defer goleak.VerifyNone(t)
	p, d := start(t, "640x480x24")
	defer d.Close()
	xterm(t, p.display, "-e", "sh", "-c", "while :; do ls -l /usr/bin; done")
	w := &watch{d: d}
	checks := x11.Checks(d)
	w.until(t, "three checks", func() bool { return x11.Checks(d) >= checks+3 })
	if d.Timed() {
		t.Error("the server is not trusted any more")
	}
}

// TestNothingIsReportedAtRest looks at what a caller sees of comparisons that
// find nothing.
func TestNothingIsReportedAtRest(t *testing.T) {
	defer goleak.VerifyNone(t)
	_, d := start(t, "320x200x24", without("DAMAGE")...)
	defer d.Close()
	w := &watch{d: d}
	w.next(t)
	ctx, cancel := context.WithCancel(t.Context())
	checks := x11.Checks(d)
	done := make(chan error, 1)
	go func() { done <- d.Next(ctx, &w.f, &w.u) }()
	await.True(t, "three comparisons", func() bool { return x11.Checks(d) >= checks+3 })
	cancel()
	if err := await.Recv(t, "the end", done); err == nil {
		t.Errorf("reported %+v", w.u)
	}
}

func contract(t *testing.T, args ...string) {
	desktoptest.TestDesktop(t, func(t *testing.T) desktoptest.Subject {
		p := &program{t: t, server: xvfb.Launch(t, "800x600x24", args...), w: 800, h: 600}
		p.display = p.server.Display
		return p.subject()
	})
}
