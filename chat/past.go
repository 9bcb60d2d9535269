package chat

import (
	"slices"
	"time"

	"deskside"
)

// What the operator wrote is there for the person to read also when the session
// ended a moment later, as it does after "deskside chat --message". So a room
// that somebody has still to read, or has before them, stays for the person
// alone: nobody writes in it any more, and operators cannot reach it.

// MaxPast is how many rooms of sessions that have ended are kept, those that
// ended last, and KeepPast how long one is at most.
const (
	MaxPast  = 8
	KeepPast = 12 * time.Hour
)

// retire ends a session's room, and keeps it for the person where there is
// something to read or a page shows it. The lock is held.
func (c *Chat) retire(id deskside.SessionID, end Frame) {
	r := c.rooms[id]
	delete(c.rooms, id)
	if !r.end(end, !c.closed) {
		return
	}
	r.expiry = time.AfterFunc(KeepPast, func() { c.Forget(id) })
	c.past = append(c.past, r)
	if len(c.past) > MaxPast {
		c.forget(c.past[0])
	}
}

// Forget drops the room of a session that has ended: the person closed it. One
// that lives stays.
func (c *Chat) Forget(id deskside.SessionID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.past {
		if r.id() == id {
			c.forget(r)
			return
		}
	}
}

// ForgetRead drops the rooms of all sessions that have ended and of which the
// person has seen everything: they closed the window.
func (c *Chat) ForgetRead() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range slices.Clone(c.past) {
		if r.describe().Unread == 0 {
			c.forget(r)
		}
	}
}

// forget drops a room that was kept. The lock is held.
func (c *Chat) forget(r *room) {
	c.past = slices.DeleteFunc(c.past, func(p *room) bool { return p == r })
	r.expiry.Stop()
	r.close()
	c.watchers.tell()
}

// forPerson finds a session's room, also one that only the person may read; nil
// if there is none.
func (c *Chat) forPerson(id deskside.SessionID) *room {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r, ok := c.rooms[id]; ok {
		return r
	}
	for _, r := range c.past {
		if r.id() == id {
			return r
		}
	}
	return nil
}
