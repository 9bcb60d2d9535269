package scene

import (
	"math"

	"deskside/raster"
)

// The size of the video, how many frames it has before it begins anew, and where
// on the screen the bench shows it.
const (
	VideoW      = 1280
	VideoH      = 720
	VideoFrames = 30
)

// Video is a camera that moves over a scene in a circle, with grain that is new
// in each frame.
type Video struct{ paper *raster.Image }

// margin is how far the camera moves.
const margin = 64

// NewVideo makes a video.
func NewVideo(seed uint64) *Video {
	return &Video{Photo(VideoW+2*margin, VideoH+2*margin, seed, 0)}
}

// Frame makes frame i, whose number is taken modulo VideoFrames, without markers.
// The picture must have the video's size.
func (v *Video) Frame(m *raster.Image, i int) {
	i %= VideoFrames
	a := 2 * math.Pi * float64(i) / VideoFrames
	dx, dy := margin+int(margin*math.Cos(a)), margin+int(margin*math.Sin(a))
	part := v.paper.Sub(raster.XYWH(dx, dy, VideoW, VideoH))
	m.Copy(&part, m.Bounds())
	NewGrain(Grain, uint64(i)+1000).Add(m, m.Bounds())
}

// Photos is how many photographs there are before the first comes again, and the
// seeds are those of what the bench plays.
const (
	Photos    = 4
	VideoSeed = 11
	DragSeed  = 12
)
