// Package stage brings up what is measured: an X server, a VNC server that shows
// it (ours as the two processes that it really is), and the programs that play on
// it. It says how much of the processor each of them has used, and how much the
// rest of the machine.
//
// Every program is started in a process group of its own, ended with the stage,
// and dies with the bench; nothing else is ever ended. All of it listens on
// loopback alone, on ports and displays that were free.
package stage
