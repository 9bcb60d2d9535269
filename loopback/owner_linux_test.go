package loopback

import (
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

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

func TestFindOwner(t *testing.T) {
	if os.Getenv("GOARCH") == "s390x" {
		t.Fatal("the tables above are from a little-endian machine")
	}
	for _, c := range []struct {
		table, local, remote string
		uid                  int
		found                bool
	}{
		{socketTable, "127.0.0.1:40000", "127.0.0.1:8080", 1000, true}, // not the closed one, which reads 0
		{socketTable, "[::ffff:127.0.0.1]:40000", "127.0.0.1:8080", 1000, true},
		{socketTable, "127.0.0.1:40001", "127.0.0.1:8080", 0, false},
		{socketTable, "127.0.0.1:40000", "127.0.0.1:8081", 0, false},
		{socketTable6, "127.0.0.1:40001", "127.0.0.1:8080", 1001, true},
		{socketTable6, "[::1]:40002", "[::1]:8080", 1002, true},
		{"", "127.0.0.1:40000", "127.0.0.1:8080", 0, false},
	} {
		uid, found := findOwner(strings.NewReader(c.table), netip.MustParseAddrPort(c.local), netip.MustParseAddrPort(c.remote))
		if uid != c.uid || found != c.found {
			t.Errorf("%s from %s: user %d %v, want %d %v", c.local, c.remote, uid, found, c.uid, c.found)
		}
	}
}

func TestEveryCutRowFails(t *testing.T) {
	row := strings.TrimSpace(strings.Split(socketTable, "\n")[3])
	want, err := parseSocketRow(row)
	if err != nil || want.uid != 1000 || want.inode != 101 {
		t.Fatalf("%+v, %v", want, err)
	}
	whole := strings.Index(row, " 101 ") + len(" 101")
	for i := range whole - 2 { // cutting a number's end leaves a number
		if got, err := parseSocketRow(row[:i]); err == nil {
			t.Errorf("%q parsed as %+v", row[:i], got)
		}
	}
}

func FuzzParseSocketRow(f *testing.F) {
	for _, line := range strings.Split(socketTable+socketTable6, "\n") {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		row, err := parseSocketRow(line)
		if err == nil && (!row.local.IsValid() || !row.remote.IsValid()) {
			t.Errorf("%q gave %+v", line, row)
		}
	})
}

// TestAnotherUserIsRefused dials from a child that runs as nobody, when the
// test may become nobody.
func TestAnotherUserIsRefused(t *testing.T) {
	if os.Getuid() != 0 {
		t.Log("not root: the same is tested in TestListenServesThisUserAlone, from the other side")
		return
	}
	for _, uid := range []uint32{0, 65534} {
		l, err := Listen("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		refused := make(chan struct{}, 1)
		l.Refused = func(net.Addr, error) { refused <- struct{}{} }
		go func() {
			for c, err := l.Accept(); err == nil; c, err = l.Accept() {
				c.Write([]byte("x"))
				c.Close()
			}
		}()
		child := exec.Command("/proc/self/exe")
		child.Env = []string{"LOOPBACK_TEST_DIAL=tcp:" + l.Addr().String()}
		child.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
		out, err := child.CombinedOutput()
		l.Close()
		if want := map[uint32]int{0: 0, 65534: 4}[uid]; child.ProcessState.ExitCode() != want {
			t.Errorf("user %d: exit %d, want %d (%v %s)", uid, child.ProcessState.ExitCode(), want, err, out)
		}
		if got := len(refused); got != map[uint32]int{0: 0, 65534: 1}[uid] {
			t.Errorf("user %d: refused %d times", uid, got)
		}
	}
}

func TestServerForAnotherUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Log("not root: a server for another user is root's alone")
		return
	}
	s := testServer(t, func(c *Config) { c.User, c.Unix = &User{UID: 65534, GID: 65534}, true })
	path, err := s.LaunchFile()
	if err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]os.FileMode{path: 0o600, s.UnixPath(): 0o600} {
		info, err := os.Lstat(name)
		if err != nil || info.Mode().Perm() != mode || ownerOf(info) != 65534 {
			t.Errorf("%s: %v %v", name, info, err)
		}
	}
	if info, err := os.Lstat(s.dir); err != nil || info.Mode().Perm() != 0o711 || ownerOf(info) != 0 {
		t.Errorf("directory: %v %v", info, err)
	}
	if _, err := http.Get(s.URL()); err == nil {
		t.Error("root was served the page of another user")
	}
}

func ownerOf(info os.FileInfo) int { return int(info.Sys().(*syscall.Stat_t).Uid) }
