package raster

import (
	"math/rand/v2"
	"testing"
)

// glyphs are the letters of the pictures of these tests: 6 by 12 pixels that
// have nothing in common with each other.
func glyph(m *Image, letter uint64, x, y int, ink uint32) {
	bits := letter * 0x9e3779b97f4a7c15
	for dy := range 9 {
		for dx := range 5 {
			if bits>>(dy*5+dx)%3 == 0 && x+dx < m.W && y+dy < m.H {
				m.Set(x+dx, y+dy, ink)
			}
		}
	}
}

// strokes draws a letter of so few strokes that there are many like it.
func strokes(m *Image, x, y int, bits uint32) {
	for i := range 4 {
		if bits>>i&1 != 0 {
			m.Fill(XYWH(x+i%2*5, y+i/2*5, 2, 6), 0x202020)
		}
		if bits>>(i+4)&1 != 0 {
			m.Fill(XYWH(x, y+i*3, 7, 1), 0x202020)
		}
	}
}

// text writes lines of words into r, of 40 letters in two colours; line numbers
// them, and equal lines are equal.
func text(m *Image, r Rect, line int) {
	m.Fill(r, 0xffffff)
	for y := r.Y0; y+12 <= r.Y1; y, line = y+12, line+1 {
		rnd := rand.New(rand.NewPCG(uint64(line), 3))
		for x, n := r.X0+3, 10+rnd.IntN(r.W()/6+1); x+6 <= r.X1 && n > 0; x, n = x+6, n-1 {
			if letter := rnd.Uint64N(48); letter < 40 {
				glyph(m, letter, x, y+1, 0x000000)
			}
		}
	}
}

// photo fills r with something of many colours that changes slowly, and grain.
func photo(m *Image, r Rect, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 9))
	for y := r.Y0; y < r.Y1; y++ {
		for x := r.X0; x < r.X1; x++ {
			g := rnd.Uint32() & 0x030303
			m.Set(x, y, uint32((x*x/700+y)&0xff)<<16|uint32((y*y/500+x)&0xff)<<8|uint32((x+y)/3&0xff)^g)
		}
	}
}

// window draws a window with a title and text.
func window(m *Image, r Rect, line int) {
	m.Fill(r, 0x3060a0)
	text(m, Rect{r.X0 + 4, r.Y0 + 20, r.X1 - 4, r.Y1 - 4}, line)
}

// try finds what moved, does it, and gives the part of what differed that is
// right then, in per cent.
func try(t testing.TB, f *Mover, before, after *Image) (moves []Move, right int) {
	t.Helper()
	var differs Region
	Diff(&differs, before, after, before.Bounds())
	moves = f.Find(nil, before, after, &differs, before.Bounds())
	now := NewImage(before.W, before.H)
	now.Copy(before, before.Bounds())
	wrong := wrongPixels(before, after)
	for _, m := range moves {
		now.Move(m.From, m.X, m.Y)
	}
	for _, m := range moves {
		if !Equal(now, after, m.To()) {
			t.Fatalf("%v of %v is not what it should be", m, moves)
		}
	}
	return moves, 100 - 100*wrongPixels(now, after)/max(wrong, 1)
}

func wrongPixels(a, b *Image) (n int) {
	for y := range a.H {
		for x := range a.W {
			if a.Pixel(x, y) != b.Pixel(x, y) {
				n++
			}
		}
	}
	return n
}

// scenes are pictures that move, each with the part in per cent of what changes
// that must be found, and the number of moves that may say so.
var scenes = map[string]struct {
	draw        func(m *Image, step int)
	right, most int
}{
	"terminal scrolls": {func(m *Image, step int) {
		m.Fill(m.Bounds(), 0x205050)
		text(m, XYWH(60, 40, 486, 24*12), 3*step)
	}, 80, 2},
	"by a page less two lines": {func(m *Image, step int) {
		text(m, XYWH(60, 40, 486, 40*12), 38*step)
	}, 3, 1},
	"two terminals scroll": {func(m *Image, step int) {
		m.Fill(m.Bounds(), 0x205050)
		text(m, XYWH(60, 40, 486, 24*12), 3*step)
		text(m, XYWH(600, 300, 486, 24*12), 999+2*step)
	}, 80, 4},
	"page in a window": {func(m *Image, step int) {
		window(m, XYWH(100, 50, 900, 650), 0)
		page := NewImage(860, 2000)
		text(page, page.Bounds(), 0)
		photo(page, XYWH(100, 300, 400, 300), 1)
		part := page.Sub(XYWH(0, 17*step, 860, 560))
		for y := range part.H {
			copy(m.Row(120+y, 120, 980), part.Row(y, 0, 860))
		}
		m.Fill(XYWH(984, 120+20*step, 10, 80), 0x808080) // a scroll bar
	}, 80, 3},
	"to the side": {func(m *Image, step int) {
		photo(m, m.Bounds(), 2)
		page := NewImage(2000, 400)
		text(page, page.Bounds(), 0)
		part := page.Sub(XYWH(300-23*step, 0, 800, 400))
		for y := range part.H {
			copy(m.Row(100+y, 120, 920), part.Row(y, 0, 800))
		}
	}, 90, 2},
	"window dragged over a photo": {func(m *Image, step int) {
		photo(m, m.Bounds(), 2)
		window(m, XYWH(100+9*step, 50+5*step, 800, 600), 0)
	}, 90, 2},
	"window dragged under another": {func(m *Image, step int) {
		photo(m, m.Bounds(), 2)
		window(m, XYWH(300-9*step, 20+5*step, 700, 600), 0)
		window(m, XYWH(100, 20, 300, 300), 70)
	}, 85, 4},
	"few strokes on a grid dragged over a photo": {func(m *Image, step int) {
		photo(m, m.Bounds(), 2)
		r := XYWH(100+3*step*step, 50+step, 800, 600)
		m.Fill(r, 0xf4f4f0)
		rnd := rand.New(rand.NewPCG(5, 5))
		for y := 40; y < 570; y += 16 {
			for x := 20; x < 740; x += 9 {
				strokes(m, r.X0+x, r.Y0+y, rnd.Uint32())
			}
		}
	}, 75, 2},
	"two windows change places": {func(m *Image, step int) {
		photo(m, m.Bounds(), 2)
		window(m, XYWH(100+500*(step%2), 100, 400, 300), 0)
		window(m, XYWH(600-500*(step%2), 100, 400, 300), 300)
	}, 45, 1},
}

func TestMoves(t *testing.T) {
	for name, s := range scenes {
		t.Run(name, func(t *testing.T) {
			var f Mover
			before, after := NewImage(1200, 720), NewImage(1200, 720)
			s.draw(before, 0)
			for step := 1; step < 7; step++ {
				s.draw(after, step)
				moves, right := try(t, &f, before, after)
				t.Logf("%d%% by %v", right, moves)
				if right < s.right || len(moves) > s.most {
					t.Errorf("step %d: %d%% of the pixels are right after %v; want %d%%, by %d moves", step, right, moves, s.right, s.most)
				}
				before, after = after, before
			}
		})
	}
}

// BenchmarkMoves looks for what moved in pictures of 1080p.
func BenchmarkMoves(b *testing.B) {
	for name, s := range scenes {
		before, after := NewImage(1920, 1080), NewImage(1920, 1080)
		s.draw(before, 0)
		s.draw(after, 1)
		b.Run(name, func(b *testing.B) { benchmarkMoves(b, before, after) })
	}
	b.Run("noise", func(b *testing.B) { benchmarkMoves(b, noise(1, 1920, 1080), noise(2, 1920, 1080)) })
	b.Run("all of a photo moves", func(b *testing.B) {
		before, after := noise(1, 1920, 1080), noise(1, 1920, 1080)
		after.Move(XYWH(0, 32, 1920, 1048), 0, 0)
		benchmarkMoves(b, before, after)
	})
	b.Run("a letter", func(b *testing.B) {
		before, after := noise(1, 1920, 1080), noise(1, 1920, 1080)
		after.Fill(XYWH(100, 100, 8, 13), 0)
		benchmarkMoves(b, before, after)
	})
}

func benchmarkMoves(b *testing.B, before, after *Image) {
	var f Mover
	var differs Region
	var list []Move
	Diff(&differs, before, after, before.Bounds())
	b.ReportAllocs()
	for b.Loop() {
		list = f.Find(list[:0], before, after, &differs, before.Bounds())
	}
}

// TestMovesAtRandom draws whatever, moves some of it, and looks whether all that
// is found is so.
func TestMovesAtRandom(t *testing.T) {
	var f Mover
	found := 0
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		w, h := 100+rnd.IntN(300), 80+rnd.IntN(200)
		before, after := NewImage(w, h), NewImage(w, h)
		random := func() Rect {
			return XYWH(rnd.IntN(w), rnd.IntN(h), 1+rnd.IntN(w), 1+rnd.IntN(h)).Intersect(before.Bounds())
		}
		for range 4 {
			switch r := random(); rnd.IntN(3) {
			case 0:
				photo(before, r, seed)
			case 1:
				text(before, Rect{r.X0, r.Y0, max(r.X1, r.X0+6), r.Y1}.Intersect(before.Bounds()), rnd.IntN(100))
			case 2:
				before.Fill(r, rnd.Uint32()&0xffffff)
			}
		}
		after.Copy(before, before.Bounds())
		for range rnd.IntN(6) {
			r := random()
			after.Move(r, rnd.IntN(w-r.W()+1), rnd.IntN(h-r.H()+1))
		}
		clip := before.Bounds()
		if rnd.IntN(3) == 0 {
			clip = random()
		}
		var differs Region
		Diff(&differs, before, after, clip)
		now := NewImage(w, h)
		now.Copy(before, before.Bounds())
		list := f.Find(nil, before, after, &differs, clip)
		for _, m := range list {
			if !clip.Contains(m.To()) || !before.Bounds().Contains(m.From) || m.From.Empty() {
				t.Fatalf("seed %d: %v leaves %v", seed, m, clip)
			}
			now.Move(m.From, m.X, m.Y)
		}
		for _, m := range list {
			if !Equal(now, after, m.To()) {
				t.Fatalf("seed %d: %v of %v is not what it should be", seed, m, list)
			}
		}
		found += len(list)
	}
	if found < 100 {
		t.Errorf("only %d moves were found", found)
	}
}

// TestCraftedFeatures looks for moves in a picture that was made so that each of
// its places is as rare as can be, which would have them all kept.
func TestCraftedFeatures(t *testing.T) {
	spread := func(p uint32) uint64 { v := uint64(p+1) * 0x9e3779b97f4a7c15; return v ^ v>>29 }
	rnd := rand.New(rand.NewPCG(1, 2))
	var row [reach]uint32 // whose hash is 0: each pixel sets two bits right, the last one first
	sum := uint64(0)
	for i := 0; i < reach; {
		p := rnd.Uint32() & 0xffffff
		s := sum + spread(p)<<(2*i)
		if s&(1<<(2*(i+1))-1) == 0 && (i == 0 || p != row[reach-i]) {
			sum, row[reach-1-i] = s, p
			i++
		}
	}
	before, after := NewImage(1920, 1080), NewImage(1920, 1080)
	for y := range before.H {
		for x := range before.W {
			before.Set(x, y, row[x%reach])
		}
	}
	var m Mover
	m.scanRow(before, 0, 0, before.W)
	if len(m.found) < before.W/reach-1 {
		t.Fatalf("%d features in a row: it is not made well", len(m.found))
	}
	var all Region
	all.Set(before.Bounds())
	if got := m.Find(nil, before, after, &all, before.Bounds()); len(got) > 0 {
		t.Errorf("%v moved", got)
	}
	after.Copy(before, before.Bounds())
	after.Fill(XYWH(100, 100, 300, 300), 0) // and it finds what moves in such a picture, or nothing
	for _, v := range m.Find(nil, before, after, &all, before.Bounds()) {
		before.Move(v.From, v.X, v.Y)
		if !Equal(before, after, v.To()) {
			t.Errorf("%v is wrong", v)
		}
	}
}
