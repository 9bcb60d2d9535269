package remctrl_test

import (
	"maps"
	"testing"

	"deskside"
	"deskside/codec"
	"deskside/desktop"
	"deskside/raster"
	"deskside/remctrl"
	"deskside/rfb"
	"deskside/transport/transporttest"
)

// steer asks for something else to be shown, or allowed.
func (w *world) steer(nameAndQuery string) error {
	return w.wire.JSON(w.t.Context(), "POST", "/rfb/"+nameAndQuery, w.ticket, nil, nil)
}

func (w *world) mustSteer(nameAndQuery string) {
	w.t.Helper()
	if err := w.steer(nameAndQuery); err != nil {
		w.t.Fatal(err)
	}
}

// TestSteerScreens shows one screen and another in one stream, to viewers that
// change their size in either way, not at all, and that take what is pushed.
func TestSteerScreens(t *testing.T) {
	for name, cfg := range map[string]rfb.ClientConfig{
		"asks":   {},
		"pushed": {Push: true},
		"plain":  {Encodings: []codec.Encoding{codec.ZRLE, rfb.EncodingDesktopSize, rfb.EncodingCursor}},
	} {
		t.Run(name, func(t *testing.T) {
			transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
				w := newWorld(t, n, nil)
				twoScreens(w.desktop)
				left, right := raster.XYWH(0, 0, 120, 150), raster.XYWH(120, 10, 80, 100)
				v, other := w.view("?name=a", cfg), w.view("?name=b", rfb.ClientConfig{})
				v.shows("all", w.desktop.Picture(), raster.Format{})
				for i, c := range []struct {
					query string
					view  raster.Rect
				}{{"screen=7", right}, {"screen=1", left}, {"screen=all", raster.XYWH(0, 0, 200, 150)}, {"screen=7", right}} {
					w.mustSteer("a?" + c.query)
					v.shows(c.query, part(w.desktop.Picture(), c.view), raster.Format{})
					scribble(w.desktop, i)
					v.shows(c.query+" after a change", part(w.desktop.Picture(), c.view), raster.Format{})
				}
				v.Pointer(5, 6, 0)
				awaitEvent(t, w, "a pointer on the right screen", func(e event) bool { return e.X == 125 && e.Y == 16 })
				other.shows("the other's, which is as before", w.desktop.Picture(), raster.Format{})
			})
		})
	}
}

// TestSteerEqualScreens changes between screens of one size, where nothing but
// the pixels tells.
func TestSteerEqualScreens(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		a, b := raster.XYWH(0, 0, 100, 150), raster.XYWH(100, 0, 100, 150)
		w.desktop.SetLayout(desktop.Layout{W: 200, H: 150, Screens: []desktop.Screen{
			{ID: 1, Name: "left", Bounds: a, Primary: true}, {ID: 2, Name: "right", Bounds: b},
		}})
		v := w.view("?name=a&screen=1", rfb.ClientConfig{})
		fixed := w.view("?name=a&screen=1", rfb.ClientConfig{Encodings: []codec.Encoding{codec.Raw}})
		for _, c := range []struct {
			id   string
			view raster.Rect
		}{{"2", b}, {"1", a}, {"2", b}} {
			w.mustSteer("a?screen=" + c.id)
			v.shows("screen "+c.id, part(w.desktop.Picture(), c.view), raster.Format{})
			fixed.shows("screen "+c.id, part(w.desktop.Picture(), c.view), raster.Format{})
		}
	})
}

// TestSteerViewOnly takes the input away from a viewer that holds something, and
// gives it back.
func TestSteerViewOnly(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		v := w.view("?name=a", rfb.ClientConfig{})
		passed := func(what string) {
			t.Helper()
			v.Send(rfb.Fence{Flags: rfb.FenceRequest, Payload: what})
			got(v, what, func(f rfb.Fence) bool { return f.Payload == what })
		}
		v.Key('a', 0, true)
		v.Pointer(5, 5, 1)
		held(t, w, 1, 1)
		w.mustSteer("a?view-only=1")
		if k, b := w.desktop.Held(); k != 0 || b != 0 {
			t.Errorf("%d keys and buttons %b are held by one that only looks", k, b)
		}
		before := len(w.desktop.Events())
		v.Key('b', 0, true)
		v.Key('a', 0, false)
		v.Pointer(6, 6, 3)
		v.Send(rfb.CutText{Text: "text"})
		passed("dropped")
		if e := w.desktop.Events()[before:]; len(e) != 0 || w.desktop.Paste() != "" {
			t.Errorf("input of one that only looks: %v, %q", e, w.desktop.Paste())
		}

		// Somebody else may act meanwhile, although buttons are down at this one.
		other := w.view("", rfb.ClientConfig{})
		other.Key('x', 0, true)
		held(t, w, 1, 0)
		other.Key('x', 0, false)
		held(t, w, 0, 0)

		w.mustSteer("a?view-only=0")
		v.Pointer(7, 7, 3) // down from before: not before they were let go of
		v.Key('c', 0, true)
		held(t, w, 1, 0)
		v.Pointer(7, 7, 0)
		v.Pointer(7, 7, 1)
		held(t, w, 1, 1)
	})
}

// TestSteerRights gives nobody what the session does not hold.
func TestSteerRights(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		w.gate.SetRights(deskside.RightsOf(deskside.View))
		v := w.view("?view-only=1&name=a", rfb.ClientConfig{})
		w.mustSteer("a?view-only=0")
		v.Key('a', 0, true)
		v.Send(rfb.Fence{Flags: rfb.FenceRequest, Payload: "done"})
		got(v, "the fence", func(f rfb.Fence) bool { return f.Payload == "done" })
		if e := w.desktop.Events(); len(e) != 0 {
			t.Errorf("input without the right: %v", e)
		}
	})
}

func TestSteerIsRecorded(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		twoScreens(w.desktop)
		v := w.view("?name=a&view-only=1", rfb.ClientConfig{})
		w.mustSteer("a?screen=7")
		w.mustSteer("a?screen=7") // which is so already
		w.mustSteer("a?view-only=0")
		list := w.gate.EventsOf(deskside.EventControlTo)
		want := []map[string]string{{"screen": "7", "view-only": "true"}, {"screen": "7", "view-only": "false"}}
		if len(list) != 2 || !maps.Equal(list[0].Detail, want[0]) || !maps.Equal(list[1].Detail, want[1]) {
			t.Errorf("recorded %+v, want %v", list, want)
		}
		// What cannot be recorded does not happen.
		w.gate.FailRecord(errFull)
		if err := w.steer("a?screen=1"); deskside.CodeOf(err) != deskside.CodeNoAudit {
			t.Errorf("without an audit: %v", err)
		}
		scribble(w.desktop, 3)
		v.shows("the screen as before", part(w.desktop.Picture(), raster.XYWH(120, 10, 80, 100)), raster.Format{})
	})
}

func TestSteerRefusals(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, func(c *remctrl.Config) { c.MaxViewers = 1 })
		for _, query := range []string{"?name=", "?name=a/b", "?name=%20", "?name=0123456789012345678901234567890123"} {
			if _, err := w.dial(query); deskside.CodeOf(err) != deskside.CodeBadRequest {
				t.Errorf("%s: %v", query, err)
			}
		}
		v := w.view("?name=a-1_B", rfb.ClientConfig{})
		for target, code := range map[string]deskside.Code{
			"b":                      deskside.CodeNotFound,
			"a-1_B?screen=9":         deskside.CodeNotFound,
			"a-1_B?screen=left":      deskside.CodeBadRequest,
			"a-1_B?view-only=true":   deskside.CodeBadRequest,
			"a-1_B?name=b":           deskside.CodeBadRequest,
			"a-1_B?colour=red":       deskside.CodeBadRequest,
			"a-1_B/more":             deskside.CodeNotFound,
			"a-1_B?screen=987654321": deskside.CodeNotFound,
		} {
			if err := w.steer(target); deskside.CodeOf(err) != code {
				t.Errorf("%s: %v, want %s", target, err, code)
			}
		}
		if err := w.wire.JSON(t.Context(), "POST", "/rfb/a-1_B", deskside.Ticket{1}, nil, nil); deskside.CodeOf(err) != deskside.CodeNoTicket {
			t.Errorf("without a ticket: %v", err)
		}
		scribble(w.desktop, 1)
		v.shows("the picture", w.desktop.Picture(), raster.Format{})
	})
}
