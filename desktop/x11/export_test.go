package x11

import (
	"context"
	"fmt"

	"github.com/jezek/xgb/randr"

	"deskside/desktop/x11/link"
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
	return d.capture.seg != nil
}

// KeymapIsStale reports whether a change of the keyboard map was noticed since
// it was read.
func (d *Desktop) KeymapIsStale() bool { return d.input.stale.Load() }
