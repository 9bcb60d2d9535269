// Package access decides: who may have a session, with which rights, whether
// the person must be asked, and for how long. Policy is the owner's text,
// Decide is the one function that applies it, and Table is the one record of
// which sessions exist and which tickets open them.
//
// Everything here is a decision over plain data with the time handed in. The
// package does no I/O, holds no clock and no lock, starts no goroutine and
// writes no audit; the agent, which owns a Table, does.
package access
