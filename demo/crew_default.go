//go:build !unix

package demo

import "syscall"

// ownGroup has no such thing to ask for here.
func ownGroup() *syscall.SysProcAttr { return nil }
