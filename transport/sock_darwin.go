package transport

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// roundTrip does not know here.
func roundTrip(net.Conn) time.Duration { return 0 }

// tuneBulk leaves the system's congestion control as it is.
func tuneBulk(net.Conn) {}

// tuneLive is as on Linux.
func tuneLive(c net.Conn) {
	withSocket(c, func(fd int) {
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, liveUnsent)
	})
}
