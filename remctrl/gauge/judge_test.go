package gauge

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// of makes figures of updates that took so long, in milliseconds.
func of(perSecond, capture, compare, encode, wait, send float64) Figures {
	return Figures{
		UpdatesPS: perSecond, FramesPS: perSecond, OverMS: 2000, OfUpdates: 20, Quality: 79, MayQuality: 79,
		Path: Path{RoundTripMS: 2, BytesPS: 5e6},
		Stages: []Time{
			{Stage: Capture, MeanMS: capture}, {Stage: Compare, MeanMS: compare}, {Stage: Encode, MeanMS: encode},
			{Stage: Wait, MeanMS: wait}, {Stage: Send, MeanMS: send},
		},
	}
}

func (f Figures) with(change func(*Figures)) Figures {
	change(&f)
	return f
}

func TestJudge(t *testing.T) {
	far := func(f *Figures) { f.Path = Path{RoundTripMS: 340, BytesPS: 150_000} }
	for _, c := range []struct {
		name  string
		f     Figures
		e     Eyes
		state State
		stage Stage
		words string
		do    string // within it; "-" is none
	}{
		{"nothing yet", Figures{}, Eyes{}, Measuring, None, "Nothing has been sent yet.", "-"},
		{"idle", of(0, 1, 1, 1, 0, 0).with(func(f *Figures) { f.IdleMS = 1500 }), Eyes{}, Idle, None, "Nothing changes on the screen.", "-"},
		{"idle after slow ones", of(0, 1, 1, 900, 0, 0).with(func(f *Figures) { f.IdleMS = 1500 }), Eyes{}, Idle, None, "Nothing changes on the screen.", "-"},
		{"stuck", of(0, 1, 1, 1, 0, 0).with(func(f *Figures) { f.IdleMS, f.HeldMS = 3500, 3400 }), Eyes{}, Slow, Wait, "what changed has waited for 3.4 s", "connection is lost"},
		{"video that fares well", of(30, 1, 0.5, 9, 0, 0.2), Eyes{3, 0.1}, Well, None, "All well. An update takes 14 ms, most of it to encode.", "-"},
		{"now and then a large one", of(0.5, 2, 2, 60, 0, 3), Eyes{9, 0.01}, Well, None, "All well. An update takes 76 ms, most of it to encode.", "-"},
		{"now and then a very large one", of(0.5, 2, 2, 400, 0, 3), Eyes{9, 0.01}, Slow, Encode, "The machine is slow to encode: 400 ms for each update.", "see what else runs there"},
		{"slow capture", of(12, 60, 1, 5, 0, 0), Eyes{}, Slow, Capture, "The machine is slow to capture its screen: 60 ms for each update.", "deskside info --self"},
		{"slow comparison", of(12, 5, 60, 5, 0, 0), Eyes{}, Slow, Compare, "slow to find what changed: 60 ms", "processor"},
		{"slow encoder", of(20, 1, 1, 40, 0, 0), Eyes{3, 0.06}, Slow, Encode, "slow to encode: 40 ms", "one screen"},
		{"slow encoder of exact pixels", of(20, 1, 1, 40, 0, 0).with(func(f *Figures) { f.MayQuality = 0 }), Eyes{}, Slow, Encode, "slow to encode: 40 ms", "below lossless"},
		{"narrow network", of(20, 1, 1, 5, 45, 0).with(far), Eyes{5, 0.1}, Slow, Wait, "The network is the bottleneck: 340 ms round trip, 150 kB/s.", "Try a lower quality."},
		{"narrow network, low quality", of(20, 1, 1, 5, 45, 0).with(far).with(func(f *Figures) { f.MayQuality = 29 }), Eyes{}, Slow, Wait, "The network is the bottleneck", "low already"},
		{"narrow network, exact pixels", of(20, 1, 1, 5, 45, 0).with(func(f *Figures) { f.MayQuality = 0 }), Eyes{}, Slow, Wait, "2.0 ms round trip, 5000 kB/s", "Try a lower quality."},
		{"waiting and writing together", of(20, 1, 1, 20, 16, 15), Eyes{}, Slow, Wait, "The network is the bottleneck", "lower"},
		{"a stream that blocks", of(20, 1, 1, 5, 0, 45).with(func(f *Figures) { f.Path = Path{} }), Eyes{}, Slow, Send, "The network is the bottleneck: 45 ms to write each update.", "lower"},
		{"a rate without a trip", of(20, 1, 1, 5, 45, 0).with(func(f *Figures) { f.Path = Path{BytesPS: 30_000} }), Eyes{}, Slow, Wait, "The network is the bottleneck: 30 kB/s.", "lower"},
		{"slow browser", of(20, 1, 1, 5, 40, 0), Eyes{38, 0.76}, Slow, Decode, "This browser needs 38 ms to decode each update, 76 % of its time.", "Close what else runs here"},
		{"slow browser, exact pixels", of(20, 1, 1, 5, 40, 0).with(func(f *Figures) { f.MayQuality = 0 }), Eyes{38, 2}, Slow, Decode, "100 % of its time", "below lossless"},
		{"a browser so slow that all waits for it", of(0, 1, 1, 5, 756, 0).with(func(f *Figures) { f.IdleMS, f.HeldMS = 4300, 4200 }), Eyes{1300, 1}, Slow, Decode, "needs 1.3 s to decode", "Close"},
		{"a browser that still draws the last update", of(0, 1, 1, 5, 0, 0).with(func(f *Figures) { f.IdleMS = 4300 }), Eyes{1300, 1}, Slow, Decode, "needs 1.3 s to decode", "Close"},
		{"one large picture to decode", of(1, 1, 1, 5, 4, 0), Eyes{150, 0.15}, Slow, Decode, "needs 150 ms to decode", "Close"},
		{"a long way that is wide", of(20, 1, 1, 5, 1, 0).with(func(f *Figures) { f.Path.RoundTripMS = 340 }), Eyes{5, 0.1}, Far, None, "takes at least 340 ms to be seen.", "All else is well"},
		{"no time at all", of(20, 0, 0, 0, 0, 0), Eyes{}, Well, None, "less than 1 ms", "-"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := Judge(c.f, c.e)
			if v.State != c.state || v.Stage != c.stage || !strings.Contains(v.Words, c.words) {
				t.Errorf("%s, %s: %s\nwant %s, %s: %s", v.State, v.Stage, v.Words, c.state, c.stage, c.words)
			}
			if c.do == "-" && v.Do != "" || c.do != "-" && (v.Do == "" || !strings.Contains(v.Do, c.do)) {
				t.Errorf("what to do is %q, want %q", v.Do, c.do)
			}
			if !strings.HasSuffix(v.Words, ".") || !utf8.ValidString(v.Words+v.Do) {
				t.Errorf("%q, %q are no sentences", v.Words, v.Do)
			}
		})
	}
}

// TestJudgeNamesTheSlowest makes each stage the slow one.
func TestJudgeNamesTheSlowest(t *testing.T) {
	for s := Capture; s <= Decode; s++ {
		f, e := of(10, 2, 2, 2, 2, 2), Eyes{DecodeMS: 2, Busy: 0.02}
		if s == Decode {
			e = Eyes{DecodeMS: 80, Busy: 0.8}
		} else {
			f.Stages[s].MeanMS = 80
		}
		if v := Judge(f, e); v.State != Slow || v.Stage != s || v.Do == "" {
			t.Errorf("%s is slow, and it says %+v", s, v)
		}
	}
}

func TestSpeed(t *testing.T) {
	for bytes, want := range map[float64]string{0: "0 kB/s", 1499: "1 kB/s", 9.94e6: "9940 kB/s", 9.95e6: "9.9 MB/s", 42e6: "42.0 MB/s", 1.25e8: "125 MB/s"} {
		if got := speed(bytes); got != want {
			t.Errorf("%v is %s, want %s", bytes, got, want)
		}
	}
}
