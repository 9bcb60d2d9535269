package raster

import (
	"math/rand/v2"
	"testing"
)

func noise(seed uint64, w, h int) *Image {
	r := rand.New(rand.NewPCG(seed, 0))
	m := NewImage(w, h)
	for y := range h {
		for x := range w {
			m.Set(x, y, r.Uint32())
		}
	}
	return m
}

func TestDiff(t *testing.T) {
	whole := XYWH(0, 0, 300, 200)
	tests := []struct {
		name    string
		within  Rect
		changed [][2]int
		want    []Rect
	}{
		{"nothing", whole, nil, nil},
		{"one pixel", whole, [][2]int{{70, 70}}, []Rect{{70, 70, 71, 71}}},
		{"last pixel", whole, [][2]int{{299, 199}}, []Rect{{299, 199, 300, 200}}},
		{"neighbour tiles", whole, [][2]int{{63, 5}, {64, 9}}, []Rect{{63, 5, 65, 10}}},
		{"apart", whole, [][2]int{{0, 0}, {299, 1}}, []Rect{{0, 0, 1, 2}, {299, 0, 300, 2}}},
		{"within only", XYWH(10, 10, 100, 100), [][2]int{{5, 5}, {20, 20}, {200, 20}}, []Rect{{20, 20, 21, 21}}},
		{"wide", whole, [][2]int{{5, 7}, {70, 8}, {140, 9}, {90, 20}}, []Rect{{5, 7, 141, 21}}},
		{"bands join", whole, [][2]int{{3, 63}, {9, 63}, {3, 64}, {9, 64}}, []Rect{{3, 63, 10, 65}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a, b := noise(1, 300, 200), noise(1, 300, 200)
			for _, p := range test.changed {
				b.Set(p[0], p[1], ^b.Pixel(p[0], p[1]))
			}
			var g, want Region
			Diff(&g, a, b, test.within)
			for _, r := range test.want {
				want.Add(r)
			}
			if !g.Equal(&want) {
				t.Errorf("got %v, want %v", g.Rects(), want.Rects())
			}
			for _, r := range g.Rects() {
				a.Copy(b, r)
			}
			if !Equal(a, b, test.within) {
				t.Error("differs outside what was reported")
			}
		})
	}
}

func TestSolid(t *testing.T) {
	m := NewImage(20, 20)
	m.Fill(m.Bounds(), 0x123456)
	m.Set(10, 10, 1)
	for _, test := range []struct {
		r  Rect
		ok bool
	}{
		{XYWH(0, 0, 10, 20), true},
		{XYWH(0, 0, 1, 1), true},
		{XYWH(0, 0, 20, 20), false},
		{XYWH(10, 10, 2, 1), false},
		{XYWH(9, 0, 2, 11), false},
		{Rect{}, false},
	} {
		v, ok := Solid(m, test.r)
		if ok != test.ok || ok && v != 0x123456 {
			t.Errorf("%v: %06x, %v", test.r, v, ok)
		}
	}
}

func TestMoveOverlapping(t *testing.T) {
	for _, d := range [][2]int{{3, 4}, {-3, -4}, {5, 0}, {-5, 0}, {0, 6}, {0, -6}} {
		m, was := noise(3, 40, 40), noise(3, 40, 40)
		src := XYWH(10, 10, 20, 20)
		m.Move(src, 10+d[0], 10+d[1])
		for y := range 20 {
			for x := range 20 {
				if m.Pixel(10+d[0]+x, 10+d[1]+y) != was.Pixel(10+x, 10+y) {
					t.Fatalf("moved by %v: pixel %d,%d is wrong", d, x, y)
				}
			}
		}
	}
}

func BenchmarkDiff1080p(b *testing.B) {
	x, y := noise(1, 1920, 1080), noise(1, 1920, 1080)
	y.Fill(XYWH(500, 500, 200, 100), 7)
	var g Region
	b.SetBytes(int64(len(x.Pix)))
	for b.Loop() {
		g.Clear()
		Diff(&g, x, y, x.Bounds())
	}
}
