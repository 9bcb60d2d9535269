package main

import (
	"deskside/bench/eye"
	"deskside/bench/scene"
	"deskside/raster"
)

// drag moves a window over a photograph.
func drag(p *piece) error {
	w, err := p.player("drag", screen, 60)
	if err != nil {
		return err
	}
	e, err := p.look(eye.Lossless)
	if err != nil {
		return err
	}
	if err := w.play(); err != nil {
		return err
	}
	if err := p.reaches(e, scene.DragSeen, 30); err != nil {
		return err
	}
	l := &log{read: scene.DragSeen}
	e.Look(func(m *raster.Image) { l.steps = append(l.steps, seen{step: scene.DragStep(m)}) })
	used, count, err := p.during(e, l, span)
	if err != nil {
		return err
	}
	l.steps = l.steps[1:]
	report, err := w.stop()
	if err != nil {
		return err
	}
	p.set("drag.fps", l.rate(used))
	p.set("drag.kbs", kbs(count, used))
	p.set("drag.lag", l.lag(report))
	return p.checkExact(e)
}
