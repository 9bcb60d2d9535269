// Package stage brings up what the picture bench measures: an X server, a VNC
// server that shows it (ours as the two processes that it really is), and the
// programs that play on it, each by package troupe. All of it listens on loopback
// alone, on ports and displays that were free.
package stage
