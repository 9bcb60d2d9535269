package remctrl

import (
	"log/slog"
	"time"

	"deskside/desktop"
	"deskside/raster"
	"deskside/remctrl/motion"
	"deskside/remctrl/pace"
	"deskside/rfb"
)

// display is what the writer knows of the other end's screen. It is the
// writer's alone.
type display struct {
	name   string       // of the desktop
	job    asked        // what the present update is about
	shadow raster.Image // what the other end shows, but for the areas in refine
	fresh  bool         // which is nothing yet
	view   raster.Rect  // what of the picture that is
	blind  bool         // the right to see is not there
	turned bool         // it came or went since the last look, so nothing of that may be sent
	drawn  raster.Rect  // where the pointer is drawn into the picture
	tipX   int          // of the pointer's picture, its corner in the view
	tipY   int

	resized bool
	cursor  desktop.Cursor
	screens []rfb.Screen
	dirty   raster.Region // what the other end lacks of the shadow, to be sent as the quality allows
	owed    raster.Region // the same, not asked for
	sharp   raster.Region // to be sent exactly
	later   raster.Region // may differ, but was not asked for
	todo    raster.Region
	differs raster.Region
	calm    raster.Region // what of it does not play
	refine  motion.Refiner
	motion  motion.Motion
	carry   pace.Carry

	spare  int         // bytes that sharp may have
	entire bool        // an area was asked for as it is, so it goes in one update
	resume raster.Rect // of dirty, what was sent last: the rest goes on behind it
	last   time.Time   // of the last look that found a change
	next   time.Time   // when there may be another
	passed time.Time   // when something small passed
	quick  raster.Region
	small  raster.Region // scratch of whoever sends
	going  raster.Region
	probe  raster.Region // scratch of waits
	islet  raster.Region

	mover raster.Mover
	moves []raster.Move // what the other end is to copy, in order, before anything else

	direct, composed raster.Image // what the other end should show

	encoder
	film   film
	parcel parcel
	out    []byte

	timer stopwatch
	newer bool // the next update is the first of a newer picture
}

func (d *display) open(view raster.Rect, cfg *Config, log *slog.Logger) {
	d.name, d.view = cfg.Name, view
	d.encoder.log, d.encoder.tight.Photo = log, cfg.Photo
	d.resize(view.W(), view.H())
}

// resize makes the other end's screen w by h, black.
func (d *display) resize(w, h int) {
	d.shadow.Resize(w, h)
	clear(d.shadow.Pix)
	d.fresh = true
	d.later.Clear()
	d.dirty.Clear()
	d.owed.Clear()
	d.resume = raster.Rect{}
	d.motion.Resize(w, h)
	d.refine.Forget()
}

// take moves what is asked for into the job of the next update.
func (d *display) take(a *asked) {
	d.job, *a = *a, d.job
	a.force.Clear()
	a.changed.Clear()
	*a = asked{
		format: d.job.format, encodings: d.job.encodings, continuous: d.job.continuous,
		force: a.force, changed: a.changed, version: d.job.version,
	}
	if a.continuous {
		a.area = d.job.area
	}
}

// told notes that an update told everything that job was about.
func (a *asked) told() {
	a.request, a.area = false, raster.Rect{}
	a.size, a.sizeAnswer, a.cursor, a.name, a.keys, a.buttons = false, false, false, false, false, false
}

// giveBack adds to a what of the job is still to be done.
func (a *asked) giveBack(job *asked) {
	if job.request {
		a.request = true
		a.area = a.area.Union(job.area)
	}
	a.force.AddRegion(&job.force)
	a.changed.AddRegion(&job.changed)
	a.whole = a.whole || job.whole
	a.size = a.size || job.size
	a.sizeAnswer = a.sizeAnswer || job.sizeAnswer
	a.cursor = a.cursor || job.cursor
	a.name = a.name || job.name
	a.keys = a.keys || job.keys
	a.buttons = a.buttons || job.buttons
}

// look compares the desktop's picture with what the other end shows and takes
// what differs into the shadow. It reports whether there is anything to tell;
// what is left in the job then was not looked at.
func (v *viewer) look(now time.Time) bool {
	d, s := &v.display, v.svc.src
	blind := !v.mayLook()
	s.mu.RLock()
	defer s.mu.RUnlock()
	d.dirty.AddRegion(&d.owed)
	d.owed.Clear()
	d.sharp.Clear()
	d.moves = d.moves[:0]
	if !s.whole() {
		return false
	}
	if blind != d.blind {
		d.blind, d.job.whole, d.job.cursor = blind, true, true
	}
	v.frame(s)
	if d.resized {
		d.job.whole = true
		d.job.force.Clear()
		d.job.changed.Clear()
		return true
	}
	d.plan()
	d.compare(d.scene(s))
	d.motion.Note(&d.differs, now, d.many)
	d.quality = d.carry.Quality(d.quality, !d.refine.Old.Empty(), now)
	d.limit()
	d.refresh(now, v.spare())
	return d.news() || d.alive() || !d.sharp.Empty()
}

// frame finds out which part of the picture is to be shown and whether the
// other end's screen must change its size for it.
func (v *viewer) frame(s *source) {
	d := &v.display
	v.mu.Lock()
	view, _ := viewOf(s.layout, v.opts.screen)
	v.view = view
	v.mu.Unlock()
	if view != d.view {
		d.view, d.job.whole = view, true
	}
	d.screens = screensOf(d.screens[:0], s.layout, view)
	e := d.job.encodings
	extended := e.Has(rfb.EncodingExtendedSize)
	can := extended || e.Has(rfb.EncodingDesktopSize)
	d.resized = can && (d.shadow.W != view.W() || d.shadow.H != view.H())
	if d.resized {
		d.resize(view.W(), view.H())
	}
	d.job.size = d.resized || d.job.size && extended
	d.job.sizeAnswer = d.job.sizeAnswer && extended
	d.cursor = s.cursor
	at := s.pointed.Load()
	d.tipX = int(at>>32) - d.cursor.HotX - view.X0
	d.tipY = int(at&0xffffffff) - d.cursor.HotY - view.Y0
	if d.blind {
		d.cursor = desktop.Cursor{Hidden: true}
	}
}

// screensOf lists the screens within the view, as seen in it.
func screensOf(list []rfb.Screen, l desktop.Layout, view raster.Rect) []rfb.Screen {
	for _, s := range l.Screens {
		r := s.Bounds.Intersect(view)
		if !r.Empty() && len(list) < rfb.MaxScreens {
			list = append(list, rfb.Screen{ID: s.ID, Rect: r.Move(-view.X0, -view.Y0)})
		}
	}
	if len(list) == 0 {
		list = append(list, rfb.Screen{ID: 1, Rect: raster.XYWH(0, 0, view.W(), view.H())})
	}
	return list
}

// plan collects into todo what may differ and was asked for.
func (d *display) plan() {
	canvas := d.shadow.Bounds()
	d.todo.Clear()
	if d.job.whole {
		d.todo.Set(canvas)
	} else {
		d.job.changed.Move(-d.view.X0, -d.view.Y0)
		d.todo.AddRegion(&d.job.changed)
		d.todo.AddRegion(&d.later)
	}
	d.job.whole = false
	d.job.changed.Clear()
	if pointer := d.pointer(); pointer != d.drawn || d.job.cursor && !pointer.Empty() {
		d.todo.Add(pointer)
		d.todo.Add(d.drawn)
		d.drawn = pointer
	}
	d.todo.Intersect(canvas)
	d.later.Assign(&d.todo)
	d.later.Subtract(d.job.area)
	d.todo.Intersect(d.job.area)
	d.job.force.Intersect(canvas)
}

// pointer gives where the pointer is to be drawn, for an other end that does not
// draw it by itself; empty if it is not.
func (d *display) pointer() raster.Rect {
	if d.cursor.Hidden || d.job.encodings.Has(rfb.EncodingCursor) {
		return raster.Rect{}
	}
	return raster.XYWH(d.tipX, d.tipY, d.cursor.Image.W, d.cursor.Image.H).Intersect(d.shadow.Bounds())
}

// scene gives what the other end should show, right at least within todo and
// force. It holds as long as the source's lock.
func (d *display) scene(s *source) *raster.Image {
	if d.fits() && !d.blind && d.drawn.Empty() {
		d.direct = s.frame.Sub(d.view)
		return &d.direct
	}
	d.composed.Resize(d.shadow.W, d.shadow.H)
	for _, g := range []*raster.Region{&d.todo, &d.job.force} {
		for _, r := range g.Rects() {
			d.compose(s, r)
		}
	}
	return &d.composed
}

// compose makes r of the composed picture: the desktop's where there is one and
// may be seen, black elsewhere, the pointer above.
func (d *display) compose(s *source, r raster.Rect) {
	d.composed.Fill(r, 0)
	if d.blind {
		return
	}
	seen := r.Intersect(raster.XYWH(0, 0, d.view.W(), d.view.H()))
	part := s.frame.Sub(d.view)
	d.composed.Copy(&part, seen)
	d.overlay(r.Intersect(d.drawn))
}

// overlay draws the pointer within r.
func (d *display) overlay(r raster.Rect) {
	for y := r.Y0; y < r.Y1; y++ {
		to, from := d.composed.Row(y, r.X0, r.X1), d.cursor.Image.Row(y-d.tipY, r.X0-d.tipX, r.X1-d.tipX)
		for i := 0; i < len(to); i += raster.BytesPerPixel {
			a := int(from[i+3])
			for c := range 3 {
				to[i+c] = byte((int(from[i+c])*a + int(to[i+c])*(255-a) + 127) / 255)
			}
		}
	}
}

// compare finds what differs and takes it into the shadow.
func (d *display) compare(scene *raster.Image) {
	d.differs.Clear()
	if d.fresh {
		d.differs.Assign(&d.todo) // nothing is there that could be equal or have moved
		d.fresh = false
	} else {
		for _, r := range d.todo.Rects() {
			raster.Diff(&d.differs, &d.shadow, scene, r)
		}
		d.follow(scene)
	}
	d.differs.AddRegion(&d.job.force)
	for _, r := range d.differs.Rects() {
		d.shadow.Copy(scene, r)
	}
	d.dirty.AddRegion(&d.differs)
}

// limit leaves in dirty what was asked for.
func (d *display) limit() {
	d.owed.Assign(&d.dirty)
	d.owed.Subtract(d.job.area)
	d.owed.SubtractRegion(&d.job.force)
	d.dirty.SubtractRegion(&d.owed)
	d.entire = !d.job.continuous && !d.job.force.Empty()
	d.job.force.Clear()
}

// alive reports whether the picture changed.
func (d *display) alive() bool { return !d.dirty.Empty() || len(d.moves) > 0 }

// refresh finds the areas that were sent approximately and are at rest now.
// They wait for all that changes, and for room on the path; but not for long, or
// beside what always changes they would wait for ever: what is old has a share
// of each update.
func (d *display) refresh(now time.Time, room room) {
	d.refine.Tick(now)
	quiet := !d.alive() && room.spare >= pace.MinRoom
	d.spare = max(room.spare, room.share)
	if !quiet {
		d.spare = room.share
	}
	if quiet {
		d.sharp.Assign(&d.refine.Due)
		d.sharp.SubtractRegion(&d.motion.Plays)
	}
	d.sharp.AddRegion(&d.refine.Old)
	d.sharp.Intersect(d.job.area)
}

// news reports whether there is anything to tell besides pixels, and drops what
// the other end would not understand.
func (d *display) news() bool {
	j := &d.job
	j.cursor = j.cursor && j.encodings.Has(rfb.EncodingCursor)
	return j.size || j.sizeAnswer || j.cursor || j.name || j.keys || j.buttons
}
