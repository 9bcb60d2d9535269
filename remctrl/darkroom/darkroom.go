// Package darkroom encodes photographs for all viewers on whatever processors
// have nothing else to do.
package darkroom

import (
	"runtime"
	"sync"
	"sync/atomic"

	"deskside/codec"
	"deskside/raster"
)

// MaxW is how wide a photograph may become, in pixels: as wide as Tight allows,
// so that the heads of the files do not matter.
const MaxW = codec.TightMaxW

const mostWorkers = 16

// Room has the workers that encode photographs for all viewers. A viewer's
// own goroutine does the work as well; workers that have nothing else to do help.
type Room struct {
	rolls   chan *Roll // taken by whoever is free
	workers int
	running sync.WaitGroup
	ending  sync.Once
}

// New starts a worker for each processor but one, at least one. Photo writes the
// photographs; nil is our own JPEG.
func New(photo codec.Photo) *Room {
	d := &Room{rolls: make(chan *Roll), workers: min(max(runtime.GOMAXPROCS(0)-1, 1), mostWorkers)}
	for range d.workers {
		d.running.Go(func() {
			e := codec.TightEncoder{Photo: photo}
			for r := range d.rolls {
				r.work(&e)
				r.away.Done()
			}
		})
	}
	return d
}

// Close ends the workers. Nobody may develop any more; closing again does nothing.
func (d *Room) Close() {
	d.ending.Do(func() { close(d.rolls) })
	d.running.Wait()
}

// Develop encodes all shots of a roll, with e and with whatever help there is. A
// Room that is nil has none.
func (d *Room) Develop(r *Roll, e *codec.TightEncoder) {
	r.next.Store(0)
	if d != nil {
		d.call(r)
	}
	r.work(e)
	r.away.Wait()
}

// call hands r to as many free workers as it has use for.
func (d *Room) call(r *Roll) {
	for range min(d.workers, len(r.Shots)-1) {
		r.away.Add(1)
		select {
		case d.rolls <- r:
		default:
			r.away.Done()
			return
		}
	}
}

// Roll is photographs that are encoded together.
type Roll struct {
	m       *raster.Image
	quality int
	Shots   []Shot
	next    atomic.Int32   // the first shot that nobody has taken
	away    sync.WaitGroup // of workers
}

// Shot is one photograph: a rectangle of Tight.
type Shot struct {
	R      raster.Rect
	Pieces int    // that were added and are in it
	Out    []byte // without the rectangle's header
	OK     bool   // Out is what it should be
	Fault  any    // of the encoder, if it panicked
}

// Begin empties the roll, for parts of m.
func (r *Roll) Begin(m *raster.Image, quality int) {
	r.m, r.quality, r.Shots = m, quality, r.Shots[:0]
}

// Add takes another piece. One that continues the last to the right, which
// follows at once in the update too, becomes one with it: each file has a head of
// 600 bytes.
func (r *Roll) Add(piece raster.Rect, follows bool) {
	if n := len(r.Shots); n > 0 && follows {
		s := &r.Shots[n-1]
		if s.R.Y0 == piece.Y0 && s.R.Y1 == piece.Y1 && s.R.X1 == piece.X0 && piece.X1-s.R.X0 <= MaxW {
			s.R.X1 = piece.X1
			s.Pieces++
			return
		}
	}
	if len(r.Shots) < cap(r.Shots) {
		r.Shots = r.Shots[:len(r.Shots)+1] // with its memory
	} else {
		r.Shots = append(r.Shots, Shot{})
	}
	s := &r.Shots[len(r.Shots)-1]
	s.R, s.Pieces = piece, 1
}

// work encodes shots until none is left.
func (r *Roll) work(e *codec.TightEncoder) {
	for {
		i := int(r.next.Add(1)) - 1
		if i >= len(r.Shots) {
			return
		}
		r.Shots[i].encode(e, r.m, r.quality)
	}
}

// encode fills in Out. A fault of the encoder costs this shot.
func (s *Shot) encode(e *codec.TightEncoder, m *raster.Image, quality int) {
	s.OK, s.Fault = false, nil
	defer func() { s.Fault = recover() }()
	s.Out, s.OK = e.AppendPhoto(s.Out[:0], m, s.R, quality)
}
