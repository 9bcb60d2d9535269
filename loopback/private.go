package loopback

import (
	"fmt"
	"os"
	"path/filepath"
)

// privateDir makes a directory for the files of a server. Where the server
// serves its own user it is theirs alone, in $XDG_RUNTIME_DIR if there is one.
// Where root serves another user, root owns it and the user may only reach
// into it: a directory the user owned could be swapped for a link under root's
// hands.
func privateDir(u *User) (string, error) {
	parent := ""
	if run := os.Getenv("XDG_RUNTIME_DIR"); u.IsSelf() && filepath.IsAbs(run) {
		if info, err := os.Stat(run); err == nil && info.IsDir() && info.Mode().Perm()&0o077 == 0 {
			parent = run
		}
	}
	dir, err := os.MkdirTemp(parent, "deskside-") // mode 0700
	if err != nil {
		return "", fmt.Errorf("make a private directory: %w", err)
	}
	if u.IsSelf() {
		return dir, nil
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		os.Remove(dir)
		return "", fmt.Errorf("make a private directory: %w", err)
	}
	return dir, nil
}

// writeOwned writes a new file of mode 0600 that belongs to u.
func writeOwned(name, text string, u *User) (err error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(name)
		}
	}()
	if _, err = f.WriteString(text); err != nil {
		return err
	}
	if !u.IsSelf() {
		if err = f.Chown(u.UID, u.GID); err != nil {
			return err
		}
	}
	return f.Close()
}
