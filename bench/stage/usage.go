package stage

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Usage is processor time up to a moment, or between two.
type Usage struct {
	At      time.Time     // when it was taken
	For     time.Duration // between two
	Server  time.Duration // the VNC server; ours is the agent
	X       time.Duration // the X server, unless it is the VNC server itself
	Relay   time.Duration // the operator's deskside vnc
	Viewer  time.Duration // the bench's own process, which views and decodes
	Bench   time.Duration // all that the bench started, and itself
	Machine time.Duration // all of the machine's cores
}

// Usage reads the clocks.
func (s *Stage) Usage() Usage {
	u := Usage{At: time.Now(), Machine: machineTime(), Viewer: used(os.Getpid())}
	u.Server, u.X, u.Relay = s.server.used(), s.x.used(), s.relay.used()
	for _, pid := range descendants(os.Getpid()) {
		u.Bench += used(pid)
	}
	return u
}

func (p *Program) used() time.Duration {
	if p == nil {
		return 0
	}
	return used(p.cmd.Process.Pid)
}

// Since gives what was used from u to v.
func (v Usage) Since(u Usage) Usage {
	return Usage{
		At: v.At, For: v.At.Sub(u.At),
		Server: v.Server - u.Server, X: v.X - u.X, Relay: v.Relay - u.Relay, Viewer: v.Viewer - u.Viewer,
		Bench: v.Bench - u.Bench, Machine: v.Machine - u.Machine,
	}
}

// Percent gives a part of the time as percent of one core.
func (u Usage) Percent(d time.Duration) float64 { return 100 * d.Seconds() / u.For.Seconds() }

// Others gives what the rest of the machine used, in percent of one core. What
// the virtual machine's host took counts as well.
func (u Usage) Others() float64 { return max(u.Percent(u.Machine-u.Bench), 0) }

// tick is the unit of /proc/stat.
const tick = 10 * time.Millisecond

// machineTime reads the busy time of all cores from /proc/stat.
func machineTime() time.Duration {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	return busy(string(text))
}

// busy sums user, nice, system, interrupts and what the host took; idle and
// waiting for disks are not work.
func busy(stat string) time.Duration {
	line, _, _ := strings.Cut(stat, "\n")
	sum := 0
	for i, f := range strings.Fields(line) {
		if i == 0 || i == 4 || i == 5 || i > 8 { // "cpu", idle, iowait; guests are in user
			continue
		}
		n, err := strconv.Atoi(f)
		if err != nil {
			return 0
		}
		sum += n
	}
	return time.Duration(sum) * tick
}

// descendants gives a process and all below it.
func descendants(root int) []int {
	children := map[int][]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		if pid, parent, ok := parentOf(string(text)); ok {
			children[parent] = append(children[parent], pid)
		}
	}
	list := []int{root}
	for i := 0; i < len(list); i++ {
		list = append(list, children[list[i]]...)
	}
	return list
}

// parentOf reads a line of /proc/PID/stat: number, name in brackets, state,
// parent. The name may have brackets and spaces.
func parentOf(stat string) (pid, parent int, ok bool) {
	open, end := strings.IndexByte(stat, '('), strings.LastIndexByte(stat, ')')
	if open < 0 || end < open {
		return 0, 0, false
	}
	fields := strings.Fields(stat[end+1:])
	if len(fields) < 2 {
		return 0, 0, false
	}
	pid, err := strconv.Atoi(strings.TrimSpace(stat[:open]))
	if err != nil {
		return 0, 0, false
	}
	parent, err = strconv.Atoi(fields[1])
	return pid, parent, err == nil
}

// Memory is resident memory, in bytes.
type Memory struct{ Server, Relay int64 }

// Memory reads what the servers hold now.
func (s *Stage) Memory() Memory { return Memory{s.server.resident(), s.relay.resident()} }

func (p *Program) resident() int64 {
	if p == nil {
		return 0
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	return residentOf(string(text))
}

// residentOf reads VmRSS from a /proc/PID/status.
func residentOf(status string) int64 {
	for line := range strings.Lines(status) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n << 10
		}
	}
	return 0
}

// LoadAverage gives the first of the machine's load averages.
func LoadAverage() float64 {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(text), " ")
	v, _ := strconv.ParseFloat(first, 64)
	return v
}

// Nice gives the priority that the bench, and so all that it starts, runs at: 0
// is the usual one, less is before others.
func Nice() int {
	text, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return 0
	}
	return niceOf(string(text))
}

// niceOf reads the nineteenth field of a /proc/PID/stat.
func niceOf(stat string) int {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 17 {
		return 0
	}
	n, _ := strconv.Atoi(fields[16])
	return n
}
