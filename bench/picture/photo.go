package main

import (
	"time"

	"deskside/bench/eye"
	"deskside/bench/scene"
	"deskside/bench/score"
	"deskside/raster"
)

// photo replaces a photograph at a key. It is there when the viewer has all of
// it: the same pixels, or pixels like them where it asked for JPEG.
func photo(id string, quality int) func(*piece) error {
	return func(p *piece) error {
		if _, err := p.player("photo", videoAt, 0); err != nil {
			return err
		}
		e, err := p.look(quality)
		if err != nil {
			return err
		}
		if err := p.pause(settle); err != nil {
			return err
		}
		took, err := p.pressing(e, func(n int) func(*raster.Image) bool { return shows(n, quality) },
			12, 250*time.Millisecond, 350*time.Millisecond)
		if err != nil {
			return err
		}
		p.set(id, score.Percentile(took, 50))
		if quality == eye.Lossless {
			return p.checkExact(e)
		}
		return nil
	}
}

// shows asks a picture whether it shows the photograph of step n.
func shows(n, quality int) func(*raster.Image) bool {
	want := scene.Photo(videoAt.W(), videoAt.H(), uint64(n%scene.Photos), scene.Grain)
	marks := scene.CornersOf(videoAt)
	scene.CornersOf(want.Bounds()).Draw(want, uint16(n))
	return func(m *raster.Image) bool {
		if seen, ok := marks.Read(m); !ok || int(seen) != n {
			return false
		}
		part := m.Sub(videoAt)
		if quality == eye.Lossless {
			return raster.Equal(&part, want, want.Bounds())
		}
		return scene.Near(&part, want)
	}
}
