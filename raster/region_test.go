package raster

import (
	"math/rand/v2"
	"testing"
)

const side = 24

// bitmap is a region the slow way.
type bitmap [side][side]bool

func (b *bitmap) set(r Rect, to bool) {
	for y := r.Y0; y < r.Y1; y++ {
		for x := r.X0; x < r.X1; x++ {
			b[y][x] = to
		}
	}
}

func (b *bitmap) keep(r Rect) {
	for y := range side {
		for x := range side {
			b[y][x] = b[y][x] && y >= r.Y0 && y < r.Y1 && x >= r.X0 && x < r.X1
		}
	}
}

// check compares g with b and looks at the order that Region promises.
func check(t *testing.T, g *Region, b *bitmap) {
	t.Helper()
	var got bitmap
	area := 0
	for i, r := range g.Rects() {
		if r.Empty() {
			t.Fatalf("rect %d of %v is empty", i, g.Rects())
		}
		for j, s := range g.Rects()[:i] {
			if !r.Intersect(s).Empty() {
				t.Fatalf("rects %d and %d of %v overlap", i, j, g.Rects())
			}
		}
		got.set(r, true)
		area += r.Area()
	}
	if got != *b {
		t.Fatalf("wrong pixels in %v", g.Rects())
	}
	if g.Area() != area || g.Empty() != (area == 0) {
		t.Fatalf("area %d, empty %v; want %d", g.Area(), g.Empty(), area)
	}
	var again Region
	for i := len(g.rects) - 1; i >= 0; i-- {
		again.Add(g.rects[i])
	}
	if !again.Equal(g) {
		t.Fatalf("one set, two forms: %v and %v", g.Rects(), again.Rects())
	}
}

func FuzzRegion(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		seed := make([]byte, 5*12)
		for i := range seed {
			seed[i] = byte(r.Uint32())
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, ops []byte) {
		var g Region
		var b bitmap
		for ; len(ops) >= 5; ops = ops[5:] {
			x, y := int(ops[1])%side, int(ops[2])%side
			r := Rect{x, y, min(side, x+int(ops[3])%side), min(side, y+int(ops[4])%side)}
			var h Region
			h.Set(r)
			switch ops[0] % 8 {
			case 0, 1, 2:
				g.Add(r)
				b.set(r, true)
			case 3:
				g.AddRegion(&h)
				b.set(r, true)
			case 4, 5:
				g.Subtract(r)
				b.set(r, false)
			case 6:
				g.SubtractRegion(&h)
				b.set(r, false)
			case 7:
				g.Intersect(r)
				b.keep(r)
			}
			check(t, &g, &b)
			if g.Contains(r) != (ops[0]%8 < 4 || r.Empty()) && ops[0]%8 != 7 {
				t.Fatalf("%v contains %v: %v", g.Rects(), r, g.Contains(r))
			}
		}
		simplify(t, &g)
	})
}

func simplify(t *testing.T, g *Region) {
	var s Region
	s.Assign(g)
	s.Simplify(3)
	if len(s.Rects()) > 3 || s.Bounds() != g.Bounds() {
		t.Fatalf("%v simplified to %v", g.Rects(), s.Rects())
	}
	for _, r := range g.Rects() {
		if !s.Contains(r) {
			t.Fatalf("%v lost %v", s.Rects(), r)
		}
	}
}

func TestRegionMove(t *testing.T) {
	var g Region
	g.Add(XYWH(0, 0, 4, 4))
	g.Add(XYWH(8, 2, 4, 4))
	g.Move(10, 20)
	var want Region
	want.Add(XYWH(18, 22, 4, 4))
	want.Add(XYWH(10, 20, 4, 4))
	if !g.Equal(&want) {
		t.Errorf("moved to %v, want %v", g.Rects(), want.Rects())
	}
}

func TestRegionReusesMemory(t *testing.T) {
	var g Region
	work := func() {
		g.Clear()
		for i := range 40 {
			g.Add(XYWH(i*7%100, i*13%100, 9, 5))
		}
		g.Subtract(XYWH(20, 20, 30, 30))
	}
	work()
	work()
	if n := testing.AllocsPerRun(10, work); n > 0 {
		t.Errorf("%v allocations once warm", n)
	}
}
