package transport

import (
	"net"
	"syscall"
)

// liveUnsent is how many bytes of a live stream may wait in the kernel besides
// those that are on their way: a TLS record.
const liveUnsent = 16 << 10

// withSocket runs f on the socket of c, if it has one.
func withSocket(c net.Conn, f func(fd int)) {
	if sc, ok := c.(syscall.Conn); ok {
		if raw, err := sc.SyscallConn(); err == nil {
			_ = raw.Control(func(fd uintptr) { f(int(fd)) })
		}
	}
}
