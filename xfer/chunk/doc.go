// Package chunk cuts files where their content says, so that a byte inserted
// moves one boundary and not all that follow, and lists the pieces with their
// hashes, so that of two files only what differs is sent.
//
// # Where a file is cut
//
// The method is FastCDC (Xia and others, "FastCDC: a Fast and Efficient
// Content-Defined Chunking Approach for Data Deduplication", USENIX ATC 2016),
// with its normalised chunking of level 2. A piece is at least half the
// average long, which need not be looked at, and at most four times it, unless the file ends. Behind the
// minimum each byte b changes the fingerprint, 64 bits that are zero where a
// piece begins:
//
//	fingerprint = fingerprint<<1 + gear[b]
//
// and the piece ends with this byte if the highest bits of the fingerprint are
// zero: two more than the average has (2^k bytes has k) while the piece with
// this byte is shorter than the average, two fewer from there on. gear[b] is the
// first eight bytes, the lowest first, of the BLAKE3 of the one byte b.
//
// The average is 64 KiB for a file of up to 8 GiB and doubles with each
// doubling from there on up to 4 MiB, so that manifest and pieces stay small
// whatever the file.
//
// # A manifest
//
// A manifest lists what somebody has of a file: first what already lies in
// place in the file to be made, then, from another file, what can be copied
// into it. All numbers are big-endian.
//
//	4  "DCM1"
//	4  average length of the pieces
//	8  length of what lies in place
//	36 for each piece: 4 its length, 32 its BLAKE3
//	4  zero: the end
//
// Pieces follow one another without a gap; what lies in place ends where a
// piece ends. The list is refused that has more pieces than can be, lengths out
// of bounds or something behind its end. Whoever writes it may lie about the
// hashes; so a file that was made by it is hashed as a whole.
//
// The package reads no files and compares no files; package xfer does.
package chunk
