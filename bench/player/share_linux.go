package player

import "golang.org/x/sys/unix"

// share makes memory that an X server of the same user can attach by its ID;
// release takes the ID away, after which it goes with its last user.
func share(size int) (mem []byte, id uint32, release func(), err error) {
	n, err := unix.SysvShmGet(unix.IPC_PRIVATE, size, unix.IPC_CREAT|0o600)
	if err != nil {
		return nil, 0, nil, err
	}
	release = func() { unix.SysvShmCtl(n, unix.IPC_RMID, nil) }
	if mem, err = unix.SysvShmAttach(n, 0, 0); err != nil {
		release()
		return nil, 0, nil, err
	}
	return mem, uint32(n), release, nil
}

func unshare(mem []byte) { unix.SysvShmDetach(mem) }
