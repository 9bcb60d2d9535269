package remctrl_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"deskside"
	"deskside/codec"
	"deskside/internal/await"
	"deskside/raster"
	"deskside/remctrl"
	"deskside/rfb"
	"deskside/transport/transporttest"
)

var errFull = errors.New("no space left on device")

func TestRefusals(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, func(c *remctrl.Config) { c.MaxViewers = 1 })
		for query, code := range map[string]deskside.Code{
			"?screen=9":         deskside.CodeNotFound,
			"?screen=-1":        deskside.CodeBadRequest,
			"?screen=1x":        deskside.CodeBadRequest,
			"?view-only=yes":    deskside.CodeBadRequest,
			"?colour=red":       deskside.CodeBadRequest,
			"/else":             deskside.CodeNotFound,
			"?screen=987654321": deskside.CodeNotFound,
		} {
			if _, err := w.dial(query); deskside.CodeOf(err) != code {
				t.Errorf("%s: %v, want %s", query, err, code)
			}
		}
		w.view("", rfb.ClientConfig{})
		if _, err := w.dial(""); deskside.CodeOf(err) != deskside.CodeBusy {
			t.Errorf("one too many: %v", err)
		}
		w.gate.End(deskside.CausePerson)
		if _, err := w.dial(""); deskside.CodeOf(err) != deskside.CodeEnded {
			t.Errorf("after the end: %v", err)
		}
	})
}

func TestNoDesktop(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, func(c *remctrl.Config) { c.Desktop, c.Input = nil, nil })
		_, err := w.dial("")
		if e := deskside.AsError(err); e.Code != deskside.CodeNoDesktop || e.Do == "" {
			t.Errorf("%+v", e)
		}
		if err := w.wire.JSON(t.Context(), "GET", "/screens", w.ticket, nil, nil); deskside.CodeOf(err) != deskside.CodeNoDesktop {
			t.Errorf("the list of screens: %v", err)
		}
	})
}

func TestDesktopLost(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		v := w.view("", rfb.ClientConfig{})
		v.shows("picture", w.desktop.Picture(), raster.Format{})
		w.desktop.Lose()
		v.ends()
		await.True(t, "refused", func() bool {
			_, err := w.dial("")
			return deskside.CodeOf(err) == deskside.CodeNoDesktop
		})
	})
}

// TestWrongMessages ends the viewer that sends them at each stage, and no other.
func TestWrongMessages(t *testing.T) {
	const shaken = "RFB 003.008\n\x01\x01"
	flood := strings.Repeat(string(rfb.Fence{Flags: rfb.FenceRequest, Payload: strings.Repeat("x", 64)}.Append(nil)), 200_000)
	for name, in := range map[string]string{
		"version":         "HTTP/1.1 200 OK\r\n\r\n",
		"security":        "RFB 003.008\n\x09\x01",
		"message":         shaken + "\x77",
		"format":          shaken + "\x00\x00\x00\x00" + strings.Repeat("\xff", 16),
		"encodings":       shaken + "\x02\x00\xff\xff" + strings.Repeat("\xff", 400000),
		"cut text":        shaken + "\x06\x00\x00\x00\x7f\xff\xff\xff",
		"clipboard":       shaken + "\x06\x00\x00\x00\xff\xff\xff\xf0\x10\x00\x00\x01not zlib....",
		"fence":           shaken + "\xf8\x00\x00\x00\x80\x00\x00\x00\xff",
		"within the last": shaken + "\x04\x01\x00",
		"fences unread":   shaken + flood,
	} {
		t.Run(name, func(t *testing.T) {
			transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
				w := newWorld(t, n, nil)
				good := w.view("", rfb.ClientConfig{})
				bad := w.raw("")
				sent := make(chan struct{})
				go func() {
					defer close(sent)
					io.WriteString(bad, in)
					bad.CloseWrite()
				}()
				await.True(t, "an end of the bad one alone", func() bool {
					e := w.gate.EventsOf(deskside.EventControlEnd)
					return len(e) == 1 && e[0].Code == deskside.CodeBadRequest
				})
				await.Closed(t, "sent", sent)
				scribble(w.desktop, 2)
				good.shows("the good one's picture", w.desktop.Picture(), raster.Format{})
			})
		})
	}
}

// TestAbsurdRequests asks for what is not there.
func TestAbsurdRequests(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		v := w.view("", rfb.ClientConfig{})
		huge := raster.XYWH(65535, 65535, 65535, 65535)
		for range 100 {
			v.Send(
				rfb.FramebufferUpdateRequest{Rect: huge}, rfb.FramebufferUpdateRequest{Incremental: true, Rect: huge},
				rfb.FramebufferUpdateRequest{Rect: raster.XYWH(0, 0, 65535, 65535)}, rfb.FramebufferUpdateRequest{},
				rfb.SetDesktopSize{W: 65535, H: 65535}, rfb.PointerEvent{X: 65535, Y: 65535},
				rfb.EnableContinuousUpdates{On: true, Rect: huge}, rfb.EnableContinuousUpdates{},
				rfb.Fence{Flags: rfb.FenceRequest | rfb.FenceNext}, rfb.SetPixelFormat{Format: raster.RGB888},
				rfb.Clip{Action: 1 << 30}, rfb.KeyEvent{Sym: 0xffffffff}, rfb.KeyEvent{Down: true, Sym: 0xffffffff},
			)
		}
		v.Request(false)
		scribble(w.desktop, 2)
		v.shows("picture", w.desktop.Picture(), raster.Format{})
	})
}

// TestAreas sends only what was asked for, and the rest when it is.
func TestAreas(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		v := w.view("", rfb.ClientConfig{OnDemand: true, Encodings: []codec.Encoding{codec.ZRLE, rfb.EncodingCursor}})
		left, right := raster.XYWH(0, 0, 80, 150), raster.XYWH(80, 0, 120, 150)
		v.Send(rfb.FramebufferUpdateRequest{Rect: left})
		want := raster.NewImage(200, 150)
		want.Copy(w.desktop.Picture(), left)
		v.shows("left", want, raster.Format{})
		v.Send(rfb.FramebufferUpdateRequest{Incremental: true, Rect: right})
		v.shows("both", w.desktop.Picture(), raster.Format{})
		scribble(w.desktop, 1)
		v.Send(rfb.FramebufferUpdateRequest{Incremental: true, Rect: right})
		want.Copy(w.desktop.Picture(), right)
		v.shows("only the right changed", want, raster.Format{})
		v.Send(rfb.FramebufferUpdateRequest{Incremental: true, Rect: left})
		v.shows("now the left", w.desktop.Picture(), raster.Format{})
	})
}

// TestSlowReader cuts off who does not read, and nobody else.
func TestSlowReader(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		var log bytes.Buffer
		w := newWorld(t, n, func(c *remctrl.Config) {
			c.WriteTimeout = 50 * time.Millisecond
			c.Log = slog.New(slog.NewTextHandler(&log, nil))
		})
		w.desktop.Resize(2600, 2000)
		slow := w.raw("")
		c, err := rfb.NewClient(slow, rfb.ClientConfig{OnDemand: true, Encodings: []codec.Encoding{codec.Raw}})
		if err != nil {
			t.Fatal(err)
		}
		c.Request(false)
		await.True(t, "the slow one is cut off", func() bool {
			e := w.gate.EventsOf(deskside.EventControlEnd)
			return len(e) == 1 && strings.Contains(e[0].Words, "stream broke")
		})
		w.desktop.Resize(100, 100)
		v := w.view("", rfb.ClientConfig{})
		v.shows("picture", w.desktop.Picture(), raster.Format{})
	})
}

// TestOldViewers speak 3.3 and 3.7.
func TestOldViewers(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		for version, length := range map[string]int{
			"RFB 003.003\n\x01":     12 + 4,
			"RFB 003.007\n\x01\x01": 12 + 2,
		} {
			conn := w.raw("")
			io.WriteString(conn, version+"\x03\x00\x00\x00\x00\x00\x00\x01\x00\x01")
			init := rfb.ServerInit{W: 200, H: 150, Format: raster.RGB888, Name: "Büro"}
			raw := 4 + 12 + 4 // an update of one pixel
			b := make([]byte, length+len(init.Append(nil))+raw)
			if _, err := io.ReadFull(conn, b); err != nil {
				t.Fatal(err)
			}
			if p := w.desktop.Picture().Row(0, 0, 1); !bytes.Equal(b[len(b)-4:], p) {
				t.Errorf("%q: pixel % x, want % x", version, b[len(b)-4:], p)
			}
		}
	})
}

// TestManyViewers leaves nothing behind.
func TestManyViewers(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		for range 20 {
			v := w.view("", rfb.ClientConfig{})
			v.shows("picture", w.desktop.Picture(), raster.Format{})
			v.conn.Close()
			v.ends()
		}
		await.True(t, "nobody is left", func() bool { return w.svc.Viewers() == 0 && w.gate.Open() == 0 })
		if b, e := w.gate.EventsOf(deskside.EventControl), w.gate.EventsOf(deskside.EventControlEnd); len(b) != 20 || len(e) != 20 {
			t.Errorf("%d begins and %d ends", len(b), len(e))
		}
	})
}
