package person

import (
	"fmt"
	"os"

	"deskside"
	"deskside/loopback"
)

// self is this program, as it was when it began. Whoever may write files may
// have put another one under its name since, and that one must never be run.
type self struct {
	path string
	info os.FileInfo
}

// findSelf is called at the start, while the name is still this program's.
func findSelf() (self, error) {
	path, err := os.Executable()
	if err != nil {
		return self{}, err
	}
	info, err := os.Stat(path)
	return self{path, info}, err
}

// program gives a name under which a user can run this program. Where the
// system has a name for the running program itself it is that one; else the
// name it was started under, if there is still the same file.
func (s self) program(u *loopback.User) (string, error) {
	if path := running(u); path != "" {
		return path, nil
	}
	if s.info == nil {
		return "", deskside.Errorf(deskside.CodeNotFound, "the agent does not know its own program")
	}
	now, err := os.Stat(s.path)
	if err != nil {
		return "", fmt.Errorf("find the agent's own program: %w", err)
	}
	if !os.SameFile(now, s.info) {
		return "", deskside.Errorf(deskside.CodeConflict, "%q is another program than the agent that runs", s.path).
			Hint("Start the agent again if it was updated.")
	}
	return s.path, nil
}
