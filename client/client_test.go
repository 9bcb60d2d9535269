package client

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"deskside"
	"deskside/access"
	"deskside/audit"
	"deskside/authority"
	"deskside/desktop"
	"deskside/identity"
	"deskside/internal/await"
	"deskside/rcinfo"
	"deskside/transport"
	"deskside/transport/transporttest"
	"deskside/wire"

	"encoding/json"
	"log/slog"
	"maps"
)

// machine is an agent's authority on real sockets of 127.0.0.1.
type machine struct {
	*authority.Authority
	id      *identity.Identity
	addr    string // of 2701
	log     *audit.Log
	person  *sitter
	mu      sync.Mutex
	streams []net.Conn // accepted
	doors   []net.Listener
	busy    chan struct{} // if set, no head is signed before it is closed
}

func (m *machine) Append(ctx context.Context, events ...deskside.Event) error {
	_, err := m.log.Append(ctx, events...)
	return err
}

func (m *machine) SignedHead() (string, error) {
	if m.busy != nil {
		<-m.busy
	}
	signed, err := audit.Sign(m.id.Signer(), m.log.Head(), time.Now())
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(signed)
	return string(text), err
}

// sitter types what it is told.
type sitter struct{ answers chan desktop.Answer }

func (sitter) Presence() desktop.Presence           { return desktop.Present }
func (sitter) SetBar([]desktop.BarEntry)            {}
func (sitter) BarActions() <-chan desktop.BarAction { return nil }
func (s sitter) Ask(ctx context.Context, _ desktop.Question) (desktop.Answer, error) {
	select {
	case a := <-s.answers:
		return a, nil
	case <-ctx.Done():
		return desktop.Answer{}, ctx.Err()
	}
}

// noted notes the streams that a listener accepts.
type noted struct {
	net.Listener
	m *machine
}

func (n noted) Accept() (net.Conn, error) {
	c, err := n.Listener.Accept()
	if err == nil {
		n.m.mu.Lock()
		n.m.streams = append(n.m.streams, c)
		n.m.mu.Unlock()
	}
	return c, err
}

// cut breaks every stream, as a lost network would.
func (m *machine) cut() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.streams {
		c.(transport.Stream).Abort()
	}
	m.streams = nil
}

func startMachine(t *testing.T, p *access.Policy) *machine {
	t.Helper()
	transporttest.CheckLeaks(t)
	id, err := identity.New()
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{id: id, person: &sitter{make(chan desktop.Answer, 4)}}
	if m.log, err = audit.Open(audit.Config{Dir: filepath.Join(t.TempDir(), "audit")}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.log.Close() })
	hello := rcinfo.Hello{Agent: id.ID(), Protocol: deskside.ProtocolVersion, Ports: map[string]int{}}
	m.Authority = authority.New(authority.Config{
		Audit: m, Policy: p, Person: m.person, Log: slog.New(slog.DiscardHandler),
		Hello: func() rcinfo.Hello {
			m.mu.Lock()
			defer m.mu.Unlock()
			now := hello
			now.Ports = maps.Clone(hello.Ports)
			return now
		},
	})
	for _, svc := range []deskside.Service{deskside.RCInfo, deskside.Chat} {
		port := m.serve(t, svc)
		m.mu.Lock()
		hello.Ports[svc.String()] = port
		m.mu.Unlock()
	}
	m.addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(hello.Ports["sms-rcinfo"]))
	t.Cleanup(m.Close)
	return m
}

func (m *machine) serve(t *testing.T, svc deskside.Service) int {
	l, err := transport.Listen(t.Context(), transport.Config{Identity: m.id, Service: svc, Addr: "127.0.0.1:0", TCP: true, UDP: true})
	if err != nil {
		t.Fatal(err)
	}
	var h http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := wire.Admit(m, w, r); ok {
			w.WriteHeader(http.StatusNoContent)
		}
	})
	if svc == deskside.RCInfo {
		h = rcinfo.New(rcinfo.Config{Gate: m, Authority: m, Agent: m.id.ID(), Log: slog.New(slog.DiscardHandler)})
	}
	m.doors = append(m.doors, l)
	server := wire.Server(h, slog.New(slog.DiscardHandler))
	done := make(chan struct{})
	go func() { defer close(done); server.Serve(noted{l, m}) }()
	t.Cleanup(func() { server.Close(); l.Close(); <-done })
	return int(l.Port())
}

func openClient(t *testing.T) *Client {
	t.Helper()
	c, err := Open(filepath.Join(t.TempDir(), "operator"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func permit(c *Client, consent access.Consent) *access.Policy {
	return &access.Policy{Operators: map[deskside.OperatorID]access.OperatorRule{
		c.ID(): {Key: c.ID(), Name: "Ann", Rights: deskside.AllRights, Consent: consent, Limits: access.DefaultLimits},
	}}
}

// enter reaches a machine that was met before and sets a session up.
func enter(t *testing.T, c *Client, m *machine, over deskside.Transport) *Session {
	t.Helper()
	if err := c.Trust(m.addr, m.id.ID()); err != nil {
		t.Fatal(err)
	}
	a, err := c.Reach(t.Context(), m.addr, over)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	s, err := a.Setup(t.Context(), Request{Rights: deskside.AllRights, Reason: "printer"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestSessionOverEachTransport(t *testing.T) {
	for _, over := range []deskside.Transport{deskside.TCP, deskside.UDP, ""} {
		t.Run(string(over), func(t *testing.T) {
			c := openClient(t)
			m := startMachine(t, permit(c, access.ConsentAllow))
			s := enter(t, c, m, over)
			if got := s.Path().Transport; over != "" && got != over {
				t.Errorf("went over %s, forced %s", got, over)
			}
			if _, err := s.Ping(t.Context(), deskside.Chat); err != nil {
				t.Error(err)
			}
			p := s.Pinger(deskside.UDP)
			if _, err := p.Ping(t.Context(), deskside.RCInfo); deskside.CodeOf(err) != deskside.CodeNotFound {
				t.Errorf("a path that the service does not have: %v", err)
			}
			p.Close()
			await.True(t, "the session is active", func() bool { return s.Info().State == deskside.Active })
			if _, err := s.Ticket(t.Context(), deskside.Xfer); err != nil {
				t.Error(err)
			}
			ended, err := s.End(t.Context())
			if err != nil || ended.Session.Cause != deskside.CauseOperator || ended.Head == "" {
				t.Errorf("ended %+v, %v", ended, err)
			}
			if _, err := s.Ticket(t.Context(), deskside.Chat); deskside.CodeOf(err) != deskside.CodeEnded {
				t.Errorf("a ticket after the end: %v", err)
			}
		})
	}
}

func TestTheOtherSideEndsIt(t *testing.T) {
	c := openClient(t)
	m := startMachine(t, permit(c, access.ConsentAllow))
	s := enter(t, c, m, "")
	m.End(s.Info().ID, deskside.CausePerson)
	await.Closed(t, "the session's end", s.Done())
	if e := s.Ended(); e.Session.Cause != deskside.CausePerson || e.Words != deskside.CausePerson.Words() {
		t.Errorf("ended %+v", e)
	}
}

func TestAHeadThatComesLateIsFetched(t *testing.T) {
	c := openClient(t)
	m := startMachine(t, permit(c, access.ConsentAllow))
	m.busy = make(chan struct{})
	s := enter(t, c, m, "")
	go m.End(s.Info().ID, deskside.CausePerson)
	await.True(t, "the end is told", func() bool { return s.Info().State == deskside.Ended })
	if s.Ended().Head != "" {
		t.Error("a head came that was not signed yet")
	}
	close(m.busy)
	await.Closed(t, "the session's end", s.Done())
	if s.Ended().Head == "" {
		t.Error("the late head was not fetched")
	}
	if kept, err := os.ReadFile(filepath.Join(c.home, headFile)); err != nil || len(kept) == 0 {
		t.Errorf("kept %q, %v", kept, err)
	}
}

func TestALostSessionResumesByItself(t *testing.T) {
	for _, over := range []deskside.Transport{deskside.TCP, deskside.UDP} {
		t.Run(string(over), func(t *testing.T) {
			c := openClient(t)
			m := startMachine(t, permit(c, access.ConsentAllow))
			s := enter(t, c, m, over)
			await.True(t, "active", func() bool { return s.Info().State == deskside.Active })
			before, err := s.Ticket(t.Context(), deskside.Chat)
			if err != nil {
				t.Fatal(err)
			}
			m.cut()
			await.True(t, "resumed with a new ticket", func() bool {
				now, err := s.Ticket(t.Context(), deskside.Chat)
				return err == nil && now != before && s.Info().State == deskside.Active
			})
			if _, err := s.Ping(t.Context(), deskside.Chat); err != nil {
				t.Error(err)
			}
			if open := m.Open(); len(open) != 1 || open[0].ID != s.Info().ID {
				t.Errorf("the agent has %+v", open)
			}
		})
	}
}

func TestALostSessionThatEndedMeanwhile(t *testing.T) {
	c := openClient(t)
	m := startMachine(t, permit(c, access.ConsentAllow))
	s := enter(t, c, m, deskside.TCP)
	m.cut()
	m.End(s.Info().ID, deskside.CausePerson)
	await.Closed(t, "the session's end", s.Done())
	if e := s.Ended(); e.Session.State != deskside.Ended || e.Session.Cause != deskside.CausePerson {
		t.Errorf("ended %+v", e)
	}
}

func TestNeverMetIsNotTrusted(t *testing.T) {
	c := openClient(t)
	m := startMachine(t, permit(c, access.ConsentAllow))
	a, err := c.Reach(t.Context(), m.addr, "")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if a.Pinned || a.Key != m.id.ID() {
		t.Errorf("agent %+v", a)
	}
	if _, err := a.Setup(t.Context(), Request{Rights: deskside.AllRights}); deskside.CodeOf(err) != deskside.CodeUnpinned || !strings.Contains(deskside.AsError(err).Do, m.id.ID().String()) {
		t.Errorf("setup: %v", err)
	}
	if _, err := a.Sessions(t.Context()); deskside.CodeOf(err) != deskside.CodeUnpinned {
		t.Errorf("sessions: %v", err)
	}
}

func TestAChangedKeyIsAnError(t *testing.T) {
	c := openClient(t)
	m := startMachine(t, permit(c, access.ConsentAllow))
	if err := c.Trust(m.addr, c.ID()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Reach(t.Context(), m.addr, ""); deskside.CodeOf(err) != deskside.CodeWrongKey {
		t.Errorf("got %v", err)
	}
	if err := c.Trust(m.addr, m.id.ID()); deskside.CodeOf(err) != deskside.CodeWrongKey {
		t.Errorf("a pin was changed: %v", err)
	}
}

func TestFirstMeetingPins(t *testing.T) {
	c := openClient(t)
	m := startMachine(t, &access.Policy{Unknown: access.UnknownAsk, UnknownRights: deskside.RightsOf(deskside.View)})
	meet := func(change func(string) string) (*Session, error) {
		a, err := c.Reach(t.Context(), m.addr, "")
		if err != nil {
			t.Fatal(err)
		}
		s, err := a.Meet(t.Context(), Request{Rights: deskside.AllRights}, func(digits string) {
			m.person.answers <- desktop.Answer{Choice: desktop.Allow, Digits: change(digits)}
		})
		if err != nil {
			a.Close()
		}
		return s, err
	}
	if _, err := meet(func(d string) string { return d[1:] + "x" }); deskside.CodeOf(err) != deskside.CodeWrongKey {
		t.Errorf("wrong digits: %v", err)
	}
	if pins, err := c.Pins().All(); err != nil || len(pins) != 0 {
		t.Errorf("pinned after wrong digits: %v, %v", pins, err)
	}
	s, err := meet(func(d string) string { return d })
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := s.Info().Rights; got != deskside.RightsOf(deskside.View) {
		t.Errorf("rights %s", got)
	}
	if _, err := s.Ticket(t.Context(), deskside.Xfer); deskside.CodeOf(err) != deskside.CodeNoRight {
		t.Errorf("a ticket without the right: %v", err)
	}
	if pin, err := c.Pins().Lookup(m.addr); err != nil || pin != m.id.ID() {
		t.Errorf("pin %s, %v", pin, err)
	}
}

func TestUnreachable(t *testing.T) {
	c := openClient(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if _, err := c.Reach(ctx, addr, deskside.TCP); deskside.CodeOf(err) != deskside.CodeUnreachable {
		t.Errorf("got %v", err)
	}
}

func TestSplitHost(t *testing.T) {
	for in, want := range map[string]string{
		"desk": "desk:2701", "desk:1761": "desk:1761", "192.0.2.7": "192.0.2.7:2701", "::1": "[::1]:2701",
		"[::1]": "[::1]:2701", "[::1]:9": "[::1]:9", "fe80::1": "[fe80::1]:2701",
		"": "", "desk:": "", "desk:0": "", "desk:65536": "", "desk:x": "", "a b": "", "a/b": "", "a:b:c": "",
	} {
		got, err := splitHost(in)
		if got != want || (want == "") != (err != nil) {
			t.Errorf("%q: got %q, %v, want %q", in, got, err, want)
		}
	}
	if got := pinName("desk:2701"); got != "desk" {
		t.Errorf("got %q", got)
	}
}

func TestBook(t *testing.T) {
	c := openClient(t)
	b := c.Book()
	for _, m := range []Machine{{Name: "Zoë", Address: "10.0.0.9:1761", Group: "b"}, {Address: "front-desk", Group: "a"}, {Name: "agent", Address: c.ID().String()}} {
		if err := b.Put(m); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Put(Machine{Name: "zoë", Address: "10.0.0.10"}); err != nil {
		t.Fatal(err)
	}
	list, err := b.All()
	names := []string{}
	for _, m := range list {
		names = append(names, m.Name)
	}
	if want := []string{"agent", "zoë", "front-desk"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("got %v, %v, want %v", names, err, want)
	}
	for _, bad := range []Machine{{}, {Name: "x"}, {Address: "a b"}, {Address: "a", Note: strings.Repeat("x", maxField+1)}} {
		if err := b.Put(bad); deskside.CodeOf(err) != deskside.CodeBadRequest {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if addr, err := c.resolve("ZOË"); err != nil || addr != "10.0.0.10:2701" {
		t.Errorf("resolved %q, %v", addr, err)
	}
	if _, err := c.resolve(c.ID().String()); deskside.CodeOf(err) != deskside.CodeNotFound {
		t.Errorf("an agent never met: %v", err)
	}
	if err := c.Trust("10.0.0.11:99", c.ID()); err != nil {
		t.Fatal(err)
	}
	if addr, err := c.resolve(c.ID().String()); err != nil || addr != "10.0.0.11:99" {
		t.Errorf("resolved %q, %v", addr, err)
	}
	if err := b.Remove("front-desk"); err != nil {
		t.Error(err)
	}
	if err := b.Remove("front-desk"); deskside.CodeOf(err) != deskside.CodeNotFound {
		t.Errorf("got %v", err)
	}
}

func TestKeys(t *testing.T) {
	c, err := Open(filepath.Join(t.TempDir(), "operator"))
	if err != nil {
		t.Fatal(err)
	}
	ann, bob := transporttest.Identity(t).ID(), transporttest.Identity(t).ID()
	for host, id := range map[string]deskside.AgentID{"Desk": ann, "desk.example:3701": bob} {
		if err := c.Trust(host, id); err != nil {
			t.Fatal(err)
		}
	}
	machines := []Machine{
		{Name: "a", Address: "desk"}, {Name: "b", Address: "DESK:2701"}, {Name: "c", Address: "desk.example:3701"},
		{Name: "d", Address: "desk.example"}, {Name: "e", Address: bob.String()},
		{Name: "f", Address: transporttest.Identity(t).ID().String()}, {Name: "g", Address: "not a host"},
	}
	keys, err := c.Keys(machines)
	want := map[string]deskside.AgentID{"desk": ann, "DESK:2701": ann, "desk.example:3701": bob, bob.String(): bob}
	if err != nil || !maps.Equal(keys, want) {
		t.Errorf("got %v, %v, want %v", keys, err, want)
	}
	for _, m := range machines {
		if id, _ := c.Known(m.Address); id != keys[m.Address] {
			t.Errorf("%q alone has the key %v, among others %v", m.Address, id, keys[m.Address])
		}
	}
}

// A console and a command line may change the book at once.
func TestBookOfSeveralProcesses(t *testing.T) {
	c := openClient(t)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			b := &Book{path: c.book.path} // as another process has it
			if err := b.Put(Machine{Address: "10.0.0." + strconv.Itoa(i)}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if list, err := c.Book().All(); err != nil || len(list) != 8 {
		t.Errorf("%d machines are left of 8, %v", len(list), err)
	}
}

// The streams of a session that is lost are given up at once, also those of
// which nothing is heard: what the agent said of their end may be lost as well.
func TestALostSessionGivesItsStreamsUp(t *testing.T) {
	c := openClient(t)
	m := startMachine(t, permit(c, access.ConsentAllow))
	s := enter(t, c, m, deskside.TCP)
	stream, err := s.Service(deskside.Chat).Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	m.mu.Lock()
	for _, c := range m.streams {
		if c := c.(transport.Stream); c.Service() == deskside.RCInfo {
			c.Abort()
		}
	}
	m.mu.Unlock()
	ended := make(chan error, 1)
	go func() {
		_, err := stream.Read(make([]byte, 1))
		ended <- err
	}()
	if err := await.Recv(t, "the stream's end", ended); err == nil || s.Losses() != 1 {
		t.Errorf("read gave %v, the session was lost %d times", err, s.Losses())
	}
	await.True(t, "no stream is noted", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.streams) == 0
	})
}

// While a session is lost its tickets are waited for, as long as the context
// lives.
func TestTicketsOfALostSessionAreWaitedFor(t *testing.T) {
	c := openClient(t)
	m := startMachine(t, permit(c, access.ConsentAllow))
	s := enter(t, c, m, deskside.TCP)
	before, err := s.Ticket(t.Context(), deskside.Chat)
	if err != nil {
		t.Fatal(err)
	}
	lost := func(is bool) {
		s.update(func() {
			if s.info.State = deskside.Active; is {
				s.info.State = deskside.Suspended
			}
		})
	}
	lost(true)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Ticket(over, deskside.Chat); deskside.CodeOf(err) != deskside.CodeSuspended {
		t.Errorf("when the caller gave up: %v", err)
	}
	if err := s.Reaches(deskside.Chat); err != nil {
		t.Errorf("a session that may return reaches nothing: %v", err)
	}
	got := make(chan deskside.Ticket, 1)
	go func() {
		ticket, _ := s.Ticket(t.Context(), deskside.Chat)
		got <- ticket
	}()
	lost(false)
	if ticket := await.Recv(t, "a ticket", got); ticket != before {
		t.Error("another ticket than the session's")
	}
}
