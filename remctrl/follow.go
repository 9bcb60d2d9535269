package remctrl

import (
	"deskside/codec"
	"deskside/raster"
	"deskside/rfb"
)

// minFollow is the area, in pixels, from which it is worth looking whether it
// only moved.
const minFollow = 64 * 32

// follow looks whether what differs has moved, and if so lets the other end copy
// what it has. What is then still different is left to be sent.
func (d *display) follow(scene *raster.Image) {
	// The composed scene is right within todo only, and a viewer that forces
	// an area or is behind may not have what would be copied.
	direct := scene == &d.direct && d.job.force.Empty() && d.dirty.Empty()
	d.calm.Assign(&d.differs)
	d.calm.SubtractRegion(&d.motion.Plays)
	if !direct || d.calm.Area() < minFollow || !d.job.encodings.Has(codec.CopyRect) {
		return
	}
	clip := d.job.area.Intersect(d.shadow.Bounds())
	d.moves = d.mover.Find(d.moves, &d.shadow, scene, &d.calm, clip)
	for _, m := range d.moves {
		d.shadow.Move(m.From, m.X, m.Y)
		d.refine.Moved(m.From, m.X, m.Y)
	}
	for _, m := range d.moves {
		d.differs.Subtract(m.To())
	}
}

// appendMoves appends what is to be copied and counts it. It is not done twice.
func (d *display) appendMoves() int {
	for _, m := range d.moves {
		d.out = rfb.RectHeader{Rect: m.To(), Encoding: codec.CopyRect}.Append(d.out)
		d.out = codec.AppendCopyRect(d.out, m.From.X0, m.From.Y0)
	}
	n := len(d.moves)
	d.moves = d.moves[:0]
	return n
}
