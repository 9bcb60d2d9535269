package pace

import "time"

// Carry finds the quality of photographs that the path can carry: where it is
// full for much of the time between two pictures it is lowered, and raised again
// where it is not.
type Carry struct {
	less    int           // taken off the viewer's quality
	full    bool          // the path is
	since   time.Time     // when it became so, or was last counted
	waited  time.Duration // for the path, since the last picture
	changed time.Time     // when less was
}

const (
	tooLong      = 25 * time.Millisecond // to wait for the path in the time of a picture
	lowerAfter   = 200 * time.Millisecond
	raiseAfter   = time.Second
	lowerBy      = 12
	raiseBy      = 6
	leastQuality = 25 // unless the viewer's is lower
)

// Note is told again and again whether something waits for the path.
func (c *Carry) Note(full bool, now time.Time) {
	if c.full {
		c.waited += now.Sub(c.since)
	}
	c.full, c.since = full, now
}

// Quality gives what is right for the next picture; asked is what the viewer
// allows, 0 if nothing but exact pixels. It is not raised while exact pixels are
// owed, which then have the room.
func (c *Carry) Quality(asked int, owed bool, now time.Time) int {
	waited := c.waited
	c.waited = 0
	least := min(asked, leastQuality)
	switch since := now.Sub(c.changed); {
	case asked == 0:
		c.less = 0
	case waited >= tooLong && since >= lowerAfter:
		c.less, c.changed = min(c.less+lowerBy, asked-least), now
	case waited < tooLong && c.less > 0 && since >= raiseAfter && !owed:
		c.less, c.changed = max(c.less-raiseBy, 0), now
	}
	return max(asked-c.less, least)
}
