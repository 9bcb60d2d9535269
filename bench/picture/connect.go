package main

import (
	"time"

	"deskside/bench/eye"
	"deskside/bench/score"
	"deskside/raster"
)

// connects is how often a viewer connects.
const connects = 12

// connect measures from the viewer's dialling to its first whole picture, of a
// desktop with a terminal and a photograph. The session is there before.
func connect(p *piece) error {
	if err := p.desktop(); err != nil {
		return err
	}
	if _, err := p.player("photo", raster.XYWH(1100, 360, 640, 400), 0); err != nil {
		return err
	}
	if err := p.terminal("-e", "sh", "-c", "ls -l --color=always /usr/bin | head -200; sleep 1000"); err != nil {
		return err
	}
	if err := p.pause(settle); err != nil {
		return err
	}
	took := []float64{}
	for range connects {
		began := time.Now()
		e, err := eye.Open(p.ctx, p.stage.Addr, 8)
		if err != nil {
			return err
		}
		at, err := e.Whole(p.ctx)
		e.Close()
		if err != nil {
			return err
		}
		took = append(took, ms(at.Sub(began)))
		if err := p.pause(100 * time.Millisecond); err != nil {
			return err
		}
	}
	p.set("connect", score.Median(took))
	return nil
}
