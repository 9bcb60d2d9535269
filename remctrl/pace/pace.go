package pace

import (
	"encoding/binary"
	"time"
)

// Pace bounds what is under way to a viewer: as much as the path holds, and a
// little queue so that it never runs dry. It knows the path by when updates
// arrived, of which a fence behind each tells, or the request for the next one:
//
//	trip   the least time an update took to arrive and be heard of
//	rate   the most bytes that arrived in a second of late
//	room   rate * (trip + slack) - what is under way
//
// This is the idea of BBR, one floor up: what the kernel or QUIC holds back
// counts as path, and so does a viewer that is slow to decode. One update has at
// most what the path carries in slack, so that what is newer waits for no more
// than that. Times are the caller's.
type Pace struct {
	Single bool // each update is asked for

	names [4 * maxAway]string // of fences
	next  uint32
	away  []mark
	bytes int // of all that is away
	loose int // bytes sent without a fence, which the next one is to count

	begun  mark
	entry  time.Time     // when the path has taken in all that was sent
	haste  time.Duration // of queue besides, while the rate still grows
	rounds int           // without growth

	arrived   int       // bytes, ever
	arrivedAt time.Time // the last of them

	rate   [2]float64 // bytes a second: the best of this window and of the last
	window time.Time  // when this one began
	best   float64    // when the rate last grew by a quarter
	round  uint32     // the number of which the return ends the present round

	trip   time.Duration
	tripAt time.Time     // when the path last was as quick
	last   time.Duration // what the last update took
	doubt  bool          // it is to be found anew, by what is sent once nothing is away
}

// mark is an update that is under way.
type mark struct {
	number  uint32
	bytes   int
	began   time.Time
	at      time.Time // written
	arrived int       // bytes, before it began
	since   time.Time // when they had
	full    bool      // it took what room there was, so it shows what the path can
	trial   bool      // nothing else was under way, to find the trip anew
}

const (
	slack     = 25 * time.Millisecond // of queue
	firstRoom = 64 << 10              // bytes, while nothing is known
	nearRoom  = 256 << 10             // the same if the path is short
	near      = 10 * time.Millisecond
	nearSpeed = 4 << 20 // bytes a second, from which a short path is not narrow
	MinRoom   = 2 << 10 // bytes
	maxBudget = 16 << 20
	maxAway   = 64 // updates

	minWindow = time.Second
	tripAge   = 10 * time.Second
)

// Speed is what the path carries, in bytes a second; 0 if that is not known.
func (p *Pace) Speed() float64 { return max(p.rate[0], p.rate[1]) }

// Trip gives the least time an update took to arrive and be heard of, 0 while
// that is not known.
func (p *Pace) Trip() time.Duration { return p.trip }

// Last gives what the last update took.
func (p *Pace) Last() time.Duration { return p.last }

// UnderWay gives how many bytes are.
func (p *Pace) UnderWay() int { return p.bytes }

// budget is how many bytes may be under way.
func (p *Pace) budget() int {
	speed := p.Speed()
	if speed == 0 {
		return p.first()
	}
	least := 2 * MinRoom
	if p.wide() {
		least = 2 * nearRoom
	}
	hold := p.trip + slack + p.haste
	return min(max(int(speed*hold.Seconds()), least), maxBudget)
}

// wide reports whether the path is short and has carried that much that what
// bounds it is how busy the two machines are, which changes from one update to
// the next. Holding back there would only cost time.
func (p *Pace) wide() bool { return p.trip > 0 && p.trip < near && p.Speed() >= nearSpeed }

func (p *Pace) first() int {
	if p.trip > 0 && p.trip < near {
		return nearRoom
	}
	return firstRoom
}

// Room gives how many bytes may go out now in one update; 0 is none.
func (p *Pace) Room(now time.Time) int {
	left := p.budget() - p.bytes
	switch {
	case p.Pause(now) > 0:
		return 0
	case p.doubt && len(p.away) == 0:
		return MinRoom
	case p.doubt || len(p.away) >= maxAway, p.Single && p.bytes > 0:
		return 0
	case left < p.Slice()/2 && p.bytes > 0:
		return 0
	}
	return max(min(left, p.Slice()), MinRoom)
}

// Slice is what one update may have.
func (p *Pace) Slice() int {
	speed := p.Speed()
	if speed == 0 {
		return p.first()
	}
	least := MinRoom
	if p.wide() {
		least = nearRoom
	}
	return min(max(int(speed*p.patience().Seconds()), least), maxBudget)
}

// patience is for how long the path may carry one update. Where the next one
// goes only once this one is there, a longer one wastes less of the path.
func (p *Pace) patience() time.Duration {
	if p.Single {
		return min(max(slack, p.trip/4), 4*slack)
	}
	return slack
}

// Pause gives for how long nothing may go out because the path still takes in
// what went out last: also where a lot may be under way, it is not sent all at
// once, for what is sent later shows a newer picture.
func (p *Pace) Pause(now time.Time) time.Duration { return max(p.entry.Sub(now), 0) }

// enter notes that bytes begin to go out, a little faster than the path takes
// them in, so that it does not run dry.
func (p *Pace) enter(bytes int, now time.Time) {
	speed := p.Speed() * 5 / 4
	if p.haste > 0 {
		speed = p.Speed() * 2
	}
	if speed == 0 || p.wide() {
		return
	}
	if p.entry.Before(now) {
		p.entry = now
	}
	p.entry = p.entry.Add(time.Duration(float64(bytes) / speed * float64(time.Second)))
}

// Ready reports whether another update may be sent.
func (p *Pace) Ready(now time.Time) bool { return p.Room(now) > 0 }

// Spare gives how many bytes may be sent that nobody waits for.
func (p *Pace) Spare() int { return max(p.budget()/2-p.bytes, 0) }

// Begin notes that the next update begins.
func (p *Pace) Begin(now time.Time) {
	if len(p.away) == 0 {
		p.arrivedAt = now
	}
	p.begun = mark{began: now, arrived: p.arrived, since: p.arrivedAt, trial: p.doubt && len(p.away) == 0}
}

// Sent notes that an update was written and gives the payload of its fence.
// Where many are away already a little one has none, and "" is given.
func (p *Pace) Sent(bytes int, now time.Time) string {
	if p.loose += bytes; len(p.away) >= maxAway/2 && p.loose < MinRoom {
		return ""
	}
	bytes, p.loose = p.loose, 0
	p.next++
	p.enter(bytes, p.begun.began)
	m := p.begun
	m.number, m.bytes, m.at = p.next, bytes, now
	p.bytes += bytes
	m.full = p.bytes >= p.budget()*3/4 || p.Single && bytes >= p.Slice()*3/4
	p.away = append(p.away, m)
	return p.name(p.next)
}

// name gives the payload for a number. They come round again long after nothing
// of the same name can be away, so that none is made anew.
func (p *Pace) name(number uint32) string {
	name := &p.names[number%uint32(len(p.names))]
	if *name == "" {
		*name = string(binary.BigEndian.AppendUint32(nil, number%uint32(len(p.names))))
	}
	return *name
}

// Probe gives the payload of a fence behind nothing, which shows the trip before
// the first update does.
func (p *Pace) Probe(now time.Time) string {
	p.Begin(now)
	return p.Sent(0, now)
}

// Returned notes that a fence came back. A payload that is not of ours counts
// for nothing.
func (p *Pace) Returned(payload string, now time.Time) {
	for i, m := range p.away {
		if p.name(m.number) == payload {
			p.take(i, now)
			return
		}
	}
}

// Asked notes that the viewer asks for the next update, so all before it is
// there.
func (p *Pace) Asked(now time.Time) {
	if n := len(p.away); n > 0 {
		p.take(n-1, now)
	}
}

// take notes that the updates up to the i-th arrived.
func (p *Pace) take(i int, now time.Time) {
	m := p.away[i]
	for _, m := range p.away[:i+1] {
		p.bytes -= m.bytes
		p.arrived += m.bytes
	}
	p.arrivedAt = now
	p.away = append(p.away[:0], p.away[i+1:]...)
	p.learnTrip(m, now)
	p.learnRate(m, now)
}

// learnTrip follows the shortest round trip. When the path has not been as quick
// for long, though it was full, all is let drain and what is sent then is
// believed.
func (p *Pace) learnTrip(m mark, now time.Time) {
	took := max(now.Sub(m.at), time.Microsecond)
	p.last = took
	known := p.trip > 0 || p.Speed() > 0 || m.bytes <= MinRoom
	switch {
	case known && (p.trip == 0 || took < p.trip || m.trial):
		p.trip, p.tripAt, p.doubt = took, now, false
	case took <= p.trip+p.trip/8 && !m.full:
		p.tripAt = now
	case known && m.full && now.Sub(p.tripAt) > tripAge:
		p.doubt = true
	}
}

// learnRate takes in how fast bytes arrived from when the update began. One that
// left room unused says only that the path carries at least as much.
func (p *Pace) learnRate(m mark, now time.Time) {
	took := max(now.Sub(m.since), time.Microsecond)
	if p.Single && m.full {
		// The path was idle for a round trip; what came on top was spent on
		// the bytes. Too little to be measured is taken for room to double.
		took = max(now.Sub(m.began)-p.trip, p.patience()/2)
	}
	rate := float64(p.arrived-m.arrived) / took.Seconds()
	if speed := p.Speed(); !m.full && (speed == 0 || rate <= speed) {
		return
	}
	if m.full && now.Sub(p.window) > max(minWindow, 8*p.trip) {
		p.rate[1], p.rate[0], p.window = p.rate[0], 0, now
	}
	first := p.Speed() == 0
	p.rate[0] = max(p.rate[0], rate)
	switch {
	case first:
		p.haste, p.best, p.round = p.trip, rate, p.next
	case p.haste > 0 && m.number >= p.round:
		p.grown()
	case p.haste == 0 && m.full && now.Sub(m.at) < p.trip+slack/4:
		p.haste, p.rounds, p.best, p.round = p.trip/4, 0, p.Speed(), p.next // full, and yet no queue
	}
}

// grown ends the haste when three rounds brought no growth.
func (p *Pace) grown() {
	p.round = p.next
	if speed := p.Speed(); speed > p.best*5/4 {
		p.best, p.rounds = speed, 0
		return
	}
	if p.rounds++; p.rounds >= 3 {
		p.haste = 0
	}
}

// Forget drops all that is away, when fences no longer follow updates.
func (p *Pace) Forget() {
	p.away, p.bytes, p.loose, p.doubt, p.entry = p.away[:0], 0, 0, false, time.Time{}
}
