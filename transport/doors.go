package transport

import (
	"errors"
	"net"
	"net/netip"
	"sync"
)

// Stats counts what happened at a listener's doors.
type Stats struct {
	HalfOpen    int // connections whose handshake is under way
	Unvalidated int // of those, by QUIC from addresses nobody has proved
	Open        int // connections with a finished handshake
	Streams     int // QUIC streams

	Refused uint64 // turned away because a limit was met
	Failed  uint64 // handshakes that came to nothing
	Retried uint64 // QUIC clients first asked to prove their address
}

// doors admits connections to a listener within its limits. A connection is
//
//	knocking ──► inside ──► gone
//	    └────────────────────┘
//
// and takes a place, also in the count of its source, until it is gone.
type doors struct {
	limits Limits

	mu    sync.Mutex
	stats Stats
	from  map[netip.Prefix]*source
}

// source counts the connections and QUIC streams of one source. For IPv6 that
// is a /64, which one host commands.
type source struct{ half, open, streams int }

// visitor is one connection at the doors.
type visitor struct {
	doors       *doors
	source      *source
	prefix      netip.Prefix
	unvalidated bool
	inside      bool
	gone        bool
}

var errFull = errors.New("no more connections for now")

func newDoors(limits Limits) *doors {
	return &doors{limits: limits, from: make(map[netip.Prefix]*source)}
}

func sourceOf(a net.Addr) netip.Prefix {
	ap, ok := addrPort(a)
	if !ok {
		return netip.Prefix{}
	}
	bits := 64
	if ap.Addr().Is4() {
		bits = 32
	}
	// It cannot fail: bits suits the family.
	p, _ := ap.Addr().WithZone("").Prefix(bits)
	return p
}

// knock takes a place for a connection from a. An unvalidated address counts
// towards no source, or a stranger could use up the places of whoever it names.
func (d *doors) knock(a net.Addr, validated bool) (*visitor, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	v := &visitor{doors: d, prefix: sourceOf(a), unvalidated: !validated}
	full := d.stats.HalfOpen >= d.limits.HalfOpen || d.stats.HalfOpen+d.stats.Open >= d.limits.Open
	if validated && !full {
		v.source = d.from[v.prefix]
		if v.source == nil {
			v.source = &source{}
		}
		full = v.source.half >= d.limits.HalfOpenPerSource || v.source.half+v.source.open >= d.limits.OpenPerSource
	}
	if full {
		d.stats.Refused++
		return nil, errFull
	}
	d.stats.HalfOpen++
	if v.unvalidated {
		d.stats.Unvalidated++
		return v, nil
	}
	v.source.half++
	d.from[v.prefix] = v.source
	return v, nil
}

// mustValidate reports whether a QUIC client has to prove its address before
// anything is kept for it.
func (d *doors) mustValidate() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stats.Unvalidated < d.limits.Unvalidated {
		return false
	}
	d.stats.Retried++
	return true
}

// enter says that the handshake is finished, which proves the address too. It
// reports false when the source has as many connections as it may.
func (v *visitor) enter() bool {
	d := v.doors
	d.mu.Lock()
	defer d.mu.Unlock()
	if v.inside || v.gone {
		return v.inside
	}
	if v.unvalidated {
		v.source = d.from[v.prefix]
		if v.source == nil {
			v.source = &source{}
		}
		if v.source.half+v.source.open >= d.limits.OpenPerSource {
			d.stats.Refused++
			v.source = nil
			return false
		}
		d.from[v.prefix] = v.source
		d.stats.Unvalidated--
		v.unvalidated = false
	} else {
		v.source.half--
	}
	v.inside = true
	v.source.open++
	d.stats.HalfOpen--
	d.stats.Open++
	return true
}

// leave gives the place back; only the first call counts.
func (v *visitor) leave() {
	d := v.doors
	d.mu.Lock()
	defer d.mu.Unlock()
	if v.gone {
		return
	}
	v.gone = true
	if v.inside {
		d.stats.Open--
		v.source.open--
	} else {
		d.stats.Failed++
		d.stats.HalfOpen--
		if v.unvalidated {
			d.stats.Unvalidated--
			return
		}
		v.source.half--
	}
	v.tidy()
}

// tidy forgets a source that has nothing left. The lock is held.
func (v *visitor) tidy() {
	if *v.source == (source{}) {
		delete(v.doors.from, v.prefix)
	}
}

// openStream takes a place for a stream of a connection that is inside. It
// reports false when there are as many as there may be: each holds more than
// its share of a connection.
func (v *visitor) openStream() bool {
	d := v.doors
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stats.Streams >= d.limits.AllStreams || v.source.streams >= d.limits.StreamsPerSource {
		d.stats.Refused++
		return false
	}
	d.stats.Streams++
	v.source.streams++
	return true
}

// closeStream gives the place of one stream back, also after leave.
func (v *visitor) closeStream() {
	d := v.doors
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stats.Streams--
	v.source.streams--
	v.tidy()
}

func (d *doors) snapshot() Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.stats
}
