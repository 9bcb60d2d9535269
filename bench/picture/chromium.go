package main

import (
	"errors"
	"path/filepath"
	"time"

	"deskside/bench/eye"
	"deskside/bench/player"
	"deskside/bench/scene"
	"deskside/raster"
)

// The page that scrolls: for how many steps, and when it begins.
const (
	pageRate  = 30
	pageBy    = 12
	pageLast  = pageRate * 9
	pageWait  = 2500 * time.Millisecond
	pageFound = 25 * time.Second // for Chromium to show it
)

// chromium scrolls a page in a browser.
func chromium(p *piece) error {
	page, err := player.Page(player.PageConfig{Dir: p.stage.Dir, Rate: pageRate, By: pageBy, Last: pageLast, Wait: int(pageWait.Milliseconds())})
	if err != nil {
		return err
	}
	if _, err := p.stage.Start("chromium", "chromium", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--password-store=basic",
		"--user-data-dir="+filepath.Join(p.stage.Dir, "chromium"), "--window-position=100,80", "--window-size=1600,960",
		"--app=file://"+page); err != nil {
		return err
	}
	marks, err := p.findPage()
	if err != nil {
		return err
	}
	e, err := p.look(eye.Lossless)
	if err != nil {
		return err
	}
	read := func(m *raster.Image, last int) int {
		if n, ok := marks.Read(m); ok {
			return int(n)
		}
		return last
	}
	if err := p.reaches(e, read, pageRate); err != nil {
		return err
	}
	l := &log{read: read}
	used, count, err := p.during(e, l, span)
	if err != nil {
		return err
	}
	p.set("chromium.fps", l.rate(used))
	p.set("chromium.kbs", kbs(count, used))
	p.set("chromium.cpu.server", used.Percent(used.Server))
	if err := p.reaches(e, read, pageLast); err != nil {
		return err
	}
	if err := p.pause(settle); err != nil {
		return err
	}
	return p.checkExact(e)
}

// findPage waits until the browser shows its page and gives where the steps are
// marked.
func (p *piece) findPage() (k scene.Marks, err error) {
	for began := time.Now(); time.Since(began) < pageFound; {
		m, err := player.Grab(p.stage.Display, screen)
		if err != nil {
			return k, err
		}
		x0, y0, head := scene.FindMarker(m, player.PageHead)
		x1, y1, foot := scene.FindMarker(m, player.PageFoot)
		if head && foot {
			k[0].X, k[0].Y, k[1].X, k[1].Y = x0+player.PageBeside, y0, x1+player.PageBeside, y1
			return k, nil
		}
		if err := p.pause(100 * time.Millisecond); err != nil {
			return k, err
		}
	}
	return k, errors.Join(errors.New("the browser does not show its page"), p.stage.Check())
}
