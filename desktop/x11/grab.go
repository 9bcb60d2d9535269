package x11

import (
	"cmp"
	"log/slog"

	"github.com/jezek/xgb/shm"
	"github.com/jezek/xgb/xproto"

	"deskside/desktop/x11/link"
	"deskside/raster"
)

// grabber fetches pixels of the root window: by shared memory, or through the
// connection where there is none.
type grabber struct {
	c      *link.Conn
	log    *slog.Logger
	pixels *link.Pixels
	seg    *segment // nil: pictures travel through the connection
	noSHM  bool

	areas []raster.Rect
	asked []asked
}

// asked is an area on its way from the server.
type asked struct {
	at     raster.Rect
	from   int // within the shared memory
	size   int
	shared shm.GetImageCookie
	sent   xproto.GetImageCookie
}

// grab copies the rectangles from the screen into f, within one write.
func (g *grabber) grab(f *raster.Image, rects []raster.Rect, write func(func())) (err error) {
	g.areas = gather(g.areas[:0], rects, g.saved())
	g.ask(g.areas)
	if len(g.asked) == 0 {
		return nil
	}
	first, err := g.answer(&g.asked[0])
	write(func() { err = g.puts(f, rects, first, err) })
	return err
}

// puts copies what is in the first answer, and in those to come.
func (g *grabber) puts(f *raster.Image, rects []raster.Rect, src []byte, err error) error {
	for i := range g.asked {
		if i > 0 { // each answer is taken, as the memory is not ours before
			var failed error
			src, failed = g.answer(&g.asked[i])
			err = cmp.Or(err, failed)
		}
		if err == nil {
			err = g.put(f, src, g.asked[i].at, rects)
		}
	}
	return err
}

// put copies what of the rectangles lies in an area.
func (g *grabber) put(f *raster.Image, src []byte, at raster.Rect, rects []raster.Rect) error {
	for _, r := range rects {
		if r = r.Intersect(at); r.Empty() {
			continue
		}
		if err := g.pixels.Copy(f, src, at, r); err != nil {
			return err
		}
	}
	return nil
}

// read gives the pixels of one area, as the server stores them. They are good
// until the next grab.
func (g *grabber) read(at raster.Rect) ([]byte, error) {
	g.areas = append(g.areas[:0], at)
	g.ask(g.areas)
	return g.answer(&g.asked[0])
}

const allPlanes = 1<<32 - 1

// ask asks for all areas at once, so that they cost one round trip.
func (g *grabber) ask(areas []raster.Rect) {
	g.asked = g.asked[:0]
	total := 0
	for _, r := range areas {
		size := g.pixels.Stride(r.W()) * r.H()
		g.asked = append(g.asked, asked{at: r, from: total, size: size})
		total += size
	}
	shared := g.share(total)
	root := xproto.Drawable(g.c.Root)
	for i := range g.asked {
		a := &g.asked[i]
		x, y, w, h := int16(a.at.X0), int16(a.at.Y0), uint16(a.at.W()), uint16(a.at.H())
		if shared {
			a.shared = shm.GetImage(g.c.X, root, x, y, w, h, allPlanes, xproto.ImageFormatZPixmap, g.seg.seg, uint32(a.from))
		} else {
			a.sent = xproto.GetImage(g.c.X, xproto.ImageFormatZPixmap, root, x, y, w, h, allPlanes)
		}
	}
}

func (g *grabber) answer(a *asked) ([]byte, error) {
	if a.shared.Cookie != nil {
		_, err := a.shared.Reply()
		return g.seg.mem[a.from : a.from+a.size], g.c.Failed("grab the screen", err)
	}
	r, err := a.sent.Reply()
	if err != nil {
		return nil, g.c.Failed("grab the screen", err)
	}
	return r.Data, nil
}

// share makes sure that size bytes are shared with the server, and reports
// whether they are. Where that fails once it is not tried again.
func (g *grabber) share(size int) bool {
	if g.noSHM || g.seg != nil && len(g.seg.mem) >= size {
		return !g.noSHM
	}
	if g.seg != nil {
		shm.Detach(g.c.X, g.seg.seg)
		g.seg.close()
		g.seg = nil
	}
	seg, err := newSegment(g.c, size)
	if err != nil {
		g.log.Info("no memory shared with the X server, pictures will cost more", "err", err)
		g.noSHM = true
		return false
	}
	g.seg = seg
	return true
}

// close gives the memory back.
func (g *grabber) close() {
	if g.seg != nil {
		g.seg.close()
		g.seg = nil
	}
	g.noSHM = true
}

// How many pixels a request may have in vain before two requests are cheaper, by
// shared memory and through the connection; and how many requests a grab is at
// most. Measured; see BenchmarkGrab.
const (
	savedShared = 1 << 17
	savedSent   = 1 << 13
	maxAreas    = 8
)

func (g *grabber) saved() int {
	if g.noSHM {
		return savedSent
	}
	return savedShared
}

// gather appends to areas disjoint ones that hold all the rectangles: few, but
// no further from one another than saves saved pixels each.
func gather(areas, rects []raster.Rect, saved int) []raster.Rect {
	for _, r := range rects {
		for {
			i, vain := nearest(areas, r)
			if i < 0 || vain > saved && len(areas) < maxAreas {
				break
			}
			r = r.Union(areas[i])
			areas[i] = areas[len(areas)-1]
			areas = areas[:len(areas)-1]
		}
		areas = append(areas, r)
	}
	return areas
}

// nearest gives the area that holds r with the fewest pixels in vain, one that
// has a part of r before any other; -1 if there are no areas.
func nearest(areas []raster.Rect, r raster.Rect) (at, vain int) {
	at = -1
	for i, a := range areas {
		if !a.Intersect(r).Empty() {
			return i, 0
		}
		v := a.Union(r).Area() - a.Area() - r.Area()
		if at < 0 || v < vain {
			at, vain = i, v
		}
	}
	return at, vain
}
