// Package scene makes what the players of the bench show: photographs, noisy
// video, the path of a dragged window, and the markers by which a viewer knows
// which frame it sees. All of it follows from numbers alone, so that the player
// that draws a frame and the viewer that checks it make the same pixels in two
// processes, on every machine.
//
// It draws on pictures in memory and knows nothing of X servers.
package scene
