package xfer

import (
	"errors"

	"deskside/xfer/disk"

	"deskside"
)

// here gives an error of a file on the operator's side with what to do on that
// machine. What the agent said stays as it is.
func here(err error) error {
	var known *deskside.Error
	if !errors.As(err, &known) || known.By != "" || errors.As(err, new(*disk.BrokenError)) {
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
	case disk.AskForAccess:
		mine.Do = "Change its permissions on this machine, or use another folder."
	case disk.LookThere:
		mine.Do = "Look into that folder on this machine."
	}
	return &mine
}
