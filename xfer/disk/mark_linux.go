package disk

import (
	"os"

	"golang.org/x/sys/unix"
)

// markAttr is the attribute that holds the mark.
const markAttr = "xdg.origin.url"

func setMark(f *os.File, origin string) {
	_ = unix.Fsetxattr(int(f.Fd()), userAttr+markAttr, []byte(origin), 0)
}
