package agent

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"deskside"
	"deskside/internal/await"
	"deskside/transport"
	"deskside/wire"
)

// endpoint is one of the eight.
type endpoint struct {
	service   deskside.Service
	transport deskside.Transport
}

func endpoints() (all []endpoint) {
	for _, s := range deskside.Services {
		all = append(all, endpoint{s, deskside.TCP}, endpoint{s, deskside.UDP})
	}
	return all
}

func (e endpoint) String() string { return e.service.String() + " over " + string(e.transport) }

// addr gives where an endpoint is.
func (d *desk) addr(s deskside.Service) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(int(d.Ports().Of(s))))
}

// firstWords gives what a client of ours sends first over a transport.
func (d *desk) firstWords(t *testing.T, over deskside.Transport) []byte {
	t.Helper()
	at, hear := listenOnce(t, over)
	ctx, cancel := context.WithCancel(t.Context())
	var dialing sync.WaitGroup
	defer dialing.Wait()
	defer cancel()
	dialing.Go(func() {
		dialer := &transport.Dialer{Identity: d.op, Transport: over}
		defer dialer.Close()
		dialer.Dial(ctx, deskside.Chat, at, d.ID())
	})
	words := make([]byte, 16<<10)
	n, err := hear(words)
	if err != nil {
		t.Fatal(err)
	}
	return words[:n]
}

// listenOnce opens a port, and gives what reads the first that is said there.
func listenOnce(t *testing.T, over deskside.Transport) (at string, hear func([]byte) (int, error)) {
	t.Helper()
	if over == deskside.UDP {
		u, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return u.LocalAddr().String(), func(b []byte) (int, error) {
			defer u.Close()
			n, _, err := u.ReadFrom(b)
			return n, err
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l.Addr().String(), func(b []byte) (int, error) {
		defer l.Close()
		c, err := l.Accept()
		if err != nil {
			return 0, err
		}
		defer c.Close()
		return c.Read(b)
	}
}

// noise is the same in each run.
func noise(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{7}).Read(b)
	return b
}

// ends wants the peer to hang up, and to say nothing before that but what TLS
// says to anybody.
func ends(t *testing.T, what string, c net.Conn) {
	t.Helper()
	c.SetDeadline(time.Now().Add(await.Limit))
	said, err := io.ReadAll(c)
	if isTimeout(err) {
		t.Errorf("%s: the agent does not hang up", what)
	}
	if why := beyondTLS(said); why != "" {
		t.Errorf("%s: the agent says %s: %q", what, why, said)
	}
}

// Records of TLS 1.3, RFC 8446, section 5.1. What comes in records of
// application data after the server's hello is under keys that a peer without a
// hello of its own cannot have.
const (
	recordCipher    = 20 // change of cipher, for old middle boxes
	recordAlert     = 21
	recordHandshake = 22
	recordSealed    = 23
)

// beyondTLS says what is wrong with the words to a peer that has proved no key:
// they may be an alert in the clear, or a server's hello and what is sealed
// after it. No words are fine.
func beyondTLS(said []byte) string {
	for hello := false; len(said) > 0; {
		if len(said) < 5 || said[1] != 3 {
			return "what is no record"
		}
		n := int(said[3])<<8 | int(said[4])
		switch said[0] {
		case recordAlert:
			if n != 2 && !hello {
				return "more than an alert"
			}
		case recordHandshake:
			hello = true
			if n > 4<<10 {
				return "too long a hello"
			}
		case recordCipher, recordSealed:
			if !hello {
				return "a record without a hello"
			}
		default:
			return "an unknown record"
		}
		said = said[min(5+n, len(said)):]
	}
	return ""
}

func TestBeyondTLS(t *testing.T) {
	const alert, hello, sealed = "\x15\x03\x03\x00\x02\x02\x28", "\x16\x03\x03\x00\x02ab", "\x17\x03\x03\x00\x03abc"
	for said, fine := range map[string]bool{
		"": true, alert: true, hello + sealed: true, hello + "\x14\x03\x03\x00\x01\x01" + sealed + alert: true,
		"HTTP/1.1 400 Bad Request\r\n\r\n": false, "RFB 003.008\n": false, sealed: false, alert + sealed: false,
		"\x15\x03\x03\x00\x20" + "the agent's policy is as follows": false, hello + "x": false, "\x16\x03\x03\x7f\xff": false,
	} {
		if why := beyondTLS([]byte(said)); (why == "") != fine {
			t.Errorf("%q: %q, want fine %v", said, why, fine)
		}
	}
}

func isTimeout(err error) bool {
	timeout, ok := err.(net.Error)
	return ok && timeout.Timeout()
}

// Whoever has not proved a key gets nothing from any of the eight endpoints but
// an end: of what is malformed, cut short, oversized or slow. What an operator
// with a ticket can do is in TestHostileOperators.
func TestHostileStrangers(t *testing.T) {
	d := openDesk(t, Settings{}, ann)
	var slow sync.WaitGroup
	silent := make(map[net.Conn]string)
	for _, e := range endpoints() {
		d.rawly(t, e, &slow, silent)
	}
	for _, e := range endpoints() {
		c := &wire.Client{Dial: func(ctx context.Context) (transport.Stream, error) {
			dialer := &transport.Dialer{Identity: d.op, Transport: e.transport}
			t.Cleanup(func() { dialer.Close() })
			return dialer.Dial(ctx, e.service, d.addr(e.service), d.ID())
		}}
		if err := c.JSON(t.Context(), http.MethodGet, "/ping", deskside.Ticket{}, nil, nil); deskside.CodeOf(err) != deskside.CodeNoTicket {
			t.Errorf("%s, after it all: %v", e, err)
		}
		c.Close()
	}
	slow.Wait()
	for c, what := range silent {
		unanswered(t, what, c)
	}
	await.True(t, "what was begun to be given up", func() bool {
		for _, l := range d.listeners {
			if l.Stats().HalfOpen > 0 {
				return false
			}
		}
		return true
	})
}

// unanswered wants no datagram to have come but those of QUIC that RFC 9000 has
// for whoever said nothing that counts: the versions there are (section 6), and
// the end of a connection that did not come to be (section 10.2.3), which has no
// room for a server's hello.
func unanswered(t *testing.T, what string, c net.Conn) {
	t.Helper()
	defer c.Close()
	c.SetReadDeadline(time.Now().Add(10 * time.Millisecond)) // it was sent seconds ago
	said := make([]byte, 2048)
	n, err := c.Read(said)
	long := n >= 5 && said[0]&0x80 != 0
	versions, end := long && bytes.Equal(said[1:5], make([]byte, 4)), long && n <= 64
	if err == nil && !versions && !end {
		t.Errorf("%s: the agent answers %q", what, said[:n])
	}
}

// rawly says to an endpoint what nobody with a key says. What is in silent then
// was said in datagrams, and has no answer.
func (d *desk) rawly(t *testing.T, e endpoint, slow *sync.WaitGroup, silent map[net.Conn]string) {
	t.Helper()
	hello := d.firstWords(t, e.transport)
	bent := bytes.Clone(hello)
	bent[len(bent)/3] ^= 0x55
	dial := func() net.Conn {
		c, err := net.Dial(string(e.transport), d.addr(e.service))
		if err != nil {
			t.Fatalf("%s: %v", e, err)
		}
		return c
	}
	for what, words := range map[string][]byte{
		"HTTP": []byte("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"), "RFB": []byte("RFB 003.008\n"),
		"noise": noise(60 << 10), "a hello cut short": hello[:len(hello)/2], "a hello bent": bent,
		"a record too large": append([]byte{22, 3, 1, 0xff, 0xff}, noise(32<<10)...),
	} {
		c := dial()
		c.Write(words)
		if tcp, ok := c.(*net.TCPConn); ok {
			tcp.CloseWrite()
			ends(t, e.String()+", "+what, c)
			c.Close()
		} else {
			silent[c] = e.String() + ", " + what
		}
	}
	// Slow ones: a part of the first words, and a first word with nothing after.
	for _, words := range [][]byte{hello[:len(hello)/2], hello} {
		c := dial()
		c.Write(words)
		if e.transport == deskside.TCP {
			slow.Go(func() { ends(t, e.String()+", slow", c); c.Close() })
		} else {
			t.Cleanup(func() { c.Close() })
		}
	}
}
