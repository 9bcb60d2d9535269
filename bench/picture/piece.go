package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"time"

	"deskside/bench/eye"
	"deskside/bench/player"
	"deskside/bench/scene"
	"deskside/bench/stage"
	"deskside/bench/troupe"
	"deskside/raster"
)

// workload is something that is played in front of each server.
type workload struct {
	name string
	play func(p *piece) error
}

// piece is a workload in progress.
type piece struct {
	ctx    context.Context
	stage  *stage.Stage
	values map[string]float64
	notes  []string
	exact  string // whether what was to be exact was; empty if nothing was
	eyes   []*eye.Eye
}

func (p *piece) close() {
	for _, e := range p.eyes {
		e.Close()
	}
}

func (p *piece) set(id string, v float64) { p.values[id] = v }

func (p *piece) note(format string, args ...any) {
	p.notes = append(p.notes, fmt.Sprintf(format, args...))
}

var screen = raster.XYWH(0, 0, stage.ScreenW, stage.ScreenH)

// Where things are shown: the video in the middle, what reacts to keys below it.
// Nothing is at the top, where our own bar is.
var (
	videoAt = raster.XYWH(320, 180, scene.VideoW, scene.VideoH)
	keysAt  = raster.XYWH(400, 940, scene.MarkerW, scene.MarkerH)
)

// actor is a player at work.
type actor struct {
	*troupe.Program
	ctx context.Context
}

// player starts a player and waits until its window is there.
func (p *piece) player(kind string, at raster.Rect, rate int) (*actor, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	program, err := p.stage.Talk("player-"+kind, self, "play", "--kind", kind, "--display", p.stage.Display,
		"--at", at.String(), "--rate", fmt.Sprint(rate))
	if err != nil {
		return nil, err
	}
	var ready struct{ Ready bool }
	return &actor{program, p.ctx}, program.Hear(p.ctx, &ready)
}

// play begins.
func (a *actor) play() error { return a.Say("go") }

// stop ends the play and gives what was drawn.
func (a *actor) stop() (r player.Report, err error) {
	if err := a.Say("stop"); err != nil {
		return r, err
	}
	return r, a.Hear(a.ctx, &r)
}

// look opens the viewer and waits until it has the whole picture.
func (p *piece) look(quality int) (*eye.Eye, error) {
	e, err := eye.Open(p.ctx, p.stage.Addr, quality)
	if err != nil {
		return nil, err
	}
	p.eyes = append(p.eyes, e)
	if _, err := e.Whole(p.ctx); err != nil {
		return nil, fmt.Errorf("the first picture: %w", err)
	}
	return e, e.Point(screen.X1-1, screen.Y1-1)
}

// pause lets time pass.
func (p *piece) pause(d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-p.ctx.Done():
		return p.ctx.Err()
	}
}

// settle is long enough for a server to finish with what was before.
const settle = 500 * time.Millisecond

// pointerAt is where the pointer is parked: some servers draw it into the picture,
// some let the viewer do that, so it is no part of the comparison.
var pointerAt = raster.XYWH(stage.ScreenW-32, stage.ScreenH-32, 32, 32)

// same reports whether the picture within r is own, the pointer aside.
func same(m, own *raster.Image, r raster.Rect) bool {
	part := m.Sub(r)
	for y := range r.H() {
		x1 := r.W()
		if r.Y0+y >= pointerAt.Y0 {
			x1 = min(x1, pointerAt.X0-r.X0)
		}
		if !bytes.Equal(part.Row(y, 0, x1), own.Row(y, 0, x1)) {
			return false
		}
	}
	return true
}

// matches waits until the viewer's picture within r is the X server's own, at
// rest, and says when that was; never is no error.
func (p *piece) matches(e *eye.Eye, r raster.Rect, within time.Duration) (at time.Time, ok bool, err error) {
	ctx, cancel := context.WithTimeout(p.ctx, within)
	defer cancel()
	own, err := player.Grab(p.stage.Display, r)
	if err != nil {
		return at, false, err
	}
	at, err = e.Watch(ctx, func(m *raster.Image, _ time.Time) bool { return same(m, own, r) })
	if err != nil && p.ctx.Err() == nil && ctx.Err() != nil {
		return at, false, nil
	}
	return at, err == nil, err
}

// patience is how long a lossless picture may take to become exact.
const patience = 2 * time.Second

// checkExact notes whether the viewer has the server's own pixels.
func (p *piece) checkExact(e *eye.Eye) error {
	_, ok, err := p.matches(e, screen, patience)
	if err != nil {
		return err
	}
	if p.exact = "exact"; !ok {
		p.exact = "not exact"
		return p.noteDifference(e)
	}
	return nil
}

// noteDifference says where the picture is wrong.
func (p *piece) noteDifference(e *eye.Eye) error {
	own, err := player.Grab(p.stage.Display, screen)
	if err != nil {
		return err
	}
	var wrong raster.Rect
	count := 0
	e.Look(func(m *raster.Image) {
		for y := range own.H {
			for x := range own.W {
				if m.Pixel(x, y) != own.Pixel(x, y) && (x < pointerAt.X0 || y < pointerAt.Y0) {
					wrong = wrong.Union(raster.XYWH(x, y, 1, 1))
					count++
				}
			}
		}
	})
	p.note("%d pixels within %v differ from the X server's own %v later", count, wrong, patience)
	return nil
}
