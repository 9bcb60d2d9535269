package identity

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"deskside"
)

// handshake runs both sides over a connection and gives what each ended with.
// TLS 1.3 lets a client finish before the server has judged it, so each side
// then also reads or writes a byte.
func handshake(t *testing.T, server, client *tls.Config) (state tls.ConnectionState, serverErr, clientErr error) {
	t.Helper()
	near, far := loopback(t)
	defer near.Close()
	defer far.Close()
	deadline := time.Now().Add(20 * time.Second)
	near.SetDeadline(deadline)
	far.SetDeadline(deadline)
	done := make(chan error, 1)
	go func() {
		s := tls.Server(far, server)
		err := s.Handshake()
		if err == nil {
			_, err = s.Write([]byte{1})
		}
		far.Close()
		done <- err
	}()
	c := tls.Client(near, client)
	clientErr = c.Handshake()
	if clientErr == nil {
		_, clientErr = c.Read(make([]byte, 1))
	}
	near.Close()
	return c.ConnectionState(), <-done, clientErr
}

// loopback gives the ends of a TCP connection. A net.Pipe has no room, and TLS
// has both sides writing at times.
func loopback(t *testing.T) (net.Conn, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	near, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return near, far
}

func TestHandshake(t *testing.T) {
	agent, operator := fixed(t, 1), fixed(t, 2)
	for _, svc := range deskside.Services {
		for _, expect := range []deskside.KeyID{agent.ID(), Anyone()} {
			state, serverErr, clientErr := handshake(t, agent.ServerTLS(svc), operator.ClientTLS(svc, expect))
			if serverErr != nil || clientErr != nil {
				t.Fatalf("%s: server %v, client %v", svc, serverErr, clientErr)
			}
			if id, err := Peer(state); err != nil || id != agent.ID() {
				t.Errorf("%s: peer %s, %v; want %s", svc, id, err, agent.ID())
			}
			if state.NegotiatedProtocol != svc.ALPN() || state.DidResume {
				t.Errorf("%s: protocol %q, resumed %v", svc, state.NegotiatedProtocol, state.DidResume)
			}
		}
	}
}

// certificate makes a certificate of any kind.
func certificate(t *testing.T, public crypto.PublicKey, signer, key crypto.Signer, until time.Time) tls.Certificate {
	t.Helper()
	form := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: until}
	parent := form
	der, err := x509.CreateCertificate(rand.Reader, form, parent, public, signer)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// peers gives configurations of a peer that is wrong in one way; base is right.
func peers(t *testing.T, id *Identity, base func() *tls.Config) map[string]*tls.Config {
	t.Helper()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	forever := time.Now().Add(time.Hour)
	change := func(f func(*tls.Config)) *tls.Config {
		c := base()
		c.VerifyConnection = nil
		f(c)
		return c
	}
	foreign := fixed(t, 9)
	// The right key in a certificate that another key signed.
	issuer, err := x509.ParseCertificate(foreign.cert.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: forever}, issuer, id.public, foreign.signer)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*tls.Config{
		"no certificate": change(func(c *tls.Config) { c.Certificates = nil }),
		"two certificates": change(func(c *tls.Config) {
			c.Certificates = []tls.Certificate{{Certificate: [][]byte{id.cert.Certificate[0], foreign.cert.Certificate[0]}, PrivateKey: id.signer}}
		}),
		"the same certificate twice": change(func(c *tls.Config) {
			c.Certificates = []tls.Certificate{{Certificate: [][]byte{id.cert.Certificate[0], id.cert.Certificate[0]}, PrivateKey: id.signer}}
		}),
		"another type of key": change(func(c *tls.Config) {
			c.Certificates = []tls.Certificate{certificate(t, ec.Public(), ec, ec, forever)}
		}),
		"signed by another key": change(func(c *tls.Config) {
			c.Certificates = []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: id.signer}}
		}),
		"signed by a key of another type": change(func(c *tls.Config) {
			parent := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: forever}
			der, err := x509.CreateCertificate(rand.Reader, parent, parent, id.public, ec)
			if err != nil {
				t.Fatal(err)
			}
			c.Certificates = []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: id.signer}}
		}),
		"TLS 1.2":                  change(func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS12, tls.VersionTLS12 }),
		"no protocol name":         change(func(c *tls.Config) { c.NextProtos = nil }),
		"a foreign protocol name":  change(func(c *tls.Config) { c.NextProtos = []string{"h2"} }),
		"a future version of ours": change(func(c *tls.Config) { c.NextProtos = []string{"deskside2-chat"} }),
	}
}

func TestServerRefuses(t *testing.T) {
	agent, operator := fixed(t, 1), fixed(t, 2)
	good := func() *tls.Config { return operator.ClientTLS(deskside.Chat, agent.ID()) }
	for what, client := range peers(t, operator, good) {
		_, serverErr, clientErr := handshake(t, agent.ServerTLS(deskside.Chat), client)
		if serverErr == nil {
			t.Errorf("%s: the server let it in (client %v)", what, clientErr)
		}
	}
}

func TestClientRefuses(t *testing.T) {
	agent, operator := fixed(t, 1), fixed(t, 2)
	good := func() *tls.Config { return agent.ServerTLS(deskside.Chat) }
	for what, server := range peers(t, agent, good) {
		for _, expect := range []deskside.KeyID{agent.ID(), Anyone()} {
			_, serverErr, clientErr := handshake(t, server, operator.ClientTLS(deskside.Chat, expect))
			if clientErr == nil {
				t.Errorf("%s: the client went on (server %v)", what, serverErr)
			}
		}
	}
}

func TestClientWantsTheExpectedKey(t *testing.T) {
	agent, other, operator := fixed(t, 1), fixed(t, 3), fixed(t, 2)
	near := other.ID()
	copy(near[:], agent.ID().String()) // nobody's
	almost := agent.ID()
	almost[31] ^= 1
	for what, expect := range map[string]deskside.KeyID{
		"another's": other.ID(), "one bit off": almost, "nobody's": near, "the zero ID": {},
	} {
		_, _, clientErr := handshake(t, agent.ServerTLS(deskside.Chat), operator.ClientTLS(deskside.Chat, expect))
		if code := deskside.CodeOf(clientErr); code != deskside.CodeWrongKey {
			t.Errorf("%s key expected: %v (%s), want wrong-key", what, clientErr, code)
		}
	}
}

// An expired certificate is no reason: the key counts, and the clock of a
// machine in trouble is often wrong.
func TestDatesMeanNothing(t *testing.T) {
	agent, operator := fixed(t, 1), fixed(t, 2)
	server := agent.ServerTLS(deskside.Chat)
	key := agent.signer.(ed25519.PrivateKey)
	server.Certificates = []tls.Certificate{certificate(t, key.Public(), key, key, time.Unix(1000, 0))}
	_, serverErr, clientErr := handshake(t, server, operator.ClientTLS(deskside.Chat, agent.ID()))
	if serverErr != nil || clientErr != nil {
		t.Errorf("server %v, client %v", serverErr, clientErr)
	}
}

func TestWrongServiceIsNamed(t *testing.T) {
	agent, operator := fixed(t, 1), fixed(t, 2)
	for _, there := range deskside.Services {
		for _, wanted := range deskside.Services {
			if there == wanted {
				continue
			}
			_, _, err := handshake(t, agent.ServerTLS(there), operator.ClientTLS(wanted, agent.ID()))
			e := deskside.AsError(err)
			if e.Code != deskside.CodeWrongService || !strings.Contains(e.Words, there.String()) || !strings.Contains(e.Words, wanted.String()) {
				t.Errorf("%s reached for %s: %v (%s)", there, wanted, err, e.Code)
			}
		}
	}
}

// A wrong key says nothing that is worth repeating, its service included.
func TestWrongKeyBeforeWrongService(t *testing.T) {
	agent, other, operator := fixed(t, 1), fixed(t, 3), fixed(t, 2)
	_, _, err := handshake(t, other.ServerTLS(deskside.Xfer), operator.ClientTLS(deskside.Chat, agent.ID()))
	if code := deskside.CodeOf(err); code != deskside.CodeWrongKey {
		t.Errorf("%v (%s), want wrong-key", err, code)
	}
}

func TestNoResumption(t *testing.T) {
	agent, operator := fixed(t, 1), fixed(t, 2)
	// A client that would like to resume finds nothing to do it with.
	client := operator.ClientTLS(deskside.Chat, agent.ID())
	client.ClientSessionCache = tls.NewLRUClientSessionCache(4)
	client.ServerName = "agent"
	client.SessionTicketsDisabled = false
	server := agent.ServerTLS(deskside.Chat)
	for range 2 {
		state, serverErr, clientErr := handshake(t, server, client)
		if serverErr != nil || clientErr != nil || state.DidResume {
			t.Fatalf("server %v, client %v, resumed %v", serverErr, clientErr, state.DidResume)
		}
	}
	// A server that offers it is not resumed by ours.
	server = agent.ServerTLS(deskside.Chat)
	server.SessionTicketsDisabled = false
	ours := operator.ClientTLS(deskside.Chat, agent.ID())
	for range 2 {
		if state, _, clientErr := handshake(t, server, ours); clientErr != nil || state.DidResume {
			t.Fatalf("client %v, resumed %v", clientErr, state.DidResume)
		}
	}
	// And were both to, the one function that decides refuses.
	if state, _, clientErr := handshake(t, server, client); clientErr != nil || state.DidResume {
		t.Fatalf("first: client %v, resumed %v", clientErr, state.DidResume)
	}
	_, _, clientErr := handshake(t, server, client)
	if code := deskside.CodeOf(clientErr); code != deskside.CodeWrongKey {
		t.Errorf("a resumed connection: %v (%s), want wrong-key", clientErr, code)
	}
}

func TestVerifyPeerRefusesStates(t *testing.T) {
	agent := fixed(t, 1)
	cert, err := x509.ParseCertificate(agent.cert.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	good := tls.ConnectionState{Version: tls.VersionTLS13, NegotiatedProtocol: deskside.Chat.ALPN(), PeerCertificates: []*x509.Certificate{cert}}
	if id, err := VerifyPeer(good, agent.ID()); err != nil || id != agent.ID() {
		t.Fatalf("the good state: %s, %v", id, err)
	}
	bent := *cert
	bent.Signature = slices.Clone(cert.Signature)
	bent.Signature[0] ^= 1
	for what, change := range map[string]func(*tls.ConnectionState){
		"TLS 1.2":         func(s *tls.ConnectionState) { s.Version = tls.VersionTLS12 },
		"no version":      func(s *tls.ConnectionState) { s.Version = 0 },
		"resumed":         func(s *tls.ConnectionState) { s.DidResume = true },
		"no certificate":  func(s *tls.ConnectionState) { s.PeerCertificates = nil },
		"two":             func(s *tls.ConnectionState) { s.PeerCertificates = append(s.PeerCertificates, cert) },
		"bent signature":  func(s *tls.ConnectionState) { s.PeerCertificates = []*x509.Certificate{&bent} },
		"no protocol":     func(s *tls.ConnectionState) { s.NegotiatedProtocol = "" },
		"other protocol":  func(s *tls.ConnectionState) { s.NegotiatedProtocol = "http/1.1" },
		"longer protocol": func(s *tls.ConnectionState) { s.NegotiatedProtocol += "2" },
	} {
		state := good
		state.PeerCertificates = slices.Clone(good.PeerCertificates)
		change(&state)
		for _, expect := range []deskside.KeyID{agent.ID(), Anyone()} {
			if id, err := VerifyPeer(state, expect); err == nil || !id.IsZero() {
				t.Errorf("%s: %s, %v; want a refusal and no ID", what, id, err)
			}
		}
	}
	if _, err := VerifyPeer(good, deskside.KeyID{}); deskside.CodeOf(err) != deskside.CodeWrongKey {
		t.Errorf("nobody expected: %v, want wrong-key", err)
	}
}
