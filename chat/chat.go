package chat

import (
	"log/slog"
	"maps"
	"slices"
	"sync"

	"deskside"
	"deskside/internal/plain"
)

// Protocol is the name that Upgrade carries.
const Protocol = "deskside-chat"

// Config is what the service needs.
type Config struct {
	Gate deskside.Gate
	Log  *slog.Logger // nil discards

	// Person names who sits at this machine; nil or "" is "the person".
	Person func() string

	// AuditMessages says whether policy wants what is said in the audit; nil
	// is no. That a chat was, and how many messages, is always written.
	AuditMessages func() bool
}

// Chat is the service. It holds the rooms.
type Chat struct {
	cfg      Config
	log      *slog.Logger
	watchers watchers

	mu     sync.Mutex
	closed bool
	rooms  map[deskside.SessionID]*room // of sessions that live
	past   []*room                      // of sessions that have ended, which the person may still read; the oldest end first
	work   sync.WaitGroup               // handlers
}

// New makes the service. It is served until Close.
func New(cfg Config) *Chat {
	c := &Chat{cfg: cfg, log: cfg.Log, rooms: make(map[deskside.SessionID]*room)}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	return c
}

// SetSessions tells the service what sessions there are, each time the
// agent's table changed. A room is there for each that is granted, active or
// suspended and has the chat right; the others end, with the cause of a session
// that is among them as ended.
func (c *Chat) SetSessions(all []deskside.Session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	gone := maps.Clone(c.rooms)
	for _, s := range all {
		if r, ok := c.rooms[s.ID]; ok && s.State != deskside.Ended && s.Rights.Has(deskside.ChatRight) {
			delete(gone, s.ID)
			r.update(s)
			continue
		}
		if _, ok := c.rooms[s.ID]; ok && s.State != deskside.Ended {
			c.retire(s.ID, Frame{Type: End, Error: deskside.Errorf(deskside.CodeNoRight, "policy no longer allows the chat")})
			delete(gone, s.ID)
			continue
		}
		if r, ok := c.rooms[s.ID]; ok {
			r.update(s)
			c.retire(s.ID, Frame{Type: End, Cause: s.Cause})
			delete(gone, s.ID)
			continue
		}
		if !c.closed && s.State != deskside.Asked && s.State != deskside.Ended && s.Rights.Has(deskside.ChatRight) {
			c.rooms[s.ID] = newRoom(c, s)
		}
	}
	for id := range gone {
		c.retire(id, Frame{Type: End})
	}
	c.watchers.tell()
}

// room finds a session's room, or opens it: a stream may be admitted before
// SetSessions tells of its session.
func (c *Chat) room(s deskside.Session) (*room, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || s.State == deskside.Ended {
		return nil, deskside.Errorf(deskside.CodeEnded, "the session has ended")
	}
	r, ok := c.rooms[s.ID]
	if !ok {
		r = newRoom(c, s)
		c.rooms[s.ID] = r
	}
	return r, nil
}

// Sit takes a seat for the person in a session's room. The messages after
// number since come first. The caller must Leave.
func (c *Chat) Sit(id deskside.SessionID, since uint64) (*Seat, error) {
	r := c.forPerson(id)
	if r == nil {
		return nil, deskside.Errorf(deskside.CodeNotFound, "no chat for session %s", id)
	}
	return r.sit(deskside.ByPerson, nil, since)
}

// Room is what can be told of a room from outside.
type Room struct {
	Session deskside.Session
	Unread  int    // the operator's messages that the person has not seen
	Last    uint64 // the number of the newest message, 0 for none
	Pages   int    // seats of the person's
}

// Person is the name of who sits at this machine, as operators see it.
func (c *Chat) Person() string {
	if c.cfg.Person != nil {
		if name := plain.Short(c.cfg.Person(), maxName/4); name != "" {
			return name
		}
	}
	return "the person"
}

// Rooms lists the rooms that the person can read, the oldest session first.
// Those of sessions that have ended have that state.
func (c *Chat) Rooms() []Room {
	c.mu.Lock()
	rooms := append(slices.Collect(maps.Values(c.rooms)), c.past...)
	c.mu.Unlock()
	list := make([]Room, 0, len(rooms))
	for _, r := range rooms {
		list = append(list, r.describe())
	}
	slices.SortFunc(list, func(a, b Room) int { return a.Session.Began.Compare(b.Session.Began) })
	return list
}

func (r *room) describe() Room {
	r.mu.Lock()
	defer r.mu.Unlock()
	d := Room{Session: r.session, Unread: r.unread(), Last: r.last(), Pages: r.pages()}
	if r.ended != nil {
		d.Session.State = deskside.Ended
	}
	return d
}

// Unread counts a session's messages from the operator that the person has not
// seen, for the bar.
func (c *Chat) Unread(id deskside.SessionID) int {
	r := c.forPerson(id)
	if r == nil {
		return 0
	}
	return r.describe().Unread
}

// Watch gives a channel that receives a value after Rooms may have changed; it
// holds one at most. stop ends that.
func (c *Chat) Watch() (changed <-chan struct{}, stop func()) { return c.watchers.add() }

// Close ends all rooms and streams and waits for the handlers.
func (c *Chat) Close() error {
	c.mu.Lock()
	c.closed = true
	for id := range c.rooms {
		c.retire(id, Frame{Type: End, Cause: deskside.CauseShutdown})
	}
	for _, r := range slices.Clone(c.past) {
		c.forget(r)
	}
	c.mu.Unlock()
	c.work.Wait()
	return nil
}

// enter counts a handler in, unless the service is closed.
func (c *Chat) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.work.Add(1)
	}
	return !c.closed
}

// watchers are the channels to tell of changes.
type watchers struct {
	mu  sync.Mutex
	all map[chan struct{}]struct{}
}

func (w *watchers) add() (<-chan struct{}, func()) {
	ch := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all == nil {
		w.all = make(map[chan struct{}]struct{})
	}
	w.all[ch] = struct{}{}
	return ch, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.all, ch)
	}
}

func (w *watchers) tell() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for ch := range w.all {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}
