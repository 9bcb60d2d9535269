package score

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// A copy's sample has these values: "s", seconds of the whole command; "bytes" and
// "files" that were copied; "cpu.near" and "cpu.far", seconds of either end;
// "memory.near" and "memory.far", MiB at the most; "wire", MiB in both directions
// with headers.

// copies are the workloads in the order of the tables, with what they are.
var copies = []struct{ id, title, note string }{
	{"login", "A file of five bytes: log-in and all", ""},
	{"file", "One random file over loopback", "\"without log-in\" takes off what the file of five bytes took."},
	{"small", "Small random files in folders, over loopback", "cp is a copy on this machine, with no other end."},
	{"text", "Go source over 20 Mbit/s and a round trip of 10 ms", "Packets of 1500 bytes through a queue of 500 kB; TCP is the kernel's own."},
	{"insert", "A random file with 1 MiB inserted in its middle, over loopback, the older copy at the far end", ""},
	{"far", "One random file over a round trip of 40 ms where 0.1 % of the packets are lost", "TCP is the kernel's own, CUBIC unless the program or the name says BBR."},
}

// aim is something that ours must reach.
type aim struct {
	name     string
	workload string
	ours     string
	value    string  // of the sample, or a rate: "MiB/s", "s/GiB"
	peer     string  // compared with; empty is a number
	times    float64 // ours must be so many times as fast as the peer
	least    float64
	most     float64
}

var aims = []aim{
	{name: "one file over TCP", workload: "file", ours: Ours, peer: "scp", times: 2},
	{name: "", workload: "file", ours: Ours, peer: "scp-gcm", times: 1.5},
	{name: "", workload: "file", ours: Ours, peer: "croc", times: 2},
	{name: "", workload: "file", ours: Ours, peer: "tls", times: 0.6},
	{name: "its processor time, both ends", workload: "file", ours: Ours, value: "s/GiB", most: 4},
	{name: "one file over UDP", workload: "file", ours: Ours + "-udp", value: "MiB/s", least: 150},
	{name: "", workload: "file", ours: Ours + "-udp", peer: "scp", times: 1},
	{name: "small files", workload: "small", ours: Ours, peer: "tar", times: 1},
	{name: "", workload: "small", ours: Ours, peer: "rsync", times: 1.5},
	{name: "", workload: "small", ours: Ours, peer: "scp", times: 10},
	{name: "text over 20 Mbit/s", workload: "text", ours: Ours, peer: "scp", times: 2},
	{name: "", workload: "text", ours: Ours, peer: "rsync-z", times: 1},
	{name: "1 MiB inserted: bytes on the wire", workload: "insert", ours: Ours, value: "wire", most: 4},
	{name: "1 MiB inserted: time", workload: "insert", ours: Ours, peer: "rsync", times: 1},
	{name: "40 ms and 0.1 % loss", workload: "far", ours: Ours, peer: "scp", times: 3},
	{name: "memory of the larger end, at the most", ours: Ours, value: "memory", most: 64},
	{name: "the same over UDP", ours: Ours + "-udp", value: "memory", most: 64},
}

// Transfer gives the tables of the copies for people.
func (r *Run) Transfer() string {
	var b strings.Builder
	r.head(&b, "Files, side by side")
	b.WriteString("Each value is the median of the rounds. All copy the same to an empty folder of the same file system, from memory\n" +
		"that holds the source; a time is that of the whole command, with what it takes to log in.\n\n")
	r.aims(&b)
	for _, c := range copies {
		r.copies(&b, c.id, c.title, c.note)
	}
	r.failures(&b)
	return b.String()
}

func (r *Run) aims(b *strings.Builder) {
	b.WriteString("| goal | compared with | ours | the other | ratio | needed | met |\n| --- | --- | ---: | ---: | ---: | ---: | --- |\n")
	for i := range aims {
		r.aim(b, &aims[i])
	}
}

// aim writes a line, unless ours was not measured.
func (r *Run) aim(b *strings.Builder, a *aim) {
	name := a.name
	if name == "" {
		name = "the same"
	}
	if a.peer == "" {
		v := r.number(a)
		if math.IsNaN(v) {
			return
		}
		fmt.Fprintf(b, "| %s | | %s %s | | | %s | %s |\n", name, digits(v), a.unit(), a.bound(), yes(a.reached(v)))
		return
	}
	ours, peer := r.copied(a.workload, a.ours, "s"), r.copied(a.workload, a.peer, "s")
	if math.IsNaN(ours) {
		return
	}
	met, other, times := string(Unknown), "", ""
	if !math.IsNaN(peer) {
		met, other, times = yes(peer/ours >= a.times), digits(peer)+" s", fmt.Sprintf("%.2f", peer/ours)
	}
	fmt.Fprintf(b, "| %s | %s | %s s | %s | %s | ≥ %g | %s |\n", name, a.peer, digits(ours), other, times, a.times, met)
}

// number gives what an aim without a peer is about.
func (r *Run) number(a *aim) float64 {
	switch a.value {
	case "MiB/s":
		return r.rate(a.workload, a.ours, 0)
	case "s/GiB":
		return r.perGiB(a.workload, a.ours, "cpu.near") + r.perGiB(a.workload, a.ours, "cpu.far")
	case "memory":
		return r.mostMemory(a.ours)
	}
	return r.copied(a.workload, a.ours, a.value)
}

func (a *aim) unit() string {
	switch a.value {
	case "wire", "memory":
		return "MiB"
	}
	return a.value
}

func (a *aim) bound() string {
	if a.most > 0 {
		return fmt.Sprintf("≤ %g", a.most)
	}
	return fmt.Sprintf("≥ %g", a.least)
}

func (a *aim) reached(v float64) bool { return v >= a.least && (a.most == 0 || v <= a.most) }

func yes(met bool) string {
	if met {
		return string(Met1)
	}
	return string(NotMet)
}

// copied gives the median of a value; NaN if there is none.
func (r *Run) copied(workload, server, id string) float64 {
	list := []float64{}
	for _, s := range r.Samples {
		if v, ok := s.Values[id]; ok && s.Workload == workload && s.Server == server {
			list = append(list, v)
		}
	}
	return Median(list)
}

// rate gives MiB a second, with some seconds taken off.
func (r *Run) rate(workload, server string, without float64) float64 {
	return r.copied(workload, server, "bytes") / (1 << 20) / (r.copied(workload, server, "s") - without)
}

// perGiB gives a value by the size of what was copied.
func (r *Run) perGiB(workload, server, id string) float64 {
	return r.copied(workload, server, id) / r.copied(workload, server, "bytes") * (1 << 30)
}

// mostMemory gives the highest of all that a program's ends ever held.
func (r *Run) mostMemory(server string) float64 {
	most := math.NaN()
	for _, s := range r.Samples {
		for _, id := range []string{"memory.near", "memory.far"} {
			if v, ok := s.Values[id]; ok && s.Server == server && !(v <= most) {
				most = v
			}
		}
	}
	return most
}

// copies writes the table of one workload.
func (r *Run) copies(b *strings.Builder, id, title, note string) {
	servers := []string{}
	for _, s := range r.Samples {
		if s.Workload == id && !slices.Contains(servers, s.Server) {
			servers = append(servers, s.Server)
		}
	}
	if len(servers) == 0 {
		return
	}
	slices.SortStableFunc(servers, func(a, b string) int { return place(a) - place(b) })
	fmt.Fprintf(b, "\n## %s\n\n%s%s\n\n", title, r.weight(id), note)
	b.WriteString("| program | seconds | from–to | ours is faster by | MiB/s | without log-in | CPU s near+far | CPU s/GiB | MiB on the wire | memory near, far, MiB | right |\n" +
		"| --- |" + strings.Repeat(" ---: |", 10) + "\n")
	for _, s := range servers {
		r.copyLine(b, id, s)
	}
}

// place sorts ours before the others, which stay as they are.
func place(server string) int {
	if strings.HasPrefix(server, Ours) {
		return len(server) - len(Ours)
	}
	return 1000
}

// weight says how much was copied.
func (r *Run) weight(id string) string {
	for _, s := range r.Samples {
		if n := s.Values["files"]; s.Workload == id && n == 1 {
			return fmt.Sprintf("%.0f bytes. ", s.Values["bytes"])
		} else if s.Workload == id && n > 1 {
			return fmt.Sprintf("%.0f files with %.0f bytes. ", n, s.Values["bytes"])
		}
	}
	return ""
}

func (r *Run) copyLine(b *strings.Builder, id, server string) {
	times := r.times(id, server)
	right, all := r.right(id, server)
	cells := append([]string{server}, slices.Repeat([]string{""}, 9)...)
	if took := r.copied(id, server, "s"); len(times) > 0 {
		near, far := r.copied(id, server, "cpu.near"), r.copied(id, server, "cpu.far")
		cells = []string{
			server, digits(took), digits(Percentile(times, 0)) + "–" + digits(Percentile(times, 100)), digits(took / r.copied(id, Ours, "s")),
			"", "", digits(near) + "+" + digits(far), "", digits(r.copied(id, server, "wire")),
			digits(r.copied(id, server, "memory.near")) + ", " + digits(r.copied(id, server, "memory.far")),
		}
		if id != "login" {
			cells[4], cells[5] = digits(r.rate(id, server, 0)), digits(r.rate(id, server, r.copied("login", server, "s")))
			cells[7] = digits(r.perGiB(id, server, "cpu.near") + r.perGiB(id, server, "cpu.far"))
		}
	}
	fmt.Fprintf(b, "| %s | %d of %d |\n", strings.Join(cells, " | "), right, all)
}

// times gives the seconds that a program took.
func (r *Run) times(id, server string) (list []float64) {
	for _, s := range r.Samples {
		if v, ok := s.Values["s"]; ok && s.Workload == id && s.Server == server {
			list = append(list, v)
		}
	}
	return list
}

// right counts the copies that were made, and those that were right.
func (r *Run) right(id, server string) (right, all int) {
	for _, s := range r.Samples {
		if s.Workload == id && s.Server == server {
			all++
			if s.Exact == "exact" {
				right++
			}
		}
	}
	return right, all
}

// digits writes a number with three digits that count; what is not there is
// empty.
func digits(v float64) string {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0) || v < 0:
		return ""
	case v >= 99.95:
		return fmt.Sprintf("%.0f", v)
	case v >= 9.995:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
