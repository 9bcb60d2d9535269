//go:build !unix

package main

import "syscall"

// ownGroup has no such thing to ask for here.
func ownGroup() *syscall.SysProcAttr { return nil }
