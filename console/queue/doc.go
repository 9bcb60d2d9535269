// Package queue keeps what the operator wants copied between this machine and
// far ones, in order, and sees to it that it is.
//
// A job is a file or a folder with everything in it. One job at a time runs for
// each far machine, the first in the list that waits and whose machine has a
// session; so the order that the operator gives is the order in which things
// arrive. Its states:
//
//	           ┌────── the way broke ──────┐
//	           ▼                           │
//	add ──► waiting ──────────────────► running ──► done
//	           ▲ │                      │  │ │
//	    resume │ │ pause          pause │  │ └────► failed ──► retry, replace: waiting
//	           │ ▼                      │  └──────► cancelled ─► retry: waiting
//	         paused ◄───────────────────┘
//
// What has arrived of a job that was paused, cancelled or failed stays where it
// is, and the next run goes on from it: that is the Mover's work. A job that the
// way broke under waits again; after five such breaks without a new byte it has
// failed.
//
// The list is written to a file at every change of state, so it outlives the
// page and the program. What waited or ran when the program ended is paused when
// it begins again: nothing is copied that nobody of this launch asked for.
//
// Of a job with a page the bytes are with a page of the browser, which the Mover is
// given them by. No program that begins again has them, so it has failed then.
//
// The package copies nothing itself, knows no path and asks nobody for rights.
package queue
