package xfer

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"

	"deskside"
)

const (
	askForAccess = "Ask the person to change the file's permissions, or use another folder."
	lookThere    = "List the folder to see what is there."
)

// here gives an error of a file on the operator's side with what to do on that
// machine. What the agent said stays as it is.
func here(err error) error {
	var known *deskside.Error
	if !errors.As(err, &known) || known.By != "" || errors.As(err, new(*brokenError)) {
		return err
	}
	mine := *known
	switch known.Code {
	case deskside.CodeNoAccess, deskside.CodeNotFound, deskside.CodeNoSpace:
		mine.Words = "on this machine: " + known.Words
	default:
		return err
	}
	switch known.Do {
	case askForAccess:
		mine.Do = "Change its permissions on this machine, or use another folder."
	case lookThere:
		mine.Do = "Look into that folder on this machine."
	}
	return &mine
}

// explain turns an error of the file system into a refusal with what to do. The
// text of the system's error is kept, its path is not: it is the agent's own.
func explain(err error, what, name string) error {
	var known *deskside.Error
	if errors.As(err, &known) {
		return err
	}
	name = textOf(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return deskside.Errorf(deskside.CodeNotFound, "there is no %q", name).Hint(lookThere)
	case errors.Is(err, syscall.ENOTEMPTY): // before ErrExist, which it also is
		return conflict("%q is not empty", name).Hint("Delete it with everything in it, or empty it first.")
	case errors.Is(err, syscall.EXDEV):
		return conflict("%q is on another disk", name).Hint("Copy it, then delete the first one.")
	case errors.Is(err, fs.ErrExist):
		return exists(name)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return deskside.Errorf(deskside.CodeNoAccess, "%s %q: the file system refuses it to the user that runs here", what, name).
			Hint(askForAccess)
	case noSpace(err):
		return deskside.Errorf(deskside.CodeNoSpace, "%s %q: there is no room for it", what, name).
			Hint("Free some room on that disk, then copy again.")
	case errors.Is(err, syscall.ENAMETOOLONG):
		return deskside.Errorf(deskside.CodeBadRequest, "%q is longer than that file system takes", name).Hint("Use a shorter name.")
	case errors.Is(err, syscall.ENOTDIR):
		return deskside.Errorf(deskside.CodeNotFound, "%q is not in a folder", name).Hint(lookThere)
	case strings.Contains(err.Error(), "path escapes from parent"): // os.Root has no exported error for it
		return leaves(name)
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return deskside.Errorf(deskside.CodeInternal, "%s %q: %w", what, name, err)
}

func exists(name string) error {
	return deskside.Errorf(deskside.CodeExists, "%q exists", textOf(name)).Hint("Use another name, or replace it.")
}

func badRequest(format string, args ...any) error {
	return deskside.Errorf(deskside.CodeBadRequest, format, args...)
}

func conflict(format string, args ...any) *deskside.Error {
	return deskside.Errorf(deskside.CodeConflict, format, args...)
}
