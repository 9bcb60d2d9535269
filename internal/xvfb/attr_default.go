//go:build !linux

package xvfb

import "syscall"

func dieWithTest() *syscall.SysProcAttr { return nil }
