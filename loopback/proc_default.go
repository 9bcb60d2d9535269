//go:build !linux

package loopback

import (
	"os"
	"syscall"
)

var usualDirs []string

// procAttr: elsewhere programs start only as the user of this process.
func procAttr(*User) *syscall.SysProcAttr { return nil }

func endGroup(p *os.Process, hard bool) { p.Kill() }

// hasDisplay is true: a display needs no name here.
func hasDisplay([]string) bool { return true }
