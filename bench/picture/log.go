package main

import (
	"context"
	"fmt"
	"time"

	"deskside/bench/eye"
	"deskside/bench/player"
	"deskside/bench/scene"
	"deskside/bench/score"
	"deskside/bench/stage"
	"deskside/raster"
)

// seen is when the viewer had a step.
type seen struct {
	step int
	at   time.Time
}

// log collects the steps that a viewer sees.
type log struct {
	steps []seen
	read  func(m *raster.Image, last int) int // the step that is shown; last if none
	took  func(m *raster.Image, step int)     // may be nil
}

// look is asked after each update, and is never done.
func (l *log) look(m *raster.Image, at time.Time) bool {
	last := 0
	if len(l.steps) > 0 {
		last = l.steps[len(l.steps)-1].step
	}
	step := l.read(m, last)
	if step <= last {
		return false
	}
	l.steps = append(l.steps, seen{step, at})
	if l.took != nil {
		l.took(m, step)
	}
	return false
}

// during watches while the time passes, and gives what it cost.
func (p *piece) during(e *eye.Eye, l *log, d time.Duration) (stage.Usage, eye.Count, error) {
	before, count := p.stage.Usage(), e.Count()
	ctx, cancel := context.WithTimeout(p.ctx, d)
	defer cancel()
	_, err := e.Watch(ctx, l.look)
	if p.ctx.Err() == nil && ctx.Err() != nil {
		err = nil
	}
	after := e.Count()
	after.Bytes, after.Updates = after.Bytes-count.Bytes, after.Updates-count.Updates
	return p.stage.Usage().Since(before), after, err
}

// rate gives the steps a second.
func (l *log) rate(u stage.Usage) float64 { return float64(len(l.steps)) / u.For.Seconds() }

// lag gives the median time from drawn to seen, in ms.
func (l *log) lag(r player.Report) float64 {
	drawn := map[int]int64{}
	for _, d := range r.Drawn {
		drawn[d.Step] = d.At
	}
	list := []float64{}
	for _, s := range l.steps {
		if at, ok := drawn[s.step]; ok {
			list = append(list, float64(s.at.UnixNano()-at)/1e6)
		}
	}
	return score.Percentile(list, 50)
}

func kbs(c eye.Count, u stage.Usage) float64 { return float64(c.Bytes) / 1000 / u.For.Seconds() }

// steps reads the number in the marks of what is at r.
func steps(r raster.Rect) func(*raster.Image, int) int {
	marks := scene.CornersOf(r)
	return func(m *raster.Image, last int) int {
		if n, ok := marks.Read(m); ok {
			return int(n)
		}
		return last
	}
}

// reaches waits until a step is seen.
func (p *piece) reaches(e *eye.Eye, read func(*raster.Image, int) int, step int) error {
	ctx, cancel := context.WithTimeout(p.ctx, 20*time.Second)
	defer cancel()
	_, err := e.Watch(ctx, func(m *raster.Image, _ time.Time) bool { return read(m, 0) >= step })
	if err != nil {
		return fmt.Errorf("step %d is never seen: %w", step, err)
	}
	return nil
}
