package x11

import (
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"github.com/jezek/xgb/shm"

	"deskside/desktop/x11/link"
)

// segment is memory shared with the server.
type segment struct {
	mem []byte
	seg shm.Seg
}

// newSegment shares size bytes with the server. The memory's name is gone
// before it returns, so that nothing of it outlasts both.
func newSegment(c *link.Conn, size int) (*segment, error) {
	id, err := unix.SysvShmGet(unix.IPC_PRIVATE, size, unix.IPC_CREAT|0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot make %d bytes of shared memory: %w", size, err)
	}
	defer unix.SysvShmCtl(id, unix.IPC_RMID, nil)
	if err := giveToServer(c, id); err != nil {
		return nil, err
	}
	mem, err := unix.SysvShmAttach(id, 0, 0)
	if err != nil {
		return nil, fmt.Errorf("cannot attach shared memory: %w", err)
	}
	seg, err := shm.NewSegId(c.X)
	if err == nil {
		err = shm.AttachChecked(c.X, seg, uint32(id), false).Check()
	}
	if err != nil {
		unix.SysvShmDetach(mem)
		return nil, c.Failed("share memory with the server", err)
	}
	return &segment{mem, seg}, nil
}

// giveToServer makes the server's user the owner of the memory where we are
// root: a server of another user may not attach it otherwise. No other user
// may do that, and has no need to.
func giveToServer(c *link.Conn, id int) error {
	uid, err := serverUser(c)
	if err != nil || os.Geteuid() != 0 || uid == 0 {
		return err
	}
	var desc unix.SysvShmDesc
	if _, err := unix.SysvShmCtl(id, unix.IPC_STAT, &desc); err != nil {
		return err
	}
	desc.Perm.Uid = uint32(uid)
	_, err = unix.SysvShmCtl(id, unix.IPC_SET, &desc)
	return err
}

func serverUser(c *link.Conn) (int, error) {
	u, ok := c.Peer().(*net.UnixConn)
	if !ok {
		return 0, fmt.Errorf("the server is on another machine")
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return 0, err
	}
	var cred *unix.Ucred
	var credErr error
	if err := raw.Control(func(fd uintptr) {
		cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil {
		return 0, err
	}
	if credErr != nil {
		return 0, credErr
	}
	return int(cred.Uid), nil
}

// close gives up our side; the server's ends with the connection or by
// shm.Detach.
func (s *segment) close() { unix.SysvShmDetach(s.mem) }
