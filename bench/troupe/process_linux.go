package troupe

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ownGroup keeps the terminal's Ctrl-C from a program, which is ended in order,
// and lets it die with the bench.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// signalGroup asks a program and its children to end, or makes them.
func signalGroup(p *os.Process, hard bool) {
	sig := unix.SIGTERM
	if hard {
		sig = unix.SIGKILL
	}
	unix.Kill(-p.Pid, sig)
}

// used gives the processor time of a process so far, all threads that it ever
// had: the clock of another process, as clock_getcpuclockid(3) names it. Ended
// processes have used nothing.
func used(pid int) time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|2), &ts); err != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}
