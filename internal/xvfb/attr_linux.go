package xvfb

import "syscall"

// dieWithTest ends the process when the test binary dies without its
// clean-up, as on a time-out.
func dieWithTest() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
