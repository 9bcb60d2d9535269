package loopback

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"deskside/internal/await"
)

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
		// The child may know before the listener tells of it.
		if uid != 0 {
			await.Recv(t, "the refusal is told", refused)
		} else if len(refused) > 0 {
			t.Error("its own user was refused")
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
