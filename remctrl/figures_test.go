package remctrl_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"deskside"
	"deskside/codec"
	"deskside/codec/jpeg"
	"deskside/desktop"
	"deskside/desktop/desktoptest"
	"deskside/internal/linksim"
	"deskside/raster"
	"deskside/remctrl"
	"deskside/remctrl/gauge"
	"deskside/rfb"
	"deskside/transport/transporttest"
)

func (w *world) watch(name string) (got remctrl.Watch, err error) {
	err = w.wire.JSON(w.t.Context(), "GET", "/rfb/"+name, w.ticket, nil, &got)
	return got, err
}

// figures gives those of the one viewer of a name.
func (w *world) figures(name string) remctrl.Figures {
	w.t.Helper()
	got, err := w.watch(name)
	if err != nil || len(got.Viewers) != 1 {
		w.t.Fatalf("%d viewers, want one: %v", len(got.Viewers), err)
	}
	return got.Viewers[0]
}

// late is how long the slow stage takes, in the time of testing/synctest, in
// which nothing else takes any.
const late = 70 * time.Millisecond

func linger() { <-time.NewTimer(late).C }

// lateDesktop takes its pictures slowly.
type lateDesktop struct{ *desktoptest.Fake }

func (d lateDesktop) Next(ctx context.Context, f *raster.Image, u *desktop.Update) error {
	err := d.Fake.Next(ctx, f, u)
	linger()
	u.Took += late
	return err
}

// lateGate is asked for the right to see before each comparison, and is slow to
// answer.
type lateGate struct{ deskside.Gate }

type latePass struct{ deskside.Pass }

func (g lateGate) Admit(ticket deskside.Ticket, s deskside.Stream) (deskside.Pass, error) {
	p, err := g.Gate.Admit(ticket, s)
	return latePass{p}, err
}

func (p latePass) Check(r deskside.Right) error {
	linger()
	return p.Pass.Check(r)
}

// latePhoto encodes slowly.
type latePhoto struct{}

func (latePhoto) AppendJPEG(dst []byte, m *raster.Image, r raster.Rect, quality int) ([]byte, error) {
	linger()
	return new(jpeg.Encoder).AppendJPEG(dst, m, r, quality)
}

// unfenced are what a viewer understands that is paced by its stream alone.
var unfenced = []codec.Encoding{codec.Raw, rfb.EncodingContinuous, rfb.EncodingLastRect}

// TestTheSlowStageIsNamed makes each stage slow in turn.
func TestTheSlowStageIsNamed(t *testing.T) {
	pushed := []codec.Encoding{codec.Tight, rfb.EncodingFence, rfb.EncodingContinuous, rfb.EncodingLastRect, rfb.EncodingQuality0 + 5}
	for _, c := range []struct {
		slow      gauge.Stage
		link      linksim.Config
		encodings []codec.Encoding
		change    func(*remctrl.Config)
	}{
		{gauge.None, linksim.Config{}, pushed, nil},
		{gauge.Capture, linksim.Config{}, pushed, func(c *remctrl.Config) { c.Desktop = lateDesktop{c.Desktop.(*desktoptest.Fake)} }},
		{gauge.Compare, linksim.Config{}, pushed, func(c *remctrl.Config) { c.Gate = lateGate{c.Gate} }},
		{gauge.Encode, linksim.Config{}, pushed, func(c *remctrl.Config) { c.Photo = latePhoto{} }},
		{gauge.Wait, linksim.Config{Delay: 50 * time.Millisecond, Rate: 60_000}, pushed, func(c *remctrl.Config) { c.Desktop.(*desktoptest.Fake).Resize(deskW, deskH) }},
		{gauge.Send, linksim.Config{Delay: 5 * time.Millisecond, Rate: 60_000}, unfenced, nil},
	} {
		t.Run(c.slow.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, transporttest.NewFar(t, deskside.Memory, c.link), c.change)
				v := w.view("?name=a", rfb.ClientConfig{Encodings: c.encodings, Push: c.slow != gauge.Send, OnDemand: c.slow == gauge.Send})
				if c.slow == gauge.Send {
					v.Send(rfb.EnableContinuousUpdates{On: true, Rect: raster.XYWH(0, 0, 200, 150)})
				}
				rnd := rand.New(rand.NewPCG(1, 2))
				for i := range 50 {
					scribble(w.desktop, i)
					if c.slow == gauge.Wait { // which takes more than goes out at once at first
						scroll(w.desktop, rnd)
					}
					time.Sleep(100 * time.Millisecond)
				}
				f := w.figures("a")
				j := gauge.Judge(f.Figures, gauge.Eyes{})
				if j.Stage != c.slow {
					text, _ := json.MarshalIndent(f, "", " ")
					t.Errorf("%q is named, want %q: %s\n%s", j.Stage, c.slow, j.Words, text)
				}
				if f.UpdatesPS == 0 || f.FramesPS == 0 || f.BytesPS == 0 || f.FramesPS > f.UpdatesPS {
					t.Errorf("%v frames, %v updates and %v bytes a second", f.FramesPS, f.UpdatesPS, f.BytesPS)
				}
			})
		})
	}
}

// TestFigures tells what happens, and when nothing does.
func TestFigures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		link := linksim.Config{Delay: 20 * time.Millisecond, Rate: 1_000_000}
		w := newWorld(t, transporttest.NewFar(t, deskside.Memory, link), nil)
		v := w.view("?name=a", rfb.ClientConfig{Push: true})
		rnd := rand.New(rand.NewPCG(1, 2))
		for range 40 {
			w.desktop.Fill(raster.XYWH(10, 10, 30, 30), rnd.Uint32())
			time.Sleep(100 * time.Millisecond)
		}
		f := w.figures("a")
		if f.OverMS < 1990 || f.OverMS > 2010 || f.FramesPS < 9 || f.FramesPS > 11 {
			t.Errorf("%v frames a second over %v ms, want about 10 over 2000", f.FramesPS, f.OverMS)
		}
		if f.Path.RoundTripMS < 40 || f.Path.RoundTripMS > 60 || f.Path.LastTripMS < f.Path.RoundTripMS {
			t.Errorf("a round trip of %v ms, the last %v, over a link of 40", f.Path.RoundTripMS, f.Path.LastTripMS)
		}
		if f.W != 200 || f.H != 150 || f.ViewOnly || f.Controls || f.HeldMS != 0 || f.IdleMS > 200 || f.RectsPS == 0 {
			t.Errorf("%+v", f)
		}
		time.Sleep(3 * time.Second)
		if f = w.figures("a"); f.FramesPS != 0 || f.BytesPS != 0 || f.IdleMS < 2900 || f.OfUpdates == 0 {
			t.Errorf("after three seconds of rest: %+v", f)
		}
		if j := gauge.Judge(f.Figures, gauge.Eyes{}); j.State != gauge.Idle {
			t.Errorf("after three seconds of rest: %+v", j)
		}
		v.Pointer(3, 3, 0)
		w.mustSteer("a?screen=1")
		if f = w.figures("a"); !f.Controls {
			t.Error("who acted last does not control")
		}
		w.mustSteer("a?view-only=1")
		if f = w.figures("a"); f.Controls || !f.ViewOnly {
			t.Errorf("who only looks: %+v", f)
		}
		if n := len(w.gate.EventsOf(deskside.EventDenied)); n != 0 {
			t.Errorf("%d refusals", n)
		}
	})
}

// TestFiguresAreNoActivity asks for figures, which is no activity and nothing
// for the audit.
func TestFiguresAreNoActivity(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w := newWorld(t, n, nil)
		v := w.view("?name=a", rfb.ClientConfig{})
		v.shows("the picture", w.desktop.Picture(), raster.Format{})
		touched, events := w.gate.Touched(), len(w.gate.Events())
		w.figures("a")
		if w.gate.Touched() != touched || len(w.gate.Events()) != events {
			t.Error("figures count as activity, or are in the audit")
		}
		two := w.view("?name=a", rfb.ClientConfig{})
		two.shows("the picture", w.desktop.Picture(), raster.Format{})
		if got, err := w.watch("a"); err != nil || len(got.Viewers) != 2 || got.Viewers[1].Began.Before(got.Viewers[0].Began) {
			t.Errorf("two viewers of a name: %+v, %v", got.Viewers, err)
		}
		for path, code := range map[string]deskside.Code{"b": deskside.CodeNotFound, "a/b": deskside.CodeNotFound, strings.Repeat("x", 5000): deskside.CodeNotFound} {
			if _, err := w.watch(path); deskside.CodeOf(err) != code {
				t.Errorf("%.20s: %v, want %s", path, err, code)
			}
		}
		w.gate.SetRights(deskside.RightsOf(deskside.Control))
		if _, err := w.watch("a"); deskside.CodeOf(err) != deskside.CodeNoRight {
			t.Errorf("without the right to see: %v", err)
		}
		w.ticket = deskside.Ticket{1}
		if _, err := w.watch("a"); deskside.CodeOf(err) != deskside.CodeNoTicket {
			t.Errorf("without a ticket: %v", err)
		}
	})
}

// gates admits to several sessions.
type gates []*transporttest.Gate

func (g gates) Admit(ticket deskside.Ticket, s deskside.Stream) (p deskside.Pass, err error) {
	for _, one := range g {
		if p, err = one.Admit(ticket, s); err == nil {
			return p, nil
		}
	}
	return nil, err
}

// TestOthersAreSeen has two sessions look, and each see the other.
func TestOthersAreSeen(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		second := transporttest.NewGate(t, n)
		theirs := second.Issue(deskside.RemCtrl, deskside.RightsOf(deskside.View))
		w := newWorld(t, n, func(c *remctrl.Config) { c.Gate = gates{c.Gate.(*transporttest.Gate), second} })
		mine := w.ticket
		others := func(ticket deskside.Ticket) []remctrl.Other {
			t.Helper()
			w.ticket = ticket
			got, err := w.watch("a")
			if err != nil || len(got.Viewers) != 1 {
				t.Fatalf("%d viewers, want my own: %v", len(got.Viewers), err)
			}
			return got.Others
		}
		a := w.view("?name=a", rfb.ClientConfig{})
		if list := others(mine); len(list) != 0 {
			t.Errorf("alone with %+v", list)
		}
		w.ticket = theirs
		b := w.view("?name=a", rfb.ClientConfig{})
		for _, v := range []*viewer{a, b} {
			v.shows("the picture", w.desktop.Picture(), raster.Format{})
		}
		a.Key('x', 0, true)
		held(t, w, 1, 0)
		for ticket, acts := range map[deskside.Ticket]bool{mine: false, theirs: true} {
			list := others(ticket)
			if len(list) != 1 || list[0].Name != "Olive Operator" || list[0].Operator != n.Operator.ID() || list[0].Began.IsZero() ||
				list[0].Controls != acts || list[0].ViewOnly == acts {
				t.Errorf("the other, who acts: %v: %+v", acts, list)
			}
		}
		b.conn.Abort()
		b.ends()
		a.until("the other is gone", func() bool { return len(others(mine)) == 0 })
	})
}
