package remctrl

import (
	"runtime"
	"sync"
	"sync/atomic"

	"deskside/codec"
	"deskside/raster"
)

// darkroom has the workers that encode photographs for all viewers. A viewer's
// own goroutine does the work as well; workers that have nothing else to do help.
type darkroom struct {
	rolls   chan *roll // taken by whoever is free
	workers int
	running sync.WaitGroup
	ending  sync.Once
}

// newDarkroom starts a worker for each processor but one, at least one. Photo is
// as in Config.
func newDarkroom(photo codec.Photo) *darkroom {
	d := &darkroom{rolls: make(chan *roll), workers: min(max(runtime.GOMAXPROCS(0)-1, 1), maxFilm)}
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

// close ends the workers. Nobody may develop any more; closing again does nothing.
func (d *darkroom) close() {
	d.ending.Do(func() { close(d.rolls) })
	d.running.Wait()
}

// develop encodes all shots of a roll, with e and with whatever help there is. A
// darkroom that is nil has none.
func (d *darkroom) develop(r *roll, e *codec.TightEncoder) {
	r.next.Store(0)
	if d != nil {
		d.call(r)
	}
	r.work(e)
	r.away.Wait()
}

// call hands r to as many free workers as it has use for.
func (d *darkroom) call(r *roll) {
	for range min(d.workers, len(r.shots)-1) {
		r.away.Add(1)
		select {
		case d.rolls <- r:
		default:
			r.away.Done()
			return
		}
	}
}

// roll is photographs that are encoded together.
type roll struct {
	m       *raster.Image
	quality int
	shots   []shot
	next    atomic.Int32   // the first shot that nobody has taken
	away    sync.WaitGroup // of workers
}

// shot is one photograph: a rectangle of Tight.
type shot struct {
	r      raster.Rect
	pieces int
	out    []byte // without the rectangle's header
	ok     bool   // out is what it should be
	fault  any    // of the encoder, if it panicked
}

// begin empties the roll, for parts of m.
func (r *roll) begin(m *raster.Image, quality int) {
	r.m, r.quality, r.shots = m, quality, r.shots[:0]
}

// add takes another piece. One that continues the last to the right, which
// follows at once in the update too, becomes one with it: each file has a head of
// 600 bytes.
func (r *roll) add(piece raster.Rect, follows bool) {
	if n := len(r.shots); n > 0 && follows {
		s := &r.shots[n-1]
		if s.r.Y0 == piece.Y0 && s.r.Y1 == piece.Y1 && s.r.X1 == piece.X0 && piece.X1-s.r.X0 <= shotW {
			s.r.X1 = piece.X1
			s.pieces++
			return
		}
	}
	if len(r.shots) < cap(r.shots) {
		r.shots = r.shots[:len(r.shots)+1] // with its memory
	} else {
		r.shots = append(r.shots, shot{})
	}
	s := &r.shots[len(r.shots)-1]
	s.r, s.pieces = piece, 1
}

// work encodes shots until none is left.
func (r *roll) work(e *codec.TightEncoder) {
	for {
		i := int(r.next.Add(1)) - 1
		if i >= len(r.shots) {
			return
		}
		r.shots[i].encode(e, r.m, r.quality)
	}
}

// encode fills in out. A fault of the encoder costs this shot.
func (s *shot) encode(e *codec.TightEncoder, m *raster.Image, quality int) {
	s.ok, s.fault = false, nil
	defer func() { s.fault = recover() }()
	s.out, s.ok = e.AppendPhoto(s.out[:0], m, s.r, quality)
}
