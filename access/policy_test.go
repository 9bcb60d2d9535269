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
	want.Limits.Idle = Duration(time.Hour)
	if ann != want {
		t.Errorf("got %+v, want %+v", ann, want)
	}
	second := p.Operators[key(2)]
	if second.Consent != ConsentAsk || second.Rights != deskside.AllRights || time.Duration(second.Limits.Idle) != 5*time.Minute {
		t.Errorf("got %+v", second)
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
// whenever policy says so.
func TestDecideOnlyNarrows(t *testing.T) {
	for consent := range 2 {
		for unknown := range 2 {
			for nobody := range 3 {
				for presence := Present; presence <= Nobody; presence++ {
					for mask := range int(deskside.AllRights) + 1 {
						p := &Policy{
							Unknown: []Unknown{UnknownDeny, UnknownAsk}[unknown], UnknownRights: deskside.RightsOf(deskside.View),
							Nobody:    []NobodyRule{NobodyDeny, NobodyAllow, NobodyAllowLocked}[nobody],
							Operators: map[deskside.OperatorID]OperatorRule{key(1): {Key: key(1), Rights: deskside.Rights(mask) & 0x155, Consent: []Consent{ConsentAsk, ConsentAllow}[consent]}},
						}
						for who := byte(1); who <= 2; who++ {
							checkDecision(t, p, Request{Operator: key(who), Rights: deskside.Rights(mask)}, Situation{Presence: presence})
						}
					}
				}
			}
		}
	}
}

func checkDecision(t *testing.T, p *Policy, req Request, sit Situation) {
	t.Helper()
	d := p.Decide(req, sit)
	if d.Refusal != nil {
		return
	}
	rule, known := p.Operators[req.Operator]
	ceiling := rule.Rights
	if !known {
		ceiling = p.UnknownRights
	}
	switch {
	case d.Rights == 0 || d.Rights&^req.Rights != 0 || d.Rights&^ceiling != 0:
		t.Fatalf("%+v gave %v for %+v", p, d.Rights, req)
	case !known && (p.Unknown != UnknownAsk || !d.Ask || !d.Digits):
		t.Fatalf("an unknown key passed without digits: %+v", d)
	case known && rule.Consent == ConsentAsk && !d.Ask && (sit.Presence == Present || p.Nobody == NobodyDeny || d.Basis != ByAbsence):
		t.Fatalf("nobody is asked: %+v in %+v", d, sit)
	case d.Ask && sit.Presence != Present:
		t.Fatalf("a question that nobody can answer: %+v in %+v", d, sit)
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
