// Package gauge measures where the time of a picture goes between the screen and
// the one who looks at it, and says in words which part of the way is slow.
//
// A Gauge takes in what each update took at every stage, and gives the figures of
// the last two seconds. Judge reads them, together with what the viewer's own
// program measured, and names the slow stage.
//
// A stage's time is that of the wall, and stages of one update may overlap those
// of another: the next picture is captured while the last is sent. What has to
// wait for the path is no one's work, so it is a stage of its own.
//
// The package reads no clock, does no I/O and guards nothing: times and the lock
// are the caller's. It knows nothing of RFB.
package gauge

import (
	"fmt"
	"slices"
	"time"
)

// Stage is a part of a picture's way. The agent measures all but the last.
type Stage uint8

// The stages, in the order in which a picture passes them.
const (
	Capture Stage = iota // the desktop's picture is taken
	Compare              // what of it the viewer lacks is found
	Encode               // that becomes bytes
	Wait                 // until the path has room for them
	Send                 // the stream takes them, and blocks while they do not go out
	Decode               // the viewer's program makes pixels of them
	None                 // no stage is meant

	measured = int(Decode) // the agent's
)

var stageNames = [...]string{"capture", "compare", "encode", "wait", "send", "decode", ""}

// String gives the stage's name, "" for None.
func (s Stage) String() string {
	if int(s) < len(stageNames) {
		return stageNames[s]
	}
	return fmt.Sprintf("stage %d", uint8(s))
}

// MarshalText gives the stage's name.
func (s Stage) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a stage's name.
func (s *Stage) UnmarshalText(b []byte) error {
	i := slices.Index(stageNames[:], string(b))
	if i < 0 {
		return fmt.Errorf("unknown stage %.20q", b)
	}
	*s = Stage(i)
	return nil
}

// Spent is what an update took at each of the agent's stages.
type Spent [measured]time.Duration

// Update is an update that was sent.
type Update struct {
	Spent
	Bytes   int
	Frame   bool // it begins a newer picture, and is no further part of one
	Quality int  // of its photographs, 0 if every pixel is exact
	Rects   int  // all, of which Photos are photographs and Copies copied by the viewer
	Photos  int
	Copies  int
}

const (
	window = 2 * time.Second // that rates are of
	kept   = 512             // updates: about what window has at the highest rate
	few    = 8               // updates that the stages are of at least, however old
)

// sample is an Update as it is kept: times in microseconds.
type sample struct {
	at             time.Duration // since the gauge began
	spent          [measured]uint32
	bytes          uint32
	rects          uint16
	photos, copies uint16
	frame          bool
}

// Gauge measures one viewer's updates. The zero value is ready. It allocates
// nothing but in Report.
type Gauge struct {
	began   time.Time
	ring    [kept]sample
	count   int       // updates ever
	pending Spent     // of the next update
	held    time.Time // since when something waits for the path; zero if nothing does
	quality int
}

// Begin says when the viewer began to look, from when on rates count.
func (g *Gauge) Begin(now time.Time) { g.began = now }

// Spend adds to what the next update took at a stage.
func (g *Gauge) Spend(s Stage, d time.Duration) { g.pending[s] += d }

// Held is told again and again whether something waits for the path to have room.
func (g *Gauge) Held(yes bool, now time.Time) {
	switch {
	case yes && g.held.IsZero():
		g.held = now
	case !yes && !g.held.IsZero():
		g.pending[Wait] += now.Sub(g.held)
		g.held = time.Time{}
	}
}

// Drop forgets what was spent for an update that is not sent, because there was
// nothing in it.
func (g *Gauge) Drop() { g.pending = Spent{} }

// Sent takes in an update that was written, with what was spent for it before.
func (g *Gauge) Sent(u Update, now time.Time) {
	if g.began.IsZero() {
		g.began = now
	}
	s := &g.ring[g.count%kept]
	*s = sample{
		at: now.Sub(g.began), bytes: uint32(min(max(u.Bytes, 0), 1<<32-1)), frame: u.Frame,
		rects: short(u.Rects), photos: short(u.Photos), copies: short(u.Copies),
	}
	for i := range s.spent {
		took := u.Spent[i] + g.pending[i]
		s.spent[i] = uint32(min(max(took.Microseconds(), 0), 1<<32-1))
	}
	g.count++
	g.pending, g.quality = Spent{}, u.Quality
}

func short(n int) uint16 { return uint16(min(max(n, 0), 1<<16-1)) }
