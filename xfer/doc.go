// Package xfer copies files between an operator and an agent: the service on
// 2704 and the operator's side of it. Its promise is never half and never
// wrong: a file has its name only when all of its bytes are there, and their
// hash is the sender's.
//
// # The protocol
//
// The operator asks, the agent answers, by HTTP on a stream with a ticket as
// package wire has it. What is asked is in the query, because a name may hold
// bytes that JSON cannot; every field at most once, an unknown one is refused.
//
//	GET    /roots                                          the folders policy opens
//	GET    /list    path after limit                       a page of a folder
//	GET    /stat    path follow                            one entry
//	GET    /file    path offset prefix size mtime          a file's bytes
//	GET    /partial path size mtime                        how much of it has arrived
//	PUT    /file    path size mtime mode offset prefix replace
//	POST   /folder  path mode                              make a folder
//	POST   /rename  path to replace
//	DELETE /file    path tree
//
// The answers are JSON (a list of Root, a Page, an Entry, {"offset": n}, a
// Receipt, {}) but for a file's bytes, which come after the headers
// Deskside-Size, Deskside-Mtime and Deskside-Mode. Bodies of bytes are chunked
// in both directions and end in a trailer: Deskside-Hash, the BLAKE3 of the
// whole file, or Deskside-Fault, an Error as JSON, where the sender could not go
// on, as when the file changed while it was read. A body without the hash is
// not accepted.
//
// A path is absolute in the agent's own form with slashes, or relative to the
// first root: "/home/ann/docs/x", "C:/Users/Ann/x", "docs/x". It may have 4096
// bytes, 255 in a name and 200 folders, and holds neither "..", a backslash nor
// NUL. A side on Windows refuses the names that are devices there, end in a dot or
// a space, hold a colon or another character that Windows does not take, or may be
// the short form of another name; no other side does.
//
// offset says that the receiver has that many bytes, and prefix is their hash.
// A sender whose own bytes hash otherwise answers with the code conflict, and
// the transfer begins again. size and mtime of a get say which file was meant.
//
// Refusals: bad-request, denied (outside the roots, read only, hidden, a start-up
// file, the agent's own), no-right, not-found, exists, conflict (changed, damaged, not
// empty), no-access and no-space from the file system, no-audit, and those of
// the ticket. A body that stands still for a minute is ended.
//
// # How a file arrives
//
// On either side it goes to a hidden file of its folder, readable to its owner
// alone. Its length and hash are checked; permissions and time are set, without
// set-user-ID and the like; it is written through to the disk; then it gets its
// name in one step, which fails if the name is taken, unless the file there is
// to be replaced. What was interrupted stays for a day, for the same operator
// to go on with: its name is made from the operator's key and the file's name,
// size and time. What was wrong is removed at once, and so is what found the disk
// full; a file for which there is no room is refused before its first byte where
// the system tells (not on Windows), with a twentieth of the disk, 64 MiB at most,
// left over.
//
// # What is kept out
//
// Everything goes through os.Root, one folder at a time, so that no link and
// no exchange of folders leads out of a root; links within it are followed for
// reading and on the way. Only plain files are opened. The right to write
// leaves out what is hidden, that is every name below a root that begins with a
// dot, and what runs by itself or by its name, for it amounts to the right to
// execute; policy may open the one and name some of the other. The agent's own
// files, its program among them, are left out always.
//
// What policy opens is asked again while a transfer lasts, and once more before
// a file gets its name; within a second of a change one that is no longer
// allowed ends, with what had arrived removed.
//
// Every request is in the audit before it is served, and a copy again at its end
// with its size and hash.
//
// The package does not follow whole trees at speed, send differences, compress,
// or keep owners, extended attributes or links.
package xfer
