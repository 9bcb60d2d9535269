package scene

import (
	"math"
	"math/rand/v2"

	"deskside/raster"
)

// Grain is the usual strength of the film grain, the standard deviation of each
// colour: what a camera has indoors.
const Grain = 3.0

// Photo makes a picture like a photograph: soft shapes of several sizes, some
// sharp edges, and film grain of the given strength.
func Photo(w, h int, seed uint64, grain float64) *raster.Image {
	m := raster.NewImage(w, h)
	p := newPaper(w, h, seed)
	for y := range h {
		for x := range w {
			r, g, b := p.at(x, y)
			m.Set(x, y, pixel(r, g, b))
		}
	}
	NewGrain(grain, seed).Add(m, m.Bounds())
	return m
}

func pixel(r, g, b float64) uint32 {
	return uint32(level(r))<<16 | uint32(level(g))<<8 | uint32(level(b))
}

func level(v float64) byte { return byte(min(max(v, 0), 255)) }

// paper is a photograph without its grain.
type paper struct {
	octaves []octave
	discs   []disc
}

// octave is noise of one size: values on a grid, between which it is smooth.
type octave struct {
	grid   [][3]float64
	cols   int
	step   float64
	weight float64
}

// disc is something with an edge.
type disc struct {
	x, y, r float64
	shade   [3]float64
}

func newPaper(w, h int, seed uint64) *paper {
	rng := rand.New(rand.NewPCG(seed, 1))
	p := new(paper)
	for _, o := range []struct{ step, weight float64 }{{400, 90}, {130, 50}, {40, 22}, {12, 9}} {
		cols, rows := int(float64(w)/o.step)+2, int(float64(h)/o.step)+2
		grid := make([][3]float64, cols*rows)
		for i := range grid {
			light := rng.Float64() - 0.5
			for c := range 3 {
				grid[i][c] = light*0.7 + (rng.Float64()-0.5)*0.3
			}
		}
		p.octaves = append(p.octaves, octave{grid, cols, o.step, 2 * o.weight})
	}
	for range 24 {
		d := disc{x: rng.Float64() * float64(w), y: rng.Float64() * float64(h), r: 15 + rng.Float64()*90}
		for c := range 3 {
			d.shade[c] = (rng.Float64() - 0.5) * 80
		}
		p.discs = append(p.discs, d)
	}
	return p
}

// at gives the colour of a place.
func (p *paper) at(x, y int) (r, g, b float64) {
	sum := [3]float64{128, 124, 116}
	for i := range p.octaves {
		p.octaves[i].add(&sum, float64(x), float64(y))
	}
	for _, d := range p.discs {
		if dx, dy := float64(x)-d.x, float64(y)-d.y; dx*dx+dy*dy < d.r*d.r {
			for c := range sum {
				sum[c] += d.shade[c]
			}
		}
	}
	return sum[0], sum[1], sum[2]
}

func (o *octave) add(sum *[3]float64, x, y float64) {
	gx, gy := x/o.step, y/o.step
	ix, iy := int(gx), int(gy)
	fx, fy := ease(gx-float64(ix)), ease(gy-float64(iy))
	at := iy*o.cols + ix
	for c := range sum {
		top := o.grid[at][c]*(1-fx) + o.grid[at+1][c]*fx
		bottom := o.grid[at+o.cols][c]*(1-fx) + o.grid[at+o.cols+1][c]*fx
		sum[c] += o.weight * (top*(1-fy) + bottom*fy)
	}
}

func ease(t float64) float64 { return t * t * (3 - 2*t) }

// FilmGrain adds noise that is new for each pixel and each frame.
type FilmGrain struct {
	table [4096]int16 // of a normal distribution
	state uint64
}

// NewGrain makes grain of the given strength.
func NewGrain(strength float64, seed uint64) *FilmGrain {
	g := &FilmGrain{state: seed*2654435761 + 88172645463325252}
	rng := rand.New(rand.NewPCG(seed, 2))
	for i := range g.table {
		g.table[i] = int16(math.Round(rng.NormFloat64() * strength))
	}
	return g
}

// next gives random bits (Marsaglia's xorshift).
func (g *FilmGrain) next() uint64 {
	g.state ^= g.state << 13
	g.state ^= g.state >> 7
	g.state ^= g.state << 17
	return g.state
}

// Add adds grain to the pixels of r.
func (g *FilmGrain) Add(m *raster.Image, r raster.Rect) {
	for y := r.Y0; y < r.Y1; y++ {
		row := m.Row(y, r.X0, r.X1)
		for i := 0; i+4 <= len(row); i += 4 {
			bits := g.next()
			for c := range 3 {
				v := int16(row[i+c]) + g.table[bits>>(12*c)&4095]
				row[i+c] = byte(min(max(v, 0), 255))
			}
		}
	}
}

// Wallpaper makes a desktop's background: soft, and without grain.
func Wallpaper(w, h int) *raster.Image {
	m := raster.NewImage(w, h)
	for y := range h {
		for x := range w {
			t, u := float64(y)/float64(h), float64(x)/float64(w)
			m.Set(x, y, pixel(40+60*t, 70+50*t*u, 110+70*u))
		}
	}
	return m
}

// DragWindow makes what is in the dragged window: a page of lines of words, and
// the marks in its corners.
func DragWindow() *raster.Image {
	m := raster.NewImage(DragW, DragH)
	m.Fill(m.Bounds(), 0xf4f4f0)
	m.Fill(raster.XYWH(0, 0, DragW, 28), 0x38507c)
	rng := rand.New(rand.NewPCG(5, 5))
	for y := 40; y < DragH-30; y += 16 {
		for x := 20; x < DragW-60; x += 9 {
			if rng.IntN(6) > 0 {
				letter(m, x, y, rng.Uint32())
			}
		}
	}
	CornersOf(m.Bounds()).Draw(m, DragMark)
	return m
}

// letter draws something of a letter's size and shape: strokes where there are
// bits.
func letter(m *raster.Image, x, y int, bits uint32) {
	for i := range 4 {
		if bits>>i&1 != 0 {
			m.Fill(raster.XYWH(x+i%2*5, y+i/2*5, 2, 6), 0x202020)
		}
		if bits>>(i+4)&1 != 0 {
			m.Fill(raster.XYWH(x, y+i*3, 7, 1), 0x202020)
		}
	}
}

// Near reports whether two pictures of one size show the same photograph, if not
// in each pixel: by every eighth of each row and column, in bands, so that
// part of another photograph is told as well.
func Near(a, b *raster.Image) bool {
	const apart, bands, most = 8, 8, 14 // most: of the mean difference of a band
	for band := range bands {
		sum, n := 0, 0
		for y := band * a.H / bands; y < (band+1)*a.H/bands; y += apart {
			for x := band % apart; x < a.W; x += apart {
				p, q := a.Pixel(x, y), b.Pixel(x, y)
				sum += gap(p>>8, q>>8)
				n++
			}
		}
		if sum > most*n {
			return false
		}
	}
	return true
}

func gap(a, b uint32) int {
	d := int(a&0xff) - int(b&0xff)
	return max(d, -d)
}
