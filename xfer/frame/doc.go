// Package frame writes and reads the body of a file as records: bytes, packed
// bytes, what the receiver has already, and what is nothing but zeros. It also
// judges whether packing pays.
//
// A body is a row of records, each one byte and what that says, all numbers
// big-endian:
//
//	'd'  4 length, bytes                     the next bytes of the file
//	'z'  4 length, 4 packed length, bytes    the next bytes, as a frame of Zstandard (RFC 8878)
//	'c'  8 offset, 8 length                  the next bytes are what the receiver has there
//	'h'  8 length                            the next bytes are zero
//	'e'  32 hash                             the end: the BLAKE3 of the whole file
//	'f'  4 length, JSON                      the end: why the sender cannot go on
//
// A record brings 1 byte to 1 MiB, packed or not, and a packed one has fewer
// bytes than it brings; a fault has 8 KiB at most. c and h
// bring 1 byte to 128 MiB each, so that whoever ends a transfer need not wait for
// one of them; that all is no more than the file has is not this package's to
// know. Nothing follows the end. Offsets of c are those of the manifest that the receiver
// gave, see package chunk. An unknown kind is refused.
//
// The package does no I/O of its own: it is given a reader and a writer. It
// does not know which file is meant.
package frame
