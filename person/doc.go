// Package person is the person's side of the chat: a page in a browser window
// on the machine that is helped or, where no browser comes up, a terminal
// window. It opens when the person presses Chat on the bar, and by itself when
// an operator writes and no window is there.
//
// All is served by package loopback to the desktop's user alone: to programs of
// theirs on a Unix socket, from New to Close, and to browsers from when one is
// first needed. Browser and terminal run as that user, also when the agent is
// root. Where there is no desk, as on a machine without a screen, no window is
// opened, and the socket serves whoever runs the agent.
//
// # What can be asked
//
// Two WebSockets, each with the page's bearer or over the Unix socket:
//
//	GET /rooms            protocol deskside-rooms
//	GET /chat/{session}   protocol deskside-chat
//
// On /rooms the server sends a JSON object, at once and whenever something
// changed:
//
//	{"you":   "Anne",
//	 "rooms": [{"session", "name", "says", "host", "reason", "state", "until", "ended", "unread"}],
//	 "show":  "<session>"}
//
// There is a room for each session with chat, the oldest first, also for those
// that have ended and hold what the person has still to read or has before them.
// The other side sends {"close": "<session>"} to drop one of these. They are
// dropped as well when the window is closed, unless something in them is unread.
//
// In a room says is true where name is what the operator claims of itself; host
// is always a claim.
// Names and reason are made visible already, but are not escaped for HTML. show
// asks the page to turn to that session: the person pressed Chat on the bar.
//
// /chat/{session} speaks the protocol of package chat, a line to a message, as
// an operator's stream does, and the agent's side takes it as the person's.
//
// That is all: here nobody can answer a question to the person, end a session,
// or reach anything but the chat.
package person
