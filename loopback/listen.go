package loopback

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"deskside"
)

// unixPrefix marks an address that is the path of a Unix socket.
const unixPrefix = "unix:"

// ErrOtherUser is why a connection was refused: its other end belongs to
// another user, or to nobody that could be found.
var ErrOtherUser = errors.New("the connection is not from this user")

// Listener accepts connections from one user's processes.
type Listener struct {
	net.Listener

	// Refused, if set before the first Accept, is told of each connection
	// that was closed instead of accepted.
	Refused func(from net.Addr, why error)

	uid   int
	owner func(net.Conn) (int, error)
}

// Listen opens addr for the user of this process: "127.0.0.1:5907", "[::1]:0",
// "localhost:0" (127.0.0.1), or "unix:PATH", a socket of mode 0600. Any
// other address is refused with CodeBadRequest. Where the system cannot tell
// whose connection it is, all but Unix sockets are refused with
// CodeUnsupported.
func Listen(addr string) (*Listener, error) {
	if !ownersKnown && !strings.HasPrefix(addr, unixPrefix) {
		return nil, deskside.Errorf(deskside.CodeUnsupported, "listen on %q: this system does not tell which user a connection comes from", addr).
			Hint("Use unix:PATH instead.")
	}
	return listen(addr, Self())
}

func listen(addr string, u *User) (*Listener, error) {
	if path, ok := strings.CutPrefix(addr, unixPrefix); ok {
		return listenUnix(path, u)
	}
	at, err := loopbackAddr(addr)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", at.String())
	if err != nil {
		return nil, fmt.Errorf("listen on %q: %w", addr, err)
	}
	return &Listener{Listener: l, uid: u.UID, owner: tcpOwner}, nil
}

// loopbackAddr reads an address and refuses all but loopback. No name is
// looked up, not even "localhost": what it resolves to is not ours to trust.
func loopbackAddr(addr string) (netip.AddrPort, error) {
	if port, ok := strings.CutPrefix(addr, "localhost:"); ok {
		addr = "127.0.0.1:" + port
	}
	at, err := netip.ParseAddrPort(addr)
	if err != nil {
		return at, deskside.Errorf(deskside.CodeBadRequest, "listen on %q: not an address with a port", addr).
			Hint("Use 127.0.0.1:PORT, [::1]:PORT or unix:PATH; port 0 takes any free one.")
	}
	if !at.Addr().IsLoopback() {
		return at, deskside.Errorf(deskside.CodeBadRequest, "listen on %q: not a loopback address; other machines could connect", addr).
			Hint("Use 127.0.0.1:PORT, [::1]:PORT or unix:PATH.")
	}
	return at, nil
}

func listenUnix(path string, u *User) (*Listener, error) {
	if err := removeStale(path); err != nil {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: %w", path, err)
	}
	// Whoever connects before the mode is set meets the owner check.
	if err = os.Chmod(path, 0o600); err == nil && !u.IsSelf() {
		err = os.Lchown(path, u.UID, u.GID)
	}
	if err != nil {
		l.Close()
		return nil, fmt.Errorf("listen on %q: %w", path, err)
	}
	return &Listener{Listener: l, uid: u.UID, owner: unixOwner}, nil
}

// removeStale takes away the socket that a program which was killed left
// behind. One that answers, or another kind of file, stays.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("listen on %q: %w", path, err)
	}
	if info.Mode().Type() != fs.ModeSocket {
		return deskside.Errorf(deskside.CodeExists, "listen on %q: there is a file of that name", path).
			Hint("Choose another path or remove the file.")
	}
	if c, err := net.DialTimeout("unix", path, time.Second); err == nil {
		c.Close()
		return deskside.Errorf(deskside.CodeExists, "listen on %q: another program answers there", path).
			Hint("Choose another path or end that program.")
	}
	return os.Remove(path)
}

// Accept waits for the next connection of the user. Those of others are reset.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		err = l.check(c)
		if err == nil {
			return c, nil
		}
		if t, ok := c.(*net.TCPConn); ok {
			t.SetLinger(0)
		}
		c.Close()
		if l.Refused != nil {
			l.Refused(c.RemoteAddr(), err)
		}
	}
}

func (l *Listener) check(c net.Conn) error {
	uid, err := l.owner(c)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrOtherUser, err)
	}
	if uid != l.uid {
		return fmt.Errorf("%w but from user %d", ErrOtherUser, uid)
	}
	return nil
}
