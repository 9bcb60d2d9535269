package score

import (
	"strings"
	"testing"
)

// copying is a small run with something of everything.
func copying() *Run {
	sample := func(workload, server, exact string, s, size float64) Sample {
		return Sample{Workload: workload, Server: server, Exact: exact, Values: Values{
			"s": s, "bytes": size, "files": 1, "cpu.near": 1, "cpu.far": 2, "memory.near": 10, "memory.far": 70, "wire": 1034,
		}}
	}
	const gib = 1 << 30
	r := &Run{Commit: "abc", Machine: "2 cores", Rounds: 2, Samples: []Sample{
		sample("login", Ours, "exact", 0.25, 5),
		sample("login", "scp", "exact", 0.5, 5),
		sample("file", "scp", "exact", 6, gib),
		sample("file", Ours, "exact", 2, gib),
		sample("file", Ours, "not exact", 2.5, gib),
		sample("insert", Ours, "exact", 3, gib),
		sample("file", "tls", "exact", 1.5, gib),
		{Workload: "file", Server: "croc", Failed: "not measured: croc is not installed"},
	}}
	r.Samples[4].Round = 1
	return r
}

func TestTransfer(t *testing.T) {
	text := copying().Transfer()
	for _, want := range []string{
		"| one file over TCP | scp | 2.25 s | 6.00 s | 2.67 | ≥ 2 | yes |\n",
		"| the same | scp-gcm | 2.25 s |  |  | ≥ 1.5 | ? |\n",
		"| the same | tls | 2.25 s | 1.50 s | 0.67 | ≥ 0.6 | yes |\n",
		"| its processor time, both ends | | 3.00 s/GiB | | | ≤ 4 | yes |\n",
		"| 1 MiB inserted: bytes on the wire | | 1034 MiB | | | ≤ 4 | no |\n",
		"| memory of the larger end, at the most | | 70.0 MiB | | | ≤ 64 | no |\n",
		"| deskside | 2.25 | 2.00–2.50 | 1.00 | 455 | 512 | 1.00+2.00 | 3.00 | 1034 | 10.0, 70.0 | 1 of 2 |\n",
		"| scp | 6.00 | 6.00–6.00 | 2.67 | 171 | 186 | 1.00+2.00 | 3.00 | 1034 | 10.0, 70.0 | 1 of 1 |\n",
		"| croc |  |  |  |  |  |  |  |  |  | 0 of 1 |\n",
		"| deskside | 0.25 | 0.25–0.25 | 1.00 |  |  | 1.00+2.00 |  | 1034 | 10.0, 70.0 | 1 of 1 |\n",
		"1073741824 bytes.",
		"- round 1, file, croc: failed: not measured: croc is not installed\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
	for _, absent := range []string{"small files", "over UDP", "## Go source"} {
		if strings.Contains(text, absent) {
			t.Errorf("%q is there, which nobody measured", absent)
		}
	}
	columnsAgree(t, text)
}

// TestAims holds the words of the goals to the tables.
func TestAims(t *testing.T) {
	for _, a := range aims {
		known := a.workload == "" && a.value == "memory"
		for _, c := range copies {
			known = known || c.id == a.workload
		}
		if !known || (a.peer == "") == (a.times != 0) || a.peer == "" && a.value == "" {
			t.Errorf("%+v", a)
		}
	}
}

func TestDigits(t *testing.T) {
	for v, want := range map[float64]string{0.019: "0.02", 9.994: "9.99", 9.996: "10.0", 99.96: "100", 1034.4: "1034", -1: "", Never: ""} {
		if got := digits(v); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
}
