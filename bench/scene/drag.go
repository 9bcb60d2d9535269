package scene

import (
	"math"

	"deskside/raster"
)

// The dragged window.
const (
	DragW = 800
	DragH = 600
)

// dragRound is the number of steps after which the window is where it was.
const dragRound = 240

// DragMark is the number in the corners of the dragged window, whose place says
// which step is seen.
const DragMark = 0x5a3c

// DragAt gives where the window is at step n, within a screen of 1920 by 1080.
func DragAt(n int) raster.Rect {
	a := 2 * math.Pi * float64(n%dragRound) / dragRound
	x, y := 560+400*math.Cos(a), 260+150*math.Sin(2*a)
	return raster.XYWH(int(math.Round(x)), int(math.Round(y)), DragW, DragH)
}

// DragSeen finds the step, later than last and at most a quarter of a round, at
// which the picture shows the window; it gives last if it shows none of them.
func DragSeen(m *raster.Image, last int) int {
	for n := last + dragRound/4; n > last; n-- {
		if v, ok := CornersOf(DragAt(n)).Read(m); ok && v == DragMark {
			return n
		}
	}
	return last
}

// DragStep finds the step, of one round, that the picture shows; -1 if it shows
// none.
func DragStep(m *raster.Image) int {
	for n := range dragRound {
		if v, ok := CornersOf(DragAt(n)).Read(m); ok && v == DragMark {
			return n
		}
	}
	return -1
}
