package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"deskside"
)

func udp(text string) net.Addr { return net.UDPAddrFromAddrPort(netip.MustParseAddrPort(text)) }

func TestDoorsCountSources(t *testing.T) {
	for what, c := range map[string]struct {
		limits Limits
		from   []string
		enter  bool
		want   int // of from, how many get in
	}{
		"all":                   {Limits{HalfOpen: 3}, []string{"192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1", "192.0.2.4:1"}, false, 3},
		"one source":            {Limits{HalfOpenPerSource: 2}, []string{"192.0.2.1:1", "192.0.2.1:2", "192.0.2.1:3", "192.0.2.2:1"}, false, 3},
		"one source, mapped":    {Limits{HalfOpenPerSource: 1}, []string{"192.0.2.1:1", "[::ffff:192.0.2.1]:2"}, false, 1},
		"one /64":               {Limits{HalfOpenPerSource: 1}, []string{"[2001:db8::1]:1", "[2001:db8::2]:1", "[2001:db8:0:1::1]:1"}, false, 2},
		"finished do not count": {Limits{HalfOpenPerSource: 1}, []string{"192.0.2.1:1", "192.0.2.1:2", "192.0.2.1:3"}, true, 3},
		"open":                  {Limits{Open: 2}, []string{"192.0.2.1:1", "192.0.2.2:2", "192.0.2.3:3"}, true, 2},
		"open, one source":      {Limits{OpenPerSource: 1}, []string{"192.0.2.1:1", "192.0.2.1:2", "192.0.2.3:3"}, true, 2},
	} {
		d := newDoors(c.limits.withDefaults())
		var in []*visitor
		for _, from := range c.from {
			v, err := d.knock(udp(from), true)
			if err != nil {
				continue
			}
			if c.enter && !v.enter() {
				t.Errorf("%s: %s may knock and not enter", what, from)
			}
			in = append(in, v)
		}
		if len(in) != c.want {
			t.Errorf("%s: %d got in, want %d", what, len(in), c.want)
		}
		for _, v := range in {
			v.leave()
			v.leave()
		}
		stats := d.snapshot()
		if stats.HalfOpen != 0 || stats.Open != 0 || stats.Unvalidated != 0 || len(d.from) != 0 {
			t.Errorf("%s: after all left: %+v and %d sources", what, stats, len(d.from))
		}
		if want := uint64(len(c.from) - c.want); stats.Refused != want {
			t.Errorf("%s: %d refused, want %d", what, stats.Refused, want)
		}
	}
}

// Addresses nobody proved use up nobody's places, and their own are few.
func TestDoorsUnvalidated(t *testing.T) {
	d := newDoors(Limits{Unvalidated: 2, HalfOpenPerSource: 1, OpenPerSource: 1}.withDefaults())
	var strangers []*visitor
	for i := 0; !d.mustValidate(); i++ {
		v, err := d.knock(udp(fmt.Sprintf("192.0.2.1:%d", i+1)), false)
		if err != nil {
			t.Fatal(err)
		}
		strangers = append(strangers, v)
	}
	if len(strangers) != 2 {
		t.Fatalf("%d strangers were let in, want 2", len(strangers))
	}
	v, err := d.knock(udp("192.0.2.1:99"), true)
	if err != nil {
		t.Fatalf("strangers who name an address use up its places: %v", err)
	}
	for range 2 { // a second time changes nothing
		if !v.enter() {
			t.Fatal("a proved address may not enter")
		}
	}
	// The handshake proves the address, whose places are taken now.
	if strangers[0].enter() {
		t.Error("a source has one connection more than it may")
	}
	v.leave()
	if !strangers[1].enter() {
		t.Error("a place that was given back is not free")
	}
	for _, s := range strangers {
		s.leave()
	}
	if v.enter(); d.mustValidate() {
		t.Error("strangers who left still count")
	}
	if stats := d.snapshot(); stats.HalfOpen != 0 || stats.Open != 0 || stats.Unvalidated != 0 || stats.Retried != 1 || len(d.from) != 0 {
		t.Errorf("after all left: %+v and %d sources", stats, len(d.from))
	}
}

func TestExplainListen(t *testing.T) {
	for errno, want := range map[syscall.Errno]struct {
		code deskside.Code
		do   string
	}{
		syscall.EACCES:        {deskside.CodeDenied, "net.ipv4.ip_unprivileged_port_start"},
		syscall.EADDRINUSE:    {deskside.CodeBusy, "--ports"},
		syscall.EADDRNOTAVAIL: {deskside.CodeBadRequest, "--listen"},
		syscall.EMFILE:        {deskside.CodeInternal, ""},
	} {
		err := explainListen(&net.OpError{Op: "listen", Err: errno}, deskside.RCInfo, deskside.TCP, "192.0.2.1:1")
		e := deskside.AsError(err)
		if e.Code != want.code || !strings.Contains(e.Do, want.do) || !errors.Is(err, errno) {
			t.Errorf("%v: %v (%s, do %q); want %s and %q", errno, err, e.Code, e.Do, want.code, want.do)
		}
		for _, part := range []string{"sms-rcinfo", "tcp", "192.0.2.1:1"} {
			if !strings.Contains(e.Words, part) {
				t.Errorf("%v: %q does not name %s", errno, e.Words, part)
			}
		}
	}
}

func TestAlternate(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"1.1.1.1", "1.1.1.1"},
		{"::1 ::2 ::3 1.1.1.1 2.2.2.2", "::1 1.1.1.1 ::2 2.2.2.2 ::3"},
		{"1.1.1.1 2.2.2.2 ::1", "1.1.1.1 ::1 2.2.2.2"},
		{"1.1.1.1 ::1 ::2 ::3", "1.1.1.1 ::1 ::2 ::3"},
	} {
		var in []netip.Addr
		for _, one := range strings.Fields(c.in) {
			in = append(in, netip.MustParseAddr(one))
		}
		var out []string
		for _, one := range alternate(in) {
			out = append(out, one.String())
		}
		if got := strings.Join(out, " "); got != c.want {
			t.Errorf("%s: %s, want %s", c.in, got, c.want)
		}
	}
}

// fakeStream is a stream of which a race needs to know one thing.
type fakeStream struct {
	Stream
	aborted chan string
	name    string
}

func (f fakeStream) Abort() { f.aborted <- f.name }

func TestRace(t *testing.T) {
	attempts := make([]attempt, 4)
	for i := range attempts {
		attempts[i].addr = netip.AddrPortFrom(netip.IPv4Unspecified(), uint16(i))
	}
	bad := errors.New("bad")
	t.Run("failure starts the next", func(t *testing.T) {
		s, err := race(context.Background(), attempts, time.Hour, func(_ context.Context, a attempt) (Stream, error) {
			if a.addr.Port() < 2 {
				return nil, bad
			}
			return fakeStream{name: a.addr.String()}, nil
		})
		if err != nil || s.(fakeStream).name != "0.0.0.0:2" {
			t.Errorf("%v, %v; want the third", s, err)
		}
	})
	t.Run("all fail", func(t *testing.T) {
		_, err := race(context.Background(), attempts, time.Hour, func(context.Context, attempt) (Stream, error) { return nil, bad })
		if !errors.Is(err, bad) || strings.Count(err.Error(), "bad") != len(attempts) {
			t.Errorf("%v, want four reasons", err)
		}
	})
	t.Run("the loser is cancelled, or aborted when it finished too", func(t *testing.T) {
		aborted := make(chan string, 1)
		s, err := race(context.Background(), attempts[:2], time.Nanosecond, func(ctx context.Context, a attempt) (Stream, error) {
			if a.addr.Port() == 0 {
				<-ctx.Done() // until the other has won
			}
			return fakeStream{aborted: aborted, name: a.addr.String()}, nil
		})
		if err != nil || s.(fakeStream).name != "0.0.0.0:1" {
			t.Fatalf("%v, %v; want the second", s, err)
		}
		if got := <-aborted; got != "0.0.0.0:0" {
			t.Errorf("aborted %s", got)
		}
	})
	t.Run("its context ends it", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(context.Background())
		_, err := race(ctx, attempts, time.Hour, func(ctx context.Context, _ attempt) (Stream, error) {
			cancel(bad)
			<-ctx.Done()
			return nil, context.Cause(ctx)
		})
		if !errors.Is(err, bad) || strings.Count(err.Error(), "bad") != 1 {
			t.Errorf("%v, want the one attempt's", err)
		}
		if _, err := race(ctx, attempts, time.Hour, nil); !errors.Is(err, bad) {
			t.Errorf("%v, want the context's cause", err)
		}
	})
}
