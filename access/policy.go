package access

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"deskside"
	"deskside/internal/toml"
)

// Unknown says what happens to an operator whose key policy does not name.
type Unknown string

// The rules for unknown operators.
const (
	UnknownDeny Unknown = "deny" // refused
	UnknownAsk  Unknown = "ask"  // the person is asked, with six digits, every time
)

// Consent says whether the person is asked before a session begins.
type Consent string

// The consent rules.
const (
	ConsentAsk   Consent = "ask"
	ConsentAllow Consent = "allow"
)

// NobodyRule says what happens when consent is needed and nobody can give it.
type NobodyRule string

// The rules for an absent person. With NobodyAllow a session begins unasked
// while nobody is logged on; with NobodyAllowLocked it also does while the
// screen is locked.
const (
	NobodyDeny        NobodyRule = "deny"
	NobodyAllow       NobodyRule = "allow"
	NobodyAllowLocked NobodyRule = "allow-if-locked"
)

// Join says whether a second operator may be let in beside the first.
type Join string

// The rules for joining. JoinAsk always asks the person, whatever the consent
// rule of the operator is.
const (
	JoinDeny Join = "deny"
	JoinAsk  Join = "ask"
)

// Duration is a time span written as "15m" or "1h30m".
type Duration time.Duration

// UnmarshalText reads what time.ParseDuration does, from a second on: what
// operators are told and sessions are held to counts whole seconds, and a limit
// of none would mean something else in each place.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil || v <= 0 {
		return fmt.Errorf("%q is not a time span such as 90s, 15m or 8h", b)
	}
	if v < time.Second {
		return fmt.Errorf("%q is less than a second, the shortest time span there is here", b)
	}
	*d = Duration(v)
	return nil
}

// MarshalText gives the form UnmarshalText reads.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// rightList reads rights written as a list of names, or as one string.
func rightList(v any) (deskside.Rights, error) {
	switch v := v.(type) {
	case string:
		return deskside.ParseRights(v)
	case []any:
		names := make([]string, len(v))
		for i, n := range v {
			s, ok := n.(string)
			if !ok {
				return 0, fmt.Errorf("rights: %v is not the name of a right", n)
			}
			names[i] = s
		}
		return deskside.ParseRights(strings.Join(names, ","))
	}
	return 0, fmt.Errorf("rights: want %q or a list such as [%q, %q]", "all", "view", "chat")
}

// Limits bound each session of an operator. A zero takes the default. Where
// policy sets one for all and another for an operator, the shorter holds.
type Limits struct {
	Idle     Duration `toml:"idle,omitempty"`     // default 15m
	Absolute Duration `toml:"absolute,omitempty"` // default 8h
	Grace    Duration `toml:"grace,omitempty"`    // default 2m
	Ask      Duration `toml:"ask,omitempty"`      // how long the question stands, default 60s
}

// DefaultLimits are used where policy says nothing.
var DefaultLimits = Limits{
	Idle:     Duration(15 * time.Minute),
	Absolute: Duration(8 * time.Hour),
	Grace:    Duration(2 * time.Minute),
	Ask:      Duration(time.Minute),
}

// or fills in from base what l does not set.
func (l Limits) or(base Limits) Limits {
	return l.each(base, func(own, base Duration) Duration {
		if own == 0 {
			return base
		}
		return own
	})
}

// within takes the shorter of each limit that both set, or the one that is set:
// of two that meet, the one that allows less holds.
func (l Limits) within(all Limits) Limits {
	return l.each(all, func(own, all Duration) Duration {
		if own == 0 || all == 0 {
			return own + all
		}
		return min(own, all)
	})
}

// whole refuses what was written as a number: a decoder takes 15 for as many
// nanoseconds.
func (l Limits) whole() error {
	for name, d := range map[string]Duration{"idle": l.Idle, "absolute": l.Absolute, "grace": l.Grace, "ask": l.Ask} {
		if d != 0 && d < Duration(time.Second) {
			return fmt.Errorf("%s = %d: want a time span in quotes, such as \"90s\", \"15m\" or \"8h\"", name, int64(d))
		}
	}
	return nil
}

func (l Limits) each(m Limits, pick func(l, m Duration) Duration) Limits {
	return Limits{pick(l.Idle, m.Idle), pick(l.Absolute, m.Absolute), pick(l.Grace, m.Grace), pick(l.Ask, m.Ask)}
}

// OperatorRule permits one operator by key.
type OperatorRule struct {
	Key     deskside.OperatorID
	Name    string
	Rights  deskside.Rights
	Consent Consent
	Limits  Limits
}

// FileRoot is a folder that the file service opens.
type FileRoot struct {
	Name  string `toml:"name"`
	Path  string `toml:"path"`            // absolute; a leading ~/ is the person's home
	Write bool   `toml:"write,omitempty"` // files-write reaches it

	// DotFiles lets files-write change what is hidden: every name that begins
	// with a dot, with all below it.
	DotFiles bool `toml:"dot-files,omitempty"`

	// Executables lets a file that arrives be executable where its source was.
	Executables bool `toml:"executables,omitempty"`

	// StartupFiles names files that run by themselves at log-on, such as
	// ".bashrc", and that files-write may change all the same.
	StartupFiles []string `toml:"startup-files,omitempty"`
}

// Clipboard says in which directions clipboard text may travel. Both are off
// by default.
type Clipboard struct {
	ToAgent    bool `toml:"to-agent,omitempty"`
	ToOperator bool `toml:"to-operator,omitempty"`
}

// Policy is what the agent's owner allows. The zero Policy permits nobody.
type Policy struct {
	Unknown       Unknown
	UnknownRights deskside.Rights // what an unknown operator may be given, when asked
	Nobody        NobodyRule
	Join          Join
	MaxSessions   int
	Limits        Limits
	Clipboard     Clipboard
	Files         []FileRoot
	AuditChat     bool // the audit keeps the text of chat messages
	Operators     map[deskside.OperatorID]OperatorRule
}

// file is the policy as it is written.
type file struct {
	Unknown       Unknown    `toml:"unknown-operators"`
	UnknownRights any        `toml:"unknown-rights"`
	Nobody        NobodyRule `toml:"nobody-logged-on"`
	Join          Join       `toml:"join"`
	MaxSessions   int        `toml:"max-sessions"`
	AuditChat     bool       `toml:"audit-chat"`
	Limits        Limits     `toml:"limits"`
	Clipboard     Clipboard  `toml:"clipboard"`
	Files         []FileRoot `toml:"files"`
	Operators     []struct {
		Key     string  `toml:"key"`
		Name    string  `toml:"name"`
		Rights  any     `toml:"rights"`
		Consent Consent `toml:"consent"`
		Limits  Limits  `toml:"limits"`
	} `toml:"operator"`
}

// DefaultMaxSessions is how many sessions may be open at once where policy
// says nothing.
const DefaultMaxSessions = 4

// MaxPolicySize is the most bytes a policy file may have.
const MaxPolicySize = 16 << 20

// ParsePolicy reads a policy in TOML. Unknown keys, unknown words and values
// that contradict each other are errors; where the error has a place, it
// begins with "line N:".
func ParsePolicy(text []byte) (*Policy, error) {
	if len(text) > MaxPolicySize {
		return nil, fmt.Errorf("policy of %d bytes: at most %d", len(text), MaxPolicySize)
	}
	f := file{Unknown: UnknownDeny, Nobody: NobodyDeny, Join: JoinAsk, MaxSessions: DefaultMaxSessions}
	if err := toml.Decode(text, &f); err != nil {
		return nil, err
	}
	return f.policy(text)
}

// policy checks what the decoder cannot.
func (f *file) policy(text []byte) (*Policy, error) {
	p := &Policy{
		Unknown: f.Unknown, Nobody: f.Nobody, Join: f.Join, MaxSessions: f.MaxSessions,
		Limits: f.Limits.or(DefaultLimits), Clipboard: f.Clipboard, Files: f.Files,
		AuditChat: f.AuditChat,
		Operators: make(map[deskside.OperatorID]OperatorRule, len(f.Operators)),
	}
	at := toml.LinesOf(text)
	if err := errors.Join(
		oneOf("unknown-operators", f.Unknown, UnknownDeny, UnknownAsk),
		oneOf("nobody-logged-on", f.Nobody, NobodyDeny, NobodyAllow, NobodyAllowLocked),
		oneOf("join", f.Join, JoinDeny, JoinAsk),
	); err != nil {
		return nil, at.Wrap(strings.SplitN(err.Error(), " ", 2)[0], 0, err)
	}
	if err := f.Limits.whole(); err != nil {
		return nil, at.Wrap(strings.Fields(err.Error())[0], 0, err)
	}
	if p.MaxSessions < 1 || p.MaxSessions > 1000 {
		return nil, at.Wrap("max-sessions", 0, fmt.Errorf("max-sessions = %d: want 1 to 1000", p.MaxSessions))
	}
	rights := f.UnknownRights
	if rights == nil {
		rights = "view,control,chat,info"
	}
	var err error
	if p.UnknownRights, err = rightList(rights); err != nil {
		return nil, at.Wrap("unknown-rights", 0, err)
	}
	for i, r := range f.Files {
		if !isAbs(r.Path) {
			return nil, at.Wrap("[[files]]", i, fmt.Errorf("files: path %q is neither absolute nor in the person's home, \"~/\"", r.Path))
		}
	}
	return p, f.operators(p, at)
}

// isAbs reports whether a path says where it is by itself, or in the home. The
// homes of others are named in full.
func isAbs(p string) bool {
	return strings.HasPrefix(p, "/") || p == "~" || strings.HasPrefix(p, "~/") || windowsAbs(p)
}

func windowsAbs(p string) bool { return len(p) > 2 && p[1] == ':' && (p[2] == '\\' || p[2] == '/') }

// operators adds the rules for single keys.
func (f *file) operators(p *Policy, at toml.Lines) error {
	for i, o := range f.Operators {
		fail := func(err error) error { return at.Wrap("[[operator]]", i, err) }
		if err := o.Limits.whole(); err != nil {
			return fail(fmt.Errorf("operator: limits: %w", err))
		}
		key, err := deskside.ParseKeyID(o.Key)
		if err != nil {
			return fail(fmt.Errorf("operator: key %w", err))
		}
		if _, twice := p.Operators[key]; twice {
			return fail(fmt.Errorf("operator: key %s is named twice", key))
		}
		rule := OperatorRule{Key: key, Name: o.Name, Consent: o.Consent, Limits: o.Limits.within(f.Limits).or(DefaultLimits)}
		if rule.Name == "" {
			rule.Name = "operator " + key.LastGroup()
		}
		if rule.Consent == "" {
			rule.Consent = ConsentAsk
		}
		if err := oneOf("consent", rule.Consent, ConsentAsk, ConsentAllow); err != nil {
			return fail(err)
		}
		if rule.Rights, err = rightList(o.Rights); err != nil {
			return fail(err)
		}
		p.Operators[key] = rule
	}
	return nil
}

func oneOf[T ~string](key string, got T, want ...T) error {
	words := make([]string, len(want))
	for i, w := range want {
		if got == w {
			return nil
		}
		words[i] = fmt.Sprintf("%q", string(w))
	}
	return fmt.Errorf("%s = %q: want %s", key, string(got), strings.Join(words, " or "))
}
