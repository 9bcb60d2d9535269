package chat

import (
	"crypto/sha256"
	"slices"
	"strconv"
	"sync"
	"time"

	"deskside"
	"deskside/internal/plain"
)

// MaxHistory is how many messages a room holds.
const MaxHistory = 1000

// maxKnown is how many of its own messages a side can say again without saying
// them twice, beyond what the room holds. A client keeps far fewer unanswered.
const maxKnown = 4096

// maxSeats is how many may sit in a room at once, the person's pages included.
const maxSeats = 16

// room is the conversation of one session.
//
// A pass may take the agent's locks, and the agent may call SetSessions with
// its locks held. So a pass is never asked with mu held, only with saying.
type room struct {
	chat   *Chat
	saying sync.Mutex // held over checking, recording and adding a message; before mu

	mu        sync.Mutex
	session   deskside.Session
	pass      deskside.Pass // the last operator's to join, nil before the first
	first     uint64        // the number of messages[0]
	messages  []Frame
	known     map[saidBy]known
	order     [2][]string // what each side's messages in known are called, oldest first
	said      [2]int      // messages ever, by each side
	reached   [2]reach    // what each side has got and seen
	seats     map[*Seat]struct{}
	ended     *Frame  // the last word; the person's seats hear it once the room is over
	over      bool    // ended, and nobody may sit here any more
	unwritten []Frame // the person's messages that wait for a pass to write them to the audit

	expiry *time.Timer // of a room that is kept; guarded by the chat's mu
}

// saidBy is under what a message is known to whoever said it.
type saidBy struct {
	from deskside.Side
	id   string
}

// known is what is kept of a message to know it again, longer than the message.
type known struct {
	seq  uint64
	text [sha256.Size]byte
}

// reach is how far a side is in the messages.
type reach struct{ got, seen uint64 }

func newRoom(c *Chat, s deskside.Session) *room {
	return &room{chat: c, session: s, first: 1, known: make(map[saidBy]known), seats: make(map[*Seat]struct{})}
}

// index gives a side's place in the room's pairs.
func index(side deskside.Side) int {
	if side == deskside.ByOperator {
		return 0
	}
	return 1
}

func other(side deskside.Side) deskside.Side {
	if side == deskside.ByOperator {
		return deskside.ByPerson
	}
	return deskside.ByOperator
}

// last is the number of the newest message. The lock is held.
func (r *room) last() uint64 { return r.first + uint64(len(r.messages)) - 1 }

// name gives a side's name as it is shown. The lock is held.
func (r *room) name(side deskside.Side) string {
	if side == deskside.ByOperator {
		return plain.Short(r.session.Operator.Title(), maxName/4)
	}
	return r.chat.Person()
}

// say adds a message and tells all seats, or answers the one who said it.
func (r *room) say(s *Seat, id, text string) {
	r.saying.Lock()
	defer r.saying.Unlock()
	if reply, done := r.saidBefore(s, id, text); done {
		s.reply(reply)
		return
	}
	r.mu.Lock()
	m := Frame{Type: Message, Seq: r.last() + 1, ID: id, From: s.side, Name: r.name(s.side), Text: text, Time: time.Now().UTC()}
	pass := s.pass
	if s.side == deskside.ByPerson {
		pass = r.pass
	}
	r.mu.Unlock()
	if err := r.write(pass, m); err != nil {
		s.reply(Frame{Type: Refused, ID: id, Error: deskside.AsError(err)})
		return
	}
	r.add(m)
}

// saidBefore gives the answer to a message that is not new or not possible.
func (r *room) saidBefore(s *Seat, id, text string) (reply Frame, done bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before, said := r.known[saidBy{s.side, id}]
	switch {
	case said && before.text == sha256.Sum256([]byte(text)):
		return Frame{Type: Ack, ID: id, Seq: before.seq}, true
	case said:
		return Frame{Type: Refused, ID: id, Error: deskside.Errorf(deskside.CodeConflict,
			"message %q was said with another text", id)}, true
	case r.ended != nil:
		return Frame{Type: Refused, ID: id, Error: deskside.Errorf(deskside.CodeEnded, "the session has ended")}, true
	}
	return Frame{}, false
}

// write puts a message into the audit, if policy wants that. What the person
// says while no operator is there waits until one joins, and so is written
// before anyone gets it.
func (r *room) write(pass deskside.Pass, m Frame) error {
	if r.chat.cfg.AuditMessages == nil || !r.chat.cfg.AuditMessages() {
		return nil
	}
	if m.From == deskside.ByPerson && (pass == nil || isDone(pass)) {
		r.mu.Lock()
		r.unwritten = append(r.unwritten, m)
		r.unwritten = r.unwritten[max(0, len(r.unwritten)-MaxHistory):]
		r.mu.Unlock()
		return nil
	}
	return pass.Record(messageEvent(m))
}

func isDone(pass deskside.Pass) bool {
	select {
	case <-pass.Done():
		return true
	default:
		return false
	}
}

func messageEvent(m Frame) deskside.Event {
	return deskside.Event{Kind: deskside.EventChatMessage, Detail: map[string]string{
		"seq": strconv.FormatUint(m.Seq, 10), "id": m.ID, "from": string(m.From), "name": m.Name, "text": m.Text,
	}}
}

// add appends the message, which say has numbered, and wakes the seats.
func (r *room) add(m Frame) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.messages = append(r.messages, m)
	r.know(m)
	r.said[index(m.From)]++
	if len(r.messages) > MaxHistory {
		r.messages = slices.Delete(r.messages, 0, 1)
		r.first++
	}
	r.wake()
}

// know keeps what saidBefore needs of a message. The lock is held.
func (r *room) know(m Frame) {
	r.known[saidBy{m.From, m.ID}] = known{m.Seq, sha256.Sum256([]byte(m.Text))}
	mine := &r.order[index(m.From)]
	*mine = append(*mine, m.ID)
	if len(*mine) > maxKnown {
		delete(r.known, saidBy{m.From, (*mine)[0]})
		*mine = (*mine)[1:]
	}
}

// reach notes how far a side is; never backwards, never past the last message.
func (r *room) reach(side deskside.Side, got, seen uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := &r.reached[index(side)]
	next := reach{got: min(max(now.got, got, seen), r.last()), seen: min(max(now.seen, seen), r.last())}
	if next == *now {
		return
	}
	*now = next
	for s := range r.seats {
		s.marks[index(side)] = true
	}
	r.wake()
}

// typing tells the other side's seats.
func (r *room) typing(from *Seat, on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	from.types = on
	for s := range r.seats {
		if s.side != from.side {
			s.typing = &Frame{Type: Typing, From: from.side, On: on}
		}
	}
	r.wake()
}

// update takes the session as it stands now.
func (r *room) update(s deskside.Session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.session.State != s.State || !r.session.Until.Equal(s.Until) {
		for seat := range r.seats {
			seat.state = true
		}
	}
	r.session = s
	r.wake()
}

// end says the last word to the operator's seats and, unless the room is to be
// kept for them and the person has not read all of it or has it before them, to
// the person's. It reports whether the room is kept.
func (r *room) end(last Frame, keep bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended, r.over = &last, !keep || r.unread() == 0 && r.pages() == 0
	if r.session.Ended.IsZero() {
		r.session.Ended = time.Now().UTC()
	}
	for s := range r.seats {
		s.state = true
	}
	r.wake()
	return !r.over
}

// close says the last word to the person's seats as well.
func (r *room) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over = true
	r.wake()
}

func (r *room) id() deskside.SessionID {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.session.ID
}

// pages counts the person's seats. The lock is held.
func (r *room) pages() (n int) {
	for s := range r.seats {
		if s.side == deskside.ByPerson {
			n++
		}
	}
	return n
}

// wake makes every Next look again, and tells who watches. The lock is held.
func (r *room) wake() {
	for s := range r.seats {
		s.nudge()
	}
	r.chat.watchers.tell()
}

// unread counts the operator's messages that the person has not seen. The lock
// is held.
func (r *room) unread() (n int) {
	for _, m := range r.messages {
		if m.From == deskside.ByOperator && m.Seq > r.reached[index(deskside.ByPerson)].seen {
			n++
		}
	}
	return n
}
