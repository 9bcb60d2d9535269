package darkroom

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"deskside/codec"
	"deskside/raster"
)

// stencil is an encoder that writes what it was asked for, and panics or fails
// where it is told to.
type stencil struct{ panics, fails func(raster.Rect) bool }

func (s stencil) AppendJPEG(dst []byte, _ *raster.Image, r raster.Rect, quality int) ([]byte, error) {
	switch {
	case s.panics != nil && s.panics(r):
		panic("no")
	case s.fails != nil && s.fails(r):
		return append(dst, "half"...), fmt.Errorf("no")
	}
	return fmt.Appendf(dst, "%v at %d", r, quality), nil
}

// TestDarkroom develops rolls of several viewers at once.
func TestDarkroom(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	odd := func(r raster.Rect) bool { return r.X0 == 300 }
	photo := stencil{panics: func(r raster.Rect) bool { return r.X0 == 200 }, fails: odd}
	d := New(photo)
	defer d.Close()
	m := raster.NewImage(1000, 10)
	var viewers sync.WaitGroup
	for n := range 5 {
		viewers.Go(func() {
			e, r := codec.TightEncoder{Photo: photo}, new(Roll)
			for range 50 {
				r.Begin(m, 50+n)
				for i := range 6 {
					r.Add(raster.XYWH(100*i, 0, 100, 10), false)
				}
				d.Develop(r, &e)
				for i, s := range r.Shots {
					want := []byte(fmt.Sprintf("%v at %d", s.R, 50+n))
					if s.OK != (i != 2 && i != 3) || (s.Fault != nil) != (i == 2) || s.OK && !bytes.HasSuffix(s.Out, want) {
						t.Errorf("shot %d: %q, ok %v, fault %v", i, s.Out, s.OK, s.Fault)
						return
					}
				}
			}
		})
	}
	viewers.Wait()
}

func TestRollJoinsNeighbours(t *testing.T) {
	var r Roll
	r.Begin(nil, 1)
	p := func(x, y int) raster.Rect { return raster.XYWH(x*256, y*64, 256, 64) }
	r.Add(p(0, 0), false)
	r.Add(p(1, 0), true)
	r.Add(p(2, 0), false) // something else comes between in the update
	r.Add(p(4, 0), true)
	r.Add(p(0, 1), true)
	for x := range 9 {
		r.Add(p(x+1, 1), true)
	}
	var got []raster.Rect
	for _, s := range r.Shots {
		got = append(got, s.R)
	}
	want := []raster.Rect{
		raster.XYWH(0, 0, 2*256, 64), p(2, 0), p(4, 0),
		raster.XYWH(0, 64, MaxW, 64), raster.XYWH(MaxW, 64, 2*256, 64),
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
