package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"deskside/bench/eye"
	"deskside/bench/scene"
	"deskside/bench/score"
	"deskside/raster"
)

const space = 0x20 // keysym of the key that is pressed

// presses is how many keys are pressed where not said otherwise.
const presses = 60

// pressing presses keys and gives how long each took to show, in ms. What there
// is to see of a press is made before it.
func (p *piece) pressing(e *eye.Eye, shows func(n int) func(*raster.Image) bool, n int, least, most time.Duration) ([]float64, error) {
	rng := rand.New(rand.NewPCG(7, 7))
	took := []float64{}
	for i := 1; i <= n; i++ {
		shown := shows(i)
		if err := p.pause(least + time.Duration(rng.Int64N(int64(most-least)))); err != nil {
			return nil, err
		}
		began, err := e.Tap(space)
		if err != nil {
			return nil, err
		}
		at, err := p.until(e, shown)
		if err != nil {
			return nil, fmt.Errorf("key %d of %d: %w", i, n, err)
		}
		took = append(took, ms(at.Sub(began)))
	}
	return took, nil
}

// keyLimit bounds the wait for one key.
const keyLimit = 5 * time.Second

// until waits until the picture shows something.
func (p *piece) until(e *eye.Eye, shown func(*raster.Image) bool) (time.Time, error) {
	ctx, cancel := context.WithTimeout(p.ctx, keyLimit)
	defer cancel()
	return e.Watch(ctx, func(m *raster.Image, _ time.Time) bool { return shown(m) })
}

// counted asks whether the small window shows the number of a press.
func counted(n int) func(*raster.Image) bool {
	marks := scene.CornersOf(keysAt)
	return func(m *raster.Image) bool {
		seen, ok := marks.Read(m)
		return ok && int(seen) == n
	}
}

func ms(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }

// setKeys sets the percentiles of a row.
func (p *piece) setKeys(id string, took []float64) {
	p.set(id+".p50", score.Percentile(took, 50))
	p.set(id+".p95", score.Percentile(took, 95))
}

// desktop shows a desktop with something to type into.
func (p *piece) desktop() error {
	if _, err := p.player("desk", screen, 0); err != nil {
		return err
	}
	_, err := p.player("keys", keysAt, 0)
	return err
}

// keysIdle types where nothing else happens.
func keysIdle(presses int) func(*piece) error {
	return func(p *piece) error { return p.keysIdle(presses) }
}

func (p *piece) keysIdle(presses int) error {
	if err := p.desktop(); err != nil {
		return err
	}
	e, err := p.look(eye.Lossless)
	if err != nil {
		return err
	}
	if err := p.pause(settle); err != nil {
		return err
	}
	took, err := p.pressing(e, counted, presses, 40*time.Millisecond, 90*time.Millisecond)
	if err != nil {
		return err
	}
	p.setKeys("key.idle", took)
	return p.checkExact(e)
}

// keysVideo types while a video plays.
func keysVideo(id string, quality int) func(*piece) error {
	return func(p *piece) error {
		if err := p.desktop(); err != nil {
			return err
		}
		video, err := p.player("video", videoAt, videoRate)
		if err != nil {
			return err
		}
		e, err := p.look(quality)
		if err != nil {
			return err
		}
		if err := video.play(); err != nil {
			return err
		}
		if err := p.pause(warm); err != nil {
			return err
		}
		took, err := p.pressing(e, counted, presses, 30*time.Millisecond, 97*time.Millisecond)
		if err != nil {
			return err
		}
		p.setKeys(id, took)
		_, err = video.stop()
		return err
	}
}
