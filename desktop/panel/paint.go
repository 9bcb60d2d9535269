package panel

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// canvas draws shapes with smooth edges.
type canvas struct {
	*style
	img *image.RGBA
	ras vector.Rasterizer
}

func (c *canvas) rect(r image.Rectangle, col color.Color) {
	draw.Draw(c.img, r, image.NewUniform(col), image.Point{}, draw.Src)
}

// point is a place between pixels.
type point struct{ x, y float64 }

// shape fills what path draws within r, whose corner is the path's origin.
// The rasteriser draws only what lies in the picture whole, so the rest goes
// through a mask.
func (c *canvas) shape(r image.Rectangle, col color.Color, path func(*vector.Rasterizer)) {
	c.ras.Reset(r.Dx(), r.Dy())
	path(&c.ras)
	if r.In(c.img.Rect) {
		c.ras.Draw(c.img, r, image.NewUniform(col), image.Point{})
		return
	}
	mask := image.NewAlpha(image.Rectangle{Max: r.Size()})
	c.ras.Draw(mask, mask.Rect, image.Opaque, image.Point{})
	draw.DrawMask(c.img, r, image.NewUniform(col), image.Point{}, mask, image.Point{}, draw.Over)
}

// kappa is how far the handles of a quarter circle reach.
const kappa = 0.5523

// round fills a rectangle with rounded corners.
func (c *canvas) round(r image.Rectangle, radius float64, col color.Color) {
	w, h := float64(r.Dx()), float64(r.Dy())
	radius = min(radius, w/2, h/2)
	c.shape(r, col, func(z *vector.Rasterizer) { roundPath(z, 0, 0, w, h, radius) })
}

// ring draws a line of the given width along the inside of a rounded
// rectangle.
func (c *canvas) ring(r image.Rectangle, radius, width float64, line, fill color.Color) {
	c.round(r, radius, line)
	n := int(math.Round(width))
	c.round(r.Inset(n), max(radius-float64(n), 0), fill)
}

func roundPath(z *vector.Rasterizer, x0, y0, x1, y1, r float64) {
	k := r * (1 - kappa)
	move(z, x0+r, y0)
	line(z, x1-r, y0)
	cube(z, x1-k, y0, x1, y0+k, x1, y0+r)
	line(z, x1, y1-r)
	cube(z, x1, y1-k, x1-k, y1, x1-r, y1)
	line(z, x0+r, y1)
	cube(z, x0+k, y1, x0, y1-k, x0, y1-r)
	line(z, x0, y0+r)
	cube(z, x0, y0+k, x0+k, y0, x0+r, y0)
	z.ClosePath()
}

func move(z *vector.Rasterizer, x, y float64) { z.MoveTo(float32(x), float32(y)) }
func line(z *vector.Rasterizer, x, y float64) { z.LineTo(float32(x), float32(y)) }
func cube(z *vector.Rasterizer, a, b, c, d, e, f float64) {
	z.CubeTo(float32(a), float32(b), float32(c), float32(d), float32(e), float32(f))
}

// text writes a line with its left end at x and its baseline at y.
func (c *canvas) text(r role, s string, x, y int, col color.Color) {
	d := font.Drawer{Dst: c.img, Src: image.NewUniform(col), Face: c.face(r), Dot: fixed.P(x, y)}
	d.DrawString(s)
}

// baseline gives where letters stand in a line whose top is y.
func (c *canvas) baseline(r role, y int) int {
	m := c.face(r).Metrics()
	return y + (c.lineHeight(r)-(m.Ascent+m.Descent).Round())/2 + m.Ascent.Round()
}

// lines writes lines from the top of r.
func (c *canvas) lines(r image.Rectangle, ro role, lines []string, col color.Color) {
	for i, s := range lines {
		c.text(ro, s, r.Min.X, c.baseline(ro, r.Min.Y+i*c.lineHeight(ro)), col)
	}
}

// centred writes a line in the middle of r.
func (c *canvas) centred(r image.Rectangle, ro role, s string, col color.Color) {
	x := r.Min.X + (r.Dx()-c.width(ro, s))/2
	y := r.Min.Y + (r.Dy()-c.lineHeight(ro))/2
	c.text(ro, s, x, c.baseline(ro, y), col)
}

// Corners gives the rows of a rounded rectangle of w by h pixels as
// rectangles, for systems whose windows have no soft edges.
func Corners(w, h, radius int, top, bottom bool) []image.Rectangle {
	list := []image.Rectangle{image.Rect(0, radius, w, h-radius)}
	for i := range radius {
		d := float64(radius) - float64(i) - 0.5
		in := int(math.Round(float64(radius) - math.Sqrt(float64(radius*radius)-d*d)))
		for _, row := range []struct {
			y     int
			round bool
		}{{i, top}, {h - 1 - i, bottom}} {
			x := in
			if !row.round {
				x = 0
			}
			list = append(list, image.Rect(x, row.y, w-x, row.y+1))
		}
	}
	return list
}
