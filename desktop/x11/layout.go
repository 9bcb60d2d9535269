package x11

import (
	"deskside/desktop"
	"deskside/raster"
)

// Layout is of desktop.Desktop. It is the one of the picture that Next gave
// last.
func (g *capture) Layout() desktop.Layout {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.layout
}

// reload asks for the layout.
func (g *capture) reload() error {
	l, err := g.c.Layout()
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.layout = l
	return nil
}

// Beyond maxRects rectangles are gathered by bands of bandHeight rows.
const (
	maxRects   = 64
	bandHeight = 64
)

// disjoint appends the parts of rects within bounds to dst. The server's
// rectangles are disjoint; many of them become one for each band.
func disjoint(dst, rects []raster.Rect, bounds raster.Rect) []raster.Rect {
	if len(rects) <= maxRects {
		for _, r := range rects {
			if r = r.Intersect(bounds); !r.Empty() {
				dst = append(dst, r)
			}
		}
		return dst
	}
	for y := bounds.Y0; y < bounds.Y1; y += bandHeight {
		band := raster.Rect{X0: bounds.X0, Y0: y, X1: bounds.X1, Y1: min(y+bandHeight, bounds.Y1)}
		var all raster.Rect
		for _, r := range rects {
			all = all.Union(r.Intersect(band))
		}
		if !all.Empty() {
			dst = append(dst, all)
		}
	}
	return dst
}
