package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"deskside/bench/rounds"
	"deskside/bench/score"
	"deskside/bench/stage"
	"deskside/bench/troupe"
)

// plan is all that there is to play.
func plan() *rounds.Plan {
	p := &rounds.Plan{Perform: play, Tables: (*score.Run).Picture, Limit: 90 * time.Second}
	servers := []string{}
	for _, k := range stage.Kinds {
		servers = append(servers, string(k))
	}
	for _, w := range workloads {
		p.Workloads = append(p.Workloads, rounds.Workload{Name: w.name, Servers: servers})
	}
	return p
}

func play(ctx context.Context, s rounds.Setting, name, server string) (score.Sample, error) {
	i := slices.IndexFunc(workloads, func(w workload) bool { return w.name == name })
	return perform(ctx, stage.Config{Dir: s.Dir, Program: s.Program}, workloads[i], stage.Kind(server))
}

// perform plays one workload on one server, on a stage of its own.
func perform(ctx context.Context, setting stage.Config, w workload, k stage.Kind) (s score.Sample, err error) {
	st, err := stage.Open(ctx, setting, k)
	if err != nil {
		return s, err
	}
	defer st.Close()
	p := &piece{ctx: ctx, stage: st, values: map[string]float64{}}
	defer p.close()
	if st.SetUp > 0 {
		p.set("setup", ms(st.SetUp))
	}
	before := st.Usage()
	err = w.play(p)
	if err != nil {
		err = errors.Join(err, st.Check())
	}
	s.Values, s.Notes, s.Exact = p.values, p.notes, p.exact
	s.Others = st.Usage().Since(before).Others()
	s.Load = troupe.LoadAverage()
	return s, err
}
