// Package link is a connection to an X server, and what every part of the X11
// desktop asks of one: the extensions it has, the arrangement of its screens,
// and how it stores pixels.
//
// It stands between xgb and the server for what xgb keeps for a whole process:
// cookies, and the numbers of events and errors. So many connections to
// several servers can live in one process, each with its own cookie, opened and
// closed while others are in use.
//
// Each connection has one goroutine that takes every event the server sends,
// from Run to Close. A connection that broke gives desktop.ErrLost.
//
// It finds no displays by itself, shows nothing and presses nothing.
package link
