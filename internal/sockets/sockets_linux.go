package sockets

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/vishvananda/netlink"

	"deskside"
)

// The states of a socket in /proc/net, from Linux's net/tcp_states.h. A UDP
// socket without a peer is in the state that TCP calls closed.
const (
	stateClosed = 0x07
	stateListen = 0x0a
)

// Listening lists the sockets that wait for others on one of the ports, those
// of TCP first, with the program that holds each where it may be seen.
func Listening(ports ...uint16) ([]Socket, error) {
	found, err := scan("/proc", func(s Socket) bool {
		waits := s.Transport == deskside.TCP && s.state == stateListen ||
			s.Transport == deskside.UDP && s.state == stateClosed
		return waits && slices.Contains(ports, s.Local.Port())
	})
	if err != nil {
		return nil, err
	}
	name("/proc", found)
	slices.SortStableFunc(found, func(a, b Socket) int {
		return cmp.Or(cmp.Compare(a.Transport, b.Transport), a.Local.Compare(b.Local))
	})
	return found, nil
}

// Held lists the TCP and UDP sockets of a process.
func Held(pid int) ([]Socket, error) {
	fds, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil || len(fds) == 0 {
		return nil, fmt.Errorf("process %d: %w", pid, cmp.Or(err, fs.ErrNotExist))
	}
	mine := make(map[string]bool)
	for _, fd := range fds {
		if link, err := os.Readlink(fd); err == nil {
			mine[link] = true
		}
	}
	found, err := scan("/proc", func(s Socket) bool { return mine[s.link()] })
	for i := range found {
		found[i].PID = pid
	}
	return found, err
}

// Owner gives the user who holds the TCP socket of this machine that is at
// local and connected to remote: for the far end of an accepted loopback
// connection, its remote address first.
func Owner(local, remote netip.AddrPort) (uid uint32, err error) {
	if uid, ok := diagnose(unmap(local), unmap(remote)); ok {
		return uid, nil
	}
	// The kernel walks its table piece by piece while sockets come and go, so
	// one walk may pass over a row that is there.
	for range 3 {
		if uid, err = owner("/proc", local, remote); !errors.Is(err, fs.ErrNotExist) {
			return uid, err
		}
	}
	return 0, err
}

// diagnose asks the kernel for that one socket (sock_diag(7)), which takes a
// twentieth of the time of reading its tables. Kernels and sandboxes that do not
// answer leave it to those.
func diagnose(local, remote netip.AddrPort) (uid uint32, ok bool) {
	s, err := netlink.SocketGet(net.TCPAddrFromAddrPort(local), net.TCPAddrFromAddrPort(remote))
	if err != nil || s.INode == 0 || at(s.ID.Source, s.ID.SourcePort) != local || at(s.ID.Destination, s.ID.DestinationPort) != remote {
		return 0, false
	}
	return s.UID, true
}

func at(ip net.IP, port uint16) netip.AddrPort {
	addr, _ := netip.AddrFromSlice(ip)
	return unmap(netip.AddrPortFrom(addr, port))
}

func owner(proc string, local, remote netip.AddrPort) (uint32, error) {
	local, remote = unmap(local), unmap(remote)
	found, err := scan(proc, func(s Socket) bool {
		// A socket without an inode has been closed by its owner, and its uid
		// then reads 0: it must not pass for root's.
		return s.Transport == deskside.TCP && s.Local == local && s.Remote == remote && s.inode != 0
	})
	if err != nil {
		return 0, err
	}
	if len(found) == 0 {
		return 0, fmt.Errorf("no socket of this machine is at %s and connected to %s: %w", local, remote, fs.ErrNotExist)
	}
	return found[0].UID, nil
}

// scan reads the tables under proc and gives the sockets that keep wants. A
// table that is missing, as IPv6's may be, is empty.
func scan(proc string, keep func(Socket) bool) ([]Socket, error) {
	list := []Socket{}
	for _, table := range []string{"tcp", "tcp6", "udp", "udp6"} {
		f, err := os.Open(filepath.Join(proc, "net", table))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found, err := parseTable(f, deskside.Transport(table[:3]), keep)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("/proc/net/%s: %w", table, err)
		}
		list = append(list, found...)
	}
	return list, nil
}

// parseTable reads a table of /proc/net. The kernel's proc.rst has its form.
func parseTable(r io.Reader, t deskside.Transport, keep func(Socket) bool) (list []Socket, err error) {
	lines := bufio.NewScanner(r)
	lines.Scan() // the heading
	for lines.Scan() {
		s, err := parseLine(lines.Text())
		if err != nil {
			return nil, err
		}
		if s.Transport = t; keep(s) {
			list = append(list, s)
		}
	}
	return list, lines.Err()
}

// parseLine reads one line: number, local, remote, state, queues, timer,
// retransmissions, user, time-out, inode.
func parseLine(line string) (s Socket, err error) {
	word := strings.Fields(line)
	if len(word) < 10 {
		return s, fmt.Errorf("%q: want ten words", line)
	}
	if s.Local, err = parseAddr(word[1]); err != nil {
		return s, err
	}
	if s.Remote, err = parseAddr(word[2]); err != nil {
		return s, err
	}
	state, err1 := strconv.ParseUint(word[3], 16, 8)
	uid, err2 := strconv.ParseUint(word[7], 10, 32)
	inode, err3 := strconv.ParseUint(word[9], 10, 64)
	s.state, s.UID, s.inode = uint8(state), uint32(uid), inode
	return s, errors.Join(err1, err2, err3)
}

// parseAddr reads "0100007F:0A8D": the address as words of 32 bits in the
// machine's byte order, and the port.
func parseAddr(text string) (netip.AddrPort, error) {
	host, port, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(host)
	if err != nil || len(raw) != 4 && len(raw) != 16 {
		return netip.AddrPort{}, fmt.Errorf("%q is not an address", text)
	}
	n, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%q is not an address: %w", text, err)
	}
	for word := range slices.Chunk(raw, 4) {
		binary.NativeEndian.PutUint32(word, binary.BigEndian.Uint32(word))
	}
	addr, _ := netip.AddrFromSlice(raw)
	return unmap(netip.AddrPortFrom(addr, uint16(n))), nil
}

// unmap gives an address as IPv4 where it is one, and without a zone, which the
// kernel's tables have not.
func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// link is what a descriptor of the socket reads as (proc(5)).
func (s *Socket) link() string { return fmt.Sprintf("socket:[%d]", s.inode) }

// name fills in the programs that hold the sockets. Those of other users are
// hidden from all but root, and stay empty.
func name(proc string, list []Socket) {
	want := make(map[string]*Socket, len(list))
	for i := range list {
		want[list[i].link()] = &list[i]
	}
	if len(want) == 0 {
		return
	}
	open, _ := filepath.Glob(filepath.Join(proc, "[0-9]*/fd/*"))
	for _, fd := range open {
		link, err := os.Readlink(fd)
		if err != nil {
			continue
		}
		s, ok := want[link]
		if !ok || s.PID != 0 {
			continue
		}
		dir := filepath.Dir(filepath.Dir(fd))
		s.PID, _ = strconv.Atoi(filepath.Base(dir))
		comm, _ := os.ReadFile(filepath.Join(dir, "comm"))
		s.Program = strings.TrimSpace(string(comm))
	}
}
