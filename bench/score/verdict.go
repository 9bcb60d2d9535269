package score

import "math"

// Never stands for what did not happen within the time it was given.
var Never = math.Inf(1)

// Verdict is what is said about ours in one row.
type Verdict struct {
	Ratio float64 // of ours to the better scraper; NaN if either is missing
	Met   Met
	Ahead Place
}

// Met says whether the goal is reached.
type Met string

const (
	NoGoal  Met = ""
	Met1    Met = "yes"
	ByRatio Met = "by ratio" // as far ahead of the better scraper as the goal was
	NotMet  Met = "no"
	Unknown Met = "?" // not measured
)

// Place says where ours is among the scrapers.
type Place string

const (
	Nowhere Place = ""
	Ahead   Place = "yes"
	Level   Place = "level" // within what noise makes of equals
	Behind  Place = "no"
)

// Tolerances: a rate counts as reached at 98 of 100, since frames are counted in
// a few seconds; and values within 3 of 100 are level.
const (
	reached = 0.98
	equal   = 0.03
)

// Judge compares ours with the goal and with the better of the scrapers' values;
// NaN is what was not measured.
func (r *Row) Judge(ours float64, scrapers ...float64) Verdict {
	best := r.better(scrapers)
	v := Verdict{Ratio: ours / best, Met: r.met(ours, best)}
	if math.IsInf(ours, 0) || math.IsInf(best, 0) {
		v.Ratio = math.NaN()
	}
	v.Ahead = r.place(ours, best)
	return v
}

// better gives the best of the values; NaN of none.
func (r *Row) better(values []float64) float64 {
	best := math.NaN()
	for _, v := range values {
		if math.IsNaN(best) || r.Up && v > best || !r.Up && v < best {
			best = v
		}
	}
	return best
}

func (r *Row) met(ours, best float64) Met {
	switch {
	case r.Goal == 0:
		return NoGoal
	case math.IsNaN(ours):
		return Unknown
	case r.Up && ours >= reached*r.Goal, !r.Up && ours <= r.Goal:
		return Met1
	case !r.Up && r.scales() && ours <= best*r.Goal/r.Best:
		return ByRatio
	}
	return NotMet
}

// scales reports whether the goal counts as a ratio too: times, bytes and CPU
// follow the machine, rates and memory do not.
func (r *Row) scales() bool { return r.Best != 0 && r.Unit != "fps" && r.Unit != "MiB" }

func (r *Row) place(ours, best float64) Place {
	switch {
	case math.IsNaN(ours) || math.IsNaN(best):
		return Nowhere
	case ours == best || !math.IsInf(best, 0) && math.Abs(ours-best) <= equal*math.Abs(best):
		return Level
	case (ours > best) == r.Up:
		return Ahead
	}
	return Behind
}
