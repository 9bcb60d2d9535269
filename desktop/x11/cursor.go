package x11

import (
	"errors"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xfixes"

	"deskside/desktop"
	"deskside/raster"
)

// cursor fetches the pointer's picture. Where that cannot be, without XFIXES, it
// is an arrow of our own: no grab has the pointer in it. Servers with the SECURITY extension
// refuse those of programs that have ended, as that of xsetroot; an arrow of
// our own stands for them.
func (g *capture) cursor() (*desktop.Cursor, error) {
	if !g.c.Has("XFIXES") {
		return arrow(), nil
	}
	r, err := xfixes.GetCursorImage(g.c.X).Reply()
	var refused xgb.Error
	switch {
	case errors.As(err, &refused):
		g.log.Debug("the server keeps the pointer's picture to itself", "err", err)
		return arrow(), nil
	case err != nil:
		return nil, g.c.Failed("read the pointer's picture", err)
	}
	c := &desktop.Cursor{HotX: int(r.Xhot), HotY: int(r.Yhot), Hidden: true}
	c.Image = *raster.NewImage(int(r.Width), int(r.Height))
	for i, argb := range r.CursorImage[:min(len(r.CursorImage), int(r.Width)*int(r.Height))] {
		pix := c.Image.Pix[4*i : 4*i+4]
		pix[0], pix[1], pix[2], pix[3] = straight(argb)
		c.Hidden = c.Hidden && pix[3] == 0
	}
	return c, nil
}

// straight takes the opacity out of the colours of a premultiplied pixel.
func straight(argb uint32) (b, g, r, a byte) {
	alpha := argb >> 24
	if alpha == 0 {
		return 0, 0, 0, 0
	}
	full := func(v uint32) byte { return byte(min((v&0xff)*255/alpha, 255)) }
	return full(argb), full(argb >> 8), full(argb >> 16), byte(alpha)
}

// arrow draws an arrow whose tip is at the corner: black, within white.
func arrow() *desktop.Cursor {
	const high = 17
	c := &desktop.Cursor{Image: *raster.NewImage(12, high)}
	for y := range high {
		for x := range min(y+1, high-y+1, 12) {
			p := c.Image.Row(y, x, x+1)
			p[3] = 0xff
			if x == 0 || x == y || x == high-y {
				p[0], p[1], p[2] = 0xff, 0xff, 0xff
			}
		}
	}
	return c
}
