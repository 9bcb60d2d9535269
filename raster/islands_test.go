package raster

import (
	"math/rand/v2"
	"testing"
)

// flood counts the pixels that hang together with (x, y), and takes them away.
func (b *bitmap) flood(x, y int) int {
	if x < 0 || y < 0 || x >= side || y >= side || !b[y][x] {
		return 0
	}
	b[y][x] = false
	n := 1
	for dy := -1; dy <= 1; dy++ {
		for dx := -1; dx <= 1; dx++ {
			n += b.flood(x+dx, y+dy)
		}
	}
	return n
}

// TestIslands compares with a flood fill from each pixel.
func TestIslands(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	found := 0
	for range 3000 {
		var g, small Region
		var b, wantSmall, wantLarge bitmap
		for range rnd.IntN(12) {
			r := XYWH(rnd.IntN(side), rnd.IntN(side), 1+rnd.IntN(8), 1+rnd.IntN(5)).Intersect(XYWH(0, 0, side, side))
			g.Add(r)
			b.set(r, true)
		}
		most := rnd.IntN(40)
		for y := range side {
			for x := range side {
				c := b
				n := c.flood(x, y)
				wantSmall[y][x] = n > 0 && n <= most
				wantLarge[y][x] = n > most
			}
		}
		small.Add(XYWH(1, 1, 3, 3)) // which must not stay
		if any := g.Islands(&small, most); any == small.Empty() {
			t.Fatalf("reported %v of %v", any, small.Rects())
		}
		check(t, &g, &wantLarge)
		check(t, &small, &wantSmall)
		found += len(small.Rects())
	}
	if found == 0 {
		t.Error("there never was an island")
	}
}

// TestIslandsOfMany leaves alone what would take long.
func TestIslandsOfMany(t *testing.T) {
	var g, small Region
	for i := range maxIslands + 1 {
		g.Add(XYWH(2*i, 2*i, 1, 1))
	}
	if g.Islands(&small, 10) || len(g.Rects()) != maxIslands+1 || !small.Empty() {
		t.Errorf("%d rectangles left, %d taken", len(g.Rects()), len(small.Rects()))
	}
	g.Subtract(XYWH(0, 0, 1, 1))
	if !g.Islands(&small, 10) || len(small.Rects()) != maxIslands {
		t.Errorf("%d rectangles left, %d taken", len(g.Rects()), len(small.Rects()))
	}
}

func BenchmarkIslands(b *testing.B) {
	var all, g, small Region
	for i := range maxIslands {
		all.Add(XYWH(i%16*40, i/16*20, 30, 10))
	}
	b.ReportAllocs()
	for b.Loop() {
		g.Assign(&all)
		g.Islands(&small, 300)
	}
}
