package remctrl_test

import (
	"net/http"
	"reflect"
	"testing"

	"deskside"
	"deskside/codec"
	"deskside/desktop"
	"deskside/raster"
	"deskside/remctrl"
	"deskside/rfb"
	"deskside/transport/transporttest"
)

// TestPicture shows the desktop exactly in every encoding and depth, at first
// and after changes.
func TestPicture(t *testing.T) {
	formats := map[string]raster.Format{
		"32": raster.RGB888, "16": raster.RGB565, "8": raster.RGB332, "map": {Bits: 8, Mapped: true},
	}
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		for name, format := range formats {
			for _, e := range []codec.Encoding{codec.Raw, codec.ZRLE, codec.Tight} {
				rounded := format
				if format.Mapped {
					rounded = raster.RGB332
				}
				v := w.view("", rfb.ClientConfig{Format: format, Encodings: []codec.Encoding{e, rfb.EncodingCursor}})
				v.shows(name+" at first, "+e.String(), w.desktop.Picture(), rounded)
				scribble(w.desktop, int(e))
				v.shows(name+" after a change, "+e.String(), w.desktop.Picture(), rounded)
				if len(v.used) != 2 || v.used[e] == 0 {
					t.Errorf("%s: encodings used: %v", e, v.used)
				}
				v.conn.Close()
			}
		}
	})
}

// TestPush follows a changing picture by continuous updates.
func TestPush(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		v := w.view("", rfb.ClientConfig{Push: true})
		for i := range 20 {
			scribble(w.desktop, i)
			if i%5 == 0 {
				v.shows("push", w.desktop.Picture(), raster.Format{})
			}
		}
		v.shows("the last", w.desktop.Picture(), raster.Format{})
		got(v, "a fence with a number", func(f rfb.Fence) bool { return len(f.Payload) == 4 })
	})
}

func TestTwoViewers(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		a := w.view("", rfb.ClientConfig{})
		b := w.view("?view-only=1", rfb.ClientConfig{Format: raster.RGB565, Encodings: []codec.Encoding{codec.ZRLE, rfb.EncodingCursor}})
		scribble(w.desktop, 3)
		a.shows("first", w.desktop.Picture(), raster.Format{})
		b.shows("second", w.desktop.Picture(), raster.RGB565)
		a.conn.Close()
		a.ends()
		scribble(w.desktop, 4)
		b.shows("second alone", w.desktop.Picture(), raster.RGB565)
		b.conn.Close()
		b.ends()
		scribble(w.desktop, 5)
		c := w.view("", rfb.ClientConfig{})
		c.shows("third, after nobody watched", w.desktop.Picture(), raster.Format{})
	})
}

// TestPhoto sends approximately what moves and exactly what is at rest.
func TestPhoto(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		v := w.view("", rfb.ClientConfig{Encodings: append(rfb.AllEncodings(), rfb.EncodingQuality0+3)})
		v.until("a picture", func() bool { return v.image.W == 200 && v.image.Pixel(10, 10) == w.desktop.Picture().Pixel(10, 10) })
		scribble(w.desktop, 3)
		want := w.desktop.Picture()
		v.until("an approximate picture", func() bool {
			db := raster.PSNR(want, v.image, want.Bounds())
			return db > 10 && !raster.Equal(want, v.image, want.Bounds())
		})
		v.shows("exact at rest", want, raster.Format{})
	})
}

func TestResize(t *testing.T) {
	all := rfb.AllEncodings()
	old := []codec.Encoding{codec.Tight, rfb.EncodingCursor, rfb.EncodingDesktopSize}
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		a := w.view("", rfb.ClientConfig{Encodings: all})
		b := w.view("", rfb.ClientConfig{Encodings: old})
		c := w.view("", rfb.ClientConfig{Encodings: old[:2]})
		p := w.view("", rfb.ClientConfig{Push: true})
		list := []*viewer{a, b, c, p}
		for _, v := range list {
			v.shows("before", w.desktop.Picture(), raster.Format{})
		}
		for _, size := range [][2]int{{90, 160}, {300, 100}, {200, 150}} {
			w.desktop.Resize(size[0], size[1])
			want := w.desktop.Picture()
			a.shows("extended", want, raster.Format{})
			b.shows("plain", want, raster.Format{})
			p.shows("pushed", want, raster.Format{})
			// A viewer that cannot change its size sees what fits, and black.
			fixed, seen := raster.NewImage(200, 150), want.Bounds().Intersect(raster.XYWH(0, 0, 200, 150))
			fixed.Copy(want, seen)
			c.shows("fixed", fixed, raster.Format{})
		}
		a.until("the screens", func() bool { return len(a.screens) == 1 && a.screens[0].Rect == raster.XYWH(0, 0, 200, 150) })
	})
}

func TestScreens(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		twoScreens(w.desktop)
		whole, right := w.view("?screen=all", rfb.ClientConfig{}), w.view("?screen=7", rfb.ClientConfig{})
		cut := raster.XYWH(120, 10, 80, 100)
		whole.shows("whole", w.desktop.Picture(), raster.Format{})
		right.shows("right", part(w.desktop.Picture(), cut), raster.Format{})
		whole.until("two screens", func() bool { return len(whole.screens) == 2 && whole.screens[1].Rect == cut })
		right.until("one screen", func() bool { return len(right.screens) == 1 && right.screens[0].Rect == raster.XYWH(0, 0, 80, 100) })

		w.desktop.Fill(raster.XYWH(0, 0, 130, 30), 0x123456)
		right.shows("right after a change", part(w.desktop.Picture(), cut), raster.Format{})
		right.Pointer(5, 6, 0)
		awaitEvent(t, w, "a pointer on the right screen", func(e event) bool { return e.X == 125 && e.Y == 16 })

		w.desktop.Resize(60, 50) // the right screen goes
		right.shows("all that is left", w.desktop.Picture(), raster.Format{})
	})
}

func TestScreensAreListed(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		twoScreens(w.desktop)
		list := func(ticket deskside.Ticket) (s remctrl.Screens, err error) {
			err = w.wire.JSON(t.Context(), http.MethodGet, "/screens", ticket, nil, &s)
			return s, err
		}
		got, err := list(w.ticket)
		want := remctrl.Screens{W: 200, H: 150, Screens: []remctrl.Screen{}}
		for _, s := range w.desktop.Layout().Screens {
			want.Screens = append(want.Screens, remctrl.Screen{
				ID: s.ID, Name: s.Name, X: s.Bounds.X0, Y: s.Bounds.Y0, W: s.Bounds.W(), H: s.Bounds.H(), Primary: s.Primary,
			})
		}
		if err != nil || len(got.Screens) != 2 || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, %v, want %+v", got, err, want)
		}
		if _, err := list(deskside.Ticket{1}); deskside.CodeOf(err) != deskside.CodeNoTicket {
			t.Errorf("without a ticket: %v", err)
		}
		w.gate.SetRights(deskside.RightsOf(deskside.Control))
		if _, err := list(w.ticket); deskside.CodeOf(err) != deskside.CodeNoRight {
			t.Errorf("without the right: %v", err)
		}
		w.gate.End(deskside.CausePerson)
		if _, err := list(w.ticket); deskside.CodeOf(err) != deskside.CodeEnded {
			t.Errorf("after the end: %v", err)
		}
	})
}

func TestCursor(t *testing.T) {
	arrow := desktop.Cursor{HotX: 2, HotY: 3, Image: *raster.NewImage(9, 11)}
	arrow.Image.Fill(arrow.Image.Bounds(), 0xff445566)
	arrow.Image.Fill(raster.XYWH(0, 0, 4, 4), 0x00ffffff)
	half := desktop.Cursor{Image: *raster.NewImage(4, 4)}
	half.Image.Fill(half.Image.Bounds(), 0x80ffffff)
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		w.desktop.Fill(raster.XYWH(0, 0, 200, 150), 0)
		w.desktop.SetCursor(arrow)
		own := w.view("", rfb.ClientConfig{})
		drawn := w.view("", rfb.ClientConfig{Encodings: []codec.Encoding{codec.Tight}})
		own.until("the pointer's picture", func() bool {
			c := &own.cursor
			return c.HotX == 2 && c.HotY == 3 && c.Image.W == 9 && c.Image.Pixel(5, 5) == 0xff445566 && c.Image.Pixel(1, 1)>>24 == 0
		})
		own.Pointer(50, 60, 0)
		want := raster.NewImage(200, 150)
		want.Fill(raster.XYWH(48, 57, 9, 11), 0x445566)
		want.Fill(raster.XYWH(48, 57, 4, 4), 0)
		drawn.shows("drawn", want, raster.Format{})

		own.Pointer(199, 149, 0)
		want.Fill(want.Bounds(), 0)
		want.Fill(raster.XYWH(197, 146, 3, 4), 0)
		want.Fill(raster.XYWH(197, 150-4+4, 0, 0), 0)
		for y := 146; y < 150; y++ {
			for x := 197; x < 200; x++ {
				want.Set(x, y, arrow.Image.Pixel(x-197, y-146)&0xffffff*(arrow.Image.Pixel(x-197, y-146)>>31))
			}
		}
		drawn.shows("drawn at the edge", want, raster.Format{})

		own.Pointer(10, 10, 0)
		w.desktop.SetCursor(half)
		want.Fill(want.Bounds(), 0)
		want.Fill(raster.XYWH(10, 10, 4, 4), 0x808080)
		drawn.shows("half transparent", want, raster.Format{})

		w.desktop.SetCursor(desktop.Cursor{Hidden: true})
		own.until("no pointer", func() bool { return own.cursor.Image.W == 0 })
		want.Fill(want.Bounds(), 0)
		drawn.shows("hidden", want, raster.Format{})
	})
}

// TestViewTaken shows black as soon as the right to see is gone, and the picture
// when it is back.
func TestViewTaken(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		v, p := w.view("", rfb.ClientConfig{}), w.view("", rfb.ClientConfig{Push: true})
		picture, black := w.desktop.Picture(), raster.NewImage(200, 150)
		for _, v := range []*viewer{v, p} {
			v.shows("picture", picture, raster.Format{})
		}
		w.gate.SetRights(deskside.RightsOf(deskside.Control))
		for _, v := range []*viewer{v, p} {
			v.shows("black", black, raster.Format{})
		}
		w.gate.SetRights(everything)
		for _, v := range []*viewer{v, p} {
			v.shows("picture again", picture, raster.Format{})
		}
	})
}

// TestScroll lets the viewer copy what only moved, with areas in it that it has
// approximately.
func TestScroll(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		quality := append(rfb.AllEncodings(), rfb.EncodingQuality0+2)
		exact, rough := w.view("", rfb.ClientConfig{}), w.view("", rfb.ClientConfig{Encodings: quality})
		scribble(w.desktop, 1)
		exact.shows("before", w.desktop.Picture(), raster.Format{})
		for range 5 {
			w.desktop.Draw(func(m *raster.Image) raster.Rect {
				m.Move(raster.XYWH(10, 17, 150, 133), 10, 10)
				return raster.XYWH(10, 10, 150, 140)
			})
			exact.shows("scrolled", w.desktop.Picture(), raster.Format{})
		}
		rough.shows("scrolled, at rest", w.desktop.Picture(), raster.Format{})
		for _, v := range []*viewer{exact, rough} {
			v.until("a copy", func() bool { return v.used[codec.CopyRect] > 0 })
		}
	})
}

func TestNameAndNews(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		v := w.view("", rfb.ClientConfig{})
		v.until("name", func() bool { return v.name == "Büro" && v.used[rfb.EncodingDesktopName] == 1 })
		v.until("news", func() bool {
			return v.used[rfb.EncodingExtendedKeys] == 1 && v.used[rfb.EncodingExtendedButtons] == 1
		})
		v.shows("picture", w.desktop.Picture(), raster.Format{})
		v.mu.Lock()
		before := v.used[rfb.EncodingExtendedSize]
		v.mu.Unlock()
		v.Send(rfb.SetDesktopSize{W: 10, H: 10, Screens: []rfb.Screen{{}}})
		v.until("a refused size", func() bool { return v.used[rfb.EncodingExtendedSize] > before && v.image.W == 200 })
	})
}

// faultyPhoto stands for an encoder with a fault.
type faultyPhoto struct{}

func (faultyPhoto) AppendJPEG([]byte, *raster.Image, raster.Rect, int) ([]byte, error) {
	panic("index out of range")
}

func TestEncoderFault(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, func(c *remctrl.Config) { c.Photo = faultyPhoto{} })
		v := w.view("", rfb.ClientConfig{Encodings: append(rfb.AllEncodings(), rfb.EncodingQuality0+8)})
		scribble(w.desktop, 1)
		v.shows("exact", w.desktop.Picture(), raster.Format{})
		if v.used[codec.Raw] == 0 {
			t.Errorf("encodings used: %v", v.used)
		}
	})
}
