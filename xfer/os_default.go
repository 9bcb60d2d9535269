//go:build !linux && !darwin && !windows

package xfer

import (
	"errors"
	"io/fs"
	"os"
)

var errNotHere = errors.New("file transfer is not here on this system yet")

const (
	openFlags = 0
	drives    = false
)

func sameName(a, b string) bool       { return a == b }
func checkNative(string) error        { return errNotHere }
func noSpace(error) bool              { return false }
func diskSpace(*os.Root) space        { return space{} }
func ours(fs.FileInfo) bool           { return false }
func lock(*os.File) error             { return errNotHere }
func syncDir(*os.Root) error          { return errNotHere }
func readable(*os.File, string) error { return errNotHere }
func move(_, _ *place, _ bool) error  { return errNotHere }
