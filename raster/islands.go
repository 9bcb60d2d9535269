package raster

// maxIslands bounds the rectangles of a region that is taken apart.
const maxIslands = 256

// Islands moves to small, which is emptied first, the islands of g that have at
// most most pixels, and reports whether there are any. An island is what hangs
// together by edges or corners; a region of more than 256 rectangles counts as
// one.
func (g *Region) Islands(small *Region, most int) bool {
	small.Clear()
	if len(g.rects) > maxIslands {
		return false
	}
	var s sea
	s.join(g.rects)
	for i, r := range g.rects {
		if s.area[s.find(i)] <= most {
			small.Add(r)
		}
	}
	g.SubtractRegion(small)
	return !small.Empty()
}

// sea knows which rectangles hang together.
type sea struct {
	root [maxIslands]int // of each, another of its island that comes before it, or itself
	area [maxIslands]int // of the island whose first this is
}

func (s *sea) find(i int) int {
	for s.root[i] != i {
		i = s.root[i]
	}
	return i
}

// join takes in the rectangles of a Region, whose order it relies on.
func (s *sea) join(list []Rect) {
	for i, r := range list {
		s.root[i], s.area[i] = i, r.Area()
		for j, o := range list[:i] {
			if o.X0 > r.X1 || o.X1 < r.X0 || o.Y1 < r.Y0 {
				continue
			}
			if a, b := s.find(i), s.find(j); a != b {
				s.root[max(a, b)] = min(a, b)
				s.area[min(a, b)] += s.area[max(a, b)]
			}
		}
	}
}
