package transport_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"deskside"
	"deskside/identity"
	"deskside/internal/await"
	"deskside/transport"
	"deskside/transport/transporttest"
)

func TestWrongKey(t *testing.T) {
	transporttest.CheckLeaks(t)
	l := listen(t, transport.Config{Service: deskside.Chat, TCP: true, UDP: true})
	other := transporttest.Identity(t)
	for _, over := range []deskside.Transport{"", deskside.TCP, deskside.UDP} {
		_, err := dialer(t, over).Dial(patience(t), deskside.Chat, addr(l), other.ID())
		e := deskside.AsError(err)
		if e.Code != deskside.CodeWrongKey || !strings.Contains(e.Words, other.ID().String()) || e.Do == "" {
			t.Errorf("%q: %v (%s, do %q); want wrong-key naming the expected one", over, err, e.Code, e.Do)
		}
	}
}

func TestWrongServiceIsNamed(t *testing.T) {
	transporttest.CheckLeaks(t)
	id := transporttest.Identity(t)
	l := listen(t, transport.Config{Identity: id, Service: deskside.Xfer, TCP: true, UDP: true})
	for _, over := range []deskside.Transport{"", deskside.TCP, deskside.UDP} {
		_, err := dialer(t, over).Dial(patience(t), deskside.RemCtrl, addr(l), id.ID())
		e := deskside.AsError(err)
		if e.Code != deskside.CodeWrongService || !strings.Contains(e.Words, "sms-xfer") || !strings.Contains(e.Words, "sms-remctrl") {
			t.Errorf("%q: %v (%s); want wrong-service naming both", over, err, e.Code)
		}
	}
}

func TestDialRefusesToExpectNobody(t *testing.T) {
	l := listen(t, transport.Config{Service: deskside.Chat, TCP: true})
	if _, err := dialer(t, "").Dial(patience(t), deskside.Chat, addr(l), deskside.KeyID{}); err == nil {
		t.Error("dialled without a key to expect")
	}
}

func TestFirstMeeting(t *testing.T) {
	transporttest.CheckLeaks(t)
	id := transporttest.Identity(t)
	l := listen(t, transport.Config{Identity: id, Service: deskside.RCInfo, TCP: true, UDP: true})
	for _, over := range bothTransports {
		s, err := dialer(t, over).Dial(patience(t), deskside.RCInfo, addr(l), identity.Anyone())
		if err != nil {
			t.Fatal(err)
		}
		if s.Peer() != id.ID() {
			t.Errorf("%s: met %s, want %s", over, s.Peer(), id.ID())
		}
		mustEcho(t, s)
	}
}

func TestStrangeServers(t *testing.T) {
	transporttest.CheckLeaks(t)
	for what, words := range map[string]string{"plain HTTP": "HTTP/1.1 400 Bad Request\r\n\r\n", "SSH": "SSH-2.0-OpenSSH_9.2\r\n"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				c.Write([]byte(words))
				c.(*net.TCPConn).CloseWrite()
				c.Read(make([]byte, 4096))
				c.Close()
			}
		}()
		_, err = dialer(t, deskside.TCP).Dial(patience(t), deskside.Chat, l.Addr().String(), identity.Anyone())
		if code := deskside.CodeOf(err); code != deskside.CodeWrongService {
			t.Errorf("%s: %v (%s), want wrong-service", what, err, code)
		}
		l.Close()
		<-done
	}
}

func TestUnreachableSaysWhy(t *testing.T) {
	transporttest.CheckLeaks(t)
	// A port that was free a moment ago.
	l := listen(t, transport.Config{Service: deskside.Chat, TCP: true, UDP: true})
	where := addr(l)
	l.Close()
	d := dialer(t, "")
	d.Handshake = 300 * time.Millisecond
	_, err := d.Dial(patience(t), deskside.Chat, where, identity.Anyone())
	e := deskside.AsError(err)
	if e.Code != deskside.CodeUnreachable || !strings.Contains(e.Words, "tcp "+where) || !strings.Contains(e.Words, "udp "+where) || !strings.Contains(e.Do, portOf(where)) {
		t.Errorf("%v (%s, do %q); want unreachable with both attempts", err, e.Code, e.Do)
	}
}

func portOf(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return port
}

func TestDialRefusesAddresses(t *testing.T) {
	d := dialer(t, "")
	for _, bad := range []string{"", "host", "host:", ":2701", "host:0", "host:65536", "host:http", "[::1:2701", "a:b:2701"} {
		if _, err := d.Dial(patience(t), deskside.Chat, bad, identity.Anyone()); deskside.CodeOf(err) != deskside.CodeBadRequest {
			t.Errorf("address %q: %v, want bad-request", bad, err)
		}
	}
	d.Transport = "pigeon"
	if _, err := d.Dial(patience(t), deskside.Chat, "127.0.0.1:2701", identity.Anyone()); deskside.CodeOf(err) != deskside.CodeBadRequest {
		t.Errorf("transport pigeon: %v, want bad-request", err)
	}
}

func TestForcedTransportNeverFallsBack(t *testing.T) {
	transporttest.CheckLeaks(t)
	id := transporttest.Identity(t)
	for _, there := range bothTransports {
		l := listen(t, transport.Config{Identity: id, Service: deskside.Chat, TCP: there == deskside.TCP, UDP: there == deskside.UDP})
		for _, forced := range bothTransports {
			d := dialer(t, forced)
			if forced != there {
				d.Handshake = 300 * time.Millisecond
			}
			s, err := d.Dial(patience(t), deskside.Chat, addr(l), id.ID())
			switch {
			case forced != there:
				if deskside.CodeOf(err) != deskside.CodeUnreachable {
					t.Errorf("%s forced, %s there: %v, want unreachable", forced, there, err)
				}
			case err != nil:
				t.Errorf("%s: %v", forced, err)
			case s.Path().Transport != forced:
				t.Errorf("%s forced, got %+v", forced, s.Path())
			}
		}
	}
}

func TestRacePrefers(t *testing.T) {
	transporttest.CheckLeaks(t)
	id := transporttest.Identity(t)
	for svc, want := range map[deskside.Service]deskside.Transport{
		deskside.RCInfo: deskside.UDP, deskside.RemCtrl: deskside.UDP, deskside.Chat: deskside.UDP, deskside.Xfer: deskside.TCP,
	} {
		l := listen(t, transport.Config{Identity: id, Service: svc, TCP: true, UDP: true})
		d := dialer(t, "")
		d.Stagger = time.Minute // so that only failure starts the second
		s, err := d.Dial(patience(t), svc, addr(l), id.ID())
		if err != nil {
			t.Fatal(err)
		}
		if s.Path().Transport != want {
			t.Errorf("%s went over %s, want %s", svc, s.Path().Transport, want)
		}
		mustEcho(t, s)
	}
}

// A path that swallows one transport costs a head start and no more.
func TestRacePassesBlackHoles(t *testing.T) {
	transporttest.CheckLeaks(t)
	id := transporttest.Identity(t)
	t.Run("udp", func(t *testing.T) {
		l := listen(t, transport.Config{Identity: id, Service: deskside.Chat, TCP: true})
		hole, err := net.ListenPacket("udp", addr(l))
		if err != nil {
			t.Fatal(err)
		}
		defer hole.Close()
		s, err := dialer(t, "").Dial(patience(t), deskside.Chat, addr(l), id.ID())
		if err != nil {
			t.Fatal(err)
		}
		if s.Path().Transport != deskside.TCP {
			t.Errorf("went over %s", s.Path().Transport)
		}
		mustEcho(t, s)
	})
	t.Run("tcp", func(t *testing.T) {
		l := listen(t, transport.Config{Identity: id, Service: deskside.Xfer, UDP: true})
		// The system connects, and nobody ever answers.
		hole, err := net.Listen("tcp", addr(l))
		if err != nil {
			t.Fatal(err)
		}
		defer hole.Close()
		s, err := dialer(t, "").Dial(patience(t), deskside.Xfer, addr(l), id.ID())
		if err != nil {
			t.Fatal(err)
		}
		if s.Path().Transport != deskside.UDP {
			t.Errorf("went over %s", s.Path().Transport)
		}
		mustEcho(t, s)
	})
}

func TestDialEndsWithItsContext(t *testing.T) {
	transporttest.CheckLeaks(t)
	hole, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer hole.Close()
	udp, err := net.ListenPacket("udp", hole.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := dialer(t, "").Dial(ctx, deskside.Chat, hole.Addr().String(), identity.Anyone()); !errors.Is(ctx.Err(), context.DeadlineExceeded) || err == nil {
		t.Errorf("dialled a black hole: %v", err)
	}
}

func TestDialerClose(t *testing.T) {
	transporttest.CheckLeaks(t)
	id := transporttest.Identity(t)
	l := listen(t, transport.Config{Identity: id, Service: deskside.Chat, TCP: true, UDP: true})
	for _, over := range bothTransports {
		d := dialer(t, over)
		s, err := d.Dial(patience(t), deskside.Chat, addr(l), id.ID())
		if err != nil {
			t.Fatal(err)
		}
		read := make(chan error, 1)
		go func() {
			_, err := s.Read(make([]byte, 1))
			read <- err
		}()
		d.Close()
		if err := await.Recv(t, "a read to end with its dialer", read); err == nil {
			t.Errorf("%s: read on after Close", over)
		}
		if _, err := d.Dial(patience(t), deskside.Chat, addr(l), id.ID()); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s: dial after Close: %v, want net.ErrClosed", over, err)
		}
	}
	// A dial that leads nowhere ends with its dialer too.
	hole, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer hole.Close()
	d := dialer(t, deskside.TCP)
	ended := make(chan error, 1)
	go func() {
		_, err := d.Dial(context.Background(), deskside.Chat, hole.Addr().String(), identity.Anyone())
		ended <- err
	}()
	c, err := hole.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	d.Close()
	if err := await.Recv(t, "a dial to end with its dialer", ended); err == nil {
		t.Error("dialled a black hole")
	}
}

func TestQUICConnectionIsShared(t *testing.T) {
	transporttest.CheckLeaks(t)
	id := transporttest.Identity(t)
	l := listen(t, transport.Config{Identity: id, Service: deskside.Chat, UDP: true})
	d := dialer(t, deskside.UDP)
	d.Idle = time.Millisecond
	var streams []transport.Stream
	for range 5 {
		s, err := d.Dial(patience(t), deskside.Chat, addr(l), id.ID())
		if err != nil {
			t.Fatal(err)
		}
		streams = append(streams, s)
		// A client has finished before the server knows.
		s.Write([]byte("x"))
		if _, err := s.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
	}
	if open := l.Stats().Open; open != 1 {
		t.Errorf("five streams made %d connections, want one", open)
	}
	for _, s := range streams {
		s.Close()
	}
	await.True(t, "the connection to end after its last stream", func() bool { return l.Stats().Open == 0 })
	s, err := d.Dial(patience(t), deskside.Chat, addr(l), id.ID())
	if err != nil {
		t.Fatal(err)
	}
	mustEcho(t, s)
}

// An agent that was stopped and started is found again.
func TestQUICConnectionIsReplaced(t *testing.T) {
	transporttest.CheckLeaks(t)
	id := transporttest.Identity(t)
	config := transport.Config{Identity: id, Service: deskside.Chat, UDP: true}
	first := listen(t, config)
	d := dialer(t, deskside.UDP)
	s, err := d.Dial(patience(t), deskside.Chat, addr(first), id.ID())
	if err != nil {
		t.Fatal(err)
	}
	// The agent knows of the connection from here on, and can end it.
	s.Write([]byte("x"))
	if _, err := s.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	config.Addr = addr(first)
	first.Close()
	if _, err := s.Read(make([]byte, 1)); err == nil {
		t.Error("read from an agent that is gone")
	}
	listen(t, config)
	s, err = d.Dial(patience(t), deskside.Chat, config.Addr, id.ID())
	if err != nil {
		t.Fatal(err)
	}
	mustEcho(t, s)
}

// An agent that was killed said no goodbye. Once it runs again, it tells its
// old peers.
func TestKilledAgentResets(t *testing.T) {
	transporttest.CheckLeaks(t)
	config := transport.Config{Identity: transporttest.Identity(t), Service: deskside.Chat, UDP: true}
	first, second := listen(t, config), listen(t, config)
	r := newRelay(t, addr(first))
	d := dialer(t, deskside.UDP)
	s, err := d.Dial(patience(t), deskside.Chat, r.addr(), config.Identity.ID())
	if err != nil {
		t.Fatal(err)
	}
	s.Write([]byte("x"))
	if _, err := s.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	r.lead(addr(second))
	s.SetReadDeadline(time.Now().Add(await.Limit))
	s.Write([]byte("still there?"))
	if _, err := s.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read: %v, want a reset", err)
	}
	s, err = d.Dial(patience(t), deskside.Chat, r.addr(), config.Identity.ID())
	if err != nil {
		t.Fatal(err)
	}
	mustEcho(t, s)
}

func TestManyDialAtOnce(t *testing.T) {
	transporttest.CheckLeaks(t)
	id := transporttest.Identity(t)
	for _, over := range bothTransports {
		l := listen(t, transport.Config{Identity: id, Service: deskside.Chat, TCP: true, UDP: true,
			Limits: transport.Limits{HalfOpenPerSource: 64}})
		var work sync.WaitGroup
		for range 64 {
			d := dialer(t, over)
			work.Go(func() {
				s, err := d.Dial(patience(t), deskside.Chat, addr(l), id.ID())
				if err != nil {
					t.Errorf("%s: %v", over, err)
					return
				}
				mustEcho(t, s)
			})
		}
		work.Wait()
	}
}

func TestHandlersKnowTheirStream(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		l := n.Listen(deskside.RCInfo)
		server := &http.Server{
			ConnContext: transport.ConnContext,
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Write([]byte(transport.FromContext(r.Context()).Peer().String()))
			}),
		}
		served := make(chan error, 1)
		go func() { served <- server.Serve(l) }()
		client := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return n.Dialer(deskside.RCInfo)(ctx)
		}}
		response, err := client.RoundTrip(must(http.NewRequest("GET", "http://agent/", nil)))
		if err != nil {
			t.Fatal(err)
		}
		body := make([]byte, 100)
		got, _ := response.Body.Read(body)
		response.Body.Close()
		if want := n.Operator.ID().String(); string(body[:got]) != want {
			t.Errorf("the handler saw %q, want %q", body[:got], want)
		}
		client.CloseIdleConnections()
		server.Close()
		await.Recv(t, "the server to end", served)
	})
	if s := transport.FromContext(context.Background()); s != nil {
		t.Errorf("a stream out of nowhere: %v", s)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A peer that vanishes without a goodbye has not come to an end: somebody on
// the way could cut any message short like that.
func TestCutIsNoEnd(t *testing.T) {
	transporttest.CheckLeaks(t)
	id := transporttest.Identity(t)
	l, err := transport.Listen(context.Background(), transport.Config{Identity: id, Service: deskside.Chat, Addr: "127.0.0.1:0", TCP: true})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	raw, err := net.Dial("tcp", addr(l))
	if err != nil {
		t.Fatal(err)
	}
	s, err := transport.Client(patience(t), raw, deskside.TCP, transporttest.Identity(t), deskside.Chat, id.ID())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Abort()
	s.Write([]byte("half a mess"))
	if err := raw.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(transporttest.Accept(t, l))
	if string(got) != "half a mess" || err == nil {
		t.Errorf("read %q, %v; want an error at its end", got, err)
	}
}
