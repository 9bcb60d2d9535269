package remctrl

import (
	"deskside/codec"
	"deskside/raster"
	"deskside/remctrl/darkroom"
	"deskside/rfb"
)

// The bounds of what is encoded together: few enough pieces that something small
// need not wait long, and wide enough photographs that their heads do not matter.
const (
	maxFilm   = 16      // pieces, and what is left of their row
	shotBytes = 3 << 10 // that a piece takes, about
)

// film is the pieces of an update that are at hand, and the photographs among
// them.
type film struct {
	pieces []raster.Rect
	roll   darkroom.Roll
}

// photographs reports whether there may be any for this viewer.
func (e *encoder) photographs() bool {
	return e.quality > 0 && e.which == codec.Tight && !e.broken && e.format.Full()
}

// runFilm sends the rectangles of a region, photographs several at a time.
func (v *viewer) runFilm(g *raster.Region) error {
	d := &v.display
	f := &d.film
	f.pieces = f.pieces[:0]
	err := d.pieces(g, func(r raster.Rect) error {
		if n := len(f.pieces); n >= maxFilm && f.pieces[n-1].Y0 != r.Y0 {
			if err := v.sendFilm(); err != nil {
				return err
			}
		}
		f.pieces = append(f.pieces, r)
		room := max((d.parcel.limit-d.parcel.size-len(d.out))/shotBytes, 1)
		if n := len(f.pieces); n < room && n < 2*maxFilm {
			return nil
		}
		return v.sendFilm()
	})
	if err != nil {
		return err
	}
	return v.sendFilm()
}

// sendFilm sends the pieces at hand in their order.
func (v *viewer) sendFilm() error {
	d := &v.display
	f := &d.film
	defer func() { f.pieces = f.pieces[:0] }()
	f.roll.Begin(&d.shadow, d.quality)
	last := -1
	for i, r := range f.pieces {
		if d.photographs() && d.many(r) {
			f.roll.Add(r, last == i-1)
			last = i
		}
	}
	v.svc.dark.Develop(&f.roll, &d.tight)
	shots := f.roll.Shots
	for i := 0; i < len(f.pieces); {
		r, before := f.pieces[i], len(d.out)
		if len(shots) > 0 && shots[0].R.Contains(r) {
			r = shots[0].R
			i += shots[0].Pieces
			d.appendShot(&shots[0])
			shots = shots[1:]
		} else {
			i++
			d.appendRect(r, false, d.parcel.now)
		}
		if err := v.follows(r, before, false); err != nil {
			return err
		}
	}
	return nil
}

// many reports whether r is surely no text. What is wrong with r is for the
// encoder to find.
func (d *display) many(r raster.Rect) (yes bool) {
	defer func() {
		if recover() != nil {
			yes = false
		}
	}()
	return d.tight.ManyColours(&d.shadow, r)
}

// appendShot appends a photograph, or the same exactly where the encoder of
// photographs failed.
func (d *display) appendShot(s *darkroom.Shot) {
	switch {
	case s.Fault != nil:
		d.log.Error("the encoder of photographs failed, none from now on", "rectangle", s.R.String(), "fault", s.Fault)
		d.precise, d.quality = true, 0
		d.out = d.appendRaw(d.out, &d.shadow, s.R)
		d.refine.Exact(s.R)
	case !s.OK:
		d.out, _ = d.encoder.append(d.out, &d.shadow, s.R, 0)
		d.refine.Exact(s.R)
	default:
		d.out = rfb.RectHeader{Rect: s.R, Encoding: codec.Tight}.Append(d.out)
		d.out = append(d.out, s.Out...)
		d.refine.Approximate(s.R, d.parcel.now)
		d.parcel.photos++
	}
}
