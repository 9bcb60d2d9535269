//go:build !linux

package person

import "deskside/loopback"

// running has no answer: this system has no name for a running program itself.
func running(*loopback.User) string { return "" }
