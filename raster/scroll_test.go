package raster

import "testing"

// page is a picture whose rows all differ, with a blank one between each two
// lines of text.
func page(w, h int, seed uint64) *Image {
	m := noise(seed, w, h)
	for y := 0; y < h; y += 5 {
		m.Fill(Rect{0, y, w, y + 1}, 0xffffff)
	}
	return m
}

func TestScroll(t *testing.T) {
	for _, test := range []struct {
		name string
		src  Rect
		dy   int
		want Rect // in after; empty if nothing should be found
	}{
		{"up", XYWH(20, 40, 100, 120), -16, XYWH(20, 24, 100, 120)},
		{"down", XYWH(20, 20, 100, 120), 33, XYWH(20, 53, 100, 120)},
		{"by one", XYWH(0, 20, 200, 150), -1, XYWH(0, 19, 200, 150)},
		{"too little", XYWH(0, 50, 200, 20), 40, Rect{}},
		{"nothing", Rect{}, 0, Rect{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			before, after := page(200, 200, 1), page(200, 200, 1)
			after.Move(test.src, test.src.X0, test.src.Y0+test.dy)
			box := Narrow(before, after, before.Bounds())
			if got := box.Union(test.want); got != box && !test.want.Empty() {
				t.Fatalf("narrowed to %v, without %v", box, test.want)
			}
			var s Scroller
			from, to := s.Find(before, after, box)
			// Rows that the narrowed box does not have before cannot be found.
			if to.Empty() != test.want.Empty() || !test.want.Contains(to) || to.Area() < test.want.Area()/2 {
				t.Fatalf("found %v in %v, want most of %v", to, box, test.want)
			}
			if to.Empty() {
				return
			}
			if from != to.Move(0, -test.dy) {
				t.Errorf("from %v to %v, want a distance of %d", from, to, test.dy)
			}
			before.Move(from, to.X0, to.Y0)
			if !Equal(before, after, to) {
				t.Error("the part that moved is not equal")
			}
		})
	}
}

func TestScrollOfBlank(t *testing.T) {
	a, b := NewImage(100, 100), NewImage(100, 100)
	b.Fill(XYWH(0, 0, 100, 50), 0xffffff)
	if from, to := new(Scroller).Find(a, b, a.Bounds()); !to.Empty() {
		t.Errorf("found %v at %v in blank pictures", from, to)
	}
}

func TestNarrow(t *testing.T) {
	a, b := noise(1, 90, 80), noise(1, 90, 80)
	if got := Narrow(a, b, a.Bounds()); got != (Rect{}) {
		t.Errorf("equal pictures: %v", got)
	}
	b.Set(30, 20, ^a.Pixel(30, 20))
	b.Set(17, 60, ^a.Pixel(17, 60))
	if got, want := Narrow(a, b, a.Bounds()), (Rect{17, 20, 31, 61}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
	if got, want := Narrow(a, b, XYWH(20, 0, 70, 80)), (Rect{30, 20, 31, 21}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
}

func BenchmarkScroll(b *testing.B) {
	x, y := page(1920, 1080, 1), page(1920, 1080, 1)
	y.Move(XYWH(0, 32, 1920, 1000), 0, 0)
	var s Scroller
	b.SetBytes(int64(len(x.Pix)))
	for b.Loop() {
		s.Find(x, y, x.Bounds())
	}
}
