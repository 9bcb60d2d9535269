package motion

import (
	"math/rand/v2"
	"testing"
	"time"

	"deskside/raster"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// TestMotion learns from what changes at what rate which areas play.
func TestMotion(t *testing.T) {
	video := raster.XYWH(100, 70, 640, 360)
	small := raster.XYWH(900, 500, 200, 200)
	caret := raster.XYWH(400, 300, 2, 16)
	text := raster.XYWH(800, 50, 300, 400)
	for name, test := range map[string]struct {
		every   time.Duration
		changes []raster.Rect
		want    []raster.Rect
	}{
		"nothing":       {time.Second / 30, nil, nil},
		"a film":        {time.Second / 30, []raster.Rect{video}, []raster.Rect{video}},
		"a slow film":   {time.Second / 10, []raster.Rect{video}, []raster.Rect{video}},
		"a slow path":   {400 * time.Millisecond, []raster.Rect{video}, []raster.Rect{video}},
		"two":           {time.Second / 60, []raster.Rect{video, small}, []raster.Rect{video, small}},
		"a caret":       {time.Second / 30, []raster.Rect{caret}, nil},
		"beside text":   {time.Second / 30, []raster.Rect{video, text}, []raster.Rect{video}},
		"one tile":      {time.Second / 30, []raster.Rect{raster.XYWH(64, 64, 64, 64)}, nil},
		"a line's flow": {time.Second / 30, []raster.Rect{raster.XYWH(0, 200, 1000, 14)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var m Motion
			m.Resize(1280, 720)
			many := func(r raster.Rect) bool { return r.Intersect(text).Empty() }
			var changed, want raster.Region
			for _, r := range test.changes {
				changed.Add(r)
			}
			for _, r := range test.want {
				want.Add(r)
			}
			now := epoch
			for range int(4*time.Second/test.every) + 8 {
				m.Note(&changed, now, many)
				now = now.Add(test.every)
			}
			m.Note(&changed, now, many)
			if !m.Plays.Equal(&want) {
				t.Fatalf("%v play, want %v", m.Plays.Rects(), want.Rects())
			}
			changed.Set(caret) // which lies above, and keeps nothing alive
			for _, ms := range []int{50, 100, 129} {
				m.Note(&changed, now.Add(time.Duration(ms)*time.Millisecond), many)
			}
			if !m.Plays.Equal(&want) {
				t.Errorf("before it rests %v play, want %v", m.Plays.Rects(), want.Rects())
			}
			m.Note(&changed, now.Add(PlaysOn), many)
			if !m.Plays.Empty() {
				t.Errorf("at rest %v play", m.Plays.Rects())
			}
			for ms := 0; ms < 1000 && m.Plays.Empty(); ms += 5 {
				m.Note(&changed, now.Add(PlaysOn+time.Duration(ms)*time.Millisecond), many)
			}
			if !m.Plays.Empty() {
				t.Errorf("%v play again, after a rest", m.Plays.Rects())
			}
			m.Resize(100, 100)
		})
	}
}

// TestMotionAnywhere takes changes of any size and place.
func TestMotionAnywhere(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	var m Motion
	now, played := epoch, 0
	for range 40 {
		w, h := 1+rnd.IntN(700), 1+rnd.IntN(500)
		m.Resize(w, h)
		canvas := raster.XYWH(0, 0, w, h)
		list := make([]raster.Rect, 1+rnd.IntN(4))
		for i := range list {
			list[i] = raster.XYWH(rnd.IntN(w), rnd.IntN(h), 1+rnd.IntN(w), 1+rnd.IntN(h)).Intersect(canvas)
		}
		for range 60 {
			var changed raster.Region
			for _, r := range list {
				if rnd.IntN(8) > 0 {
					changed.Add(r)
				}
			}
			m.Note(&changed, now, func(raster.Rect) bool { return true })
			now = now.Add(time.Duration(rnd.IntN(60)) * time.Millisecond)
			if !canvas.Contains(m.Plays.Bounds()) {
				t.Fatalf("%v play on %v", m.Plays.Rects(), canvas)
			}
			played += len(m.Plays.Rects())
		}
	}
	if played == 0 {
		t.Error("nothing ever played")
	}
}

func TestRefiner(t *testing.T) {
	a, b := raster.XYWH(0, 0, 10, 10), raster.XYWH(20, 0, 10, 10)
	var f Refiner
	at := func(percent int) time.Time { return epoch.Add(time.Duration(percent) * Period / 100) }
	dueNow := func(percent int, want ...raster.Rect) {
		t.Helper()
		f.Tick(at(percent))
		var w raster.Region
		for _, r := range want {
			w.Add(r)
		}
		if !f.Due.Equal(&w) {
			t.Errorf("after %d per cent of a period %v are due, want %v", percent, f.Due.Rects(), want)
		}
	}
	f.Approximate(a, at(0))
	f.Approximate(b, at(50))
	dueNow(99)
	dueNow(100)
	f.Approximate(b, at(150)) // still moving
	dueNow(200, a)
	if f.Resting() {
		t.Error("resting while b waits")
	}
	f.Exact(a)
	dueNow(299)
	dueNow(300, b)
	f.Moved(b, 0, 50)
	dueNow(310, raster.XYWH(0, 50, 10, 10), b) // a copy of what was approximate is so too
	f.Approximate(b, at(410))
	dueNow(420, raster.XYWH(0, 50, 10, 10))
	f.Forget()
	dueNow(900)
	if !f.Resting() {
		t.Error("not resting after all was forgotten")
	}
}
