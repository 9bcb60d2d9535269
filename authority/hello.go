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
			full.Policy.Broken = "the agent's policy file does not parse; no new session may begin until its owner mends it"
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
// nobody can fill the disk by being refused.
type denials struct {
	minute  time.Time
	written int
	skipped int
}

// DenialsPerMinute is how many refusals are written in a minute; of the others
// the number is written with the next one.
const DenialsPerMinute = 60

// deny audits a refusal.
func (a *Authority) deny(c rcinfo.Caller, e deskside.Event, err error) {
	e.Operator, e.Address, e.Transport = &c.Key, c.Path.Remote, c.Path.Transport
	refusal := deskside.AsError(err)
	e.Code, e.Words = refusal.Code, refusal.Words
	a.mu.Lock()
	d := &a.denials
	if now := a.Now(); now.Sub(d.minute) >= time.Minute {
		d.minute, d.written = now, 0
	}
	skip := d.written >= DenialsPerMinute
	if skip {
		d.skipped++
	} else {
		d.written++
		if d.skipped > 0 {
			e.Detail = map[string]string{"not-written": strconv.Itoa(d.skipped)}
			d.skipped = 0
		}
	}
	a.mu.Unlock()
	if !skip {
		a.record(e)
	}
}
