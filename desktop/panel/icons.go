package panel

import (
	"image"
	"image/color"
	"math"

	"golang.org/x/image/vector"

	"deskside"
)

// pen draws the lines of an icon on a square of 24 by 24 units.
type pen struct {
	z    *vector.Rasterizer
	unit float64 // pixels of a unit
	half float64 // half the width of a line, in units
}

// icon draws one of the pictures below within r.
func (c *canvas) icon(r image.Rectangle, col color.Color, picture func(*pen)) {
	c.shape(r, col, func(z *vector.Rasterizer) {
		picture(&pen{z, float64(r.Dx()) / 24, 0.9})
	})
}

// stroke draws a line through points; its ends and bends are round.
func (p *pen) stroke(points ...point) {
	for i, a := range points {
		p.dot(a, p.half)
		if i == 0 {
			continue
		}
		b := points[i-1]
		length := math.Hypot(b.x-a.x, b.y-a.y)
		if length == 0 {
			continue
		}
		nx, ny := (a.y-b.y)/length*p.half, (b.x-a.x)/length*p.half
		p.fill(point{b.x + nx, b.y + ny}, point{a.x + nx, a.y + ny}, point{a.x - nx, a.y - ny}, point{b.x - nx, b.y - ny})
	}
}

// fill fills a polygon. All are wound one way, so that overlaps stay filled.
func (p *pen) fill(points ...point) {
	area := 0.0
	for i, a := range points {
		b := points[(i+1)%len(points)]
		area += a.x*b.y - b.x*a.y
	}
	if area < 0 {
		for i, j := 0, len(points)-1; i < j; i, j = i+1, j-1 {
			points[i], points[j] = points[j], points[i]
		}
	}
	move(p.z, points[0].x*p.unit, points[0].y*p.unit)
	for _, a := range points[1:] {
		line(p.z, a.x*p.unit, a.y*p.unit)
	}
	p.z.ClosePath()
}

func (p *pen) dot(at point, r float64) { p.fill(p.arc(at, r, r, 0, 2*math.Pi)...) }

// arc gives the points of a part of an ellipse.
func (p *pen) arc(at point, rx, ry, from, to float64) []point {
	const steps = 24
	list := make([]point, 0, steps+1)
	for i := range steps + 1 {
		sin, cos := math.Sincos(from + (to-from)*float64(i)/steps)
		list = append(list, point{at.x + rx*cos, at.y + ry*sin})
	}
	return list
}

func (p *pen) circle(at point, r float64) { p.stroke(p.arc(at, r, r, 0, 2*math.Pi)...) }

func (p *pen) box(x0, y0, x1, y1 float64) {
	p.stroke(point{x0, y0}, point{x1, y0}, point{x1, y1}, point{x0, y1}, point{x0, y0})
}

// rightIcons has a picture for each right.
var rightIcons = map[deskside.Right]func(*pen){
	deskside.View: func(p *pen) { // an eye
		p.stroke(p.arc(point{12, 17.5}, 11.5, 11, math.Pi*1.17, math.Pi*1.83)...)
		p.stroke(p.arc(point{12, 6.5}, 11.5, 11, math.Pi*0.17, math.Pi*0.83)...)
		p.dot(point{12, 12}, 3.2)
	},
	deskside.Control: func(p *pen) { // a pointer
		p.stroke(point{6, 3.5}, point{6, 18}, point{9.8, 14.6}, point{12.4, 20.4}, point{15, 19.2}, point{12.5, 13.6}, point{17.6, 13.4}, point{6, 3.5})
	},
	deskside.Clipboard: func(p *pen) {
		p.box(5, 5.5, 19, 21)
		p.box(9, 3, 15, 7)
		p.stroke(point{8.5, 12}, point{15.5, 12})
		p.stroke(point{8.5, 16}, point{13.5, 16})
	},
	deskside.ChatRight: func(p *pen) { // a speech bubble
		p.stroke(point{3.5, 4.5}, point{20.5, 4.5}, point{20.5, 16}, point{11, 16}, point{7, 20}, point{7, 16}, point{3.5, 16}, point{3.5, 4.5})
		p.stroke(point{8, 10.2}, point{16, 10.2})
	},
	deskside.FilesRead: folder,
	deskside.FilesWrite: func(p *pen) { // a folder with a pen
		p.stroke(point{13, 19}, point{3, 19}, point{3, 5}, point{9, 5}, point{11, 7.5}, point{21, 7.5}, point{21, 10})
		p.stroke(point{13.5, 19.5}, point{14.3, 16.6}, point{20, 11}, point{22, 13}, point{16.4, 18.7}, point{13.5, 19.5})
	},
	deskside.Info: func(p *pen) {
		p.circle(point{12, 12}, 9)
		p.dot(point{12, 7.8}, 1.3)
		p.stroke(point{12, 11.5}, point{12, 16.8})
	},
	deskside.Execute: func(p *pen) { // an arrow that starts something
		p.box(3, 4, 21, 20)
		p.fill(point{9.5, 8}, point{16, 12}, point{9.5, 16})
	},
	deskside.Terminal: func(p *pen) {
		p.box(3, 4, 21, 20)
		p.stroke(point{7, 9}, point{10.2, 12}, point{7, 15})
		p.stroke(point{12.5, 15.4}, point{16.5, 15.4})
	},
	deskside.Reboot: func(p *pen) { // the sign for power
		p.stroke(p.arc(point{12, 13}, 8, 8, -math.Pi*0.3, math.Pi*1.3)...)
		p.stroke(point{12, 3.5}, point{12, 12})
	},
}

func folder(p *pen) {
	p.stroke(point{3, 19}, point{3, 5}, point{9, 5}, point{11, 7.5}, point{21, 7.5}, point{21, 19}, point{3, 19})
}

// warning is a triangle with a mark.
func warning(p *pen) {
	p.stroke(point{12, 3.5}, point{22, 20.5}, point{2, 20.5}, point{12, 3.5})
	p.stroke(point{12, 9.5}, point{12, 14.3})
	p.dot(point{12, 17.4}, 1.2)
}

// helper is the sign of the program: a screen, and a person's head before it.
func helper(p *pen) {
	p.half = 1.0
	p.stroke(point{8, 16.5}, point{3, 16.5}, point{3, 4}, point{21, 4}, point{21, 8})
	p.stroke(point{9, 20}, point{6, 20})
	p.circle(point{16, 12.6}, 2.7)
	p.stroke(p.arc(point{16, 21.5}, 5.2, 4.6, math.Pi, 2*math.Pi)...)
}
