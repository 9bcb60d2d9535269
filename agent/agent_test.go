package agent

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"deskside"
	"deskside/access"
	"deskside/audit"
	"deskside/desktop"
	"deskside/desktop/desktoptest"
	"deskside/identity"
	"deskside/internal/await"
	"deskside/loopback"
	"deskside/rcinfo"
	"deskside/transport"
	"deskside/transport/transporttest"
	"deskside/wire"
)

// desk is a running agent with a fake screen, and an operator who knows it.
type desk struct {
	*Agent
	dir    string
	bin    string // the only programs that can be opened on the screen
	screen *desktoptest.Fake
	op     *identity.Identity
	dialer *transport.Dialer
	ctxEnd context.CancelFunc // ends the context that the agent was started with
}

func openDesk(t *testing.T, s Settings, rules ...access.OperatorRule) *desk {
	t.Helper()
	bin := t.TempDir()
	return openDeskAt(t, bin, &loopback.Desk{Path: bin}, s, rules...)
}

// openDeskAt has windows open at another place, nil being nowhere.
func openDeskAt(t *testing.T, bin string, at *loopback.Desk, s Settings, rules ...access.OperatorRule) *desk {
	t.Helper()
	transporttest.CheckLeaks(t)
	d := &desk{dir: filepath.Join(t.TempDir(), "agent"), bin: bin, screen: desktoptest.New(320, 200), op: transporttest.Identity(t)}
	if _, err := Init(d.dir); err != nil {
		t.Fatal(err)
	}
	for _, r := range rules {
		if r.Key.IsZero() {
			r.Key = d.op.ID()
		}
		if err := Permit(d.dir, r); err != nil {
			t.Fatal(err)
		}
	}
	if s.Ports == "" {
		s.Ports = "0,0,0,0"
	}
	s.Listen = []string{"127.0.0.1"}
	ctx, cancel := context.WithCancel(t.Context())
	d.ctxEnd = cancel
	a, err := Start(ctx, Config{
		Dir: d.dir, Settings: s, Screen: d.screen, Desk: at, Log: transporttest.Watch(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	d.Agent = a
	t.Cleanup(func() { a.Close() })
	d.dialer = &transport.Dialer{Identity: d.op}
	t.Cleanup(func() { d.dialer.Close() })
	return d
}

var ann = access.OperatorRule{Name: "Ann", Rights: deskside.AllRights, Consent: access.ConsentAllow}

// redial closes the operator's connections.
func (d *desk) redial(over deskside.Transport) {
	d.dialer.Close()
	d.dialer = &transport.Dialer{Identity: d.op, Transport: over}
}

// wire gives a client of one service.
func (d *desk) wire(svc deskside.Service) *wire.Client {
	return &wire.Client{Dial: func(ctx context.Context) (transport.Stream, error) {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(int(d.Ports().Of(svc))))
		return d.dialer.Dial(ctx, svc, addr, d.ID())
	}}
}

func (d *desk) rcinfo() rcinfo.Client {
	return rcinfo.Client{Self: d.op.ID(), Client: d.wire(deskside.RCInfo)}
}

// setup asks for a session.
func (d *desk) setup(t *testing.T) (rcinfo.Answer, error) {
	c := d.rcinfo()
	defer c.Close()
	return c.Setup(t.Context(), rcinfo.Setup{Request: deskside.NewSessionID().String(), Rights: deskside.AllRights}, nil)
}

// attach opens the control stream of a session.
func (d *desk) attach(t *testing.T, a rcinfo.Answer) *wire.Conn {
	t.Helper()
	control, err := d.rcinfo().Control(t.Context(), a.Tickets["sms-rcinfo"])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(control.Abort)
	return control
}

func (d *desk) events(t *testing.T) (kinds []deskside.EventKind) {
	t.Helper()
	for e, err := range audit.Read(filepath.Join(d.dir, AuditDir), audit.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, e.Event.Kind)
	}
	return kinds
}

func TestAgentServesAllFour(t *testing.T) {
	d := openDesk(t, Settings{}, ann)
	hello, err := d.rcinfo().Hello(t.Context())
	screen := rcinfo.Screen{ID: 1, Name: "fake", W: 320, H: 200}
	if err != nil || hello.Desktop != "320x200" || !slices.Equal(hello.Screens, []rcinfo.Screen{screen}) || hello.Policy.Name != "Ann" || len(hello.Ports) != 4 {
		t.Fatalf("hello %+v, %v", hello, err)
	}
	a, err := d.setup(t)
	if err != nil {
		t.Fatal(err)
	}
	d.attach(t, a)
	for _, svc := range deskside.Services {
		if err := d.wire(svc).JSON(t.Context(), "GET", "/ping", a.Tickets[svc.String()], nil, nil); err != nil {
			t.Errorf("%s: %v", svc, err)
		}
		if err := d.wire(svc).JSON(t.Context(), "GET", "/ping", deskside.Ticket{}, nil, nil); deskside.CodeOf(err) != deskside.CodeNoTicket {
			t.Errorf("%s without a ticket: %v", svc, err)
		}
	}
	d.Close()
	kinds := d.events(t)
	if first, last := kinds[0], kinds[len(kinds)-1]; first != deskside.EventAgentStart || last != deskside.EventAgentStop {
		t.Errorf("audit %v", kinds)
	}
	if report, err := audit.Verify(filepath.Join(d.dir, AuditDir)); err != nil || !report.Whole() {
		t.Errorf("audit %+v, %v", report, err)
	}
}

func TestEachTransportAlone(t *testing.T) {
	for _, only := range []deskside.Transport{deskside.TCP, deskside.UDP} {
		t.Run(string(only), func(t *testing.T) {
			d := openDesk(t, Settings{Transports: []string{string(only)}}, ann)
			if _, err := d.rcinfo().Hello(t.Context()); err != nil {
				t.Error(err)
			}
			other := map[deskside.Transport]deskside.Transport{deskside.TCP: deskside.UDP, deskside.UDP: deskside.TCP}[only]
			forced := &transport.Dialer{Identity: d.op, Transport: other, Handshake: 300 * time.Millisecond}
			defer forced.Close()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(int(d.Ports().Of(deskside.RCInfo))))
			if _, err := forced.Dial(ctx, deskside.RCInfo, addr, d.ID()); deskside.CodeOf(err) != deskside.CodeUnreachable {
				t.Errorf("forced %s: %v", other, err)
			}
		})
	}
}

func TestTheBarStopsASession(t *testing.T) {
	d := openDesk(t, Settings{}, ann)
	a, err := d.setup(t)
	if err != nil {
		t.Fatal(err)
	}
	d.attach(t, a)
	await.True(t, "the bar shows the session", func() bool {
		rows := d.screen.Bar()
		return len(rows) == 1 && rows[0].State == deskside.Active && rows[0].Operator.Name == "Ann"
	})
	d.screen.Press(desktop.BarAction{Session: a.Session.ID, Do: desktop.BarStop})
	await.True(t, "the bar is empty", func() bool { return len(d.screen.Bar()) == 0 })
	if e, err := d.rcinfo().Ended(t.Context(), a.Session.ID); err != nil || e.Session.Cause != deskside.CausePerson {
		t.Errorf("ended %+v, %v", e, err)
	}
}

// As with Ctrl-C: the context ends, and then the agent is closed.
func TestAnAgentThatStopsTellsWhoIsConnected(t *testing.T) {
	for _, over := range []string{"tcp", "udp"} {
		t.Run(over, func(t *testing.T) {
			d := openDesk(t, Settings{Transports: []string{over}}, ann)
			a, err := d.setup(t)
			if err != nil {
				t.Fatal(err)
			}
			lines := wire.NewLines(d.attach(t, a), rcinfo.MaxBody)
			var line rcinfo.Control
			if err := lines.Read(&line); err != nil || line.Do != rcinfo.VerbSession {
				t.Fatalf("first %+v, %v", line, err)
			}
			d.ctxEnd()
			go d.Close()
			for line.Do != rcinfo.VerbEnd {
				if err := lines.Read(&line); err != nil {
					t.Fatalf("the stream ended without a word: %v", err)
				}
			}
			if line.Ended == nil || line.Ended.Session.Cause != deskside.CauseShutdown {
				t.Errorf("ended %+v", line.Ended)
			}
		})
	}
}

func TestConsentIsAskedOnTheScreen(t *testing.T) {
	asked := ann
	asked.Consent = access.ConsentAsk
	d := openDesk(t, Settings{}, asked)
	go d.screen.Answer(t.Context(), desktop.Answer{Choice: desktop.AllowView})
	a, err := d.setup(t)
	if err != nil || !a.Session.Rights.Has(deskside.View) || a.Session.Rights.Has(deskside.Control) {
		t.Errorf("rights %s, %v", a.Session.Rights, err)
	}
	d.screen.SetPresence(desktop.Nobody)
	if _, err := d.setup(t); deskside.CodeOf(err) != deskside.CodeNobody {
		t.Errorf("nobody is there: %v", err)
	}
}

func TestPolicyIsReadAgain(t *testing.T) {
	d := openDesk(t, Settings{})
	if _, err := d.setup(t); deskside.CodeOf(err) != deskside.CodeUnknownKey {
		t.Errorf("a new agent permits: %v", err)
	}
	rule := ann
	rule.Key = d.op.ID()
	if err := Permit(d.dir, rule); err != nil {
		t.Fatal(err)
	}
	var a rcinfo.Answer
	await.True(t, "the operator is permitted", func() (ok bool) {
		var err error
		a, err = d.setup(t)
		return err == nil
	})
	path := filepath.Join(d.dir, PolicyFile)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("what = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	await.True(t, "new sessions are refused", func() bool {
		_, err := d.setup(t)
		return deskside.CodeOf(err) == deskside.CodePolicyBroken
	})
	if len(d.Sessions()) == 0 {
		t.Error("a broken policy file ended a session")
	}
	nobody := strings.ReplaceAll(string(good), rule.Key.String(), transporttest.Identity(t).ID().String())
	if err := os.WriteFile(path, []byte(nobody), 0o600); err != nil {
		t.Fatal(err)
	}
	await.True(t, "the session has ended", func() bool { return len(d.Sessions()) == 0 })
	if e, err := d.rcinfo().Ended(t.Context(), a.Session.ID); err != nil || e.Session.Cause != deskside.CausePolicy {
		t.Errorf("ended %+v, %v", e, err)
	}
}

func TestSettings(t *testing.T) {
	dir := t.TempDir()
	if _, err := ReadSettings(dir); deskside.CodeOf(err) != deskside.CodeNotFound {
		t.Errorf("no folder: %v", err)
	}
	for text, want := range map[string]string{
		"":                         "",
		"ports = \"sms12\"\n":      "",
		"# x\nport = \"sms12\"\n":  "line 2: unknown key",
		"listen = \"127.0.0.1\"\n": "line 1:",
	} {
		if err := os.WriteFile(filepath.Join(dir, ConfigFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := ReadSettings(dir)
		if (err == nil) != (want == "") || (err != nil && !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v", text, err)
		}
	}
	s := Settings{Ports: "sp2", Name: "a"}
	s.FromEnvironment(func(name string) string {
		return map[string]string{"DESKSIDE_PORTS": "sms12", "DESKSIDE_LISTEN": "127.0.0.1,::1", "DESKSIDE_TRANSPORTS": "udp"}[name]
	})
	if tcp, udp, err := s.carriers(); s.Ports != "sms12" || len(s.Listen) != 2 || s.Name != "a" || tcp || !udp || err != nil {
		t.Errorf("settings %+v", s)
	}
	s.Transports = []string{"sctp"}
	if _, _, err := s.carriers(); err == nil {
		t.Error("sctp is no transport here")
	}
}

func TestStartRefuses(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "agent")
	start := func(s Settings) error {
		a, err := Start(t.Context(), Config{Dir: dir, Settings: s, Log: slog.New(slog.DiscardHandler)})
		if err == nil {
			a.Close()
		}
		return err
	}
	if err := start(Settings{Display: "none", Ports: "0,0,0,0"}); err == nil {
		t.Error("a folder without a key")
	}
	if _, err := Init(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := Init(dir); deskside.CodeOf(err) != deskside.CodeExists {
		t.Errorf("a second init: %v", err)
	}
	for what, s := range map[string]Settings{
		"ports":     {Ports: "1,2"},
		"transport": {Transports: []string{"x"}, Ports: "0,0,0,0"},
		"host":      {Listen: []string{"not a host"}, Ports: "0,0,0,0"},
	} {
		s.Display = "none"
		if err := start(s); err == nil {
			t.Errorf("bad %s", what)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, PolicyFile), []byte("x = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := start(Settings{Display: "none", Ports: "0,0,0,0"}); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("a broken policy: %v", err)
	}
}

func TestPermitWritesWhatItSays(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "agent")
	if _, err := Init(dir); err != nil {
		t.Fatal(err)
	}
	names := []string{"Ann \"the\" Admin", "a\\b", "Zoë\n[limits]", "tab\there", "\u202eevil", "<&>", ""}
	for _, name := range names {
		rule := access.OperatorRule{Key: transporttest.Identity(t).ID(), Name: name, Rights: deskside.RightsOf(deskside.View, deskside.Info), Consent: access.ConsentAsk}
		if err := Permit(dir, rule); err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		p, err := readPolicy(filepath.Join(dir, PolicyFile))
		if err != nil {
			t.Fatal(err)
		}
		got := p.Operators[rule.Key]
		if name == "" {
			name = "operator " + rule.Key.LastGroup()
		}
		if got.Name != name || got.Rights != rule.Rights || got.Consent != rule.Consent {
			t.Errorf("%q became %+v", name, got)
		}
		if err := Permit(dir, rule); deskside.CodeOf(err) != deskside.CodeExists {
			t.Errorf("twice: %v", err)
		}
	}
}

// The policy that Init writes says what holds where it says nothing, apart from
// the folder it opens.
func TestTheShippedPolicySaysTheDefaults(t *testing.T) {
	shipped, err := access.ParsePolicy([]byte(policyText))
	if err != nil {
		t.Fatal(err)
	}
	silent, err := access.ParsePolicy(nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(shipped.Files) != 1 || shipped.Files[0].Path != "~/" {
		t.Errorf("it opens %+v", shipped.Files)
	}
	shipped.Files = nil
	if !reflect.DeepEqual(shipped, silent) {
		t.Errorf("it says %+v, the defaults are %+v", shipped, silent)
	}
}

func TestTwoAgentsOfOneFolder(t *testing.T) {
	d := openDesk(t, Settings{})
	_, err := Start(t.Context(), Config{Dir: d.dir, Settings: Settings{Ports: "0,0,0,0"}, Screen: desktoptest.New(1, 1), Log: transporttest.Watch(t)})
	if said := deskside.AsError(err); said.Code != deskside.CodeConflict || !strings.Contains(said.Words, d.dir) || said.Do == "" {
		t.Errorf("got %v, and what to do: %q", err, said.Do)
	}
}

// TestNotice shows who is connected until the person closes it.
func TestNotice(t *testing.T) {
	d := openDesk(t, Settings{}, ann)
	got := make(chan error, 1)
	go func() { got <- d.Notice(t.Context(), desktop.Notice{Title: "Help"}) }()
	shows := func(want bool) {
		t.Helper()
		await.True(t, "the notice shows it", func() bool {
			n, connected := d.screen.Noticed()
			return n != nil && n.Title == "Help" && connected == want
		})
	}
	shows(false)
	a, err := d.setup(t)
	if err != nil {
		t.Fatal(err)
	}
	d.attach(t, a)
	shows(true)
	d.screen.Press(desktop.BarAction{Session: a.Session.ID, Do: desktop.BarStop})
	shows(false)
	d.screen.CloseNotice()
	if err := await.Recv(t, "Notice returns", got); err != nil {
		t.Error(err)
	}
	go func() { got <- d.Notice(t.Context(), desktop.Notice{Title: "Help"}) }()
	shows(false)
	d.Close()
	if err := await.Recv(t, "Notice returns", got); !errors.Is(err, desktop.ErrLost) {
		t.Errorf("the agent was closed, and Notice gives %v", err)
	}
}

// TestAttended fails where nobody can be before a screen.
func TestAttended(t *testing.T) {
	transporttest.CheckLeaks(t)
	for _, display := range []string{"none", ":59000"} {
		a, err := Start(t.Context(), Config{
			Dir: t.TempDir(), Identity: transporttest.Identity(t), Policy: new(access.Policy), Attended: true,
			Settings: Settings{Display: display, Ports: "0,0,0,0"}, Log: slog.New(slog.DiscardHandler),
		})
		if deskside.CodeOf(err) != deskside.CodeNoDesktop {
			t.Errorf("with display %q: %v", display, err)
		}
		if err == nil {
			a.Close()
		}
	}
}
