// Package serve is the agent's side of file transfer: it answers the requests of
// package xfer under policy, with the session's rights, and into the audit.
//
// # What is kept out
//
// Every path leads through package xfer/disk, which leaves no root. The right to
// write leaves out what is hidden, that is every name below a root that begins
// with a dot, and what runs by itself or by its name, for it amounts to the right
// to execute; policy may open the one and name some of the other. The agent's own
// files, its program among them, are left out always.
//
// What policy opens is asked again while a transfer lasts, and once more before
// a file gets its name; within a second of a change one that is no longer
// allowed ends, with what had arrived removed.
//
// Every request is in the audit before it is served, and a copy again at its end
// with its size, its hash and the bytes of the body that brought it.
//
// The package does not decide who may ask: that is the gate's, and the roots are
// its caller's.
package serve
