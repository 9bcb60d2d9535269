package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"deskside/bench/rounds"
	"deskside/bench/score"
	"deskside/internal/linksim"
)

// bench is what a run is made with.
type bench struct {
	small bool
	goods goods
}

// workload is something to copy, and the way that it goes.
type workload struct {
	name     string
	programs []string
	link     *linksim.Config // nil is loopback
	old      bool            // an older copy is at the target
	make     func(b *bench, dir string) (source string, err error)
}

// slow is a link as many homes have it, far one as between continents.
var (
	slow = &linksim.Config{Rate: 20e6 / 8, Delay: 5 * time.Millisecond}
	far  = &linksim.Config{Delay: 20 * time.Millisecond, Loss: 0.001, Seed: 1}
)

var workloads = []workload{
	{name: "login", programs: []string{"deskside", "deskside-udp", "scp", "rsync", "tls"}, make: (*bench).word},
	{name: "file", programs: []string{"deskside", "deskside-udp", "scp", "scp-gcm", "rsync-W", "tar", "croc", "tls", "tls-fsync"}, make: (*bench).big},
	{name: "small", programs: []string{"deskside", "deskside-udp", "scp", "rsync", "tar", "cp"}, make: (*bench).many},
	{name: "text", programs: []string{"deskside", "deskside-udp", "scp", "rsync", "rsync-z", "tar-z"}, link: slow, make: (*bench).text},
	{name: "insert", programs: []string{"deskside", "deskside-udp", "rsync"}, old: true, make: (*bench).inserted},
	{name: "far", programs: []string{"deskside", "deskside-udp", "scp", "scp-bbr", "tls"}, link: far, make: (*bench).middling},
}

func (b *bench) plan() *rounds.Plan {
	p := &rounds.Plan{Perform: b.perform, Tables: (*score.Run).Transfer, Suffix: "-transfer", Limit: 4 * time.Minute}
	for _, w := range workloads {
		p.Workloads = append(p.Workloads, rounds.Workload{Name: w.name, Servers: w.programs})
	}
	return p
}

// perform copies what a workload says once with one program, and checks it.
func (b *bench) perform(ctx context.Context, s rounds.Setting, name, program string) (out score.Sample, err error) {
	w := workloads[slices.IndexFunc(workloads, func(w workload) bool { return w.name == name })]
	prog := programs[program]
	if why := prog.missing(&w); why != "" {
		return out, fmt.Errorf("not measured: %s", why)
	}
	source, err := b.goods.get(&w, b, s.Dir)
	if err != nil {
		return out, err
	}
	a, err := open(s, &w, &prog)
	if err != nil {
		return out, err
	}
	defer a.close()
	j := job{source: source, folder: isFolder(source), into: a.target}
	a.trees = j.folder
	if w.old {
		if err := b.age(s.Dir, filepath.Join(j.into, filepath.Base(source))); err != nil {
			return out, err
		}
	}
	if err := prog.serve(ctx, a); err != nil {
		return out, err
	}
	out.Values, err = a.measure(ctx, &prog, &j)
	out.Others, out.Load = a.others, a.load
	if err != nil {
		return out, err
	}
	out.Exact = "exact"
	if err := same(source, filepath.Join(j.into, filepath.Base(source))); err != nil {
		out.Exact = "not exact"
		out.Notes = append(out.Notes, err.Error())
	}
	return out, nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
