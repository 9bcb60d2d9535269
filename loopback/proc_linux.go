package loopback

import (
	"os"
	"strings"
	"syscall"
)

var usualDirs = []string{"/usr/local/bin", "/usr/bin", "/bin", "/snap/bin"}

// procAttr makes a process of the user's in a group of its own.
func procAttr(u *User) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if u.IsSelf() {
		return attr
	}
	attr.Credential = &syscall.Credential{Uid: uint32(u.UID), Gid: uint32(u.GID)}
	for _, g := range u.Groups {
		attr.Credential.Groups = append(attr.Credential.Groups, uint32(g))
	}
	return attr
}

// endGroup ends a process and all of its group.
func endGroup(p *os.Process, hard bool) {
	sig := syscall.SIGTERM
	if hard {
		sig = syscall.SIGKILL
	}
	syscall.Kill(-p.Pid, sig)
}

// hasDisplay reports whether an environment names a display for windows. Of
// two settings the last counts.
func hasDisplay(env []string) bool {
	last := make(map[string]string)
	for _, kv := range env {
		name, value, _ := strings.Cut(kv, "=")
		last[name] = value
	}
	return last["DISPLAY"] != "" || last["WAYLAND_DISPLAY"] != ""
}
