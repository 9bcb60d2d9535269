package remctrl

import (
	"encoding/binary"
	"time"
)

// pace bounds what is under way to a viewer that takes continuous updates. Each
// update is followed by a fence; its return tells that all before it arrived,
// and how long that took.
type pace struct {
	next    uint32
	away    []mark
	bytes   int // of all that is away
	loose   int // bytes sent without a fence, which the next one is to count
	budget  int
	fastest time.Duration
}

// mark is an update that is under way.
type mark struct {
	number uint32
	bytes  int
	at     time.Time
}

const (
	minBudget = 32 << 10
	maxBudget = 8 << 20
	maxAway   = 16                    // updates
	queueing  = 30 * time.Millisecond // of delay above the least that is taken to mean a queue
)

// ready reports whether another update may be sent.
func (p *pace) ready() bool {
	return len(p.away) == 0 || len(p.away) < maxAway && p.bytes < max(p.budget, minBudget)
}

// spare gives how many bytes may be sent that nobody waits for.
func (p *pace) spare() int { return max(max(p.budget, minBudget)/2-p.bytes, 0) }

// sent notes an update and gives the payload of its fence. Where many are away
// already a little one has none, and "" is given.
func (p *pace) sent(bytes int, now time.Time) string {
	if p.loose += bytes; len(p.away) >= maxAway/2 && p.loose < minBudget/8 {
		return ""
	}
	bytes, p.loose = p.loose, 0
	p.next++
	p.away = append(p.away, mark{p.next, bytes, now})
	p.bytes += bytes
	return string(binary.BigEndian.AppendUint32(nil, p.next))
}

// returned notes that a fence came back. A payload that is not of ours counts
// for nothing.
func (p *pace) returned(payload string, now time.Time) {
	if len(payload) != 4 {
		return
	}
	number := binary.BigEndian.Uint32([]byte(payload))
	for i, m := range p.away {
		if m.number != number {
			continue
		}
		arrived := 0
		for _, m := range p.away[:i+1] {
			arrived += m.bytes
		}
		p.bytes -= arrived
		p.away = append(p.away[:0], p.away[i+1:]...)
		p.adapt(now.Sub(m.at), arrived)
		return
	}
}

// adapt allows more while the path keeps up and less once it queues.
func (p *pace) adapt(delay time.Duration, arrived int) {
	if p.fastest == 0 || delay < p.fastest {
		p.fastest = delay
	}
	if delay > p.fastest*3/2+queueing {
		p.budget = max(p.budget*3/4, minBudget)
	} else {
		p.budget = min(max(p.budget, minBudget)+arrived, maxBudget)
	}
}

// forget drops all that is away, when fences no longer follow updates.
func (p *pace) forget() { p.away, p.bytes, p.loose = p.away[:0], 0, 0 }
