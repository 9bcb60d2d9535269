package codec

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"deskside/raster"
)

// The pictures that benchmarks encode: what screens are made of.

// film draws what a camera sees: shapes of all sizes, edges, and grain of the
// given strength.
func film(w, h int, grain float64) *raster.Image {
	rnd := rand.New(rand.NewPCG(uint64(w), uint64(h)))
	m := raster.NewImage(w, h)
	var phase [24]float64
	for i := range phase {
		phase[i] = rnd.Float64() * 7
	}
	for y := range h {
		for x := range w {
			s := 120.0
			for i := range 8 {
				f := .004 * math.Pow(1.8, float64(i))
				s += 90 / float64(i+2) * math.Sin(float64(x)*f+phase[3*i]) * math.Sin(float64(y)*f*.9+phase[3*i+1]+math.Sin(float64(x)*f/3))
			}
			if (x-w/2)*(x-w/2)+(y-h/2)*(y-h/2) < h*h/9 {
				s = 220 - s
			}
			v := func(k float64) uint32 { return uint32(min(max(s*k+grain*rnd.NormFloat64(), 0), 255)) }
			m.Set(x, y, v(1.1)<<16|v(.9)<<8|v(.7))
		}
	}
	return m
}

// page draws lines of text, of proportional or fixed letters, from the line
// first on.
func page(m *raster.Image, r raster.Rect, ttf []byte, size float64, ink, paper uint32, first int) {
	f, err := opentype.Parse(ttf)
	if err != nil {
		panic(err)
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		panic(err)
	}
	defer face.Close()
	rgba := image.NewRGBA(image.Rect(0, 0, r.W(), r.H()))
	at := func(v uint32) image.Image {
		return image.NewUniform(color.RGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 255})
	}
	for i := 0; i < len(rgba.Pix); i += 4 {
		rgba.Pix[i], rgba.Pix[i+1], rgba.Pix[i+2], rgba.Pix[i+3] = uint8(paper>>16), uint8(paper>>8), uint8(paper), 255
	}
	high := int(size * 1.3)
	for i := 0; i*high < r.H(); i++ {
		d := font.Drawer{Dst: rgba, Src: at(ink), Face: face, Dot: fixed.P(4, i*high+int(size))}
		d.DrawString(line(first + i))
	}
	for y := range r.H() {
		for x := range r.W() {
			c := rgba.RGBAAt(x, y)
			m.Set(r.X0+x, r.Y0+y, uint32(c.R)<<16|uint32(c.G)<<8|uint32(c.B))
		}
	}
}

// line gives a line of text.
func line(i int) string {
	rnd := rand.New(rand.NewPCG(uint64(i), 77))
	s := fmt.Sprintf("%5d ", i)
	for range 4 + rnd.IntN(18) {
		for range 1 + rnd.IntN(9) {
			s += string(rune('a' + rnd.IntN(26)))
		}
		s += " "
	}
	return s
}

// office draws a desktop: windows with text, bars with shades, a photograph.
func office(w, h int) *raster.Image {
	m := raster.NewImage(w, h)
	m.Fill(m.Bounds(), 0x2e3440)
	for y := range 40 {
		m.Fill(raster.XYWH(0, y, w, 1), uint32(0x404040+0x010101*y))
	}
	page(m, raster.XYWH(40, 60, w/2-60, h-120), goregular.TTF, 14, 0x222222, 0xffffff, 0)
	page(m, raster.XYWH(w/2+20, 60, w/2-60, h/2-80), gomono.TTF, 12, 0xd0d0d0, 0x101418, 500)
	page(m, raster.XYWH(w/2+20, h/2+20, w/4, h/2-80), goregular.TTF, 18, 0x003366, 0xf4f4f0, 900)
	photo := film(w/5, h/3, 2)
	for y := range photo.H {
		copy(m.Row(h/2+40+y, w*3/4+40, w*3/4+40+photo.W), photo.Row(y, 0, photo.W))
	}
	return m
}

// terminal draws a window of fixed letters, scrolled to a line.
func terminal(w, h, first int) *raster.Image {
	m := raster.NewImage(w, h)
	page(m, m.Bounds(), gomono.TTF, 13, 0xcccccc, 0, first)
	return m
}
