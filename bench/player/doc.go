// Package player is the programs that play on the X server which is measured:
// windows that show video, replace a photograph or change at a key, and one that
// is dragged about. Each is a process of its own, an ordinary X client that draws
// with the shared memory extension as video players do.
//
// A player says {"ready":true} on its standard output once its window is there.
// It plays after the line "go", stops after the line "stop" and then says which
// step it drew when. It ends with its standard input.
package player
