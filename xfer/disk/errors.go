package disk

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"

	"deskside"
)

const (
	AskForAccess = "Ask the person to change the file's permissions, or use another folder."
	LookThere    = "List the folder to see what is there."
)

// Explain turns an error of the file system into a refusal with what to do. The
// text of the system's error is kept, its path is not: it is the agent's own.
func Explain(err error, what, name string) error {
	var known *deskside.Error
	if errors.As(err, &known) {
		return err
	}
	name = Text(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return deskside.Errorf(deskside.CodeNotFound, "there is no %q", name).Hint(LookThere)
	case errors.Is(err, syscall.ENOTEMPTY): // before ErrExist, which it also is
		return Conflict("%q is not empty", name).Hint("Delete it with everything in it, or empty it first.")
	case errors.Is(err, syscall.EXDEV):
		return Conflict("%q is on another disk", name).Hint("Copy it, then delete the first one.")
	case errors.Is(err, fs.ErrExist):
		return Exists(name)
	case errors.Is(err, syscall.EROFS):
		return deskside.Errorf(deskside.CodeNoAccess, "%s %q: the file system there can only be read", what, name).
			Hint("Copy to another place, or mount it for writing.")
	case errors.Is(err, fs.ErrPermission):
		return deskside.Errorf(deskside.CodeNoAccess, "%s %q: the file system refuses it to the user that runs here", what, name).
			Hint(AskForAccess)
	case noSpace(err):
		return deskside.Errorf(deskside.CodeNoSpace, "%s %q: there is no room for it", what, name).
			Hint("Free some room on that disk, then copy again.")
	case errors.Is(err, syscall.ENAMETOOLONG):
		return deskside.Errorf(deskside.CodeBadRequest, "%q is longer than that file system takes", name).Hint("Use a shorter name.")
	case errors.Is(err, syscall.ENOTDIR):
		return deskside.Errorf(deskside.CodeNotFound, "%q is not in a folder", name).Hint(LookThere)
	case strings.Contains(err.Error(), "path escapes from parent"): // os.Root has no exported error for it
		return leaves(name)
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return deskside.Errorf(deskside.CodeInternal, "%s %q: %w", what, name, err)
}

// Exists is the refusal of a name that is taken.
func Exists(name string) error {
	return deskside.Errorf(deskside.CodeExists, "%q exists", Text(name)).Hint("Use another name, or replace it.")
}

// BadRequest is the refusal of what can never be done.
func BadRequest(format string, args ...any) error {
	return deskside.Errorf(deskside.CodeBadRequest, format, args...)
}

// Conflict is the refusal of what the state of a file stands against.
func Conflict(format string, args ...any) *deskside.Error {
	return deskside.Errorf(deskside.CodeConflict, format, args...)
}
