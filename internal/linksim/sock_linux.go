package linksim

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// small makes a socket hold little of what belongs to the link, in segments of
// a network's size and not loopback's. The link works without it, only less
// like one.
func small(_, _ string, raw syscall.RawConn) error {
	return raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG, segment)
		_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 8*segment)
	})
}
