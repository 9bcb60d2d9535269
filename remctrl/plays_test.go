package remctrl

import (
	"math/rand/v2"
	"testing"
	"time"

	"deskside/raster"
	"deskside/rfb"
)

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
		for _, r := range d.v.display.refine.Due.Rects() {
			exact.Add(r)
		}
	}
	m.read(t)
	plays := &d.v.display.motion.Plays
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
		d.v.pace.Forget()
		d.v.mu.Unlock()
		d.now = d.now.Add(max(wait, time.Millisecond)) // for each part
	}
	m.read(t)
	if !raster.Equal(m.Image, &d.src.frame, d.v.view) {
		t.Error("the picture is not exact 300 ms after the film ended")
	}
}
