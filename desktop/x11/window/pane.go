package window

import (
	"bytes"
	"encoding/binary"
	"image"

	"github.com/jezek/xgb/shape"
	"github.com/jezek/xgb/xproto"

	"deskside/desktop/panel"
	"deskside/desktop/x11/link"
)

// pane is a window of our own with a picture.
type pane struct {
	c      *link.Conn
	pixels *link.Pixels
	id     xproto.Window
	gc     xproto.Gcontext
	at     image.Rectangle
	img    *image.RGBA
	sent   []byte // the picture as the server has it
	look   panel.Look
	drawn  bool // the picture has the look
}

// What panes may want to know.
const (
	pointerEvents = xproto.EventMaskExposure | xproto.EventMaskVisibilityChange |
		xproto.EventMaskButtonPress | xproto.EventMaskButtonRelease | xproto.EventMaskPointerMotion | xproto.EventMaskLeaveWindow
	keyEvents = xproto.EventMaskKeyPress | xproto.EventMaskKeyRelease
)

// newPane makes a window that no window manager touches, not yet on the screen.
// Its name is for programs that read the screen aloud and for tests; it never
// has text of an operator.
func newPane(c *link.Conn, p *link.Pixels, name string, at image.Rectangle, events uint32) (*pane, error) {
	return makePane(c, p, name, at, events, true)
}

// makePane makes a window, which is left to the window manager unless it is
// apart.
func makePane(c *link.Conn, p *link.Pixels, name string, at image.Rectangle, events uint32, apart bool) (*pane, error) {
	w := &pane{c: c, pixels: p}
	var err error
	if w.id, err = xproto.NewWindowId(c.X); err == nil {
		w.gc, err = xproto.NewGcontextId(c.X)
	}
	if err != nil {
		return nil, c.Failed("make a window", err)
	}
	back, override := p.Pixel(0xff, 0xff, 0xff), uint32(0)
	if apart {
		override = 1
	}
	err = xproto.CreateWindowChecked(c.X, xproto.WindowClassCopyFromParent, w.id, c.Root,
		int16(at.Min.X), int16(at.Min.Y), uint16(at.Dx()), uint16(at.Dy()), 0,
		xproto.WindowClassInputOutput, xproto.WindowClassCopyFromParent,
		xproto.CwBackPixel|xproto.CwOverrideRedirect|xproto.CwEventMask, []uint32{back, override, events}).Check()
	if err != nil {
		return nil, c.Failed("make a window", err)
	}
	xproto.CreateGC(c.X, w.gc, xproto.Drawable(w.id), 0, nil)
	w.name(name)
	w.property(xproto.AtomWmClass, xproto.AtomString, "deskside\x00Deskside\x00")
	w.resize(at)
	return w, nil
}

// name gives the window its title, of ASCII.
func (w *pane) name(name string) {
	w.property(xproto.AtomWmName, xproto.AtomString, name)
	w.property(xproto.AtomWmIconName, xproto.AtomString, name)
}

func (w *pane) property(name, kind xproto.Atom, text string) {
	xproto.ChangeProperty(w.c.X, xproto.PropModeReplace, w.id, name, kind, 8, uint32(len(text)), []byte(text))
}

// numbers sets a property of 32-bit numbers.
func (w *pane) numbers(name, kind xproto.Atom, list ...uint32) {
	b := make([]byte, 0, 4*len(list))
	for _, v := range list {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	xproto.ChangeProperty(w.c.X, xproto.PropModeReplace, w.id, name, kind, 32, uint32(len(list)), b)
}

// resize moves the window and gives it a size, with an empty picture if that
// is another than before.
func (w *pane) resize(at image.Rectangle) {
	w.fit(at)
	if w.at == at {
		return
	}
	w.at = at
	xproto.ConfigureWindow(w.c.X, w.id,
		xproto.ConfigWindowX|xproto.ConfigWindowY|xproto.ConfigWindowWidth|xproto.ConfigWindowHeight,
		[]uint32{uint32(at.Min.X), uint32(at.Min.Y), uint32(at.Dx()), uint32(at.Dy())})
}

// fit makes the picture as large as the window is.
func (w *pane) fit(at image.Rectangle) {
	if w.img == nil || at.Size() != w.at.Size() {
		w.img = image.NewRGBA(image.Rectangle{Max: at.Size()})
		w.sent = make([]byte, w.pixels.Stride(at.Dx())*at.Dy())
	}
}

func (w *pane) show() { xproto.MapWindow(w.c.X, w.id) }

func (w *pane) raise() {
	xproto.ConfigureWindow(w.c.X, w.id, xproto.ConfigWindowStackMode, []uint32{xproto.StackModeAbove})
}

// lower puts the window right below another of ours.
func (w *pane) lower(above *pane) {
	xproto.ConfigureWindow(w.c.X, w.id, xproto.ConfigWindowSibling|xproto.ConfigWindowStackMode,
		[]uint32{uint32(above.id), xproto.StackModeBelow})
}

func (w *pane) destroy() {
	xproto.FreeGC(w.c.X, w.gc)
	xproto.DestroyWindow(w.c.X, w.id)
}

// Kinds of window shape, as of the SHAPE extension.
const (
	shapeBounding = 0
	shapeInput    = 2
)

// shape cuts the window or where it takes the pointer; servers without the
// extension leave it a rectangle.
func (w *pane) shape(kind shape.Kind, list []image.Rectangle) {
	if !w.c.Has("SHAPE") {
		return
	}
	rects := make([]xproto.Rectangle, len(list))
	for i, r := range list {
		rects[i] = xproto.Rectangle{X: int16(r.Min.X), Y: int16(r.Min.Y), Width: uint16(r.Dx()), Height: uint16(r.Dy())}
	}
	shape.Rectangles(w.c.X, shape.SoSet, kind, xproto.ClipOrderingUnsorted, w.id, 0, 0, rects)
}

// draw brings the picture to a look and sends what is new of it.
func (w *pane) draw(look panel.Look, paint func(*image.RGBA)) {
	if w.drawn && w.look == look {
		return
	}
	w.look, w.drawn = look, true
	paint(w.img)
	w.flush(false)
}

// forget makes the next draw paint whatever the look.
func (w *pane) forget() { w.drawn = false }

// flush sends the rows of the picture that the server does not have, all of
// them if it lost what it had.
func (w *pane) flush(all bool) {
	width, height := w.at.Dx(), w.at.Dy()
	stride := w.pixels.Stride(width)
	row := make([]byte, stride)
	from := -1
	for y := range height {
		w.pixels.Encode(row, w.img.Pix[y*w.img.Stride:y*w.img.Stride+4*width])
		old := w.sent[y*stride : (y+1)*stride]
		switch changed := all || !bytes.Equal(row, old); {
		case changed && from < 0:
			from = y
		case !changed && from >= 0:
			w.put(from, y)
			from = -1
		}
		copy(old, row)
	}
	if from >= 0 {
		w.put(from, height)
	}
}

// put sends rows in pieces that the server takes.
func (w *pane) put(from, to int) {
	const head = 24
	stride := w.pixels.Stride(w.at.Dx())
	most := max((int(w.c.Setup.MaximumRequestLength)*4-head)/stride, 1)
	for y := from; y < to; y += most {
		end := min(y+most, to)
		xproto.PutImage(w.c.X, xproto.ImageFormatZPixmap, xproto.Drawable(w.id), w.gc,
			uint16(w.at.Dx()), uint16(end-y), 0, int16(y), 0, w.pixels.Depth, w.sent[y*stride:end*stride])
	}
}
