package access

import (
	"time"

	"deskside"
)

// Presence says who is before the screen, as far as a decision needs it.
type Presence uint8

// The presences.
const (
	Present Presence = iota
	Locked
	Nobody
)

// Request is what an operator asks for.
type Request struct {
	Operator deskside.OperatorID
	Rights   deskside.Rights
	Meeting  bool // the operator meets this agent for the first time
}

// Situation is how things stand on the agent.
type Situation struct {
	Presence Presence
	Open     []deskside.Session // sessions that are granted, active or suspended
	Answered bool               // one of them is by the person's answer
	Broken   error              // the policy file in place cannot be used
}

// Basis is why a session may be: what was decided in its favour.
type Basis uint8

// The bases.
const (
	ByPolicy  Basis = iota // policy allows it to this key unasked
	ByPerson               // policy names the key, and the person consented
	ByAbsence              // policy names the key, and allows it while nobody is there to ask
	ByMeeting              // policy does not name the key; the person let it in, with six digits
)

// Answered reports whether the person's answer is a part of the basis.
func (b Basis) Answered() bool { return b == ByPerson || b == ByMeeting }

// Decision is what policy says to a request.
type Decision struct {
	Refusal *deskside.Error // set: no, and nothing else holds
	Name    string          // what policy calls the operator; empty for an unknown key
	Rights  deskside.Rights // at most these
	Ask     bool            // the person must consent
	Digits  bool            // and type the six digits
	Basis   Basis           // on which the session is, once the person has been asked where they must be
	Limits  Limits
}

// Ceiling gives the rights that policy could ever give to a key, the first
// part of every decision. The report is false for a key that gets nothing.
func (p *Policy) Ceiling(key deskside.OperatorID) (OperatorRule, bool) {
	if rule, ok := p.Operators[key]; ok {
		return rule, true
	}
	if p.Unknown == UnknownAsk {
		return OperatorRule{Key: key, Rights: p.UnknownRights, Consent: ConsentAsk, Limits: p.Limits.or(DefaultLimits)}, true
	}
	return OperatorRule{}, false
}

// Decide applies policy to a request. It only ever narrows: what is granted is
// a part of what was asked for and of what policy allows.
func (p *Policy) Decide(req Request, sit Situation) Decision {
	rule, ok := p.Ceiling(req.Operator)
	if !ok {
		return refuse(deskside.CodeUnknownKey, "this agent does not know your key",
			"Ask the agent's owner to permit it: deskside operator permit %s", req.Operator)
	}
	if _, known := p.Operators[req.Operator]; !known {
		return p.decideStranger(rule, req, sit)
	}
	return p.decide(rule, req, sit)
}

// decideStranger decides about a key that policy does not name. It gets to know
// nothing about the machine but what the person answers: not who is there, nor
// who else has a session, nor what policy says.
func (p *Policy) decideStranger(rule OperatorRule, req Request, sit Situation) Decision {
	if !req.Meeting {
		return refuse(deskside.CodeUnpinned, "this agent wants to meet you first", "Ask for a first meeting with six digits.")
	}
	d := p.decide(rule, req, sit)
	if d.Refusal != nil {
		return refuse(deskside.CodeBusy, "the person cannot be asked for that now", "Talk to them, and ask again, for less where they expect less.")
	}
	d.Basis = ByMeeting
	return d
}

// decide decides about a key to which policy gives something.
func (p *Policy) decide(rule OperatorRule, req Request, sit Situation) Decision {
	if sit.Broken != nil {
		return refuse(deskside.CodePolicyBroken, "the agent's policy file does not parse or is open to others, so no new session may begin",
			"The agent's owner must mend it; the agent's log says what is wrong.")
	}
	d := Decision{
		Name:   rule.Name,
		Rights: req.Rights & rule.Rights,
		Ask:    rule.Consent != ConsentAllow || req.Meeting,
		Digits: req.Meeting,
		Limits: rule.Limits,
	}
	if d.Rights == 0 {
		return refuse(deskside.CodeDenied, "policy allows you none of the rights you ask for",
			"Policy could give you: %s.", rule.Rights)
	}
	if r := p.joining(req, sit); r != nil {
		return Decision{Refusal: r}
	}
	joins := others(req, sit) > 0
	if d.Ask = d.Ask || joins; !d.Ask {
		return d
	}
	d.Basis = ByPerson
	if sit.Presence == Present {
		return d
	}
	return p.absent(d, sit, d.Digits || joins || sit.Answered)
}

// joining refuses a session too many.
func (p *Policy) joining(req Request, sit Situation) *deskside.Error {
	limit := p.MaxSessions
	if limit == 0 {
		limit = DefaultMaxSessions
	}
	if len(sit.Open) >= limit {
		return deskside.Errorf(deskside.CodeBusy, "%d sessions are open, and policy allows no more", len(sit.Open)).
			Hint("Wait until one has ended.")
	}
	if p.Join == JoinDeny && others(req, sit) > 0 {
		return deskside.Errorf(deskside.CodeBusy, "another operator has a session, and policy lets nobody join").
			Hint("Wait until that session has ended.")
	}
	return nil
}

// others counts the open sessions of other operators.
func others(req Request, sit Situation) (n int) {
	for _, s := range sit.Open {
		if s.Operator.Key != req.Operator {
			n++
		}
	}
	return n
}

// absent settles a question that nobody is there to answer. A first meeting
// and a second operator always need a person. So does everybody while a session
// is open that the person allowed: whoever has control in it could bring the
// absence about, and so get more than the person gave.
func (p *Policy) absent(d Decision, sit Situation, needsPerson bool) Decision {
	allowed := p.Nobody == NobodyAllowLocked || (p.Nobody == NobodyAllow && sit.Presence == Nobody)
	if allowed && !needsPerson {
		d.Ask, d.Basis = false, ByAbsence
		return d
	}
	words := "nobody is logged on to consent"
	if sit.Presence == Locked {
		words = "the screen is locked, so nobody can consent"
	}
	return refuse(deskside.CodeNobody, words, "Try again when somebody is at the machine, or ask its owner about nobody-logged-on in policy.")
}

func refuse(code deskside.Code, words, do string, args ...any) Decision {
	return Decision{Refusal: deskside.Errorf(code, "%s", words).Hint(do, args...)}
}

// Wire gives the limits as a session has them: whole seconds, never more than
// policy says.
func (l Limits) Wire() deskside.Limits {
	sec := func(d Duration) deskside.Seconds { return deskside.Seconds(time.Duration(d) / time.Second) }
	return deskside.Limits{Idle: sec(l.Idle), Absolute: sec(l.Absolute), Grace: sec(l.Grace)}
}

// Keep gives the rights that a session on a basis may keep under the policy,
// none if it must end. What began because policy names the key ends when policy
// no longer does, whatever it says of keys that it does not name.
func (p *Policy) Keep(key deskside.OperatorID, rights deskside.Rights, basis Basis) deskside.Rights {
	rule, ok := p.Ceiling(key)
	_, named := p.Operators[key]
	stands := false
	switch basis {
	case ByPolicy:
		stands = named && rule.Consent == ConsentAllow
	case ByPerson:
		stands = named
	case ByAbsence:
		stands = named && (rule.Consent == ConsentAllow || p.Nobody == NobodyAllow || p.Nobody == NobodyAllowLocked)
	case ByMeeting:
		stands = ok
	}
	if !stands {
		return 0
	}
	return rights & rule.Rights
}
