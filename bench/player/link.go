package player

import (
	"errors"
	"fmt"
	"io"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/shm"
	"github.com/jezek/xgb/xproto"

	"deskside/raster"
)

// link is the connection to the X server.
type link struct {
	x      *xgb.Conn
	screen *xproto.ScreenInfo
	gc     xproto.Gcontext
}

// connect connects to a server that stores pixels as a raster.Image does, which
// those of the bench do.
func connect(display string) (*link, error) {
	xgb.Logger.SetOutput(io.Discard) // it tells of every authority file that is not there
	x, err := xgb.NewConnDisplay(display)
	if err != nil {
		return nil, err
	}
	l := &link{x: x, screen: xproto.Setup(x).DefaultScreen(x)}
	if l.screen.RootDepth != 24 {
		x.Close()
		return nil, fmt.Errorf("depth %d: the bench wants 24", l.screen.RootDepth)
	}
	if err := l.prepare(); err != nil {
		x.Close()
		return nil, err
	}
	return l, nil
}

func (l *link) prepare() error {
	if err := shm.Init(l.x); err != nil {
		return err
	}
	gc, err := xproto.NewGcontextId(l.x)
	if err != nil {
		return err
	}
	l.gc = gc
	return xproto.CreateGCChecked(l.x, gc, xproto.Drawable(l.screen.Root), xproto.GcGraphicsExposures, []uint32{0}).Check()
}

// window opens a window that no window manager touches.
func (l *link) window(r raster.Rect) (xproto.Window, error) {
	id, err := xproto.NewWindowId(l.x)
	if err != nil {
		return 0, err
	}
	err = xproto.CreateWindowChecked(l.x, l.screen.RootDepth, id, l.screen.Root,
		int16(r.X0), int16(r.Y0), uint16(r.W()), uint16(r.H()), 0,
		xproto.WindowClassInputOutput, l.screen.RootVisual,
		xproto.CwOverrideRedirect|xproto.CwEventMask, []uint32{1, xproto.EventMaskKeyPress | xproto.EventMaskExposure}).Check()
	return id, err
}

// show maps a window and waits until it is there.
func (l *link) show(w xproto.Window) error {
	return xproto.MapWindowChecked(l.x, w).Check()
}

// focus sends keys to the window.
func (l *link) focus(w xproto.Window) error {
	return xproto.SetInputFocusChecked(l.x, xproto.InputFocusPointerRoot, w, xproto.TimeCurrentTime).Check()
}

// backdrop gives a window a picture that the server paints by itself wherever
// the window shows.
func (l *link) backdrop(w xproto.Window, m *raster.Image) error {
	pix, err := xproto.NewPixmapId(l.x)
	if err != nil {
		return err
	}
	if err := xproto.CreatePixmapChecked(l.x, l.screen.RootDepth, pix, xproto.Drawable(w), uint16(m.W), uint16(m.H)).Check(); err != nil {
		return err
	}
	film, err := l.film(m.W, m.H, 1)
	if err != nil {
		return err
	}
	defer film.close()
	film.frame(0).Copy(m, m.Bounds())
	film.put(xproto.Drawable(pix), 0)
	if err := xproto.ChangeWindowAttributesChecked(l.x, w, xproto.CwBackPixmap, []uint32{uint32(pix)}).Check(); err != nil {
		return err
	}
	xproto.FreePixmap(l.x, pix)
	return xproto.ClearAreaChecked(l.x, false, w, 0, 0, 0, 0).Check()
}

// film is frames of one size in memory that the server shares.
type film struct {
	link *link
	seg  shm.Seg
	mem  []byte
	w, h int
}

// film makes room for n frames.
func (l *link) film(w, h, n int) (*film, error) {
	mem, id, release, err := share(w * h * raster.BytesPerPixel * n)
	if err != nil {
		return nil, err
	}
	defer release() // of the name: the memory stays while somebody has it
	f := &film{link: l, mem: mem, w: w, h: h}
	if f.seg, err = shm.NewSegId(l.x); err == nil {
		err = shm.AttachChecked(l.x, f.seg, id, true).Check()
	}
	if err != nil {
		unshare(mem)
		return nil, fmt.Errorf("share memory with the X server: %w", err)
	}
	return f, nil
}

func (f *film) size() int { return f.w * f.h * raster.BytesPerPixel }

// frame gives frame i to be drawn upon.
func (f *film) frame(i int) *raster.Image {
	at := i * f.size()
	return &raster.Image{Pix: f.mem[at : at+f.size()], Stride: f.w * raster.BytesPerPixel, W: f.w, H: f.h}
}

// put shows frame i at the corner of d, in one request.
func (f *film) put(d xproto.Drawable, i int) error {
	w, h := uint16(f.w), uint16(f.h)
	return shm.PutImageChecked(f.link.x, d, f.link.gc, w, h, 0, 0, w, h, 0, 0, f.link.screen.RootDepth,
		xproto.ImageFormatZPixmap, 0, f.seg, uint32(i*f.size())).Check()
}

func (f *film) close() {
	shm.Detach(f.link.x, f.seg)
	unshare(f.mem)
}

var errGone = errors.New("the X server is gone")
