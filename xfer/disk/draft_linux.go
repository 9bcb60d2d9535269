package disk

import (
	"errors"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// nameless makes a file without a name in the folder, nil where the file system
// does not have such files, or for whatever other reason: a file with a name then
// says it. What a program leaves behind that is killed is gone with it.
func (d *Dir) nameless() *os.File {
	if !canLink() {
		return nil
	}
	fd, err := unix.Openat(int(d.f.Fd()), ".", unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil
	}
	return os.NewFile(uintptr(fd), "")
}

// canLink tells whether a file without a name can get one: by its place in
// /proc, which is not there everywhere.
var canLink = sync.OnceValue(func() bool {
	_, err := os.Lstat("/proc/self/fd")
	return err == nil
})

// byProc is set where the system names a file by its descriptor only for those
// with a right of their own (before Linux 6.10), or not at all (utimensat before
// 5.8): then its place in /proc stands for it.
var byProc atomic.Bool

// atFile calls do with what stands for f.
func atFile(f *os.File, do func(dir int, path string, flags int) error) error {
	if !byProc.Load() {
		err := do(int(f.Fd()), "", unix.AT_EMPTY_PATH)
		if !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.EINVAL) {
			return err
		}
		byProc.Store(true)
	}
	return do(unix.AT_FDCWD, "/proc/self/fd/"+strconv.Itoa(int(f.Fd())), unix.AT_SYMLINK_FOLLOW)
}

// link gives a file without a name one that nothing has.
func (d *Dir) link(f *os.File, name string) error {
	return atFile(f, func(dir int, path string, flags int) error {
		return unix.Linkat(dir, path, int(d.f.Fd()), name, flags)
	})
}

// setTime gives the file its time of change.
func (f *Draft) setTime(t time.Time) error {
	if f.tmp != "" {
		return f.dir.setTime(f.tmp, t)
	}
	return atFile(f.F, func(dir int, path string, flags int) error {
		return unix.UtimesNanoAt(dir, path, changedAt(t), flags&^unix.AT_SYMLINK_FOLLOW)
	})
}
