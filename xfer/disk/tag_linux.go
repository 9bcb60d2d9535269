package disk

import (
	"io/fs"
	"syscall"
)

// changed tells of a file what no program sets at will: which one it is, and when
// it last changed in any way.
func changed(info fs.FileInfo) []uint64 {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	return []uint64{uint64(st.Dev), st.Ino, uint64(st.Ctim.Sec), uint64(st.Ctim.Nsec)}
}
