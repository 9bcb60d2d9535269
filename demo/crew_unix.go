//go:build unix

package demo

import "syscall"

// ownGroup puts a program into a process group of its own, so that the
// terminal's Ctrl-C reaches this program alone, which then ends the others in
// order.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
