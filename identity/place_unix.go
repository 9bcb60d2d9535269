//go:build unix

package identity

import (
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// ownedAlone refuses what belongs to another user or gives others any right.
func ownedAlone(path string, info fs.FileInfo) error {
	if err := ownedHere(path, info); err != nil {
		return err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return unsafePlace("Run: chmod go-rwx "+quote(path), "%q is open to others (mode %04o)", path, mode)
	}
	return nil
}

// notReplaceable refuses a directory in which others could put another file in
// place of ours. The sticky bit of /tmp prevents that.
func notReplaceable(dir string, info fs.FileInfo) error {
	if err := ownedHere(dir, info); err != nil {
		return err
	}
	if mode := info.Mode(); mode.Perm()&0o022 != 0 && mode&fs.ModeSticky == 0 {
		return unsafePlace("Run: chmod go-w "+quote(dir), "others may write in %q (mode %04o), and so replace what is in it", dir, mode.Perm())
	}
	return nil
}

// unchangeable refuses what belongs to another user, or gives others the right to
// change it.
func unchangeable(path string, info fs.FileInfo) error {
	if err := ownedHere(path, info); err != nil {
		return err
	}
	if othersWrite(info) {
		return unsafePlace("See whether somebody has changed it. Then run: chmod go-w "+quote(path),
			"others may write to %q (mode %04o)", path, info.Mode().Perm())
	}
	return nil
}

// holdsStill refuses a directory as notReplaceable does, but for a group of the
// owner's own.
func holdsStill(dir string, info fs.FileInfo) error {
	if info.Mode()&fs.ModeSticky != 0 || !othersWrite(info) {
		return ownedHere(dir, info)
	}
	return notReplaceable(dir, info)
}

// othersWrite reports whether others than the owner, and the owner's own group,
// may write.
func othersWrite(info fs.FileInfo) bool {
	mode := info.Mode().Perm() & 0o022
	stat, ok := info.Sys().(*syscall.Stat_t)
	return mode&0o002 != 0 || mode != 0 && !(ok && ownGroup(stat.Uid, stat.Gid))
}

// ownGroup reports whether a group is the user's own: their first one, and of
// their name.
func ownGroup(uid, gid uint32) bool {
	u, err := user.LookupId(strconv.Itoa(int(uid)))
	if err != nil || u.Gid != strconv.Itoa(int(gid)) {
		return false
	}
	g, err := user.LookupGroupId(u.Gid)
	return err == nil && g.Name == u.Username
}

// ownedHere refuses what belongs to neither this user nor the administrator.
func ownedHere(path string, info fs.FileInfo) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if ok && int(stat.Uid) != os.Geteuid() && stat.Uid != 0 {
		return unsafePlace("Choose a place of your own, or give it to this user with chown.",
			"%q belongs to user %d, not to user %d who runs this", path, stat.Uid, os.Geteuid())
	}
	return nil
}

// quote makes path one word for a shell.
func quote(path string) string {
	out := "'"
	for _, r := range path {
		if r == '\'' {
			out += `'\'`
		}
		out += string(r)
	}
	return out + "'"
}
