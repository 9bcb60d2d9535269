package transport

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// roundTrip asks the kernel for the smoothed round trip of a TCP connection.
func roundTrip(c net.Conn) (rtt time.Duration) {
	withSocket(c, func(fd int) {
		if info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			rtt = time.Duration(info.Rtt) * time.Microsecond
		}
	})
	return rtt
}

// tuneBulk asks for a congestion control that keeps its pace on paths that
// lose packets. Kernels without it, or that reserve it, keep their own.
func tuneBulk(c net.Conn) {
	withSocket(c, func(fd int) {
		_ = unix.SetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION, "bbr")
	})
}

// tuneLive keeps what waits in the kernel to be sent short, so that who writes
// finds out early that the path is full, and writes something newer instead.
func tuneLive(c net.Conn) {
	withSocket(c, func(fd int) {
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, liveUnsent)
	})
}
