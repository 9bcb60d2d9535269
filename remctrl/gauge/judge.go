package gauge

import "fmt"

// Eyes is what the viewer's own program measured in the time of the figures; the
// zero value is one that measures nothing.
type Eyes struct {
	DecodeMS float64 // what an update took to become pixels, in the mean
	Busy     float64 // the part of the time that went into it, 0 to 1
}

// State is how the picture fares.
type State string

// The states.
const (
	Measuring State = "measuring" // nothing was sent yet
	Idle      State = "idle"      // nothing changes
	Well      State = "well"
	Far       State = "far"  // nothing is slow but the way itself
	Slow      State = "slow" // one stage holds the others up
)

// Verdict names the slow stage, in words.
type Verdict struct {
	State State  `json:"state"`
	Stage Stage  `json:"stage"`        // the slow one, None but for Slow
	Words string `json:"words"`        // sentences
	Do    string `json:"do,omitempty"` // what may help
}

// What counts as slow.
const (
	stuckMS = 1000 // something has waited for the path that long
	idleMS  = 1000 // nothing was sent for that long
	busy    = 0.5  // of the time is spent at one stage, so it bounds the rate
	longMS  = 100  // of an update at all stages: it is seen to lag
	shareOf = 0.4  // of that, to be called slow for it
	farMS   = 150  // there and back: keys are felt to lag
	lowQ    = 45   // quality of photographs below which lowering it helps little
)

// Judge names the stage that holds the others up, if one does. A program that
// is slow to decode keeps the path full as a narrow network does, or lets nothing
// through for seconds, so what it measured of itself comes first.
func Judge(f Figures, e Eyes) Verdict {
	switch {
	case f.OfUpdates == 0:
		return Verdict{State: Measuring, Stage: None, Words: "Nothing has been sent yet."}
	case e.Busy >= busy:
		return Verdict{State: Slow, Stage: Decode, Words: slowWords(Decode, f, e), Do: slowDo(Decode, f)}
	case f.HeldMS >= stuckMS:
		return Verdict{State: Slow, Stage: Wait, Words: fmt.Sprintf("Nothing gets through: what changed has waited for %s.", span(f.HeldMS)),
			Do: "If this lasts, the connection is lost or the viewer no longer reads."}
	case f.IdleMS >= idleMS:
		return Verdict{State: Idle, Stage: None, Words: "Nothing changes on the screen."}
	}
	slow, took, total := slowest(f, e)
	loads := took * f.UpdatesPS / 1000
	if slow == Decode {
		loads = e.Busy
	}
	switch {
	case loads >= busy, total >= longMS && took >= shareOf*total:
		return Verdict{State: Slow, Stage: slow, Words: slowWords(slow, f, e), Do: slowDo(slow, f)}
	case f.Path.RoundTripMS >= farMS:
		return Verdict{State: Far, Stage: None,
			Words: fmt.Sprintf("The way is long: what is typed takes at least %s to be seen.", span(f.Path.RoundTripMS)),
			Do:    "All else is well."}
	}
	return Verdict{State: Well, Stage: None, Words: fmt.Sprintf("All well. An update takes %s, most of it to %s.", span(total), verbs[slow])}
}

// verbs say what a stage does to an update.
var verbs = [...]string{"capture", "compare", "encode", "wait for the network", "send", "decode"}

// slowest gives the stage that took longest, how long that was, and how long all
// took, in milliseconds of an update. Waiting for the path and sending are both
// the network's: they count together, as the longer of the two.
func slowest(f Figures, e Eyes) (slow Stage, took, total float64) {
	wait, send := f.Mean(Wait), f.Mean(Send)
	network := Wait
	if send > wait {
		network = Send
	}
	for _, part := range []struct {
		stage Stage
		ms    float64
	}{
		{Capture, f.Mean(Capture)}, {Compare, f.Mean(Compare)}, {Encode, f.Mean(Encode)},
		{network, wait + send}, {Decode, e.DecodeMS},
	} {
		total += part.ms
		if part.ms > took {
			slow, took = part.stage, part.ms
		}
	}
	return slow, took, total
}

// slowWords says what is slow.
func slowWords(s Stage, f Figures, e Eyes) string {
	switch s {
	case Capture:
		return fmt.Sprintf("The machine is slow to capture its screen: %s for each update.", span(f.Mean(s)))
	case Compare:
		return fmt.Sprintf("The machine is slow to find what changed: %s for each update.", span(f.Mean(s)))
	case Encode:
		return fmt.Sprintf("The machine is slow to encode: %s for each update.", span(f.Mean(s)))
	case Decode:
		return fmt.Sprintf("This browser needs %s to decode each update, %.0f %% of its time.", span(e.DecodeMS), 100*min(e.Busy, 1))
	}
	text := "The network is the bottleneck"
	switch trip, rate := f.Path.RoundTripMS, f.Path.BytesPS; {
	case trip > 0 && rate > 0:
		return fmt.Sprintf("%s: %s round trip, %s.", text, span(trip), speed(rate))
	case rate > 0:
		return fmt.Sprintf("%s: %s.", text, speed(rate))
	}
	return fmt.Sprintf("%s: %s to write each update.", text, span(f.Mean(Send)))
}

// slowDo says what may help.
func slowDo(s Stage, f Figures) string {
	low := f.MayQuality > 0 && f.MayQuality <= lowQ
	switch {
	case s == Capture:
		return "The command deskside info --self there says how it is captured."
	case s == Encode && f.MayQuality == 0:
		return "Its processor is busy: try a quality below lossless."
	case s == Compare, s == Encode:
		return "Its processor is busy: see what else runs there, or show one screen."
	case s == Decode && f.MayQuality == 0:
		return "Try a quality below lossless, or close what else runs here."
	case s == Decode:
		return "Close what else runs here, or show one screen."
	case low:
		return "The quality is low already: show one screen, or stop what moves on it."
	}
	return "Try a lower quality."
}

// span writes a time given in milliseconds.
func span(ms float64) string {
	switch {
	case ms >= 9950:
		return fmt.Sprintf("%.0f s", ms/1000)
	case ms >= 1000:
		return fmt.Sprintf("%.1f s", ms/1000)
	case ms >= 9.95:
		return fmt.Sprintf("%.0f ms", ms)
	case ms >= 0.95:
		return fmt.Sprintf("%.1f ms", ms)
	}
	return "less than 1 ms"
}

// speed writes bytes a second.
func speed(bytes float64) string {
	switch {
	case bytes >= 99.5e6:
		return fmt.Sprintf("%.0f MB/s", bytes/1e6)
	case bytes >= 9.95e6:
		return fmt.Sprintf("%.1f MB/s", bytes/1e6)
	}
	return fmt.Sprintf("%.0f kB/s", bytes/1e3)
}
