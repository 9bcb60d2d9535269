package person

import (
	"fmt"
	"os"

	"deskside/loopback"
)

// running names the program in this process, whatever became of its file. The
// kernel shows it to the same user only.
func running(u *loopback.User) string {
	if u != nil && !u.IsSelf() {
		return ""
	}
	path := fmt.Sprintf("/proc/%d/exe", os.Getpid())
	if _, err := os.Stat(path); err != nil { // no /proc
		return ""
	}
	return path
}
