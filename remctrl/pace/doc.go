// Package pace finds what the path to a viewer carries: how many bytes may be
// under way to it at a time (Pace), and in which quality photographs keep up
// (Carry). Both learn from when things arrived, as the caller tells; they have no
// clock and no goroutine, and are not safe for use by several at once.
package pace
