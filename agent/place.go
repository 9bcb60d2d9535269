package agent

import (
	"os"

	"deskside"
	"deskside/identity"
)

// checkProgram refuses to run a program that others could change: whoever can
// write where it lies has all that the agent has, at its next start.
func checkProgram() error {
	path, err := os.Executable()
	if err == nil {
		err = identity.CheckUnwritable(path)
	}
	return refusePlace("the agent does not run from where others can write", err)
}

// checkFile refuses a file of the agent's folder that others could change or
// replace.
func checkFile(path string) error {
	return refusePlace("the agent takes nothing from where others can write", identity.CheckUnwritable(path))
}

// refusePlace says what a place is refused for, and keeps what to do.
func refusePlace(what string, err error) error {
	if err == nil {
		return nil
	}
	e := deskside.AsError(err)
	return deskside.Errorf(e.Code, "%s: %s", what, e.Words).Hint("%s", e.Do)
}
