//go:build !linux && !darwin

package transport

import (
	"net"
	"time"
)

// roundTrip does not know here.
func roundTrip(net.Conn) time.Duration { return 0 }

// tuneBulk leaves the system's congestion control as it is.
func tuneBulk(net.Conn) {}

// tuneLive leaves the system's buffers as they are; streams are paced by what
// arrives.
func tuneLive(net.Conn) {}
