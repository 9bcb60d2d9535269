package troupe

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestBusy(t *testing.T) {
	const stat = "cpu  100 20 3 90000 800 0 7 5 11 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n"
	if got, want := busy(stat), 135*tick; got != want {
		t.Errorf("%v, want %v", got, want)
	}
	for _, text := range []string{"", "cpu x"} {
		if got := busy(text); got != 0 {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestParentOf(t *testing.T) {
	for stat, want := range map[string][3]int{
		"12 (sh) S 7 12 12 0":         {12, 7, 1},
		"12 (a) b (c d) S 7 12 12 0":  {12, 7, 1},
		"12 (sh":                      {},
		"12 (sh) S":                   {},
		"x (sh) S 7":                  {},
		"":                            {},
		"12 (tmux: server) S 1 12 12": {12, 1, 1},
	} {
		pid, parent, ok := parentOf(stat)
		if ok != (want[2] == 1) || ok && (pid != want[0] || parent != want[1]) {
			t.Errorf("%q: %d %d %v, want %v", stat, pid, parent, ok, want)
		}
	}
}

func TestFieldOf(t *testing.T) {
	if got := fieldOf("Name:\tx\nVmHWM:\t 99 kB\nVmRSS:\t    2048 kB\n", "VmRSS"); got != 2<<20 {
		t.Errorf("%d", got)
	}
	if got := fieldOf("Name:\tx\n", "VmRSS"); got != 0 {
		t.Errorf("%d of a process that has none", got)
	}
}

func TestNiceOf(t *testing.T) {
	const stat = "7 (a b) S 1 7 7 0 -1 4194304 61 0 1 0 49 0 0 0 %s 1 0 1342395"
	for fields, want := range map[string]int{"20 0": 0, "10 -10": -10} {
		if got := niceOf(strings.Replace(stat, "%s", fields, 1)); got != want {
			t.Errorf("%q: %d, want %d", fields, got, want)
		}
	}
	if got := niceOf(""); got != 0 {
		t.Errorf("%d of nothing", got)
	}
}

// TestClocks reads what a real child has used.
func TestClocks(t *testing.T) {
	child := exec.Command("sh", "-c", "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done; echo; read x")
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	out.Read(make([]byte, 1)) // the work is done
	if !slices.Contains(descendants(os.Getpid()), child.Process.Pid) {
		t.Error("a child is not among the descendants")
	}
	if used(child.Process.Pid) == 0 {
		t.Error("it has counted to 30000 and used nothing")
	}
	in.Close()
	child.Wait()
	if got := used(child.Process.Pid); got != 0 {
		t.Errorf("it has ended and used %v", got)
	}
}
