package main

import (
	"math"
	"time"

	"deskside/bench/eye"
	"deskside/bench/player"
	"deskside/bench/scene"
	"deskside/bench/score"
	"deskside/bench/stage"
	"deskside/raster"
)

const (
	videoRate = 30
	warm      = time.Second     // before anything is measured
	span      = 4 * time.Second // of what is measured
)

// album keeps some of the frames seen, to be compared with what was drawn.
type album struct {
	steps  []int
	frames []*raster.Image
}

const (
	albumSize  = 6
	albumEvery = 15 // frames seen
)

func newAlbum() *album {
	a := new(album)
	for range albumSize {
		a.frames = append(a.frames, raster.NewImage(scene.VideoW, scene.VideoH))
	}
	return a
}

func (a *album) take(m *raster.Image, step int) {
	n := len(a.steps)
	if n == albumSize || n > 0 && step < a.steps[n-1]+albumEvery {
		return
	}
	part := m.Sub(videoAt)
	a.frames[n].Copy(&part, part.Bounds())
	a.steps = append(a.steps, step)
}

// worst gives the least PSNR of the frames kept; NaN of none.
func (a *album) worst() float64 {
	if len(a.steps) == 0 {
		return math.NaN()
	}
	video := scene.NewVideo(scene.VideoSeed)
	drawn := raster.NewImage(scene.VideoW, scene.VideoH)
	worst := math.Inf(1)
	for i, step := range a.steps {
		video.Frame(drawn, step)
		scene.CornersOf(drawn.Bounds()).Draw(drawn, uint16(step))
		worst = min(worst, raster.PSNR(drawn, a.frames[i], drawn.Bounds()))
	}
	return worst
}

// video plays the noisy video and says all there is to say about it.
func video(id string, quality int) func(*piece) error {
	return func(p *piece) error {
		v, err := p.player("video", videoAt, videoRate)
		if err != nil {
			return err
		}
		e, err := p.look(quality)
		if err != nil {
			return err
		}
		if err := v.play(); err != nil {
			return err
		}
		if err := p.pause(warm); err != nil {
			return err
		}
		frames := newAlbum()
		l := &log{read: steps(videoAt), took: frames.take}
		used, count, err := p.during(e, l, span)
		if err != nil {
			return err
		}
		report, err := v.stop()
		if err != nil {
			return err
		}
		p.setVideo(id, l, used, count, report)
		return p.afterVideo(e, id, quality, report, frames)
	}
}

func (p *piece) setVideo(id string, l *log, u stage.Usage, c eye.Count, r player.Report) {
	p.set(id+".fps", l.rate(u))
	p.set(id+".kbs", kbs(c, u))
	p.set(id+".lag", l.lag(r))
	p.set(id+".cpu", u.Percent(u.Server+u.X))
	p.set(id+".cpu.server", u.Percent(u.Server))
	p.set(id+".cpu.viewer", u.Percent(u.Viewer))
	if p.stage.Kind == stage.Deskside {
		p.set(id+".cpu.relay", u.Percent(u.Relay))
	}
}

// sharpLimit is how long an approximate picture is given to become exact.
const sharpLimit = 1500 * time.Millisecond

// afterVideo looks at what the picture becomes once nothing moves, and at what it
// was while it did.
func (p *piece) afterVideo(e *eye.Eye, id string, quality int, r player.Report, frames *album) error {
	at, ok, err := p.matches(e, videoAt, sharpLimit)
	if err != nil {
		return err
	}
	end := time.Unix(0, r.Drawn[len(r.Drawn)-1].Done)
	after := ms(at.Sub(end))
	if !ok {
		after = score.Never
	}
	p.set(id+".psnr", frames.worst())
	if quality == eye.Lossless {
		if p.exact = "exact"; !ok || !math.IsInf(p.values[id+".psnr"], 1) {
			p.exact = "not exact"
		}
		return nil
	}
	p.set("sharp", after)
	m := p.stage.Memory()
	p.set("memory", float64(m.Server)/(1<<20))
	if m.Relay != 0 {
		p.set("memory.relay", float64(m.Relay)/(1<<20))
	}
	return nil
}
