package x11

import (
	"math/rand/v2"
	"testing"
	"time"

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
	if gap := run(3, cost); gap > 2*fastEvery {
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
		if f(); p.next.Sub(now) != checkEvery {
			t.Errorf("checked after %v, want %v", p.next.Sub(now), checkEvery)
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
