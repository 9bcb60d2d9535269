package loopback

import (
	"cmp"
	"fmt"
	"os"
	"os/user"
	"strconv"
)

// User is a user of this machine, as far as starting a program for them needs.
type User struct {
	UID, GID int
	Groups   []int // further groups
	Name     string
	Full     string // what people call them: the login name where the system has no other
	Home     string
}

// Self is the user this process runs as.
func Self() *User {
	u, err := LookupUser(os.Getuid())
	if err != nil {
		u = &User{UID: os.Getuid(), Name: os.Getenv("USER"), Full: os.Getenv("USER")}
	}
	u.GID = os.Getgid()
	if home, err := os.UserHomeDir(); err == nil {
		u.Home = home
	}
	return u
}

// LookupUser finds a user by number.
func LookupUser(uid int) (*User, error) {
	found, err := user.LookupId(strconv.Itoa(uid))
	if err != nil {
		return nil, fmt.Errorf("user %d: %w", uid, err)
	}
	return known(found)
}

// FindUser finds a user by login name.
func FindUser(name string) (*User, error) {
	found, err := user.Lookup(name)
	if err != nil {
		return nil, fmt.Errorf("user %q: %w", name, err)
	}
	return known(found)
}

func known(found *user.User) (*User, error) {
	uid, err := strconv.Atoi(found.Uid)
	if err != nil {
		return nil, fmt.Errorf("user %q: %q is not a number", found.Username, found.Uid)
	}
	u := &User{UID: uid, Name: found.Username, Full: cmp.Or(found.Name, found.Username), Home: found.HomeDir}
	if u.GID, err = strconv.Atoi(found.Gid); err != nil {
		return nil, fmt.Errorf("user %d: group %q is not a number", uid, found.Gid)
	}
	groups, err := found.GroupIds()
	if err != nil {
		return nil, fmt.Errorf("groups of user %d: %w", uid, err)
	}
	for _, g := range groups {
		if n, err := strconv.Atoi(g); err == nil {
			u.Groups = append(u.Groups, n)
		}
	}
	return u, nil
}

// IsSelf reports whether u is who this process runs as.
func (u *User) IsSelf() bool { return u.UID == os.Getuid() }
