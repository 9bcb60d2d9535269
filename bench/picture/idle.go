package main

import (
	"time"

	"deskside/bench/eye"
	"deskside/bench/player"
)

// idleSpan is long, as little happens.
const idleSpan = 12 * time.Second

// idle leaves a terminal with a blinking cursor alone.
func idle(p *piece) error {
	if _, err := p.player("desk", screen, 0); err != nil {
		return err
	}
	if err := p.terminal("-bc", "-bcn", "500", "-bcf", "500", "-e", "sh", "-c", "echo; sleep 1000"); err != nil {
		return err
	}
	e, err := p.look(eye.Lossless)
	if err != nil {
		return err
	}
	if err := p.focus(); err != nil { // only there does it blink
		return err
	}
	if err := p.pause(2 * time.Second); err != nil {
		return err
	}
	before, count := p.stage.Usage(), e.Count()
	if err := p.pause(idleSpan); err != nil {
		return err
	}
	used := p.stage.Usage().Since(before)
	blinks := e.Count().Updates - count.Updates
	p.set("idle.cpu", used.Percent(used.Server))
	p.set("idle.updates", float64(blinks)/used.For.Seconds())
	if blinks < 8 {
		p.note("the cursor blinked %d times only", blinks)
	}
	return nil
}

// focus waits for the terminal and lets it have the keys.
func (p *piece) focus() error {
	for range 50 {
		if err := player.Focus(p.stage.Display); err == nil {
			return nil
		}
		if err := p.pause(100 * time.Millisecond); err != nil {
			return err
		}
	}
	return player.Focus(p.stage.Display)
}
