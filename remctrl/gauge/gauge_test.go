package gauge

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

const milli = time.Millisecond

// sent is an update and when it was sent.
type sent struct {
	Update
	at time.Time
}

// slowReport is Report as the comment of Figures has it, from all that was ever
// sent.
func slowReport(began, now time.Time, all []sent) (f Figures) {
	from := now.Add(-window)
	if from.Before(began) {
		from = began
	}
	if len(all) >= kept {
		if oldest := all[len(all)-kept].at; oldest.After(from) {
			from = oldest
		}
	}
	over := now.Sub(from).Seconds()
	f.OverMS, f.IdleMS = over*1000, now.Sub(began).Seconds()*1000
	inside := 0
	for _, s := range all {
		f.IdleMS = now.Sub(s.at).Seconds() * 1000
		if s.at.Before(from) {
			continue
		}
		inside++
		f.UpdatesPS++
		f.BytesPS += float64(s.Bytes)
		f.RectsPS += float64(s.Rects)
		f.PhotosPS += float64(s.Photos)
		f.CopiesPS += float64(s.Copies)
		if s.Frame {
			f.FramesPS++
		}
	}
	for _, rate := range []*float64{&f.UpdatesPS, &f.BytesPS, &f.RectsPS, &f.PhotosPS, &f.CopiesPS, &f.FramesPS} {
		*rate /= over
	}
	list := all[max(len(all)-max(min(inside, kept), few), 0):]
	f.OfUpdates = len(list)
	for stage := range measured {
		t := Time{Stage: Stage(stage)}
		took := []float64{}
		for _, s := range list {
			took = append(took, s.Spent[stage].Seconds()*1000)
			t.MeanMS += took[len(took)-1] / float64(len(list))
		}
		if slices.Sort(took); len(took) > 0 {
			t.P95MS = took[int(math.Ceil(0.95*float64(len(took))))-1]
		}
		f.Stages = append(f.Stages, t)
	}
	return f
}

// same compares figures but for what rounding makes of them.
func same(t *testing.T, got, want Figures) {
	t.Helper()
	close := func(what string, a, b float64) {
		t.Helper()
		if math.Abs(a-b) > 1e-6*max(1, math.Abs(b)) {
			t.Errorf("%s is %v, want %v", what, a, b)
		}
	}
	close("the time", got.OverMS, want.OverMS)
	close("the idle time", got.IdleMS, want.IdleMS)
	close("frames", got.FramesPS, want.FramesPS)
	close("updates", got.UpdatesPS, want.UpdatesPS)
	close("bytes", got.BytesPS, want.BytesPS)
	close("rectangles", got.RectsPS, want.RectsPS)
	close("photographs", got.PhotosPS, want.PhotosPS)
	close("copies", got.CopiesPS, want.CopiesPS)
	if got.OfUpdates != want.OfUpdates || len(got.Stages) != len(want.Stages) {
		t.Fatalf("%d updates and %d stages, want %d and %d", got.OfUpdates, len(got.Stages), want.OfUpdates, len(want.Stages))
	}
	for i, s := range got.Stages {
		close(s.Stage.String()+" mean", s.MeanMS, want.Stages[i].MeanMS)
		close(s.Stage.String()+" p95", s.P95MS, want.Stages[i].P95MS)
	}
}

// TestReport compares the figures with those of a slow and obvious twin, at all
// times of lives with few updates and with more than are kept.
func TestReport(t *testing.T) {
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		g, now := Gauge{}, epoch
		g.Begin(now)
		all := []sent{}
		gap := 1 + rnd.IntN(400)
		for range 1500 {
			now = now.Add(time.Duration(rnd.IntN(gap*1000)+1) * time.Microsecond)
			u := Update{
				Bytes: rnd.IntN(100_000), Frame: rnd.IntN(2) == 0,
				Rects: rnd.IntN(100), Photos: rnd.IntN(50), Copies: rnd.IntN(9),
			}
			spend := Spent{}
			for i := range spend {
				spend[i] = time.Duration(rnd.IntN(50_000)) * time.Microsecond
				u.Spent[i] = time.Duration(rnd.IntN(50_000)) * time.Microsecond
				g.Spend(Stage(i), spend[i])
			}
			g.Sent(u, now)
			for i := range spend {
				u.Spent[i] += spend[i]
			}
			all = append(all, sent{u, now})
			if rnd.IntN(40) == 0 {
				at := now.Add(time.Duration(rnd.IntN(3_000_000)+1) * time.Microsecond)
				same(t, g.Report(at), slowReport(epoch, at, all))
			}
		}
		if t.Failed() {
			t.Fatalf("with seed %d", seed)
		}
	}
}

func TestWaiting(t *testing.T) {
	g, now := Gauge{}, epoch
	g.Begin(now)
	g.Held(true, now)
	g.Held(true, now.Add(10*milli))
	if f := g.Report(now.Add(15 * milli)); f.HeldMS != 15 {
		t.Errorf("held for %v ms, want 15", f.HeldMS)
	}
	g.Held(false, now.Add(20*milli))
	g.Held(false, now.Add(30*milli))
	g.Held(true, now.Add(40*milli))
	g.Held(false, now.Add(45*milli))
	g.Sent(Update{Spent: Spent{Wait: milli}}, now.Add(50*milli))
	f := g.Report(now.Add(50 * milli))
	if got := f.Mean(Wait); got != 26 || f.HeldMS != 0 {
		t.Errorf("waited %v ms, held for %v, want 20+5+1 and 0", got, f.HeldMS)
	}
	g.Spend(Capture, time.Second)
	g.Drop()
	g.Sent(Update{}, now.Add(60*milli))
	if f = g.Report(now.Add(60 * milli)); f.Mean(Capture) != 0 {
		t.Errorf("what was dropped counts %v ms", f.Mean(Capture))
	}
}

// TestExtremes gives what cannot be, and what does not fit.
func TestExtremes(t *testing.T) {
	var g Gauge
	if f := g.Report(epoch); f.OfUpdates != 0 || f.UpdatesPS != 0 {
		t.Errorf("nothing was sent, and it says %+v", f)
	}
	g.Sent(Update{Bytes: -5, Rects: 1 << 30, Spent: Spent{-time.Hour, 3000 * time.Hour}}, epoch)
	g.Held(true, epoch)
	for _, at := range []time.Time{epoch, epoch.Add(-time.Hour), epoch.Add(1e6 * time.Hour)} {
		f := g.Report(at)
		for _, n := range []float64{f.OverMS, f.IdleMS, f.HeldMS, f.BytesPS, f.RectsPS, f.Mean(Capture), f.Mean(Compare)} {
			if n < 0 || math.IsNaN(n) || math.IsInf(n, 0) {
				t.Fatalf("%v: %+v", at, f)
			}
		}
	}
}

// TestBounded has what a stranger may send in every figure.
func TestBounded(t *testing.T) {
	for _, evil := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), -1, 1e308, -1e308, 0} {
		n := math.MinInt
		if evil > 0 {
			n = math.MaxInt
		}
		bad := Time{MeanMS: evil, P95MS: evil}
		f := Figures{
			OverMS: evil, FramesPS: evil, UpdatesPS: evil, BytesPS: evil, RectsPS: evil, PhotosPS: evil, CopiesPS: evil, IdleMS: evil, HeldMS: evil,
			Path:    Path{RoundTripMS: evil, LastTripMS: evil, BytesPS: evil, UnderWay: n},
			Quality: n, MayQuality: n, OfUpdates: n,
		}
		for s := range 300 {
			bad.Stage = Stage(s)
			f.Stages = append(f.Stages, bad, bad)
		}
		got := f.Bounded()
		numbers := []float64{
			got.OverMS, got.FramesPS, got.UpdatesPS, got.BytesPS, got.RectsPS, got.PhotosPS, got.CopiesPS, got.IdleMS, got.HeldMS,
			got.Path.RoundTripMS, got.Path.LastTripMS, got.Path.BytesPS, float64(got.Path.UnderWay), float64(got.Quality), float64(got.MayQuality), float64(got.OfUpdates),
		}
		for i, s := range got.Stages {
			numbers = append(numbers, s.MeanMS, s.P95MS)
			if s.Stage != Stage(i) {
				t.Errorf("stage %d is %v", i, s.Stage)
			}
		}
		for i, v := range numbers {
			if !(v >= 0 && v <= mostBytes) || !(evil > 0) && v != 0 {
				t.Errorf("of %v number %d becomes %v", evil, i, v)
			}
		}
		if v := Judge(got, Eyes{}); len(got.Stages) != measured || got.Quality > 100 || len(v.Words) > 100 {
			t.Errorf("of %v: %+v, and in words: %s", evil, got, v.Words)
		}
	}
	// What is well stays as it is.
	f := of(30, 1, 0.5, 9, 0.3, 0.2)
	for i := range f.Stages {
		f.Stages[i].P95MS = 99
	}
	if got := f.Bounded(); !reflect.DeepEqual(got, f) {
		t.Errorf("%+v becomes %+v", f, got)
	}
}

func TestNothingIsAllocated(t *testing.T) {
	var g Gauge
	now := epoch
	if n := testing.AllocsPerRun(1000, func() {
		now = now.Add(milli)
		g.Held(true, now)
		g.Held(false, now)
		g.Spend(Capture, milli)
		g.Sent(Update{Bytes: 5}, now)
	}); n != 0 {
		t.Errorf("%v allocations for an update", n)
	}
}

func TestStageText(t *testing.T) {
	for s := Capture; s <= None; s++ {
		text, err := json.Marshal(s)
		var back Stage
		if err == nil {
			err = json.Unmarshal(text, &back)
		}
		if err != nil || back != s {
			t.Errorf("%v becomes %s, and that %v: %v", s, text, back, err)
		}
	}
	var s Stage
	if err := json.Unmarshal([]byte(`"dream"`), &s); err == nil {
		t.Error("dream is a stage")
	}
}

func BenchmarkSent(b *testing.B) {
	var g Gauge
	now := epoch
	for b.Loop() {
		now = now.Add(milli)
		g.Held(true, now)
		g.Held(false, now)
		g.Spend(Capture, milli)
		g.Sent(Update{Bytes: 5}, now)
	}
}
