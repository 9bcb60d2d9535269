package authority

import (
	"strconv"
	"time"

	"deskside"
	"deskside/access"
	"deskside/rcinfo"
)

// Hello says what a caller may know, as rcinfo.Authority has it.
func (a *Authority) Hello(c rcinfo.Caller) rcinfo.Hello {
	full := a.Config.Hello()
	if !a.knows(c.Key) {
		return rcinfo.Hello{Agent: full.Agent, Protocol: full.Protocol}
	}
	presence := a.presence()
	a.mu.Lock()
	defer a.mu.Unlock()
	rule, ok := a.policy.Ceiling(c.Key)
	full.Known = true
	if ok {
		full.Policy = &rcinfo.Policy{
			Name: rule.Name, Rights: rule.Rights, Consent: rule.Consent != access.ConsentAllow,
			AskFor: int(time.Duration(rule.Limits.Ask).Seconds()), Limits: rule.Limits.Wire(),
			Presence: [...]string{access.Present: "present", access.Locked: "locked", access.Nobody: "nobody"}[presence],
		}
		if a.broken != nil {
			full.Policy.Broken = "the agent's policy file does not parse or is open to others; no new session may begin until its owner mends it"
		}
	}
	return full
}

// MayMeet returns nil when a first meeting may be tried by this caller.
func (a *Authority) MayMeet(c rcinfo.Caller) error {
	a.mu.Lock()
	_, ok := a.policy.Ceiling(c.Key)
	a.mu.Unlock()
	if !ok {
		err := stranger(c.Key)
		a.Refused(c, err)
		return err
	}
	return nil
}

// Refused audits that a request to rcinfo was refused, as rcinfo.Authority has
// it.
func (a *Authority) Refused(c rcinfo.Caller, err error) {
	a.deny(c, deskside.Event{Kind: deskside.EventDenied, Service: deskside.RCInfo.String()}, err)
}

// denials bounds how many refusals a minute are written one by one, so that
// nobody can fill the disk by being refused. Each key that is known has its own,
// and all others share one: keys cost a stranger nothing, and what strangers do
// must not hide what an operator tries.
type denials struct {
	minute  time.Time
	written int
	skipped int
}

// DenialsPerMinute is how many refusals of one known key, or of all that are not
// known together, are written in a minute; of the others the number is written
// with the next one.
const DenialsPerMinute = 60

// count reports whether a refusal is written, and how many before it were not.
func (d *denials) count(now time.Time) (write bool, skipped int) {
	if now.Sub(d.minute) >= time.Minute {
		d.minute, d.written = now, 0
	}
	if d.written >= DenialsPerMinute {
		d.skipped++
		return false, 0
	}
	d.written++
	skipped, d.skipped = d.skipped, 0
	return true, skipped
}

// denialsOf gives what bounds the refusals of a key. The lock is held.
func (a *Authority) denialsOf(key deskside.OperatorID) *denials {
	if !a.isKnown(key) {
		return &a.strangers
	}
	d, ok := a.denied[key]
	if !ok {
		d = new(denials)
		a.denied[key] = d
	}
	return d
}

// forgetDenials drops the counts of earlier minutes, but for what has still to
// be told. That of a key which is no longer known falls to the strangers. The
// lock is held.
func (a *Authority) forgetDenials(now time.Time) {
	for key, d := range a.denied {
		if now.Sub(d.minute) < time.Minute {
			continue
		}
		if !a.isKnown(key) {
			a.strangers.skipped += d.skipped
			d.skipped = 0
		}
		if d.skipped == 0 {
			delete(a.denied, key)
		}
	}
}

// deny audits a refusal.
func (a *Authority) deny(c rcinfo.Caller, e deskside.Event, err error) {
	e.Operator, e.Address, e.Transport = &c.Key, c.Path.Remote, c.Path.Transport
	refusal := deskside.AsError(err)
	e.Code, e.Words = refusal.Code, refusal.Words
	a.mu.Lock()
	write, skipped := a.denialsOf(c.Key).count(a.Now())
	if op := a.name(deskside.Operator{Key: c.Key}); op.Name != "" {
		e.Name = op.Name
	}
	a.mu.Unlock()
	if skipped > 0 {
		e.Detail = map[string]string{"not-written": strconv.Itoa(skipped)}
	}
	if write {
		a.record(e)
	}
}
