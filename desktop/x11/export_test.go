package x11

import (
	"context"
	"fmt"

	"github.com/jezek/xgb/randr"
)

// SetScreenSize makes the screen of an Xvfb smaller. The program xrandr cannot,
// as Xvfb does not list a new mode before an output has it.
func SetScreenSize(display string, w, h int) error {
	a, err := parseDisplay(display)
	if err != nil {
		return err
	}
	c, err := connect(context.Background(), a, "", "RANDR")
	if err != nil {
		return err
	}
	defer c.close()
	if _, err := randr.QueryVersion(c.x, 1, 5).Reply(); err != nil {
		return err
	}
	res, err := randr.GetScreenResources(c.x, c.root).Reply()
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%dx%d", w, h)
	m, err := randr.CreateMode(c.x, c.root, randr.ModeInfo{
		Width: uint16(w), Height: uint16(h), DotClock: 25e6, Htotal: 800, Vtotal: 525, NameLen: uint16(len(name)),
	}, name).Reply()
	if err != nil {
		return err
	}
	if err := randr.AddOutputModeChecked(c.x, res.Outputs[0], m.Mode).Check(); err != nil {
		return err
	}
	if _, err := randr.SetCrtcConfig(c.x, res.Crtcs[0], 0, 0, 0, 0, m.Mode, randr.RotationRotate0, res.Outputs).Reply(); err != nil {
		return err
	}
	return randr.SetScreenSizeChecked(c.x, c.root, uint16(w), uint16(h), 170, 130).Check()
}

// SharesMemory reports whether pictures come by MIT-SHM.
func (d *Desktop) SharesMemory() bool {
	d.capture.taking.Lock()
	defer d.capture.taking.Unlock()
	return d.capture.seg != nil
}

// KeymapReply fetches the keyboard map as the server sends it.
func (d *Desktop) KeymapReply() ([]byte, error) {
	return d.input.c.xkbRequest(xkbGetMap, true, xkbCoreKeyboard, xkbTypes|xkbSyms, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
}

// KeymapIsStale reports whether a change of the keyboard map was noticed since
// it was read.
func (d *Desktop) KeymapIsStale() bool { return d.input.stale.Load() }

// Authority writes an authority file with one cookie for every server.
func Authority(cookie string) []byte {
	return authEntry{familyWild, "", "", cookieName, []byte(cookie)}.appendTo(nil)
}

var ParseKeymap = parseKeymap
