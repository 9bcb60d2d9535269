// Package window shows the person before an X server what package panel draws:
// the question in front of everything, the bar and the frame while a session
// lives, and a notice among the windows of other programs. It takes what the
// person presses on them, and tells by the windows of others whether anybody is
// there to ask.
//
// All windows belong to one goroutine, which ends with the connection.
//
// It decides nothing about sessions, and drops nobody's input: desktop.Hold
// does.
package window
