package loopback

import (
	"errors"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"

	"deskside/internal/sockets"
)

// ownersKnown says that this system tells whose socket a connection is.
const ownersKnown = true

// tcpOwner gives the user who owns the other end of c, a connection within
// this machine.
func tcpOwner(c net.Conn) (int, error) {
	theirs, err1 := netip.ParseAddrPort(c.RemoteAddr().String())
	ours, err2 := netip.ParseAddrPort(c.LocalAddr().String())
	if err := errors.Join(err1, err2); err != nil {
		return 0, err
	}
	uid, err := sockets.Owner(theirs, ours)
	return int(uid), err
}

// unixOwner gives the user who connected to a Unix socket.
func unixOwner(c net.Conn) (uid int, err error) {
	raw, err := c.(*net.UnixConn).SyscallConn()
	if err != nil {
		return 0, err
	}
	ctrl := raw.Control(func(fd uintptr) {
		var cred *unix.Ucred
		if cred, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			uid = int(cred.Uid)
		}
	})
	return uid, errors.Join(ctrl, err)
}
