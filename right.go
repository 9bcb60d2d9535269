package deskside

import (
	"fmt"
	"strings"
)

// Right is one permission.
type Right uint8

// The rights. Execute and Terminal run programs as the person and so amount
// to every other right; policy and its explanations say so.
const (
	View       Right = iota // see the screen
	Control                 // move the pointer and type
	Clipboard               // exchange clipboard text
	ChatRight               // exchange chat messages
	FilesRead               // list and fetch files
	FilesWrite              // create, change, rename and delete files
	Info                    // read facts about the machine; changes nothing
	Execute                 // run programs, end processes, manage services
	Terminal                // an interactive shell
	Reboot                  // reboot, shut down, log off, lock, restart the agent
	rightCount
)

var rightNames = [rightCount]string{
	"view", "control", "clipboard", "chat", "files-read", "files-write",
	"info", "execute", "terminal", "reboot",
}

// String gives the right's name, "files-read".
func (r Right) String() string {
	if r < rightCount {
		return rightNames[r]
	}
	return fmt.Sprintf("right %d", uint8(r))
}

// ParseRight reads a right's name.
func ParseRight(name string) (Right, error) {
	for i, n := range rightNames {
		if n == name {
			return Right(i), nil
		}
	}
	return 0, fmt.Errorf("unknown right %q: want one of %s", name, strings.Join(rightNames[:], " "))
}

// MarshalText gives the right's name.
func (r Right) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a right's name.
func (r *Right) UnmarshalText(b []byte) (err error) {
	*r, err = ParseRight(string(b))
	return err
}

// Rights is a set of rights.
type Rights uint16

// AllRights is the set of every right.
const AllRights = Rights(1<<rightCount - 1)

// RightsOf makes a set.
func RightsOf(list ...Right) (set Rights) {
	for _, r := range list {
		set |= 1 << r
	}
	return set
}

// Has reports whether the set has r.
func (s Rights) Has(r Right) bool { return s&(1<<r) != 0 }

// With gives the set with r added, Without the set with r taken out.
func (s Rights) With(r Right) Rights    { return s | 1<<r }
func (s Rights) Without(r Right) Rights { return s &^ (1 << r) }

// List gives the rights of the set in the order of their declaration.
func (s Rights) List() []Right {
	list := []Right{}
	for r := range rightCount {
		if s.Has(r) {
			list = append(list, r)
		}
	}
	return list
}

// String gives the names with commas between, "none" for the empty set.
func (s Rights) String() string {
	if s == 0 {
		return "none"
	}
	names := make([]string, 0, rightCount)
	for _, r := range s.List() {
		names = append(names, r.String())
	}
	return strings.Join(names, ",")
}

// ParseRights reads names with commas or spaces between, "all" or "none".
func ParseRights(text string) (set Rights, err error) {
	switch text {
	case "all":
		return AllRights, nil
	case "none", "":
		return 0, nil
	}
	for _, name := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		if name == "all" || name == "none" {
			return 0, fmt.Errorf("rights %q: %q stands alone", text, name)
		}
		r, err := ParseRight(name)
		if err != nil {
			return 0, err
		}
		set = set.With(r)
	}
	return set, nil
}

// MarshalText gives the form of String.
func (s Rights) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the form of String.
func (s *Rights) UnmarshalText(b []byte) (err error) {
	*s, err = ParseRights(string(b))
	return err
}

// Needs gives the rights of which a session must hold at least one for the
// service to open to it. Setup itself needs none.
func (s Service) Needs() Rights {
	return [...]Rights{
		AllRights,
		RightsOf(View, Control),
		RightsOf(ChatRight),
		RightsOf(FilesRead, FilesWrite),
	}[s]
}
