package player

import (
	"errors"
	"fmt"
	"slices"

	"github.com/jezek/xgb/xproto"

	"deskside/raster"
)

// rowsAtOnce keeps a reply below what a client of X takes in one piece.
const rowsAtOnce = 64

// Grab gives the X server's own pixels of r.
func Grab(display string, r raster.Rect) (*raster.Image, error) {
	l, err := connect(display)
	if err != nil {
		return nil, err
	}
	defer l.x.Close()
	m := raster.NewImage(r.W(), r.H())
	for y := 0; y < r.H(); y += rowsAtOnce {
		h := min(rowsAtOnce, r.H()-y)
		part, err := xproto.GetImage(l.x, xproto.ImageFormatZPixmap, xproto.Drawable(l.screen.Root),
			int16(r.X0), int16(r.Y0+y), uint16(r.W()), uint16(h), 0xffffffff).Reply()
		if err != nil {
			return nil, err
		}
		rows := m.Pix[y*m.Stride : (y+h)*m.Stride]
		if len(part.Data) != len(rows) {
			return nil, fmt.Errorf("%d bytes for %d rows of %d pixels", len(part.Data), h, r.W())
		}
		copy(rows, part.Data)
	}
	for i := 3; i < len(m.Pix); i += raster.BytesPerPixel {
		m.Pix[i] = 0 // servers leave there what they like
	}
	return m, nil
}

// Focus sends keys to the topmost window of a program that is no player, as a
// click into it would where there is a window manager.
func Focus(display string) error {
	l, err := connect(display)
	if err != nil {
		return err
	}
	defer l.x.Close()
	tree, err := xproto.QueryTree(l.x, l.screen.Root).Reply()
	if err != nil {
		return err
	}
	for _, w := range slices.Backward(tree.Children) {
		a, err := xproto.GetWindowAttributes(l.x, w).Reply()
		if err == nil && a.MapState == xproto.MapStateViewable && !a.OverrideRedirect {
			return l.focus(w)
		}
	}
	return errors.New("there is no window to type into")
}
