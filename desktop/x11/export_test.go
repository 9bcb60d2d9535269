package x11

import (
	"context"
	"fmt"

	"github.com/jezek/xgb/damage"
	"github.com/jezek/xgb/randr"
	"github.com/jezek/xgb/xproto"

	"deskside/desktop"
	"deskside/desktop/x11/link"
	"deskside/raster"
)

// SetScreenSize makes the screen of an Xvfb smaller. The program xrandr cannot,
// as Xvfb does not list a new mode before an output has it.
func SetScreenSize(display string, w, h int) error {
	a, err := link.Find(display)
	if err != nil {
		return err
	}
	c, err := link.Connect(context.Background(), a, "", "RANDR")
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := randr.QueryVersion(c.X, 1, 5).Reply(); err != nil {
		return err
	}
	res, err := randr.GetScreenResources(c.X, c.Root).Reply()
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%dx%d", w, h)
	m, err := randr.CreateMode(c.X, c.Root, randr.ModeInfo{
		Width: uint16(w), Height: uint16(h), DotClock: 25e6, Htotal: 800, Vtotal: 525, NameLen: uint16(len(name)),
	}, name).Reply()
	if err != nil {
		return err
	}
	if err := randr.AddOutputModeChecked(c.X, res.Outputs[0], m.Mode).Check(); err != nil {
		return err
	}
	if _, err := randr.SetCrtcConfig(c.X, res.Crtcs[0], 0, 0, 0, 0, m.Mode, randr.RotationRotate0, res.Outputs).Reply(); err != nil {
		return err
	}
	return randr.SetScreenSizeChecked(c.X, c.Root, uint16(w), uint16(h), 170, 130).Check()
}

// SharesMemory reports whether pictures come by MIT-SHM.
func (d *Desktop) SharesMemory() bool {
	d.capture.taking.Lock()
	defer d.capture.taking.Unlock()
	return d.capture.grabber.seg != nil
}

// Timed reports whether the picture is compared in time, as the server does not
// tell what it draws, or not all.
func (d *Desktop) Timed() bool { return d.capture.timed.Load() }

// Deafen has the server tell of a window that nobody draws into, and no more of
// the screen, as drivers and compositors do that draw past DAMAGE.
func (d *Desktop) Deafen() error {
	g := d.capture
	g.taking.Lock()
	defer g.taking.Unlock()
	w, err := xproto.NewWindowId(g.c.X)
	if err != nil {
		return err
	}
	xproto.CreateWindow(g.c.X, xproto.WindowClassCopyFromParent, w, g.c.Root, 0, 0, 1, 1, 0, xproto.WindowClassInputOutput, 0, 0, nil)
	damage.Destroy(g.c.X, g.told.damage)
	return damage.CreateChecked(g.c.X, g.told.damage, xproto.Drawable(w), damage.ReportLevelNonEmpty).Check()
}

// Mend takes back what Deafen did, a long time ago.
func (d *Desktop) Mend() error {
	g := d.capture
	g.taking.Lock()
	defer g.taking.Unlock()
	g.tempo.missed = g.tempo.missed.Add(-trustAfter)
	damage.Destroy(g.c.X, g.told.damage)
	return damage.CreateChecked(g.c.X, g.told.damage, xproto.Drawable(g.c.Root), damage.ReportLevelNonEmpty).Check()
}

// Checks counts the comparisons of the picture with the screen.
func Checks(d *Desktop) int64 { return d.capture.checks.Load() }

// Damage gives the server's name of what it tells us by.
func (d *Desktop) Damage() damage.Damage { return d.capture.told.damage }

// KeymapIsStale reports whether a change of the keyboard map was noticed since
// it was read.
func (d *Desktop) KeymapIsStale() bool { return d.input.stale.Load() }

// Grab grabs these rectangles once.
func Grab(d *Desktop, f *raster.Image, rects []raster.Rect) error {
	return d.capture.grabber.grab(f, rects, new(desktop.Update).Write)
}

// Check compares the picture with the screen once.
func Check(d *Desktop, f *raster.Image) error {
	d.capture.taking.Lock()
	defer d.capture.taking.Unlock()
	return d.capture.compare(f, new(desktop.Update))
}
