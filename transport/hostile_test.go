package transport_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	"deskside"
	"deskside/identity"
	"deskside/internal/await"
	"deskside/transport"
	"deskside/transport/transporttest"
)

// greeting records what a client of ours sends first.
func greeting(t testing.TB) []byte {
	t.Helper()
	near, far := net.Pipe()
	defer far.Close()
	id := transporttest.Identity(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		transport.Client(context.Background(), near, deskside.TCP, id, deskside.Chat, identity.Anyone())
	}()
	hello := make([]byte, 16<<10)
	n, err := far.Read(hello)
	if err != nil {
		t.Fatal(err)
	}
	far.Close()
	<-done
	return hello[:n]
}

// hostileGreetings are first words no client of ours says.
func hostileGreetings(t testing.TB) map[string][]byte {
	noise := make([]byte, 64<<10)
	rand.Read(noise)
	hello := greeting(t)
	all := map[string][]byte{
		"nothing":            {},
		"HTTP":               []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
		"RFB":                []byte("RFB 003.008\n"),
		"zeroes":             make([]byte, 32<<10),
		"noise":              noise,
		"a record too large": append([]byte{22, 3, 1, 0xff, 0xff}, noise...),
		// A handshake message that says it has 16 MiB.
		"a message too large": append([]byte{22, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff}, noise[:0x4000]...),
		"a hello twice":       append(bytes.Clone(hello), hello...),
		"an alert":            {21, 3, 3, 0, 2, 2, 40},
		"empty records":       bytes.Repeat([]byte{22, 3, 3, 0, 0}, 1000),
	}
	for n := 1; n < len(hello); n += 97 {
		all["a hello cut at "+string(rune('0'+n%10))+" of some"] = hello[:n]
	}
	for i := 5; i < len(hello); i += 61 {
		bent := bytes.Clone(hello)
		bent[i] ^= 0x55
		all["a hello bent at "+string(rune('a'+i%26))] = bent
	}
	return all
}

func TestHostileTCP(t *testing.T) {
	transporttest.CheckLeaks(t)
	id := transporttest.Identity(t)
	l := listen(t, transport.Config{Identity: id, Service: deskside.Chat, TCP: true, Limits: transport.Limits{Handshake: time.Second}})
	for what, words := range hostileGreetings(t) {
		c, err := net.Dial("tcp", addr(l))
		if err != nil {
			t.Fatal(err)
		}
		c.SetDeadline(time.Now().Add(await.Limit))
		c.Write(words) // the server may hang up before the end of it
		c.(*net.TCPConn).CloseWrite()
		// It answers with an alert at most, and hangs up.
		if n, err := io.Copy(io.Discard, io.LimitReader(c, 1<<20)); n > 64<<10 {
			t.Errorf("%s: answered with %d bytes, %v", what, n, err)
		}
		c.Close()
	}
	await.True(t, "every handshake to fail", func() bool { return l.Stats().HalfOpen == 0 })
	if stats := l.Stats(); stats.Open != 0 || stats.Failed == 0 {
		t.Errorf("after it: %+v", stats)
	}
	mustServe(t, l, id, deskside.Chat, deskside.TCP)
}

// Clients that say nothing, or one byte now and then, hold what they may and
// only for a time.
func TestSlowTCP(t *testing.T) {
	transporttest.CheckLeaks(t)
	id := transporttest.Identity(t)
	const perSource = 4
	l := listen(t, transport.Config{Identity: id, Service: deskside.Chat, Addr: "0.0.0.0:0", TCP: true,
		Limits: transport.Limits{Handshake: time.Second, HalfOpenPerSource: perSource}})
	hello := greeting(t)
	var held []net.Conn
	for i := range 40 {
		c, err := net.Dial("tcp", addr(l))
		if errors.Is(err, syscall.ECONNRESET) {
			continue // turned away before it knew that it was connected
		}
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.Write(hello[:i%5])
		held = append(held, c)
	}
	await.True(t, "the rest to be turned away", func() bool { return l.Stats().Refused >= 40-perSource })
	if half := l.Stats().HalfOpen; half > perSource {
		t.Errorf("%d handshakes of one source are under way, want at most %d", half, perSource)
	}
	// Another source does not notice.
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	raw, err := d.Dial("tcp", addr(l))
	if err != nil {
		t.Fatal(err)
	}
	s, err := transport.Client(patience(t), raw, deskside.TCP, transporttest.Identity(t), deskside.Chat, id.ID())
	if err != nil {
		t.Fatal(err)
	}
	mustEcho(t, s)
	await.True(t, "the slow ones to be given up", func() bool { return l.Stats().HalfOpen == 0 })
	for _, c := range held {
		c.SetReadDeadline(time.Now().Add(await.Limit))
		if _, err := io.ReadAll(c); err != nil && isTimeout(err) {
			t.Fatal("a connection that was given up is still open")
		}
	}
	mustServe(t, l, id, deskside.Chat, deskside.TCP)
}

func isTimeout(err error) bool {
	e, ok := err.(net.Error)
	return ok && e.Timeout()
}

// More connections than a listener may have wait outside, and come in when
// others have gone.
func TestOpenIsBounded(t *testing.T) {
	transporttest.CheckLeaks(t)
	id := transporttest.Identity(t)
	for _, over := range bothTransports {
		l := listen(t, transport.Config{Identity: id, Service: deskside.Chat, TCP: true, UDP: true, Limits: transport.Limits{Open: 3}})
		var open []transport.Stream
		for range 3 {
			s, err := dialer(t, over).Dial(patience(t), deskside.Chat, addr(l), id.ID())
			if err != nil {
				t.Fatal(err)
			}
			s.Write([]byte("x"))
			if _, err := s.Read(make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
			open = append(open, s)
		}
		if _, err := dialer(t, over).Dial(patience(t), deskside.Chat, addr(l), id.ID()); deskside.CodeOf(err) != deskside.CodeUnreachable {
			t.Errorf("%s: a fourth: %v, want unreachable", over, err)
		}
		if stats := l.Stats(); stats.Open != 3 || stats.Refused == 0 {
			t.Errorf("%s: %+v, want 3 open and some refused", over, stats)
		}
		if over == deskside.TCP {
			open[0].Abort()
			await.True(t, "a place", func() bool { return l.Stats().Open < 3 })
			mustServe(t, l, id, deskside.Chat, over)
		}
	}
}

// initial makes a datagram that looks like the first of a new QUIC connection
// (RFC 9000, section 17.2.2) until it is decrypted.
func initial() []byte {
	b := make([]byte, 1200)
	rand.Read(b)
	b[0] = 0xc3
	binary.BigEndian.PutUint32(b[1:], 1)
	b[5] = 8  // destination connection ID
	b[14] = 8 // source connection ID
	b[23] = 0 // no token
	binary.BigEndian.PutUint16(b[24:], 0x4000|1200-26)
	return b
}

func TestHostileUDP(t *testing.T) {
	transporttest.CheckLeaks(t)
	id := transporttest.Identity(t)
	l := listen(t, transport.Config{Identity: id, Service: deskside.Chat, UDP: true, Limits: transport.Limits{Handshake: time.Second}})
	c, err := net.Dial("udp", addr(l))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	whole := initial()
	for n := 0; n < len(whole); n += 13 {
		c.Write(whole[:n])
	}
	for i := range 26 {
		bent := initial()
		bent[i] ^= 0xff
		c.Write(bent)
	}
	noise := make([]byte, 60<<10)
	rand.Read(noise)
	for n := 1; n < len(noise); n *= 3 {
		c.Write(noise[:n])
	}
	for range 20 {
		c.Write(append([]byte{0x40}, noise[:40]...)) // a short header of no connection
	}
	mustServe(t, l, id, deskside.Chat, deskside.UDP)
	await.True(t, "what it left to be given up", func() bool { return l.Stats().HalfOpen == 0 })
}

// Datagrams from addresses nobody proved make the listener keep a few
// connections, and then none until the address is proved.
func TestRetryUnderLoad(t *testing.T) {
	transporttest.CheckLeaks(t)
	id := transporttest.Identity(t)
	const unvalidated = 4
	l := listen(t, transport.Config{Identity: id, Service: deskside.Chat, UDP: true,
		Limits: transport.Limits{Handshake: 2 * time.Second, Unvalidated: unvalidated}})
	c, err := net.Dial("udp", addr(l))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	const fakes = 300
	for range fakes {
		if _, err := c.Write(initial()); err != nil {
			t.Fatal(err)
		}
	}
	await.True(t, "clients to be asked for their address", func() bool { return l.Stats().Retried > fakes/2 })
	if stats := l.Stats(); stats.HalfOpen > unvalidated || stats.Unvalidated > unvalidated {
		t.Errorf("%d handshakes are kept for strangers, want at most %d (%+v)", stats.HalfOpen, unvalidated, stats)
	}
	// The answer is a Retry packet (RFC 9000, section 17.2.5), no larger than
	// what asked for it.
	c.SetReadDeadline(time.Now().Add(await.Limit))
	answer := make([]byte, 2048)
	for {
		n, err := c.Read(answer)
		if err != nil {
			t.Fatalf("no Retry came: %v", err)
		}
		if n > 1200 {
			t.Errorf("answered 1200 bytes with %d", n)
		}
		if answer[0]&0xf0 == 0xf0 {
			break
		}
	}
	// A client that proves its address is served meanwhile.
	before := l.Stats().Retried
	mustServe(t, l, id, deskside.Chat, deskside.UDP)
	if l.Stats().Retried == before && l.Stats().Unvalidated == unvalidated {
		t.Error("a client came in without proving its address")
	}
	await.True(t, "the strangers to be given up", func() bool { return l.Stats().HalfOpen == 0 })
	mustServe(t, l, id, deskside.Chat, deskside.UDP)
}

// The same function judges keys on both transports; this shows that it is
// asked on QUIC as well.
func TestQUICRefusesClients(t *testing.T) {
	transporttest.CheckLeaks(t)
	id := transporttest.Identity(t)
	l := listen(t, transport.Config{Identity: id, Service: deskside.Chat, UDP: true})
	for what, change := range map[string]func(*tls.Config){
		"no certificate": func(c *tls.Config) { c.Certificates = nil },
		"two certificates": func(c *tls.Config) {
			c.Certificates[0].Certificate = append(c.Certificates[0].Certificate, c.Certificates[0].Certificate[0])
		},
		"foreign protocol": func(c *tls.Config) { c.NextProtos = []string{"h3"} },
	} {
		config := transporttest.Identity(t).ClientTLS(deskside.Chat, id.ID())
		change(config)
		conn, err := quic.DialAddr(patience(t), addr(l), config, nil)
		if err == nil {
			// TLS 1.3 lets a client finish before it is judged.
			_, err = conn.AcceptStream(patience(t))
			conn.CloseWithError(0, "")
		}
		if err == nil {
			t.Errorf("%s: let in", what)
		}
	}
	if stats := l.Stats(); stats.Open != 0 {
		t.Errorf("after it: %+v", stats)
	}
	mustServe(t, l, id, deskside.Chat, deskside.UDP)
}

// An operator whose key is proved may open streams of the one kind, and no
// datagrams.
func TestQUICAllowsNothingElse(t *testing.T) {
	transporttest.CheckLeaks(t)
	id := transporttest.Identity(t)
	l := listen(t, transport.Config{Identity: id, Service: deskside.Chat, UDP: true})
	conn, err := quic.DialAddr(patience(t), addr(l), transporttest.Identity(t).ClientTLS(deskside.Chat, id.ID()), &quic.Config{EnableDatagrams: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseWithError(0, "")
	if _, err := conn.OpenUniStream(); err == nil {
		t.Error("opened a stream in one direction")
	}
	state := conn.ConnectionState()
	if state.SupportsDatagrams.Remote {
		t.Error("the listener takes datagrams")
	}
	if state.Used0RTT || state.TLS.DidResume {
		t.Error("the connection was resumed")
	}
}

func FuzzServer(f *testing.F) {
	f.Add(greeting(f))
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Add([]byte{22, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff})
	id := transporttest.Identity(f)
	f.Fuzz(func(t *testing.T, words []byte) {
		near, far := net.Pipe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			go io.Copy(io.Discard, near)
			near.Write(words)
			near.Close()
		}()
		s, err := transport.Server(context.Background(), far, deskside.TCP, id, deskside.Chat)
		if err == nil {
			t.Fatalf("bytes without a key made a stream of %s", s.Peer())
		}
		<-done
	})
}
