package disk

import (
	"os"

	"golang.org/x/sys/unix"
)

func setMark(f *os.File, origin string) {
	_ = unix.Fsetxattr(int(f.Fd()), userAttr+"xdg.origin.url", []byte(origin), 0)
}
