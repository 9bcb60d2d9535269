//go:build !linux

package loopback

import (
	"errors"
	"net"
	"os"
)

// ownersKnown says that this system does not tell whose socket a TCP
// connection is. Listen refuses TCP here; a Server serves, on its bearer alone.
const ownersKnown = false

func tcpOwner(net.Conn) (int, error) {
	return 0, errors.New("this system does not tell the owner of a connection")
}

// unixOwner trusts the socket's mode.
func unixOwner(net.Conn) (int, error) { return os.Getuid(), nil }
