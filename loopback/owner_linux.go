package loopback

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// ownersKnown says that this system tells whose socket a connection is.
const ownersKnown = true

// socketTables are the kernel's lists of TCP sockets (proc_net_tcp in the
// kernel's documentation). A client may reach an IPv4 address through an IPv6
// socket, so both are searched.
var socketTables = [...]string{"/proc/net/tcp", "/proc/net/tcp6"}

// tcpOwner gives the user who owns the other end of c, a connection within
// this machine.
func tcpOwner(c net.Conn) (int, error) {
	theirs, err1 := netip.ParseAddrPort(c.RemoteAddr().String())
	ours, err2 := netip.ParseAddrPort(c.LocalAddr().String())
	if err := errors.Join(err1, err2); err != nil {
		return 0, err
	}
	// The kernel walks its table piece by piece while sockets come and go, so
	// one walk may pass over a row that is there.
	for range 3 {
		for _, table := range socketTables {
			f, err := os.Open(table)
			if err != nil {
				continue // no IPv6 in this kernel
			}
			uid, found := findOwner(f, theirs, ours)
			f.Close()
			if found {
				return uid, nil
			}
		}
	}
	return 0, fmt.Errorf("no process holds the socket %s", theirs)
}

// findOwner looks for the row whose own address is local and whose peer is
// remote.
func findOwner(table io.Reader, local, remote netip.AddrPort) (uid int, found bool) {
	local, remote = unmap(local), unmap(remote)
	lines := bufio.NewScanner(table)
	for lines.Scan() {
		row, err := parseSocketRow(lines.Text())
		// A socket without an inode has been closed by its owner, and its uid
		// then reads 0: it must not pass for root's.
		if err == nil && row.local == local && row.remote == remote && row.inode != 0 {
			return row.uid, true
		}
	}
	return 0, false
}

// socketRow is what a line of a socket table says.
type socketRow struct {
	local, remote netip.AddrPort
	uid           int
	inode         uint64
}

func parseSocketRow(line string) (row socketRow, err error) {
	f := strings.Fields(line)
	if len(f) < 10 {
		return row, fmt.Errorf("%d fields, want 10 or more", len(f))
	}
	var errs [4]error
	row.local, errs[0] = parseSocketAddr(f[1])
	row.remote, errs[1] = parseSocketAddr(f[2])
	row.uid, errs[2] = strconv.Atoi(f[7])
	row.inode, errs[3] = strconv.ParseUint(f[9], 10, 64)
	return row, errors.Join(errs[:]...)
}

// parseSocketAddr reads "0100007F:1F90": 32-bit words in the byte order of the
// machine, then the port.
func parseSocketAddr(text string) (netip.AddrPort, error) {
	host, port, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(host)
	if err != nil || len(raw) != 4 && len(raw) != 16 {
		return netip.AddrPort{}, fmt.Errorf("socket address %q: want 8 or 32 hexadecimal digits", text)
	}
	for w := raw; len(w) > 0; w = w[4:] {
		binary.NativeEndian.PutUint32(w, binary.BigEndian.Uint32(w))
	}
	n, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("socket address %q: %w", text, err)
	}
	addr, _ := netip.AddrFromSlice(raw)
	return unmap(netip.AddrPortFrom(addr, uint16(n))), nil
}

func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
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
