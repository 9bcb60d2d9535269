// Package motion knows what of a picture moves and what is at rest: which areas
// play like a film (Motion), and which were sent approximately and are to be sent
// exactly once they are at rest (Refiner). Areas are in pixels of the viewer's
// screen; times are the caller's. Neither is safe for use by several at once.
package motion
