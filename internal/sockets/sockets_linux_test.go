package sockets

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"deskside"
)

func TestListeningNamesThisProgram(t *testing.T) {
	for _, network := range []string{"tcp4", "tcp6", "udp4", "udp6"} {
		t.Run(network, func(t *testing.T) {
			at := listen(t, network)
			found, err := Listening(at.Port())
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range found {
				if s.Local == at && string(s.Transport) == network[:3] {
					if s.PID != os.Getpid() || s.Program == "" || s.UID != uint32(os.Getuid()) {
						t.Fatalf("got %+v, want process %d of user %d", s, os.Getpid(), os.Getuid())
					}
					return
				}
			}
			t.Fatalf("%s %s is not in %v", network, at, found)
		})
	}
}

// listen opens a socket on loopback and gives its address.
func listen(t *testing.T, network string) netip.AddrPort {
	host := map[byte]string{'4': "127.0.0.1:0", '6': "[::1]:0"}[network[3]]
	if network[:3] == "udp" {
		c, err := net.ListenPacket(network, host)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return netip.MustParseAddrPort(c.LocalAddr().String())
	}
	l, err := net.Listen(network, host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return netip.MustParseAddrPort(l.Addr().String())
}

func TestHeldByThisProcess(t *testing.T) {
	at := listen(t, "udp4")
	found, err := Held(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range found {
		if s.Transport == deskside.UDP && s.Local == at {
			return
		}
	}
	t.Errorf("udp %s is not in %v", at, found)
}

func TestOwnerOfTheFarEnd(t *testing.T) {
	for _, c := range []struct{ listen, dial string }{
		{"127.0.0.1", "127.0.0.1"},
		{"::1", "::1"},
		{"::", "127.0.0.1"}, // the kernel has the near end as IPv6, ours as mapped
	} {
		t.Run(c.listen+" "+c.dial, func(t *testing.T) {
			near, far := pair(t, c.listen, c.dial)
			remote := netip.MustParseAddrPort(far.RemoteAddr().String())
			local := netip.MustParseAddrPort(far.LocalAddr().String())
			me := uint32(os.Getuid())
			if uid, err := Owner(remote, local); err != nil || uid != me {
				t.Errorf("got user %d, %v, want %d", uid, err, me)
			}
			if uid, ok := diagnose(unmap(remote), unmap(local)); !ok || uid != me {
				t.Errorf("the kernel says user %d, %v, want %d", uid, ok, me)
			}
			if _, err := Owner(remote, netip.MustParseAddrPort("127.0.0.1:1")); err == nil {
				t.Error("a connection that does not exist has an owner")
			}
			near.Close() // what is left of it reads as user 0
			if uid, err := Owner(remote, local); err == nil {
				t.Errorf("a connection that its owner closed belongs to user %d", uid)
			}
		})
	}
}

// pair gives the two ends of a connection.
func pair(t *testing.T, listen, dial string) (near, far net.Conn) {
	l, err := net.Listen("tcp", net.JoinHostPort(listen, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	if near, err = net.Dial("tcp", net.JoinHostPort(dial, port)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close() })
	if far, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	return near, far
}

func BenchmarkOwner(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	near, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer near.Close()
	local := netip.MustParseAddrPort(near.LocalAddr().String())
	remote := netip.MustParseAddrPort(near.RemoteAddr().String())
	b.Run("asked", func(b *testing.B) {
		for b.Loop() {
			if _, ok := diagnose(local, remote); !ok {
				b.Fatal("not found")
			}
		}
	})
	b.Run("tables", func(b *testing.B) {
		for b.Loop() {
			if _, err := owner("/proc", local, remote); err != nil {
				b.Fatal(err)
			}
		}
	})
}

const socketTable = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 100 1 0000000000000000 100 0 0 10 0
   1: 0100007F:9C40 0100007F:1F90 05 00000000:00000000 00:00000000 00000000     0        0 0 1 0000000000000000 100 0 0 10 0
   2: 0100007F:9C40 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 101 1 0000000000000000 100 0 0 10 0
   3: 0100007F:1F90 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 102 1 0000000000000000 100 0 0 10 0
`

const socketTable6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0000000000000000FFFF00000100007F:9C41 0000000000000000FFFF00000100007F:1F90 01 00000000:00000000 00:00000000 00000000  1001        0 201 1 0 20 4 30 10 -1
   1: 00000000000000000000000001000000:9C42 00000000000000000000000001000000:1F90 01 00000000:00000000 00:00000000 00000000  1002        0 202 1 0 20 4 30 10 -1
`

// TestOwnerInTheKernelsTables reads tables of a little-endian machine.
func TestOwnerInTheKernelsTables(t *testing.T) {
	proc := t.TempDir()
	for name, text := range map[string]string{"tcp": socketTable, "tcp6": socketTable6} {
		if err := os.MkdirAll(filepath.Join(proc, "net"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(proc, "net", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		local, remote string
		uid           uint32
		found         bool
	}{
		{"127.0.0.1:40000", "127.0.0.1:8080", 1000, true}, // not the closed one, which reads 0
		{"[::ffff:127.0.0.1]:40000", "127.0.0.1:8080", 1000, true},
		{"127.0.0.1:40001", "127.0.0.1:8080", 1001, true},
		{"[::1]:40002", "[::1]:8080", 1002, true},
		{"[::1%lo]:40002", "[::1]:8080", 1002, true},
		{"127.0.0.1:40003", "127.0.0.1:8080", 0, false},
		{"127.0.0.1:40000", "127.0.0.1:8081", 0, false},
	} {
		uid, err := owner(proc, netip.MustParseAddrPort(c.local), netip.MustParseAddrPort(c.remote))
		if uid != c.uid || (err == nil) != c.found {
			t.Errorf("%s from %s: user %d, %v, want %d %v", c.local, c.remote, uid, err, c.uid, c.found)
		}
	}
}

const goodLine = "   0: 0100007F:0A8D 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 12345 1"

func TestParseLine(t *testing.T) {
	s, err := parseLine(goodLine)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(s.Local, s.Remote, s.state, s.UID, s.inode)
	if want := "127.0.0.1:2701 0.0.0.0:0 10 1000 12345"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, bad := range []string{
		"", "0: 0100007F:0A8D",
		strings.Replace(goodLine, "0100007F", "01007F", 1),
		strings.Replace(goodLine, "0A8D", "10A8D", 1),
		strings.Replace(goodLine, "1000 ", "-1 ", 1),
		strings.Replace(goodLine, "12345", "x", 1),
	} {
		if s, err := parseLine(bad); err == nil {
			t.Errorf("%q was read as %+v", bad, s)
		}
	}
}

func FuzzParseTable(f *testing.F) {
	f.Add("heading\n" + goodLine + "\n")
	f.Add("heading\n0: 00000000000000000000000001000000:0A8D 00:00 07")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := parseTable(strings.NewReader(text), deskside.TCP, func(Socket) bool { return true })
		if err != nil && list != nil {
			t.Errorf("both a list and %v", err)
		}
	})
}
