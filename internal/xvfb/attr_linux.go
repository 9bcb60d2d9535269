package xvfb

import (
	"os"
	"syscall"
)

// dieWithTest ends the process when the test binary dies without its
// clean-up, as on a time-out.
func dieWithTest() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

// dieAs is dieWithTest for a process of another user, where we may have one.
func dieAs(uid uint32) *syscall.SysProcAttr {
	attr := dieWithTest()
	if os.Geteuid() == 0 {
		attr.Credential = &syscall.Credential{Uid: uid, Gid: uid}
	}
	return attr
}
