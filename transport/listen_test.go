package transport_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"deskside"
	"deskside/internal/await"
	"deskside/transport"
	"deskside/transport/transporttest"
)

// loopbacks gives this machine's loopback addresses: that of IPv4, and that of
// IPv6 where the system has the family at all.
func loopbacks(t *testing.T) []string {
	t.Helper()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	hosts := []string{"127.0.0.1"}
	for _, a := range all {
		if strings.HasPrefix(a.String(), "::1/") {
			hosts = append(hosts, "::1")
		}
	}
	return hosts
}

func TestListenOnBothFamilies(t *testing.T) {
	transporttest.CheckLeaks(t)
	id := transporttest.Identity(t)
	l := listen(t, transport.Config{Identity: id, Service: deskside.Chat, Addr: ":0", TCP: true, UDP: true})
	for _, host := range append(loopbacks(t), "localhost") {
		where := net.JoinHostPort(host, fmt.Sprint(l.Port()))
		for _, over := range []deskside.Transport{"", deskside.TCP, deskside.UDP} {
			s, err := dialer(t, over).Dial(patience(t), deskside.Chat, where, id.ID())
			if err != nil {
				t.Errorf("%s over %q: %v", where, over, err)
				continue
			}
			if host != "localhost" && s.Path().Remote != where {
				t.Errorf("path %+v, want the remote %s", s.Path(), where)
			}
			mustEcho(t, s)
		}
	}
}

func TestListenOnOneAddress(t *testing.T) {
	transporttest.CheckLeaks(t)
	id := transporttest.Identity(t)
	other := map[string]string{"127.0.0.1": "::1", "::1": "127.0.0.1"}
	for _, host := range loopbacks(t) {
		l := listen(t, transport.Config{Identity: id, Service: deskside.Chat, Addr: net.JoinHostPort(host, "0"), TCP: true, UDP: true})
		where := net.JoinHostPort(host, fmt.Sprint(l.Port()))
		if all := l.Addrs(); len(all) != 2 || all[0].String() != where || all[1].String() != where {
			t.Errorf("listens on %v, want %s on each transport", all, where)
		}
		d := dialer(t, "")
		d.Handshake = 300 * time.Millisecond
		if s, err := d.Dial(patience(t), deskside.Chat, net.JoinHostPort(other[host], fmt.Sprint(l.Port())), id.ID()); err == nil {
			t.Errorf("%s: reached by %s, %+v", host, other[host], s.Path())
		}
	}
	l := listen(t, transport.Config{Identity: id, Service: deskside.Chat, Addr: "localhost:0", TCP: true, UDP: true})
	for _, over := range bothTransports {
		mustServe(t, l, id, deskside.Chat, over)
	}
}

// Without one of the transports its port stays free for others.
func TestListenOpensNoSocketOfTheOther(t *testing.T) {
	transporttest.CheckLeaks(t)
	l := listen(t, transport.Config{Service: deskside.Chat, TCP: true})
	pc, err := net.ListenPacket("udp", addr(l))
	if err != nil {
		t.Errorf("TCP alone holds the UDP port: %v", err)
	} else {
		pc.Close()
	}
	l = listen(t, transport.Config{Service: deskside.Chat, UDP: true})
	tcp, err := net.Listen("tcp", addr(l))
	if err != nil {
		t.Errorf("UDP alone holds the TCP port: %v", err)
	} else {
		tcp.Close()
	}
}

func TestListenRefuses(t *testing.T) {
	id := transporttest.Identity(t)
	for what, config := range map[string]transport.Config{
		"no transport":         {Identity: id, Addr: "127.0.0.1:0"},
		"no identity":          {Addr: "127.0.0.1:0", TCP: true},
		"no port":              {Identity: id, Addr: "127.0.0.1", TCP: true},
		"a port too large":     {Identity: id, Addr: "127.0.0.1:65536", TCP: true},
		"a name for a port":    {Identity: id, Addr: "127.0.0.1:http", TCP: true},
		"an address elsewhere": {Identity: id, Addr: "192.0.2.1:0", TCP: true},
		"the same, UDP":        {Identity: id, Addr: "192.0.2.1:0", UDP: true},
	} {
		if l, err := transport.Listen(context.Background(), config); err == nil {
			l.Close()
			t.Errorf("%s: listens on %s", what, l.Addr())
		}
	}
}

func TestListenerClose(t *testing.T) {
	transporttest.CheckLeaks(t)
	for _, over := range bothTransports {
		id := transporttest.Identity(t)
		l, err := transport.Listen(context.Background(), transport.Config{
			Identity: id, Service: deskside.Chat, Addr: "127.0.0.1:0", TCP: over == deskside.TCP, UDP: over == deskside.UDP,
		})
		if err != nil {
			t.Fatal(err)
		}
		d := dialer(t, over)
		// One stream is accepted, a second waits to be, a third connection
		// has only begun.
		for range 2 {
			s, err := d.Dial(patience(t), deskside.Chat, addr(l), id.ID())
			if err != nil {
				t.Fatal(err)
			}
			s.Write([]byte("x"))
		}
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		half, err := net.Dial(string(over), addr(l))
		if err != nil {
			t.Fatal(err)
		}
		defer half.Close()
		ended := make(chan struct{})
		c.(transport.Stream).AfterClose(func() { close(ended) })
		waiting := make(chan error, 1)
		go func() {
			// The second stream may come first.
			for {
				if _, err := l.Accept(); err != nil {
					waiting <- err
					return
				}
			}
		}()
		l.Close()
		await.Closed(t, "the accepted stream to end", ended)
		if err := await.Recv(t, "Accept to end", waiting); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s: Accept after Close: %v, want net.ErrClosed", over, err)
		}
		l.Close()
		await.True(t, "the counts to fall", func() bool {
			stats := l.Stats()
			return stats.Open == 0 && stats.HalfOpen == 0
		})
	}
}

// A QUIC client has no more streams at once than it may.
// A stranger may not multiply connections by streams.
func TestStreamsOfASourceAreBounded(t *testing.T) {
	transporttest.CheckLeaks(t)
	id := transporttest.Identity(t)
	const most = 4
	l := listen(t, transport.Config{Identity: id, Service: deskside.Chat, UDP: true, Limits: transport.Limits{StreamsPerSource: most}})
	var open, refused []transport.Stream
	for range 3 {
		d := dialer(t, deskside.UDP)
		for range 3 {
			s, err := d.Dial(patience(t), deskside.Chat, addr(l), id.ID())
			if err != nil {
				t.Fatal(err)
			}
			s.SetDeadline(time.Now().Add(await.Limit))
			s.Write([]byte("x"))
			if _, err := s.Read(make([]byte, 1)); err == nil {
				open = append(open, s)
			} else {
				refused = append(refused, s)
			}
		}
	}
	if len(open) != most || len(refused) != 9-most || l.Stats().Streams != most {
		t.Errorf("%d streams are open, %d refused, %+v", len(open), len(refused), l.Stats())
	}
	for _, s := range open {
		s.Abort()
	}
	await.True(t, "room", func() bool { return l.Stats().Streams == 0 })
	mustServe(t, l, id, deskside.Chat, deskside.UDP)
}

func TestStreamsAreBounded(t *testing.T) {
	transporttest.CheckLeaks(t)
	id := transporttest.Identity(t)
	l := listen(t, transport.Config{Identity: id, Service: deskside.Chat, UDP: true, Limits: transport.Limits{Streams: 2}})
	d := dialer(t, deskside.UDP)
	var streams []transport.Stream
	for range 2 {
		s, err := d.Dial(patience(t), deskside.Chat, addr(l), id.ID())
		if err != nil {
			t.Fatal(err)
		}
		streams = append(streams, s)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if _, err := d.Dial(ctx, deskside.Chat, addr(l), id.ID()); err == nil {
		t.Error("a third stream was opened")
	}
	mustEcho(t, streams[0])
	s, err := d.Dial(patience(t), deskside.Chat, addr(l), id.ID())
	if err != nil {
		t.Fatal(err)
	}
	mustEcho(t, s)
}
