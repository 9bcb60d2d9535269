// Package disk is the file system as both ends of a file transfer use it: a walk
// to a file that no link leads astray, files that leave and files that arrive,
// whole or not at all.
//
// # How a file arrives
//
// On either side it goes to a hidden file of its folder, readable to its owner
// alone. Its length and hash are checked; permissions and time are set, without
// set-user-ID and the like; it is written through to the disk; then it gets its
// name in one step, which fails if the name is taken, unless the file there is
// to be replaced. On Linux a large one is written past the page cache, as far as
// the file system does that. What was interrupted stays for a day, for the same operator
// to go on with: its name is made from the operator's key and the file's name,
// size and time. What was wrong is removed at once, and so is what found the disk
// full; a file for which there is no room is refused before its first byte where
// the system tells (not on Windows), with a twentieth of the disk, 64 MiB at most,
// left over.
//
// A file of a tree (Draft) is not gone on with, and needs no name until it is
// whole: on Linux it has none, on most file systems, and goes when the program is
// killed; elsewhere it has a hidden one. Those that are left, and transfers that
// nobody went on with for a day, are taken away when something arrives in the folder
// again, on either side.
//
// # The way to a file
//
// Everything goes through os.Root, one folder at a time, so that no link and
// no exchange of folders leads out of a root; links within it are followed for
// reading and on the way. Only plain files are opened.
//
// The package knows nothing of policy, rights or the wire.
package disk
