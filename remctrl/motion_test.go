package remctrl

import (
	"math/rand/v2"
	"testing"
	"time"

	"deskside/raster"
	"deskside/rfb"
)

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
			var m motion
			m.resize(1280, 720)
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
				m.note(&changed, now, many)
				now = now.Add(test.every)
			}
			m.note(&changed, now, many)
			if !m.plays.Equal(&want) {
				t.Fatalf("%v play, want %v", m.plays.Rects(), want.Rects())
			}
			changed.Set(caret) // which lies above, and keeps nothing alive
			for _, ms := range []int{50, 100, 129} {
				m.note(&changed, now.Add(time.Duration(ms)*time.Millisecond), many)
			}
			if !m.plays.Equal(&want) {
				t.Errorf("before it rests %v play, want %v", m.plays.Rects(), want.Rects())
			}
			m.note(&changed, now.Add(playsOn), many)
			if !m.plays.Empty() {
				t.Errorf("at rest %v play", m.plays.Rects())
			}
			for ms := 0; ms < 1000 && m.plays.Empty(); ms += 5 {
				m.note(&changed, now.Add(playsOn+time.Duration(ms)*time.Millisecond), many)
			}
			if !m.plays.Empty() {
				t.Errorf("%v play again, after a rest", m.plays.Rects())
			}
			m.resize(100, 100)
		})
	}
}

// TestMotionAnywhere takes changes of any size and place.
func TestMotionAnywhere(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	var m motion
	now, played := epoch, 0
	for range 40 {
		w, h := 1+rnd.IntN(700), 1+rnd.IntN(500)
		m.resize(w, h)
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
			m.note(&changed, now, func(raster.Rect) bool { return true })
			now = now.Add(time.Duration(rnd.IntN(60)) * time.Millisecond)
			if !canvas.Contains(m.plays.Bounds()) {
				t.Fatalf("%v play on %v", m.plays.Rects(), canvas)
			}
			played += len(m.plays.Rects())
		}
	}
	if played == 0 {
		t.Error("nothing ever played")
	}
}

// TestWhatPlays plays a film beside text: the text comes first, what stands still in
// the film is exact soon although it plays, and all of it soon after it ended.
func TestWhatPlays(t *testing.T) {
	d := newDrawing(1280, 720, append(pushed, rfb.EncodingQuality0+8)...)
	m := watch(t, d)
	rnd := rand.New(rand.NewPCG(1, 2))
	film, still, page := raster.XYWH(0, 0, 640, 360), raster.XYWH(128, 128, 128, 128), raster.XYWH(700, 300, 500, 400)
	scrawl(&d.src.frame, film, rnd)
	d.frame(d.v.view)
	var exact raster.Region
	for i := range 60 {
		kept := raster.NewImage(1280, 720)
		kept.Copy(&d.src.frame, still)
		scrawl(&d.src.frame, film, rnd)
		if i >= 30 {
			d.src.frame.Copy(kept, still)
		}
		if i == 59 {
			d.src.frame.Fill(page, 0x224466)
			d.v.damage([]raster.Rect{page}, false, false)
		}
		d.frame(film)
		for _, r := range d.v.display.refine.due.Rects() {
			exact.Add(r)
		}
	}
	m.read(t)
	plays := &d.v.display.motion.plays
	if !plays.Contains(film) || plays.Area() != film.Area() {
		t.Fatalf("%v play", plays.Rects())
	}
	if !raster.Equal(m.Image, &d.src.frame, still) {
		t.Error("what stands still in the film for a second is not exact")
	}
	if exact.Empty() {
		t.Error("nothing in it was at rest")
	}
	last := m.updates[len(m.updates)-1].Rects
	if first := last[0].Rect; !page.Contains(first) {
		t.Errorf("%v came first", first)
	}

	ended := d.now
	for d.now.Before(ended.Add(300 * time.Millisecond)) {
		wait, err := d.v.flush(d.now)
		if err != nil {
			t.Fatal(err)
		}
		d.v.mu.Lock()
		d.v.pace.forget()
		d.v.mu.Unlock()
		d.now = d.now.Add(max(wait, time.Millisecond)) // for each part
	}
	m.read(t)
	if !raster.Equal(m.Image, &d.src.frame, d.v.view) {
		t.Error("the picture is not exact 300 ms after the film ended")
	}
}

func TestCarry(t *testing.T) {
	var c carry
	now := epoch
	pass := func(pictures int, full time.Duration) (quality int) {
		for range pictures {
			c.note(true, now)
			c.note(false, now.Add(full))
			now = now.Add(50 * time.Millisecond)
			quality = c.quality(86, false, now)
		}
		return quality
	}
	if q := pass(100, 5*time.Millisecond); q != 86 {
		t.Errorf("a path with room carries %d, want 86", q)
	}
	if q := pass(5, 40*time.Millisecond); q >= 86 || q < 50 {
		t.Errorf("a path that is full carries %d at first", q)
	}
	if q := pass(100, 40*time.Millisecond); q != leastQuality {
		t.Errorf("a path that stays full carries %d, want %d", q, leastQuality)
	}
	if q := c.quality(15, false, now); q != 15 {
		t.Errorf("less than that was asked for: %d", q)
	}
	if q := c.quality(0, false, now); q != 0 {
		t.Errorf("exact pixels were asked for: %d", q)
	}
	if q := pass(400, 0); q != 86 {
		t.Errorf("a path that has room again carries %d, want 86", q)
	}
}
