package player

import (
	"fmt"

	"github.com/jezek/xgb/xproto"

	"deskside/bench/scene"
	"deskside/raster"
)

// picture is what a player shows: step n of it is drawn by one request to the
// server, so that no picture of half a step can be taken.
type picture interface {
	draw(n int) error
}

// makers are the kinds of players. Each opens its window in the place given.
var makers = map[string]func(l *link, at raster.Rect) (picture, error){
	"desk":  newDesk,
	"keys":  newKeys,
	"photo": newPhoto,
	"video": newVideo,
	"drag":  newDrag,
}

// desk is a desktop's background, and nothing else.
type desk struct{}

func newDesk(l *link, at raster.Rect) (picture, error) {
	return desk{}, l.backdrop(l.screen.Root, scene.Wallpaper(at.W(), at.H()))
}

func (desk) draw(int) error { return nil }

// reel is a window that shows frames of a film, one after another, with the
// number of the step marked in its corners.
type reel struct {
	film   *film
	win    xproto.Window
	frames int
	marks  scene.Marks
}

func newReel(l *link, at raster.Rect, frames int, make func(m *raster.Image, i int)) (*reel, error) {
	win, err := l.window(at)
	if err != nil {
		return nil, err
	}
	f, err := l.film(at.W(), at.H(), frames)
	if err != nil {
		return nil, err
	}
	for i := range frames {
		make(f.frame(i), i)
	}
	r := &reel{f, win, frames, scene.CornersOf(raster.XYWH(0, 0, at.W(), at.H()))}
	if err := l.show(win); err != nil {
		return nil, err
	}
	return r, r.draw(0)
}

// draw marks the frame, which the server has read long ago, and shows it.
func (r *reel) draw(n int) error {
	i := n % r.frames
	r.marks.Draw(r.film.frame(i), uint16(n))
	return r.film.put(xproto.Drawable(r.win), i)
}

// newVideo plays scene.Video.
func newVideo(l *link, at raster.Rect) (picture, error) {
	if at.W() != scene.VideoW || at.H() != scene.VideoH {
		return nil, fmt.Errorf("a video of %v", at)
	}
	return newReel(l, at, scene.VideoFrames, scene.NewVideo(scene.VideoSeed).Frame)
}

// newPhoto shows photographs, the next one at each key.
func newPhoto(l *link, at raster.Rect) (picture, error) {
	r, err := newReel(l, at, scene.Photos, func(m *raster.Image, i int) {
		m.Copy(scene.Photo(m.W, m.H, uint64(i), scene.Grain), m.Bounds())
	})
	if err != nil {
		return nil, err
	}
	return r, l.focus(r.win)
}

// newKeys shows the number of keys pressed, as small as a word: what typing
// looks like.
func newKeys(l *link, at raster.Rect) (picture, error) {
	r, err := newReel(l, at, 2, func(*raster.Image, int) {})
	if err != nil {
		return nil, err
	}
	return r, l.focus(r.win)
}

// drag is a window moved about over a photograph.
type drag struct {
	link *link
	win  xproto.Window
}

func newDrag(l *link, at raster.Rect) (picture, error) {
	if err := l.backdrop(l.screen.Root, scene.Photo(at.W(), at.H(), scene.DragSeed, scene.Grain)); err != nil {
		return nil, err
	}
	first := scene.DragAt(0)
	win, err := l.window(first)
	if err != nil {
		return nil, err
	}
	if err := l.backdrop(win, scene.DragWindow()); err != nil {
		return nil, err
	}
	return &drag{l, win}, l.show(win)
}

func (d *drag) draw(n int) error {
	r := scene.DragAt(n)
	return xproto.ConfigureWindowChecked(d.link.x, d.win, xproto.ConfigWindowX|xproto.ConfigWindowY,
		[]uint32{uint32(r.X0), uint32(r.Y0)}).Check()
}
