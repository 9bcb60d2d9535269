// Package flow moves a file between the disk and the body of a request, on
// either side: reading and hashing, packing and sending, receiving, writing and
// hashing go on at the same time, each in a goroutine of its own, in buffers of
// 1 MiB that are used again. A file takes eight of them at most, however long it
// is, besides the list of what the receiver has.
//
// A Sender that knows what the receiver has sends no byte that is there: its file
// is read and cut by a Plan while the receiver still lists what it has, and only
// what is to be sent is read a second time. Whether to pack is judged
// on the way. Zeros by the MiB are sent as a hole.
//
// The package decides nothing about who may do what; its step functions are
// called for each record, so that whoever does can end the transfer.
package flow
