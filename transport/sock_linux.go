package transport

import (
	"net"
	"syscall"
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

// withSocket runs f on the socket of c, if it has one.
func withSocket(c net.Conn, f func(fd int)) {
	if sc, ok := c.(syscall.Conn); ok {
		if raw, err := sc.SyscallConn(); err == nil {
			_ = raw.Control(func(fd uintptr) { f(int(fd)) })
		}
	}
}
