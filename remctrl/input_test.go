package remctrl_test

import (
	"slices"
	"testing"

	"deskside"
	"deskside/desktop"
	"deskside/desktop/desktoptest"
	"deskside/internal/await"
	"deskside/remctrl"
	"deskside/rfb"
	"deskside/transport/transporttest"
)

type event = desktoptest.Event

// awaitEvent waits until the desktop was asked for something that ok likes.
func awaitEvent(t *testing.T, w *world, what string, ok func(event) bool) {
	t.Helper()
	await.True(t, what, func() bool { return slices.ContainsFunc(w.desktop.Events(), ok) })
}

// held waits until so many keys, and these buttons, are down.
func held(t *testing.T, w *world, keys int, buttons desktop.Buttons) {
	t.Helper()
	await.True(t, "held", func() bool {
		k, b := w.desktop.Held()
		return k == keys && b == buttons
	})
}

func TestInput(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		v := w.view("", rfb.ClientConfig{})
		v.until("what the agent takes", func() bool { return v.used[rfb.EncodingExtendedKeys] == 1 })
		v.Key('a', 0, true)
		v.Key('a', 0, false)
		v.Send(rfb.ExtendedKeyEvent{Down: true, Sym: 'A', Scan: 30}, rfb.ExtendedKeyEvent{Down: false, Sym: 'a', Scan: 30})
		v.Pointer(20, 30, 1)
		v.Pointer(65535, 65535, 0)
		v.Send(rfb.PointerEvent{Buttons: 0x100, X: 1, Y: 1, Long: true}, rfb.PointerEvent{X: 1, Y: 1})
		want := []event{
			{IsKey: true, Key: desktop.Key{Sym: 'a'}, Down: true},
			{IsKey: true, Key: desktop.Key{Sym: 'a'}},
			{IsKey: true, Key: desktop.Key{Sym: 'A', Scan: 30}, Down: true},
			{IsKey: true, Key: desktop.Key{Sym: 'A', Scan: 30}},
			{X: 20, Y: 30, Buttons: 1}, {X: 199, Y: 149}, {X: 1, Y: 1, Buttons: 0x100}, {X: 1, Y: 1},
		}
		await.True(t, "all input", func() bool { return len(w.desktop.Events()) == len(want) })
		if got := w.desktop.Events(); !slices.Equal(got, want) {
			t.Errorf("input\n%+v, want\n%+v", got, want)
		}
		if n := w.gate.Touched(); n != 6 {
			t.Errorf("%d times active, want 6", n)
		}
	})
}

// TestViewOnly drops input of those who may only look, which is no activity.
func TestViewOnly(t *testing.T) {
	for name, test := range map[string]struct {
		query  string
		rights deskside.Rights
	}{
		"asked for": {"?view-only=1", everything},
		"no right":  {"", deskside.RightsOf(deskside.View)},
	} {
		t.Run(name, func(t *testing.T) {
			transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
				w := newWorld(t, n, nil)
				w.gate.SetRights(test.rights)
				v := w.view(test.query, rfb.ClientConfig{})
				v.Key('a', 0, true)
				v.Pointer(5, 5, 1)
				v.Send(rfb.CutText{Text: "text"}, rfb.Fence{Flags: rfb.FenceRequest, Payload: "done"})
				got(v, "the fence", func(f rfb.Fence) bool { return f.Payload == "done" })
				if e := w.desktop.Events(); len(e) > 0 || w.desktop.Paste() != "" || w.gate.Touched() > 0 {
					t.Errorf("input %v, clipboard %q, %d times active", e, w.desktop.Paste(), w.gate.Touched())
				}
			})
		})
	}
}

// TestLetsGo releases what is held, however the stream ends.
func TestLetsGo(t *testing.T) {
	for name, end := range map[string]func(*world, *viewer){
		"closed":        func(_ *world, v *viewer) { v.conn.Close() },
		"aborted":       func(_ *world, v *viewer) { v.conn.Abort() },
		"session ended": func(w *world, _ *viewer) { w.gate.End(deskside.CausePerson) },
		"suspended":     func(w *world, _ *viewer) { w.gate.Suspend() },
		"wrong message": func(_ *world, v *viewer) { v.conn.Write([]byte{99}) },
		"service":       func(w *world, _ *viewer) { w.svc.Close() },
		"no right any more": func(w *world, v *viewer) {
			w.gate.SetRights(deskside.RightsOf(deskside.View))
			v.Pointer(1, 1, 0)
		},
	} {
		t.Run(name, func(t *testing.T) {
			transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
				w := newWorld(t, n, nil)
				v := w.view("", rfb.ClientConfig{})
				v.Key(0xffe1, 0, true)
				v.Key('x', 0, true)
				v.Pointer(9, 9, 5)
				held(t, w, 2, 5)
				end(w, v)
				held(t, w, 0, 0)
			})
		})
	}
}

// TestLetsGoWhileBlocked ends a session whose viewer does not read, so that the
// writer hangs.
func TestLetsGoWhileBlocked(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		w.desktop.Resize(2600, 2000)
		conn := w.raw("")
		c, err := rfb.NewClient(conn, rfb.ClientConfig{Encodings: nil, OnDemand: true})
		if err != nil {
			t.Fatal(err)
		}
		c.Send(rfb.SetEncodings{}) // Raw, 20 MB an update
		c.Request(false)
		c.Key('x', 0, true)
		held(t, w, 1, 0)
		w.gate.End(deskside.CausePerson)
		held(t, w, 0, 0)
		await.True(t, "the viewer is gone", func() bool { return w.svc.Viewers() == 0 })
	})
}

// TestOneController lets nobody act while another holds something, and each
// release only its own.
func TestOneController(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		a, b := w.view("", rfb.ClientConfig{}), w.view("", rfb.ClientConfig{})
		settled := func(v *viewer, name string) {
			t.Helper()
			v.Send(rfb.Fence{Flags: rfb.FenceRequest, Payload: name})
			got(v, name, func(f rfb.Fence) bool { return f.Payload == name })
		}
		a.Key('a', 0, true)
		settled(a, "a holds")
		b.Key('b', 0, true)
		b.Pointer(5, 5, 1)
		settled(b, "b was dropped")
		held(t, w, 1, 0)
		a.Key('a', 0, false)
		settled(a, "a let go")
		b.Pointer(6, 6, 1) // pressed when it could not act, so not now either
		b.Key('c', 0, true)
		settled(b, "b holds")
		held(t, w, 1, 0)
		b.Pointer(6, 6, 0)
		b.Pointer(6, 6, 1)
		held(t, w, 1, 1)
		a.Key('z', 0, false)
		a.conn.Close()
		a.ends()
		held(t, w, 1, 1)
		b.conn.Close()
		held(t, w, 0, 0)
	})
}

func TestAudit(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		v := w.view("?screen=1", rfb.ClientConfig{})
		v.Key('a', 0, true)
		held(t, w, 1, 0)
		begun := w.gate.EventsOf(deskside.EventControl)
		if len(begun) != 1 || begun[0].Detail["screen"] != "1" || begun[0].Detail["view-only"] != "false" {
			t.Errorf("begin: %+v", begun)
		}
		v.conn.Write([]byte{99})
		v.ends()
		await.True(t, "the end is recorded", func() bool { return len(w.gate.EventsOf(deskside.EventControlEnd)) == 1 })
		e := w.gate.EventsOf(deskside.EventControlEnd)[0]
		if e.Code != deskside.CodeBadRequest || e.Words == "" || e.Began.IsZero() || e.Detail["inputs"] != "1" {
			t.Errorf("end: %+v", e)
		}
	})
}

// TestNoAudit refuses what cannot be recorded.
func TestNoAudit(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		v := w.view("", rfb.ClientConfig{})
		w.gate.FailRecord(errFull)
		if _, err := w.dial(""); deskside.CodeOf(err) != deskside.CodeNoAudit {
			t.Errorf("a second viewer: %v", err)
		}
		v.Send(rfb.CutText{Text: "secret"})
		v.ends()
		if w.desktop.Paste() != "" {
			t.Error("the clipboard was passed on without a record")
		}
		w.gate.FailRecord(nil)
	})
}

func TestClipboard(t *testing.T) {
	plain := []rfb.Message{rfb.CutText{Text: "grüße"}}
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		v, other := w.view("", rfb.ClientConfig{}), w.view("", rfb.ClientConfig{})
		v.until("caps", func() bool { return v.Takes().Clips })
		v.SetClipboard("three — три\nlines")
		await.True(t, "text at the desktop", func() bool { return w.desktop.Paste() == "three — три\nlines" })
		w.desktop.Copy("from the person 🙂")
		got(v, "text at the viewer", func(c rfb.Clip) bool { return c.Action == rfb.ClipProvide && c.Text == "from the person 🙂" })

		// The other one controls from now on, without the Extended Clipboard.
		other.Send(rfb.SetEncodings{Encodings: rfb.AllEncodings()[:6]}, plain[0])
		await.True(t, "plain text", func() bool { return w.desktop.Paste() == "grüße" })
		w.desktop.Copy("für alle")
		got(other, "plain text at the viewer", func(c rfb.CutText) bool { return c.Text == "für alle" })
		if n := len(w.gate.EventsOf(deskside.EventClipboard)); n != 4 {
			t.Errorf("%d events, want 4", n)
		}
		v.mu.Lock()
		defer v.mu.Unlock()
		for _, m := range v.messages {
			if c, ok := m.(rfb.Clip); ok && c.Text == "für alle" {
				t.Error("who does not control was given the clipboard")
			}
		}
	})
}

// TestClipboardWithoutRight passes nothing on.
func TestClipboardWithoutRight(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		v := w.view("", rfb.ClientConfig{})
		v.until("caps", func() bool { return v.Takes().Clips })
		v.Key('a', 0, true)
		held(t, w, 1, 0)
		w.gate.SetRights(everything.Without(deskside.Clipboard))
		v.SetClipboard("x")
		w.desktop.Copy("y")
		v.Send(
			rfb.CutText{Text: "x"}, rfb.Clip{Action: rfb.ClipProvide, Formats: rfb.ClipText, Text: "x"},
			rfb.Clip{Action: rfb.ClipRequest, Formats: rfb.ClipText}, rfb.Clip{Action: rfb.ClipPeek},
			rfb.Fence{Flags: rfb.FenceRequest, Payload: "done"},
		)
		got(v, "the fence", func(f rfb.Fence) bool { return f.Payload == "done" })
		if w.desktop.Paste() != "y" || len(w.gate.EventsOf(deskside.EventClipboard)) > 0 {
			t.Errorf("clipboard %q, events %v", w.desktop.Paste(), w.gate.EventsOf(deskside.EventClipboard))
		}
		v.mu.Lock()
		defer v.mu.Unlock()
		for _, m := range v.messages {
			if c, ok := m.(rfb.Clip); ok && c.Action&rfb.ClipCaps == 0 {
				t.Errorf("the viewer was told %+v", c)
			}
		}
	})
}

// TestHold drops input while a question is open, if the agent's Input does.
func TestHold(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		var hold *desktop.Hold
		w := newWorld(t, n, func(c *remctrl.Config) {
			hold = desktop.NewHold(c.Input)
			c.Input = hold
		})
		v := w.view("", rfb.ClientConfig{})
		v.Key('a', 0, true)
		held(t, w, 1, 0)
		reopen, err := hold.Shut()
		if err != nil {
			t.Fatal(err)
		}
		defer reopen()
		held(t, w, 0, 0)
		v.Key('b', 0, true)
		v.Send(rfb.Fence{Flags: rfb.FenceRequest, Payload: "done"})
		got(v, "the fence", func(f rfb.Fence) bool { return f.Payload == "done" })
		held(t, w, 0, 0)
	})
}
