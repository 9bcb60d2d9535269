package remctrl

import (
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"deskside"
	"deskside/codec"
	"deskside/raster"
	"deskside/remctrl/pace"
	"deskside/rfb"
)

// all sends until there is nothing to do before some time has passed, of a path
// that carries everything at once, and gives that time.
func (d *drawing) all(t *testing.T) time.Duration {
	t.Helper()
	for {
		wait, err := d.v.flush(d.now)
		if err != nil {
			t.Fatal(err)
		}
		d.v.mu.Lock()
		d.v.pace.Forget()
		d.v.mu.Unlock()
		if wait > 0 {
			return wait
		}
	}
}

// play draws at a rate for some time.
func (d *drawing) play(t *testing.T, rate int, long time.Duration, draw func()) {
	t.Helper()
	end, next := d.now.Add(long), d.now
	for d.now.Before(end) {
		if !d.now.Before(next) {
			draw()
			next = next.Add(time.Second / time.Duration(rate))
		}
		at := d.now.Add(max(d.all(t), 100*time.Microsecond))
		if next.Before(at) {
			at = next
		}
		d.now = later(at, d.now.Add(100*time.Microsecond))
	}
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// noise draws what photographs are sent for.
func (d *drawing) noise(r raster.Rect, rnd *rand.Rand) {
	scrawl(&d.src.frame, r, rnd)
	d.v.damage([]raster.Rect{r}, false, false)
}

// TestWideAndSmall changes what is small and wider than a rectangle may be, just
// after something else was sent: lines of two colours, and of many.
func TestWideAndSmall(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for name, colour := range map[string]func(x, y int) uint32{
		"two colours": func(x, _ int) uint32 { return uint32(x&1) * 0xffffff },
		"many, alike": func(x, y int) uint32 { return uint32(x/16)<<16 | uint32(255-x/16)<<8 | uint32(y*9) | rnd.Uint32()&3 },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDrawing(4096, 128, pushed...)
			m := watch(t, d)
			d.frame(d.v.view)
			d.now = d.now.Add(time.Second)
			small, line := raster.XYWH(10, 100, 8, 8), raster.XYWH(0, 10, 4096, 4)
			d.src.frame.Fill(small, 0x123456)
			d.v.damage([]raster.Rect{small}, false, false)
			d.all(t)
			d.now = d.now.Add(quickInterval + time.Millisecond)
			for y := line.Y0; y < line.Y1; y++ {
				for x := range line.X1 {
					d.src.frame.Set(x, y, colour(x, y))
				}
			}
			d.v.damage([]raster.Rect{line}, false, false)
			d.all(t)
			m.read(t)
			if d.v.display.broken {
				t.Error("an encoder failed")
			}
			if !raster.Equal(m.Image, &d.src.frame, d.v.view) {
				t.Error("the picture is not exact")
			}
			for _, r := range m.updates[len(m.updates)-1].Rects {
				if r.Rect.W() > codec.TightMaxW {
					t.Errorf("%v is wider than Tight allows", r.Rect)
				}
			}
		})
	}
}

// leave is a pass whose rights go when someone says so.
type leave struct {
	allows
	gone *bool
}

func (l leave) Check(deskside.Right) error {
	if *l.gone {
		return deskside.Errorf(deskside.CodeNoRight, "taken away")
	}
	return nil
}

// TestViewTakenOfWhatIsHalfSent takes the right to see away while most of a
// picture waits for the path, and gives it back later: nothing of it is sent in
// between.
func TestViewTakenOfWhatIsHalfSent(t *testing.T) {
	d := newDrawing(1280, 720, pushed...)
	gone := false
	d.v.pass = leave{gone: &gone}
	m := watch(t, d)
	d.frame(d.v.view)
	d.now = d.now.Add(time.Second)
	d.noise(d.v.view, rand.New(rand.NewPCG(1, 2)))
	if _, err := d.v.flush(d.now); err != nil {
		t.Fatal(err)
	}
	if d.v.display.dirty.Empty() {
		t.Fatal("all was sent at once")
	}
	steps := func() {
		for range 20 {
			d.now = d.now.Add(100 * time.Millisecond)
			d.all(t)
		}
		m.read(t)
	}
	gone = true
	before := d.out.n
	steps()
	if n := d.out.n - before; n > 64<<10 {
		t.Errorf("%d bytes were sent to who may not look", n)
	}
	black := raster.NewImage(1280, 720)
	if !raster.Equal(m.Image, black, d.v.view) {
		t.Error("the picture is not black")
	}
	gone = false
	d.v.damage(nil, false, false)
	steps()
	if !raster.Equal(m.Image, &d.src.frame, d.v.view) {
		t.Error("the picture did not come back")
	}
}

// TestExactBesideWhatChanges has a photograph at rest beside what changes at any
// rate, more often than pictures are sent among them.
func TestExactBesideWhatChanges(t *testing.T) {
	for _, rate := range []int{30, 60, 70, 144} {
		for _, side := range []int{40, 200} {
			d := newDrawing(640, 480, append(pushed, rfb.EncodingQuality0+6)...)
			m := watch(t, d)
			rnd := rand.New(rand.NewPCG(1, 2))
			d.frame(d.v.view)
			d.now = d.now.Add(time.Second)
			photo, busy := raster.XYWH(0, 0, 300, 300), raster.XYWH(400, 0, side, side)
			d.noise(photo, rnd)
			d.all(t)
			m.read(t)
			if raster.Equal(m.Image, &d.src.frame, photo) {
				t.Fatal("the photograph is exact at once")
			}
			d.play(t, rate, time.Second, func() { d.noise(busy, rnd) })
			m.read(t)
			if !raster.Equal(m.Image, &d.src.frame, photo) {
				t.Errorf("%d changes a second of %d pixels' side: what rests beside is not exact after a second", rate, side)
			}
		}
	}
}

// TestPartOfAFilmRests lets a film go on in a sixth of its area.
func TestPartOfAFilmRests(t *testing.T) {
	d := newDrawing(1280, 720, append(pushed, rfb.EncodingQuality0+6)...)
	m := watch(t, d)
	rnd := rand.New(rand.NewPCG(1, 2))
	d.frame(d.v.view)
	film, part := raster.XYWH(128, 64, 640, 384), raster.XYWH(128, 64, 640, 64)
	d.play(t, 30, 2*time.Second, func() { d.noise(film, rnd) })
	if d.v.display.motion.Plays.Empty() {
		t.Fatal("nothing plays")
	}
	d.play(t, 10, time.Second, func() { d.noise(part, rnd) })
	m.read(t)
	if rest := (raster.Rect{X0: film.X0, Y0: part.Y1, X1: film.X1, Y1: film.Y1}); !raster.Equal(m.Image, &d.src.frame, rest) {
		t.Error("what rests of a film is not exact after a second")
	}
}

// TestExactBesideAFilm has a photograph at rest beside a film that takes all that
// the path carries.
func TestExactBesideAFilm(t *testing.T) {
	for _, rate := range []int{1e6, 4e6, 12e6} {
		synctest.Test(t, func(t *testing.T) {
			d := newDrawing(1280, 720, append(pushed, rfb.EncodingQuality0+6)...)
			m := watch(t, d)
			d.v.pace, d.now = pace.Pace{}, time.Now()
			rnd := rand.New(rand.NewPCG(1, 2))
			photo, film := raster.XYWH(0, 0, 256, 256), raster.XYWH(512, 128, 640, 384)
			d.noise(photo, rnd)
			p := path{d: d, m: m, rate: rate, delay: 20 * time.Millisecond}
			for next, end := d.now, d.now.Add(3*time.Second); d.now.Before(end); {
				if !d.now.Before(next) {
					d.noise(film, rnd)
					next = next.Add(time.Second / 30)
				}
				time.Sleep(p.step(t, next))
				d.now = time.Now()
			}
			m.read(t)
			if !raster.Equal(m.Image, &d.src.frame, photo) {
				t.Errorf("%d B/s: a photograph at rest is not exact after 3 s beside a film", rate)
			}
		})
	}
}

// path is one of so many bytes a second, which answers each fence once it has
// carried what is before it.
type path struct {
	d     *drawing
	m     *mirror
	rate  int
	delay time.Duration
	sent  int
	free  time.Time
	away  []answer
}

type answer struct {
	fence string
	at    time.Time
}

// step sends once, and gives how long it is until there is something to do, or
// until next.
func (p *path) step(t *testing.T, next time.Time) time.Duration {
	t.Helper()
	d := p.d
	d.v.mu.Lock()
	for len(p.away) > 0 && !p.away[0].at.After(d.now) {
		d.v.pace.Returned(p.away[0].fence, p.away[0].at)
		p.away = p.away[1:]
	}
	d.v.mu.Unlock()
	wait, err := d.v.flush(d.now)
	if err != nil {
		t.Fatal(err)
	}
	n := d.out.n - p.sent
	p.sent = d.out.n
	p.free = later(p.free, d.now).Add(time.Duration(n) * time.Second / time.Duration(p.rate))
	p.m.read(t)
	for _, fence := range p.m.fences {
		p.away = append(p.away, answer{fence, p.free.Add(p.delay)})
	}
	p.m.fences = p.m.fences[:0]
	at := d.now.Add(max(wait, 100*time.Microsecond))
	if next.Before(at) {
		at = next
	}
	if len(p.away) > 0 && p.away[0].at.Before(at) {
		at = p.away[0].at
	}
	return max(at.Sub(d.now), 100*time.Microsecond)
}

// TestSteeredWhileSmallThingsPass is for the race detector.
func TestSteeredWhileSmallThingsPass(t *testing.T) {
	d := newDrawing(640, 480, pushed...)
	d.frame(d.v.view)
	var steering sync.WaitGroup
	steering.Go(func() {
		for range 1000 {
			d.v.change(func() { d.v.opts.viewOnly, d.v.opts.screen = !d.v.opts.viewOnly, allScreens })
		}
	})
	for range 1000 {
		d.v.display.small.Set(raster.XYWH(0, 0, 8, 8))
		d.v.glance()
	}
	steering.Wait()
}

// TestAFaultEndsOneViewer has the writer fail in the middle of its work.
func TestAFaultEndsOneViewer(t *testing.T) {
	d := newDrawing(64, 48, pushed...)
	d.v.pass = nil // which it asks for rights
	if err := d.v.sheltered(d.v.write); deskside.CodeOf(err) != deskside.CodeInternal {
		t.Fatalf("%v", err)
	}
	if !d.v.mu.TryLock() || !d.src.mu.TryLock() {
		t.Error("a lock is held for ever")
	}
}
