// Package eye is the measuring viewer of the bench: one for all servers. It takes
// in every rectangle of every update, says at which moment the picture showed
// something, and counts what came.
//
// It asks each server for what serves it best: Tight with zlib level 1, CopyRect,
// continuous updates where there are some, and otherwise the next update while
// one is read. Time is taken when the last rectangle of an update is decoded.
package eye
