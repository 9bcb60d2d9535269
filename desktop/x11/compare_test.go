package x11

import (
	"math/rand/v2"
	"testing"
	"time"

	"deskside/desktop/x11/link"
	"deskside/internal/pulse"
	"deskside/internal/xvfb"
	"deskside/raster"
)

// TestTempo follows a clock from one comparison to the next.
func TestTempo(t *testing.T) {
	began := time.Unix(1000, 0)
	var p tempo
	p.trust(false, began)
	now := p.next
	run := func(n int, cost time.Duration) (gap time.Duration) {
		for range n {
			p.same(now, cost)
			gap = p.next.Sub(now)
			now = p.next
		}
		return gap
	}
	const cost = time.Millisecond
	if p.changed(now, cost); p.next.Sub(now) != fastEvery {
		t.Errorf("%v after a change, want %v", p.next.Sub(now), fastEvery)
	}
	if gap := run(3, cost); gap > 4*fastEvery {
		t.Errorf("%v after three times nothing", gap)
	}
	if gap := run(50, cost); gap != restEvery {
		t.Errorf("%v at rest, want %v", gap, restEvery)
	}
	now = now.Add(-restEvery / 2) // amid the rest
	if p.stir(now); p.next.Sub(now) != stirEvery || !p.due(p.next) || p.due(now) {
		t.Errorf("%v after input, want %v", p.next.Sub(now), stirEvery)
	}
	now = p.next
	if gap := run(1, cost); gap > 2*fastEvery {
		t.Errorf("%v after input and nothing", gap)
	}
	// A costly picture takes no more than its share of the time.
	if p.changed(now, 40*cost); p.next.Sub(now) != 40*fastShare*cost {
		t.Errorf("%v after a costly change", p.next.Sub(now))
	}
	if gap := run(50, 40*cost); gap != 40*restShare*cost {
		t.Errorf("%v at rest, of a costly picture", gap)
	}
	// A server that tells is only checked, whatever happens.
	p.trust(true, now)
	for _, f := range []func(){func() { p.changed(now, cost) }, func() { p.same(now, cost) }, func() { p.stir(now) }} {
		if f(); p.next.Sub(now) != pulse.Wait(now, checkEvery) {
			t.Errorf("checked after %v, want %v", p.next.Sub(now), pulse.Wait(now, checkEvery))
		}
	}
}

func TestGather(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		rects := make([]raster.Rect, rnd.IntN(40))
		var want raster.Region
		for i := range rects {
			rects[i] = raster.XYWH(rnd.IntN(1800), rnd.IntN(1000), 1+rnd.IntN(120), 1+rnd.IntN(80))
			want.Add(rects[i])
		}
		saved := rnd.IntN(1 << 18)
		list := gather(nil, rects, saved)
		if len(list) > maxAreas {
			t.Fatalf("%d areas", len(list))
		}
		bounds := want.Bounds()
		for i, a := range list {
			want.Subtract(a)
			if a.Union(bounds) != bounds {
				t.Fatalf("%v is beyond %v", a, bounds)
			}
			for _, b := range list[:i] {
				if !a.Intersect(b).Empty() {
					t.Fatalf("%v and %v overlap", a, b)
				}
				if vain := a.Union(b).Area() - a.Area() - b.Area(); vain <= saved {
					t.Fatalf("%v and %v stay two for %d pixels", a, b, vain)
				}
			}
		}
		if !want.Empty() {
			t.Fatalf("%v is not grabbed", want.Rects())
		}
	}
}

func TestGatherFew(t *testing.T) {
	one, near, far := raster.XYWH(0, 0, 64, 64), raster.XYWH(300, 40, 64, 64), raster.XYWH(1800, 1000, 64, 64)
	for _, c := range []struct {
		name  string
		rects []raster.Rect
		want  int
	}{
		{"nothing", nil, 0}, {"one", []raster.Rect{one}, 1},
		{"near", []raster.Rect{one, near}, 1}, {"far", []raster.Rect{one, far}, 2}, {"both", []raster.Rect{far, near, one}, 2},
	} {
		if got := gather(nil, c.rects, savedShared); len(got) != c.want {
			t.Errorf("%s: %v, want %d areas", c.name, got, c.want)
		}
	}
}

// TestDiffer finds exactly what a comparison pixel by pixel does, and of a
// trusted server in a few looks.
func TestDiffer(t *testing.T) {
	p, at, err := pixels24(t)
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	src := make([]byte, 4*at.Area())
	for i := range src {
		src[i] = byte(rnd.Uint32() >> 9)
	}
	var d differ
	for range 200 {
		f := raster.NewImage(at.W(), at.H())
		if err := p.Copy(f, src, at, at); err != nil {
			t.Fatal(err)
		}
		want := raster.Region{}
		for range rnd.IntN(4) {
			x, y := rnd.IntN(at.W()), rnd.IntN(at.H())
			f.Row(y, x, x+1)[rnd.IntN(3)] ^= 1
			want.Add(raster.XYWH(x, y, 1, 1))
		}
		looks := 0
		for d.found.Clear(); d.found.Empty() && looks < sampled; looks++ {
			if err := d.find(f, src, p, true); err != nil {
				t.Fatal(err)
			}
		}
		trusting := d.found
		if err := d.find(f, src, p, false); err != nil {
			t.Fatal(err)
		}
		if !trusting.Equal(&d.found) {
			t.Fatalf("%d looks at a trusted server find %v, want %v", looks, trusting.Rects(), d.found.Rects())
		}
		if want.SubtractRegion(&d.found); !want.Empty() {
			t.Fatalf("%v is not found", want.Rects())
		}
		kept, err := d.take(f, src, p)
		if err != nil {
			t.Fatal(err)
		}
		if len(kept) != len(d.found.Rects()) || !p.Same(f, src, at, at) {
			t.Fatalf("took %v of %v, or not all", kept, d.found.Rects())
		}
	}
}

// pixels24 gives the usual storage, of a picture of an odd size.
func pixels24(t *testing.T) (*link.Pixels, raster.Rect, error) {
	t.Helper()
	a, err := link.Find(xvfb.Start(t, "64x64x24"))
	if err != nil {
		return nil, raster.Rect{}, err
	}
	c, err := link.Connect(t.Context(), a, "")
	if err != nil {
		return nil, raster.Rect{}, err
	}
	defer c.Close()
	p, err := c.Pixels()
	return p, raster.XYWH(0, 0, 333, 201), err
}
