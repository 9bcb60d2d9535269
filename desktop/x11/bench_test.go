package x11_test

import (
	"testing"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"

	"deskside/desktop"
	"deskside/desktop/x11"
	"deskside/internal/xvfb"
	"deskside/raster"
)

func openBench(b *testing.B, cfg x11.Config) *x11.Desktop {
	b.Helper()
	cfg.Display = xvfb.Start(b, "1920x1080x24")
	d, err := x11.Open(cfg)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { d.Close() })
	return d
}

// BenchmarkGrab grabs one place, two that are far apart, singly and at once, and
// the picture that holds both.
func BenchmarkGrab(b *testing.B) {
	one, two := raster.XYWH(0, 0, 64, 64), raster.XYWH(1850, 1010, 64, 64)
	for name, cfg := range map[string]x11.Config{"shared": {}, "sent": {Without: []string{"MIT-SHM"}}} {
		d := openBench(b, cfg)
		f := raster.NewImage(1920, 1080)
		for _, c := range []struct {
			name string
			grab [][]raster.Rect
		}{
			{"one", [][]raster.Rect{{one}}}, {"two", [][]raster.Rect{{one, two}}}, {"singly", [][]raster.Rect{{one}, {two}}},
			{"512x512", [][]raster.Rect{{raster.XYWH(0, 0, 512, 512)}}}, {"whole", [][]raster.Rect{{f.Bounds()}}},
		} {
			b.Run(name+"/"+c.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					for _, rects := range c.grab {
						if err := x11.Grab(d, f, rects); err != nil {
							b.Fatal(err)
						}
					}
				}
			})
		}
	}
}

// BenchmarkCheck compares the whole picture with what the server has.
func BenchmarkCheck(b *testing.B) {
	d := openBench(b, x11.Config{})
	f := new(raster.Image)
	if err := d.Next(b.Context(), f, new(desktop.Update)); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := x11.Check(d, f); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkChange has another program draw, and waits for what it drew.
func BenchmarkChange(b *testing.B) {
	for name, without := range map[string][]string{"told": nil, "timed": {"DAMAGE"}} {
		b.Run(name, func(b *testing.B) {
			cfg := x11.Config{Without: without, Display: xvfb.Start(b, "1920x1080x24")}
			d, err := x11.Open(cfg)
			if err != nil {
				b.Fatal(err)
			}
			defer d.Close()
			c, err := xgb.NewConnDisplay(cfg.Display)
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			root := xproto.Setup(c).DefaultScreen(c).Root
			gc, _ := xproto.NewGcontextId(c)
			xproto.CreateGC(c, gc, xproto.Drawable(root), 0, nil)
			var f raster.Image
			var u desktop.Update
			if err := d.Next(b.Context(), &f, &u); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			colour := uint32(0)
			for b.Loop() {
				colour = (colour + 0x010203) & 0xffffff
				xproto.ChangeGC(c, gc, xproto.GcForeground, []uint32{colour})
				xproto.PolyFillRectangle(c, xproto.Drawable(root), gc, []xproto.Rectangle{{X: 500, Y: 300, Width: 10, Height: 16}})
				for f.Pixel(505, 305) != colour {
					if err := d.Next(b.Context(), &f, &u); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
