package troupe

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Used gives the processor time of the program so far, its own; a nil program
// has used nothing.
func (p *Program) Used() time.Duration {
	if p == nil {
		return 0
	}
	return used(p.cmd.Process.Pid)
}

// Resident gives the memory that the program has now, in bytes.
func (p *Program) Resident() int64 {
	if p == nil {
		return 0
	}
	return sizeOf(p.cmd.Process.Pid, "VmRSS")
}

// sizeOf gives a size of a process, in bytes.
func sizeOf(pid int, name string) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	return fieldOf(string(text), name)
}

// Bench gives the processor time of the bench's own process.
func Bench() time.Duration { return used(os.Getpid()) }

// All gives the processor time of the bench and all it started that still runs.
func All() (sum time.Duration) {
	for _, pid := range descendants(os.Getpid()) {
		sum += used(pid)
	}
	return sum
}

// tick is the unit of /proc/stat.
const tick = 10 * time.Millisecond

// Machine reads the busy time of all cores from /proc/stat.
func Machine() time.Duration {
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
func descendants(root int) []int { return below(root, families()) }

// families gives the children of each process of the machine.
func families() (children map[int][]int) {
	children = map[int][]int{}
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
	return children
}

func below(root int, children map[int][]int) []int {
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

// fieldOf reads a size, as VmRSS, from a /proc/PID/status.
func fieldOf(status, name string) int64 {
	for line := range strings.Lines(status) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
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

// Whole gives the processor time of the program so far and of all its children
// that have ended and were waited for, to a hundredth of a second.
func (p *Program) Whole() time.Duration {
	if p == nil {
		return 0
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	return wholeOf(string(text))
}

// wholeOf sums the four times of a /proc/PID/stat, its fields 14 to 17.
func wholeOf(stat string) (sum time.Duration) {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 15 {
		return 0
	}
	for _, f := range fields[11:15] {
		n, _ := strconv.Atoi(f)
		sum += time.Duration(n) * tick
	}
	return sum
}

// Busy reports whether the program has children.
func (p *Program) Busy() bool { return p != nil && len(descendants(p.cmd.Process.Pid)) > 1 }

// Peaks gives the most memory that any process below the bench ever held, in
// bytes, of those that run now: far that of a program and its children, near that
// of the rest.
func Peaks(far *Program) (near, there int64) {
	children, theirs := families(), map[int]bool{}
	if far != nil {
		for _, pid := range below(far.cmd.Process.Pid, children) {
			theirs[pid] = true
			there = max(there, peak(pid))
		}
	}
	for _, pid := range below(os.Getpid(), children)[1:] {
		if !theirs[pid] {
			near = max(near, peak(pid))
		}
	}
	return near, there
}

// peak gives what a process held at the most. One that has begun and not yet
// become its program is still the bench, and so is its memory.
func peak(pid int) int64 {
	n := sizeOf(pid, "VmHWM")
	words, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if self, _ := os.ReadFile("/proc/self/cmdline"); err != nil || bytes.Equal(words, self) {
		return 0
	}
	return n
}
