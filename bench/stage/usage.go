package stage

import (
	"time"

	"deskside/bench/troupe"
)

// Usage is processor time up to a moment, or between two.
type Usage struct {
	At      time.Time     // when it was taken
	For     time.Duration // between two
	Server  time.Duration // the VNC server; ours is the agent
	X       time.Duration // the X server, unless it is the VNC server itself
	Relay   time.Duration // the operator's deskside vnc
	Viewer  time.Duration // the bench's own process, which views and decodes
	Bench   time.Duration // all that the bench started, and itself
	Machine time.Duration // all of the machine's cores
}

// Usage reads the clocks.
func (s *Stage) Usage() Usage {
	u := Usage{At: time.Now(), Machine: troupe.Machine(), Viewer: troupe.Bench()}
	u.Server, u.X, u.Relay = s.server.Used(), s.x.Used(), s.relay.Used()
	u.Bench = troupe.All()
	return u
}

// Since gives what was used from u to v.
func (v Usage) Since(u Usage) Usage {
	return Usage{
		At: v.At, For: v.At.Sub(u.At),
		Server: v.Server - u.Server, X: v.X - u.X, Relay: v.Relay - u.Relay, Viewer: v.Viewer - u.Viewer,
		Bench: v.Bench - u.Bench, Machine: v.Machine - u.Machine,
	}
}

// Percent gives a part of the time as percent of one core.
func (u Usage) Percent(d time.Duration) float64 { return 100 * d.Seconds() / u.For.Seconds() }

// Others gives what the rest of the machine used, in percent of one core. What
// the virtual machine's host took counts as well.
func (u Usage) Others() float64 { return max(u.Percent(u.Machine-u.Bench), 0) }

// Memory is resident memory, in bytes.
type Memory struct{ Server, Relay int64 }

// Memory reads what the servers hold now.
func (s *Stage) Memory() Memory { return Memory{s.server.Resident(), s.relay.Resident()} }
