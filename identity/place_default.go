//go:build !unix

package identity

import "io/fs"

// On other systems access lists decide, which the user's profile directory
// inherits; modes say nothing there.
func ownedAlone(string, fs.FileInfo) error     { return nil }
func notReplaceable(string, fs.FileInfo) error { return nil }
func unchangeable(string, fs.FileInfo) error   { return nil }
func holdsStill(string, fs.FileInfo) error     { return nil }
