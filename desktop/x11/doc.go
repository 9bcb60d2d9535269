// Package x11 is the desktop of an X server: its picture by MIT-SHM and
// DAMAGE, the pointer's picture by XFIXES, the screens by RANDR, input by
// XTEST and XKB, the clipboard as an ICCCM selection, and the questions to the
// person as windows of its own. Its parts that stand by themselves are below:
// link, the connection; keyboard, the map of the keys; window, what the person
// sees of Deskside.
//
// A Desktop holds four connections to the server, one for each of picture,
// input, clipboard and person, so that none of them waits for another. Each
// connection has one goroutine that takes every event the server sends; Close
// waits for all of them.
//
// What a server lacks is made up for where that is possible: without MIT-SHM
// pictures travel through the connection, without DAMAGE the picture is compared
// in time, without XFIXES too and the pointer is an arrow and nothing says that
// the person copied something, without RANDR the whole picture is one screen,
// without XKB a keyboard has one group of two levels. A server that says what it
// draws is checked once a second while somebody watches; one that is found to
// have kept something back, as some drivers and compositors do, is compared in
// time until it has told everything for half a minute. A server that ends, or
// whose connection breaks, gives desktop.ErrLost from then on.
//
// It does not find displays, does not decide who may look or type, and drops
// no input while a question is open: desktop.Hold does.
package x11
