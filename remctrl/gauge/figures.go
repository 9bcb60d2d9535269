package gauge

import (
	"slices"
	"time"
)

// Figures is how one viewer's picture fares. Rates are of the last two seconds,
// or of the time since the viewer began or since the oldest update that is still
// kept, if that is shorter. The stages are of the updates in that time, or of the
// last eight if those are more. Path and quality are the caller's to fill in.
type Figures struct {
	OverMS     float64 `json:"over_ms"` // the time that rates are of
	FramesPS   float64 `json:"frames_per_s"`
	UpdatesPS  float64 `json:"updates_per_s"` // a large picture takes several
	BytesPS    float64 `json:"bytes_per_s"`
	RectsPS    float64 `json:"rects_per_s"`
	PhotosPS   float64 `json:"photos_per_s"` // of those, as photographs
	CopiesPS   float64 `json:"copies_per_s"` // of those, copied from elsewhere in the picture
	IdleMS     float64 `json:"idle_ms"`      // since the last update
	HeldMS     float64 `json:"held_ms"`      // for how long something has waited for the path by now, 0 if nothing does
	Path       Path    `json:"path"`
	Quality    int     `json:"quality"`     // of the last photographs, 0 for exact pixels
	MayQuality int     `json:"may_quality"` // what the viewer allows, 0 for exact pixels alone

	OfUpdates int    `json:"of_updates"` // how many the stages are of
	Stages    []Time `json:"stages"`     // in order
}

// Path is what is known of the way to the viewer and back: the network, and the
// viewer's own program. What is not known yet is 0.
type Path struct {
	RoundTripMS float64 `json:"round_trip_ms"` // the shortest of late
	LastTripMS  float64 `json:"last_trip_ms"`  // of the last update, with its time in queues
	BytesPS     float64 `json:"bytes_per_s"`   // what the path carries, as far as it was tried
	UnderWay    int     `json:"under_way_bytes"`
}

// Time is what updates took at a stage.
type Time struct {
	Stage  Stage   `json:"stage"`
	MeanMS float64 `json:"mean_ms"`
	P95MS  float64 `json:"p95_ms"`
}

// Mean gives the mean of a stage in milliseconds, 0 if there is none.
func (f *Figures) Mean(s Stage) float64 {
	for _, t := range f.Stages {
		if t.Stage == s {
			return t.MeanMS
		}
	}
	return 0
}

// Report gives the figures of the time up to now.
func (g *Gauge) Report(now time.Time) Figures {
	f := Figures{Quality: g.quality}
	if g.began.IsZero() {
		return f
	}
	at := now.Sub(g.began)
	from := max(at-window, 0)
	list := g.recent(from)
	if len(list) == kept {
		from = max(from, list[0].at)
	}
	last := time.Duration(0)
	if g.count > 0 {
		last = g.ring[(g.count-1)%kept].at
	}
	over := max(at-from, time.Millisecond).Seconds()
	f.OverMS, f.IdleMS = over*1000, ms(at-last)
	if !g.held.IsZero() {
		f.HeldMS = ms(now.Sub(g.held))
	}
	for _, s := range list {
		f.UpdatesPS += 1 / over
		f.BytesPS += float64(s.bytes) / over
		f.RectsPS += float64(s.rects) / over
		f.PhotosPS += float64(s.photos) / over
		f.CopiesPS += float64(s.copies) / over
		if s.frame {
			f.FramesPS += 1 / over
		}
	}
	f.stages(g.last(max(len(list), few)))
	return f
}

// last gives the newest n samples that there are, the oldest first.
func (g *Gauge) last(n int) []sample {
	list := make([]sample, 0, kept)
	for i := max(g.count-n, g.count-kept, 0); i < g.count; i++ {
		list = append(list, g.ring[i%kept])
	}
	return list
}

// recent gives the samples from a time on.
func (g *Gauge) recent(from time.Duration) []sample {
	list := g.last(kept)
	i := slices.IndexFunc(list, func(s sample) bool { return s.at >= from })
	if i < 0 {
		return nil
	}
	return list[i:]
}

// stages fills in what the updates took.
func (f *Figures) stages(list []sample) {
	f.OfUpdates = len(list)
	f.Stages = make([]Time, measured)
	took := make([]uint32, len(list))
	for i := range f.Stages {
		sum := 0.0
		for j, s := range list {
			took[j] = s.spent[i]
			sum += float64(s.spent[i]) / 1000
		}
		f.Stages[i].Stage = Stage(i)
		if len(list) > 0 {
			slices.Sort(took)
			f.Stages[i].MeanMS = sum / float64(len(list))
			f.Stages[i].P95MS = float64(took[(len(took)*95+99)/100-1]) / 1000
		}
	}
}

func ms(d time.Duration) float64 { return max(float64(d.Microseconds())/1000, 0) }

// What figures may be at most, to be shown.
const (
	mostMS    = 1e6 // of a time: a quarter of an hour, while a session is lost after seconds
	mostRate  = 1e6 // of anything in a second
	mostBytes = 1e9
	mostFPS   = 1e3 // which no monitor shows
)

// Bounded gives figures that a stranger sent as they can be judged and shown: what
// is below 0 or no number is 0, what is too much is the most there can be, and
// the stages are those of the agent, in order and each once.
func (f Figures) Bounded() Figures {
	p := &f.Path
	for _, v := range []*float64{&f.OverMS, &f.IdleMS, &f.HeldMS, &p.RoundTripMS, &p.LastTripMS} {
		*v = bounded(*v, mostMS)
	}
	for _, v := range []*float64{&f.UpdatesPS, &f.RectsPS, &f.PhotosPS, &f.CopiesPS} {
		*v = bounded(*v, mostRate)
	}
	f.FramesPS = bounded(f.FramesPS, mostFPS)
	f.BytesPS, p.BytesPS = bounded(f.BytesPS, mostBytes), bounded(p.BytesPS, mostBytes)
	p.UnderWay = min(max(p.UnderWay, 0), mostBytes)
	f.Quality, f.MayQuality = min(max(f.Quality, 0), 100), min(max(f.MayQuality, 0), 100)
	f.OfUpdates = min(max(f.OfUpdates, 0), kept)
	stages := make([]Time, measured)
	for i := range stages {
		stages[i].Stage = Stage(i)
	}
	for _, t := range f.Stages {
		if int(t.Stage) < measured {
			stages[t.Stage].MeanMS, stages[t.Stage].P95MS = bounded(t.MeanMS, mostMS), bounded(t.P95MS, mostMS)
		}
	}
	f.Stages = stages
	return f
}

// bounded gives v between 0 and most, and 0 for what is no number.
func bounded(v, most float64) float64 {
	if v > 0 { // which NaN is not
		return min(v, most)
	}
	return 0
}
