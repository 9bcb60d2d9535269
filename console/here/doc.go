// Package here is the operator's own files: one folder of this machine that the
// operator chose, as the page shows it beside the far machine's.
//
// Paths begin with a slash at the top of the folder, whatever the system; every
// one is walked through os.Root by package xfer/disk, so that neither a link nor
// a name leads out of the folder. What is taken away is put into a folder at the
// top, Trash, and can be renamed back.
//
// The package copies nothing between machines.
package here
