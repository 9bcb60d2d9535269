//go:build !linux

package xvfb

import "syscall"

func dieWithTest() *syscall.SysProcAttr { return nil }

func dieAs(uint32) *syscall.SysProcAttr { return nil }
