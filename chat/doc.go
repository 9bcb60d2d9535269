// Package chat is the service on port 2703: the operator and the person write
// to each other while a session lives.
//
// The agent holds a room for each session that has the chat right. A room is
// one list of messages, numbered from 1, to which both sides add; it lives as
// long as the session, over every loss of the network. Several operators have
// a room each. The room of a session that has ended stays for the person alone,
// if there is something in it that they have not read or they have it before
// them: until they close it, for KeepPast at most, and no more than MaxPast of
// them. They read and mark as seen what is there; what they say is refused.
//
// # The protocol
//
// The operator asks
//
//	POST /chat
//	Authorization: Deskside <ticket>
//	Upgrade: deskside-chat
//
// and after 101 both sides send JSON objects, one to a line, each ended by "\n".
// A line is at most MaxLine bytes of valid UTF-8 and complete within 30 s of
// its first byte. Unknown types and unknown or misplaced fields are errors.
// The field "type" says what it is; the operator speaks first, with "join",
// within 10 s.
//
// From the operator:
//
//	join    since             begin; send me every message after number since
//	say     id text           add a message
//	typing  on                I am writing, or no longer; holds for 8 s
//	got     seq               I have every message up to seq
//	seen    seq               and the operator had them in view
//
// From the agent:
//
//	welcome session you peer first last    answers join; first and last are the
//	                                       numbers of the oldest and newest
//	                                       message held, last is 0 for none
//	message seq id from name text time     a message, of either side, in order
//	ack     id seq                         a say that was there already, as seq
//	refused id error                       a say that was not taken
//	typing  from on                        the other side writes
//	marks   from got seen                  how far that side has got and seen
//	state   state until cause error        the session is active, suspended or,
//	                                       to the person alone, ended
//	end     cause error                    the last line: nothing follows
//
// An id is chosen by whoever writes: 1 to 64 characters of letters, digits,
// hyphens and underscores. It makes saying twice harmless: each say is answered by its message, by
// ack if the same text came before under that id, or by refused (conflict if
// another text did). A client keeps what it said until one of these comes, and
// says it again after it joined again with the number of the last message it
// has: so nothing is lost and nothing doubled, wherever the stream broke.
//
// A text is 1 to 8192 bytes of UTF-8 with no control characters but newline
// and tab. A room holds the last 1000 messages; first tells who
// joins with an older number what is gone. It knows the ids of the last 4096 of
// each side, so that what is said again is not doubled although it is gone. Who writes faster than five messages
// a second for long is read more slowly, not refused. A stream that sends what
// cannot be read gets an end with error bad-request. When the session ends or
// is suspended the gate aborts the stream.
//
// The name of each side goes with each message. The operator's is policy's, or
// what the peer claims of itself, marked with "says".
//
// # The person's side
//
// The person's page and terminal speak the same frames on a byte stream, which
// ServePerson serves without a ticket. Sit takes a seat without a stream.
//
// The package shows nothing, stores nothing on disk, and decides nothing about
// who may chat: that is the gate's business.
package chat
