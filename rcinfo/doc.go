// Package rcinfo is service 2701: session setup and verify. It holds the
// messages, the agent's handler, and the client's half.
//
// Everything is JSON over HTTP/1.1 on an authenticated stream (package wire).
// The peer's key is proved before the first byte is read.
//
//	GET  /hello            who is there. A key that policy does not name learns the agent's ID and
//	                       the protocol version, nothing else.
//	POST /session          Setup -> a sequence of Progress, one a line, the last with Answer or Error.
//	                       While the person is asked the request stays open; ending it withdraws the
//	                       question. A repeat, with the same request ID, gets the same answer,
//	                       if the person was asked or a session begun.
//	POST /meet             Upgrade deskside-meet: a first meeting with six digits, below.
//	GET  /session          with ticket: the session as it stands, and its open streams.
//	POST /session/control  with ticket, Upgrade deskside-control: the control stream, below.
//	POST /session/resume   Resume -> Answer with new tickets, for a suspended session of the same key.
//	DELETE /session        with ticket: ends the session -> Ended.
//	GET  /ended?session=ID why a session of the same key ended -> Ended, for ten minutes.
//	GET  /sessions         the sessions that are open -> []deskside.Session; of other operators' only
//	                       name, key, state, rights and when they began.
//
// A first meeting is lines of JSON on the upgraded stream. The client sends
// Commit; the agent answers Nonce; the client sends Reveal with its Setup;
// both compute the digits (package identity). The agent then asks the person,
// who types what the operator reads out, and sends Progress as for /session.
// A wrong number ends the meeting; there is no second try on one stream, and a
// meeting repeats no other.
//
// The control stream is lines of JSON both ways, at most 4 KiB each to the agent
// and 64 KiB from it. Either side sends {"do":"beat"} every five seconds. The
// agent sends {"do":"session"} with the session whenever it changed, and
// {"do":"end"} with Ended as its last words. The client sends {"do":"end"} to end
// the session. A stream that breaks without an end, or is silent for 15 seconds,
// suspends the session.
//
// Bodies have at most 64 KiB; names and the reason at most MaxText bytes.
package rcinfo
