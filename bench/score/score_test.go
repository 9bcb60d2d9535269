package score

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
)

func TestPercentile(t *testing.T) {
	ten := []float64{10, 1, 9, 2, 8, 3, 7, 4, 6, 5}
	for p, want := range map[float64]float64{0: 1, 10: 1, 11: 2, 50: 5, 95: 10, 100: 10} {
		if got := Percentile(ten, p); got != want {
			t.Errorf("percentile %v: %v, want %v", p, got, want)
		}
	}
	if ten[0] != 10 {
		t.Error("the argument was sorted")
	}
	if !math.IsNaN(Percentile(nil, 50)) || !math.IsNaN(Median(nil)) {
		t.Error("of nothing there is a value")
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{3}, 3},
		{[]float64{5, 1, 3}, 3},
		{[]float64{1, 2}, 1.5},
		{[]float64{1, Never, Never}, Never},
		{[]float64{Never, Never}, Never},
		{[]float64{1, 2, Never}, 2},
	} {
		if got := Median(c.values); got != c.want {
			t.Errorf("%v: %v, want %v", c.values, got, c.want)
		}
	}
}

func TestJudge(t *testing.T) {
	none := math.NaN()
	key := Row{Unit: "ms", Goal: 2, Best: 4.5}
	fps := Row{Unit: "fps", Goal: 30, Best: 30, Up: true}
	sharp := Row{Unit: "ms", Goal: 300}
	memory := Row{Unit: "MiB", Goal: 60, Best: 22}
	for _, c := range []struct {
		name     string
		row      Row
		ours     float64
		scrapers []float64
		met      Met
		ahead    Place
	}{
		{"by number", key, 1.9, []float64{9, 4}, Met1, Ahead},
		{"by ratio on a slow machine", key, 3.9, []float64{20, 9}, ByRatio, Ahead},
		{"not even by ratio", key, 4.1, []float64{20, 9}, NotMet, Ahead},
		{"behind the better one", key, 9.5, []float64{20, 9}, NotMet, Behind},
		{"alone", key, 3, nil, NotMet, Nowhere},
		{"not measured", key, none, []float64{9}, Unknown, Nowhere},
		{"all frames", fps, 29.6, []float64{30.1, 28}, Met1, Level},
		{"frames missing", fps, 25, []float64{14, 13}, NotMet, Ahead},
		{"fewer than another", fps, 20, []float64{14, 30}, NotMet, Behind},
		{"they never", sharp, 250, []float64{Never, Never}, Met1, Ahead},
		{"nobody ever", sharp, Never, []float64{Never, Never}, NotMet, Level},
		{"memory knows no ratio", memory, 70, []float64{60, 80}, NotMet, Behind},
		{"no goal", Row{Unit: "ms"}, 5, nil, NoGoal, Nowhere},
	} {
		v := c.row.Judge(c.ours, c.scrapers...)
		if v.Met != c.met || v.Ahead != c.ahead {
			t.Errorf("%s: met %q, ahead %q; want %q, %q", c.name, v.Met, v.Ahead, c.met, c.ahead)
		}
	}
	if v := key.Judge(2, 8, 4); v.Ratio != 0.5 {
		t.Errorf("ratio %v, want that to the better one", v.Ratio)
	}
	if v := sharp.Judge(2, Never); !math.IsNaN(v.Ratio) {
		t.Errorf("ratio %v to what never came", v.Ratio)
	}
}

// run is a small one with something of everything.
func run() *Run {
	sample := func(round int, server, exact string, values Values) Sample {
		return Sample{Round: round, Workload: "key.idle", Server: server, Exact: exact, Values: values, Others: 12, Load: 0.5}
	}
	r := &Run{Commit: "abc", Machine: "2 cores", Rounds: 2, Samples: []Sample{
		sample(0, Ours, "exact", Values{"key.idle.p50": 1, "sharp": 200, "video.q8.psnr": 40}),
		sample(0, "x11vnc", "exact", Values{"key.idle.p50": 4, "sharp": Never, "video.q8.psnr": Never}),
		sample(1, Ours, "not exact", Values{"key.idle.p50": 2, "sharp": 210}),
		sample(1, "x0vncserver", "exact", Values{"key.idle.p50": 9.04}),
	}}
	r.Samples[2].Notes = []string{"wrong\nsomewhere"}
	r.Samples[3].Failed = "it ended"
	return r
}

func TestMarkdown(t *testing.T) {
	text := run().Picture()
	for _, want := range []string{
		"Commit abc,", "12 % of a core in the median, 12 % at most; load average up to 0.5",
		"| key press to pixels decoded, idle desktop, p50 | ms | 1.5 | 9.0 | 4.0 |  | 0.38 | ≤ 2 | yes | yes |\n",
		"| exact picture after motion ends (q8) | ms | 205 |  | never |  |  | ≤ 300 | yes | yes |\n",
		"| video q8: frames while they move, worst PSNR | dB | 40.0 |  | exact |  |\n",
		"| key.idle | 1 of 2 | 1 of 1 | 1 of 1 | |\n",
		"- round 2, key.idle, deskside: wrong somewhere\n",
		"- round 2, key.idle, x0vncserver: failed: it ended\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
	if strings.Contains(text, "Chromium") {
		t.Error("a row that nobody measured is there")
	}
	columnsAgree(t, text)
}

// columnsAgree wants as many columns in each line of a table as in its head.
func columnsAgree(t *testing.T, text string) {
	t.Helper()
	columns := 0
	for line := range strings.Lines(text) {
		switch n := strings.Count(line, "|"); {
		case n == 0:
			columns = 0
		case columns != 0 && n != columns:
			t.Errorf("%d columns, want %d: %s", n, columns, line)
		default:
			columns = n
		}
	}
}

func TestJSON(t *testing.T) {
	b, err := run().JSON()
	if err != nil {
		t.Fatal(err)
	}
	var back struct {
		Samples []struct{ Values map[string]*float64 }
	}
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if v, ok := back.Samples[1].Values["sharp"]; !ok || v != nil {
		t.Errorf("what never came is %v", v)
	}
	if v := back.Samples[3].Values["key.idle.p50"]; v == nil || *v != 9.04 {
		t.Errorf("got %v, want 9.04", v)
	}
	var again Run
	if err := json.Unmarshal(b, &again); err != nil || !math.IsInf(again.Samples[1].Values["sharp"], 1) || again.Picture() != run().Picture() {
		t.Errorf("read back it says (%v):\n%s", err, again.Picture())
	}
}

func TestRowsAreSound(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Rows {
		if seen[r.ID] || r.Name == "" || r.Unit == "" {
			t.Errorf("%q is there twice, or has no name or unit", r.ID)
		}
		seen[r.ID] = true
		if r.Info && (r.Goal != 0 || r.Best != 0) {
			t.Errorf("%q has a goal, but is not in the table of goals", r.ID)
		}
		if r.Goal != 0 && !r.Up && r.Best != 0 && r.Unit == "ms" && r.Goal >= r.Best {
			t.Errorf("%q: a goal of %v is not ahead of %v", r.ID, r.Goal, r.Best)
		}
	}
}
