package access

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"deskside"
)

func key(n byte) (k deskside.KeyID) {
	k[0] = n
	return k
}

func mustPolicy(t testing.TB, text string) *Policy {
	t.Helper()
	p, err := ParsePolicy([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func operatorTOML(k deskside.KeyID, lines ...string) string {
	return "[[operator]]\nkey = \"" + k.String() + "\"\n" + strings.Join(lines, "\n") + "\n"
}

func TestEmptyPolicyPermitsNobody(t *testing.T) {
	p := mustPolicy(t, "")
	d := p.Decide(Request{Operator: key(1), Rights: deskside.AllRights}, Situation{})
	if d.Refusal == nil || d.Refusal.Code != deskside.CodeUnknownKey || d.Rights != 0 {
		t.Errorf("got %+v, want a refusal of an unknown key", d)
	}
}

func TestParsePolicy(t *testing.T) {
	p := mustPolicy(t, `
unknown-operators = "ask"
unknown-rights = ["view"]
nobody-logged-on = "allow-if-locked"
max-sessions = 2
join = "deny"
[limits]
idle = "5m"
[clipboard]
to-agent = true
[[files]]
name = "home"
path = "~/"
write = true
`+operatorTOML(key(1), `name = "Ann Admin"`, `rights = ["view", "control"]`, `consent = "allow"`, "[operator.limits]", `idle = "1h"`)+
		operatorTOML(key(2), `rights = "all"`))
	if p.Unknown != UnknownAsk || p.UnknownRights != deskside.RightsOf(deskside.View) || p.Nobody != NobodyAllowLocked || p.Join != JoinDeny || p.MaxSessions != 2 {
		t.Errorf("got %+v", p)
	}
	ann := p.Operators[key(1)]
	want := OperatorRule{Key: key(1), Name: "Ann Admin", Rights: deskside.RightsOf(deskside.View, deskside.Control), Consent: ConsentAllow, Limits: DefaultLimits}
	want.Limits.Idle = Duration(5 * time.Minute)
	if ann != want {
		t.Errorf("got %+v, want %+v", ann, want)
	}
	second := p.Operators[key(2)]
	if second.Consent != ConsentAsk || second.Rights != deskside.AllRights || time.Duration(second.Limits.Idle) != 5*time.Minute {
		t.Errorf("got %+v", second)
	}
}

// Of a limit for all and another for an operator the shorter holds, and a
// default only where neither is set.
func TestTheShorterLimitHolds(t *testing.T) {
	for _, c := range []struct {
		all, own string
		want     time.Duration
	}{
		{"", "", time.Duration(DefaultLimits.Idle)},
		{"5m", "", 5 * time.Minute},
		{"", "1h", time.Hour},
		{"1h", "", time.Hour},
		{"5m", "1h", 5 * time.Minute},
		{"1h", "5m", 5 * time.Minute},
	} {
		set := func(table, idle string) string {
			if idle == "" {
				return ""
			}
			return table + "\nidle = \"" + idle + "\"\n"
		}
		p := mustPolicy(t, set("[limits]", c.all)+operatorTOML(key(1), `rights = "all"`)+set("[operator.limits]", c.own))
		if got := time.Duration(p.Operators[key(1)].Limits.Idle); got != c.want {
			t.Errorf("%q for all and %q of one's own are %v, want %v", c.all, c.own, got, c.want)
		}
	}
}

// What operators are told counts whole seconds. It never says more than policy.
func TestLimitsOnTheWire(t *testing.T) {
	p := mustPolicy(t, "[limits]\nidle = \"1s\"\nabsolute = \"90500ms\"\ngrace = \"1.9s\"\n")
	if got, want := p.Limits.Wire(), (deskside.Limits{Idle: 1, Absolute: 90, Grace: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestPolicyErrorsNameTheLine(t *testing.T) {
	id := key(1).String()
	for _, c := range []struct{ text, want string }{
		{"# x\nunknown-operator = \"ask\"\n", `line 2: unknown key "unknown-operator"`},
		{"\nunknown-operators = \"maybe\"\n", "line 2: unknown-operators"},
		{"nobody-logged-on = \"yes\"\n", "line 1: nobody-logged-on"},
		{"max-sessions = 0\n", "line 1: max-sessions"},
		{"[limits]\nidle = \"soon\"\n", "line 2:"},
		{"[limits]\nidle = \"-5m\"\n", "line 2:"},
		{"[limits]\nidle = 15\n", "line 2:"},
		{"[limits]\nask = \"60s\"\ngrace = -15\n", "line 3:"},
		{"[[operator]]\nkey = \"" + id + "\"\nrights = \"all\"\n[operator.limits]\ngrace = 120\n", "line 1:"},
		{"[limits]\nidle = \"5m\"\nabsolute = \"400ms\"\n", "line 3:"},
		{"[[operator]]\nkey = \"" + id + "\"\nrights = \"all\"\n[operator.limits]\ngrace = \"999ms\"\n", "line 5:"},
		{"x = \n", "line 1:"},
		{"[[operator]]\nkey = \"abc\"\nrights = \"all\"\n", "line 1: operator: key"},
		{"[[operator]]\nkey = \"" + id + "\"\nrights = [\"look\"]\n", `line 1: unknown right "look"`},
		{"[[operator]]\nkey = \"" + id + "\"\n", "line 1: rights"},
		{"[[operator]]\nkey = \"" + id + "\"\nrights = \"all\"\nconsent = \"none\"\n", "line 1: consent"},
		{"[[operator]]\nkey = \"" + id + "\"\nrights = \"all\"\n[[operator]]\nkey = \"" + id + "\"\nrights = \"all\"\n", "line 4: operator: key"},
		{"[[files]]\npath = \"docs\"\n", "line 1: files: path \"docs\" is neither absolute"},
		{"[[files]]\npath = \"~bob/x\"\n", "line 1: files: path \"~bob/x\" is neither absolute"},
	} {
		_, err := ParsePolicy([]byte(c.text))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %s…", c.text, err, c.want)
		}
	}
}

// A list of permitted viewers over 512 bytes, or a long name, broke the old
// tool.
func TestTenThousandOperatorsWithLongNames(t *testing.T) {
	long := strings.Repeat("名", 300)
	var text strings.Builder
	for i := range 10_000 {
		k := key(byte(i))
		k[1], k[2] = byte(i>>8), 1
		fmt.Fprintf(&text, "[[operator]]\nkey = %q\nname = \"%s %d\"\nrights = \"view\"\n", k.String(), long, i)
	}
	p := mustPolicy(t, text.String())
	k := key(byte(9_999 & 0xff))
	k[1], k[2] = byte(9_999>>8), 1
	if got := p.Operators[k].Name; len(p.Operators) != 10_000 || got != long+" 9999" {
		t.Errorf("%d operators, last %q", len(p.Operators), got)
	}
}

// No option, order or repetition widens: what is granted is always a part of
// what was asked for and of what policy gives the key, and a person is asked
// whenever policy says so. Each way to be refused and to be let in comes up.
func TestDecideOnlyNarrows(t *testing.T) {
	seen := make(map[string]int)
	for mask := 0; mask <= int(deskside.AllRights); mask += 7 {
		eachPolicy(deskside.Rights(mask)&0x155, func(p *Policy) {
			eachSituation(func(sit Situation) {
				for who := range byte(4) { // one named and one stranger, who meet or do not
					req := Request{Operator: key(1 + who%2), Rights: deskside.Rights(mask), Meeting: who >= 2}
					seen[checkDecision(t, p, req, sit)]++
				}
			})
		})
	}
	for _, how := range []string{
		"named ByPolicy", "named ByPerson", "named ByAbsence", "named asked with digits", "stranger asked with digits",
		"named denied", "named nobody", "named busy", "stranger unknown-key", "stranger unpinned", "stranger busy",
	} {
		if seen[how] == 0 {
			t.Errorf("%q never came up in %v", how, seen)
		}
	}
}

// eachPolicy gives every policy of the rules that Decide reads, the key 1 being
// named, with these rights.
func eachPolicy(rights deskside.Rights, f func(*Policy)) {
	for _, consent := range []Consent{ConsentAsk, ConsentAllow} {
		for _, unknown := range []Unknown{UnknownDeny, UnknownAsk} {
			for _, nobody := range []NobodyRule{NobodyDeny, NobodyAllow, NobodyAllowLocked} {
				for _, join := range []Join{JoinDeny, JoinAsk} {
					f(&Policy{
						Unknown: unknown, UnknownRights: deskside.RightsOf(deskside.View), Nobody: nobody, Join: join,
						Operators: map[deskside.OperatorID]OperatorRule{key(1): {Key: key(1), Rights: rights, Consent: consent}},
					})
				}
			}
		}
	}
}

func eachSituation(f func(Situation)) {
	for presence := Present; presence <= Nobody; presence++ {
		f(Situation{Presence: presence})
		for who := byte(1); who <= 2; who++ {
			open := []deskside.Session{{State: deskside.Active, Operator: deskside.Operator{Key: key(who)}}}
			f(Situation{Presence: presence, Open: open})
			f(Situation{Presence: presence, Open: open, Answered: true})
		}
	}
}

// checkDecision holds a decision against the rules, and says which it was.
func checkDecision(t *testing.T, p *Policy, req Request, sit Situation) string {
	t.Helper()
	d := p.Decide(req, sit)
	rule, known := p.Operators[req.Operator]
	who, ceiling := "named ", rule.Rights
	if !known {
		who, ceiling = "stranger ", p.UnknownRights
	}
	if d.Refusal != nil {
		if d.Rights != 0 || d.Ask {
			t.Fatalf("a refusal that gives something: %+v", d)
		}
		return who + string(d.Refusal.Code)
	}
	joins := others(req, sit) > 0
	switch {
	case d.Rights == 0 || d.Rights&^req.Rights != 0 || d.Rights&^ceiling != 0:
		t.Fatalf("%+v gave %v for %+v", p, d.Rights, req)
	case !known && (p.Unknown != UnknownAsk || !req.Meeting || !d.Ask || !d.Digits || d.Basis != ByMeeting || d.Name != ""):
		t.Fatalf("an unknown key passed without digits: %+v", d)
	case req.Meeting && (!d.Ask || !d.Digits):
		t.Fatalf("a first meeting without digits: %+v", d)
	case joins && (!d.Ask || p.Join != JoinAsk):
		t.Fatalf("joined unasked: %+v in %+v", d, sit)
	case d.Ask != d.Basis.Answered():
		t.Fatalf("the basis is not what was done: %+v", d)
	case known && rule.Consent != ConsentAllow && !d.Ask && d.Basis != ByAbsence:
		t.Fatalf("nobody is asked: %+v in %+v", d, sit)
	case d.Basis == ByAbsence && (!known || sit.Answered || sit.Presence == Present || p.Nobody == NobodyDeny || (p.Nobody == NobodyAllow && sit.Presence == Locked)):
		t.Fatalf("absence counts: %+v in %+v", d, sit)
	case d.Ask && sit.Presence != Present:
		t.Fatalf("a question that nobody can answer: %+v in %+v", d, sit)
	case p.Keep(req.Operator, d.Rights, d.Basis) != d.Rights:
		t.Fatalf("what was just decided does not stand: %+v", d)
	case d.Digits:
		return who + "asked with digits"
	}
	return who + [...]string{"ByPolicy", "ByPerson", "ByAbsence", "ByMeeting"}[d.Basis]
}

// A named key that is taken out of policy keeps nothing, also where policy asks
// about keys that it does not name. Whom the person let in with digits stays,
// with what policy leaves such keys.
func TestKeep(t *testing.T) {
	all, view := deskside.AllRights, deskside.RightsOf(deskside.View)
	rule := func(c Consent) *Policy {
		return &Policy{Operators: map[deskside.OperatorID]OperatorRule{key(1): {Rights: all.Without(deskside.Reboot), Consent: c}}}
	}
	absent := rule(ConsentAsk)
	absent.Nobody = NobodyAllow
	for what, c := range map[string]struct {
		p    *Policy
		want [4]deskside.Rights // by basis
	}{
		"named, allowed":            {rule(ConsentAllow), [4]deskside.Rights{all.Without(deskside.Reboot), all.Without(deskside.Reboot), all.Without(deskside.Reboot), all.Without(deskside.Reboot)}},
		"named, asked":              {rule(ConsentAsk), [4]deskside.Rights{0, all.Without(deskside.Reboot), 0, all.Without(deskside.Reboot)}},
		"named, asked while there":  {absent, [4]deskside.Rights{0, all.Without(deskside.Reboot), all.Without(deskside.Reboot), all.Without(deskside.Reboot)}},
		"taken out":                 {&Policy{}, [4]deskside.Rights{}},
		"taken out, strangers ask":  {&Policy{Unknown: UnknownAsk, UnknownRights: view}, [4]deskside.Rights{ByMeeting: view}},
		"and while nobody is there": {&Policy{Unknown: UnknownAsk, UnknownRights: view, Nobody: NobodyAllow}, [4]deskside.Rights{ByMeeting: view}},
	} {
		for basis, want := range c.want {
			if got := c.p.Keep(key(1), all, Basis(basis)); got != want {
				t.Errorf("%s, on basis %d: keeps %s, want %s", what, basis, got, want)
			}
		}
	}
}

func TestJoining(t *testing.T) {
	first := deskside.Session{State: deskside.Active, Operator: deskside.Operator{Key: key(1)}}
	p := &Policy{Operators: map[deskside.OperatorID]OperatorRule{
		key(1): {Rights: deskside.AllRights, Consent: ConsentAllow},
		key(2): {Rights: deskside.AllRights, Consent: ConsentAllow},
	}, Nobody: NobodyAllow, Join: JoinAsk}
	req := Request{Operator: key(2), Rights: deskside.AllRights}
	if d := p.Decide(req, Situation{Open: []deskside.Session{first}}); d.Refusal != nil || !d.Ask {
		t.Errorf("joining must ask: %+v", d)
	}
	if d := p.Decide(req, Situation{Open: []deskside.Session{first}, Presence: Nobody}); d.Refusal == nil {
		t.Errorf("joining needs a person: %+v", d)
	}
	if d := p.Decide(Request{Operator: key(1), Rights: deskside.AllRights}, Situation{Open: []deskside.Session{first}}); d.Refusal != nil || d.Ask {
		t.Errorf("a second session of the same operator is no joining: %+v", d)
	}
	// Nor does it come by absence into being, once the person gave an answer.
	p.Operators[key(1)] = OperatorRule{Rights: deskside.AllRights, Consent: ConsentAsk}
	own := Situation{Open: []deskside.Session{first}, Presence: Nobody}
	if d := p.Decide(Request{Operator: key(1), Rights: deskside.AllRights}, own); d.Basis != ByAbsence {
		t.Errorf("beside a session that nobody was asked about: %+v", d)
	}
	own.Answered = true
	if d := p.Decide(Request{Operator: key(1), Rights: deskside.AllRights}, own); deskside.CodeOf(d.Refusal) != deskside.CodeNobody {
		t.Errorf("beside a session that the person allowed: %+v", d)
	}
	p.Join = JoinDeny
	if d := p.Decide(req, Situation{Open: []deskside.Session{first}}); deskside.CodeOf(d.Refusal) != deskside.CodeBusy {
		t.Errorf("got %+v", d)
	}
}

func TestBrokenPolicyRefusesNewSessions(t *testing.T) {
	p := &Policy{Operators: map[deskside.OperatorID]OperatorRule{key(1): {Rights: deskside.AllRights}}}
	d := p.Decide(Request{Operator: key(1), Rights: 1}, Situation{Broken: fmt.Errorf("line 3")})
	if d.Refusal == nil || d.Refusal.Code != deskside.CodePolicyBroken {
		t.Errorf("got %+v", d)
	}
	if d := p.Decide(Request{Operator: key(2), Rights: 1}, Situation{Broken: fmt.Errorf("line 3")}); d.Refusal.Code != deskside.CodeUnknownKey {
		t.Errorf("a stranger learns of the policy: %+v", d)
	}
}

func FuzzParsePolicy(f *testing.F) {
	f.Add("")
	f.Add("unknown-operators = \"ask\"\n[limits]\nidle = \"5m\"\n")
	f.Add(operatorTOML(key(1), `rights = ["view"]`, `consent = "allow"`))
	f.Add("[[files]]\npath = \"/\"\n[clipboard]\nto-agent = true\n")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePolicy([]byte(text))
		if err != nil {
			return
		}
		for k, rule := range p.Operators {
			if rule.Consent != ConsentAsk && rule.Consent != ConsentAllow {
				t.Errorf("consent %q", rule.Consent)
			}
			checkDecision(t, p, Request{Operator: k, Rights: deskside.AllRights}, Situation{})
		}
	})
}
