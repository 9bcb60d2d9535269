package identity

import (
	"crypto/ed25519"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"

	"deskside"
)

// Anyone is the expectation that any key meets, so long as it is proved: a
// server's, and a client's at a first meeting. No key has this ID.
func Anyone() deskside.KeyID {
	var id deskside.KeyID
	for i := range id {
		id[i] = 0xff
	}
	return id
}

// VerifyPeer decides whether a handshake proved a key and that it is the expected
// one, and gives the peer's ID. Every refusal is a *deskside.Error with
// CodeWrongKey, or CodeWrongService when what was negotiated is none of our
// protocols. It is for VerifyConnection; after a handshake use Peer.
func VerifyPeer(state tls.ConnectionState, expect deskside.KeyID) (deskside.KeyID, error) {
	id, err := proved(state)
	if err != nil {
		return deskside.KeyID{}, err
	}
	if expect.IsZero() {
		return deskside.KeyID{}, deskside.Errorf(deskside.CodeWrongKey, "no key was named to expect")
	}
	anyone := Anyone()
	if subtle.ConstantTimeCompare(expect[:], anyone[:])|subtle.ConstantTimeCompare(expect[:], id[:]) != 1 {
		return deskside.KeyID{}, deskside.Errorf(deskside.CodeWrongKey, "the peer has the key %s, expected was %s", id, expect).
			Hint("If the machine was set up anew, compare its ID there and run deskside trust --replace; otherwise somebody else answers at this address.")
	}
	if _, ok := deskside.ServiceByALPN(state.NegotiatedProtocol); !ok {
		return deskside.KeyID{}, deskside.Errorf(deskside.CodeWrongService, "the peer named no service of Deskside (protocol %q)", state.NegotiatedProtocol)
	}
	return id, nil
}

// proved gives the ID of the one key that the peer proved to hold. The proof
// of possession itself is TLS's; here is what TLS leaves open.
func proved(state tls.ConnectionState) (deskside.KeyID, error) {
	refuse := func(format string, args ...any) (deskside.KeyID, error) {
		return deskside.KeyID{}, deskside.Errorf(deskside.CodeWrongKey, format, args...)
	}
	if state.Version != tls.VersionTLS13 {
		return refuse("the peer speaks %s, not TLS 1.3", tls.VersionName(state.Version))
	}
	if state.DidResume {
		return refuse("the peer resumed an earlier connection, which proves no key")
	}
	if n := len(state.PeerCertificates); n != 1 {
		return refuse("the peer sent %d certificates, not one", n)
	}
	cert := state.PeerCertificates[0]
	public, ok := cert.PublicKey.(ed25519.PublicKey)
	if !ok {
		return refuse("the peer's key is %s, not Ed25519", cert.PublicKeyAlgorithm)
	}
	if cert.SignatureAlgorithm != x509.PureEd25519 {
		return refuse("the peer's certificate is signed with %s, not Ed25519", cert.SignatureAlgorithm)
	}
	if err := cert.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature); err != nil {
		return refuse("the peer's certificate is not signed by its own key")
	}
	return KeyID(public), nil
}

// Peer gives the peer's ID after a handshake made with ServerTLS or ClientTLS.
func Peer(state tls.ConnectionState) (deskside.KeyID, error) { return VerifyPeer(state, Anyone()) }

// base is what both sides share.
func (i *Identity) base(verify func(tls.ConnectionState) error) *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{i.cert},
		MinVersion:   tls.VersionTLS13,
		MaxVersion:   tls.VersionTLS13,
		// The usual check asks authorities about a host name. A peer here is
		// its key, which verify compares on every handshake.
		InsecureSkipVerify:     true,
		VerifyConnection:       verify,
		SessionTicketsDisabled: true,
	}
}

// ServerTLS is the configuration with which service svc answers. It selects
// its own protocol name alone and asks every client to prove a key, of anyone.
func (i *Identity) ServerTLS(svc deskside.Service) *tls.Config {
	config := i.base(func(state tls.ConnectionState) error {
		if _, err := VerifyPeer(state, Anyone()); err != nil {
			return err
		}
		return sameService(state, svc)
	})
	config.ClientAuth = tls.RequireAnyClientCert
	config.NextProtos = []string{svc.ALPN()}
	return config
}

// ClientTLS is the configuration with which to reach service svc of the peer
// that expect names, or of Anyone. The handshake fails with CodeWrongKey when
// the peer has another key and with CodeWrongService when another service
// answers; nothing was sent then.
func (i *Identity) ClientTLS(svc deskside.Service, expect deskside.KeyID) *tls.Config {
	config := i.base(func(state tls.ConnectionState) error {
		if _, err := VerifyPeer(state, expect); err != nil {
			return err
		}
		return sameService(state, svc)
	})
	config.NextProtos = []string{svc.ALPN()}
	for _, other := range deskside.Services {
		if other != svc {
			config.NextProtos = append(config.NextProtos, other.ALPN())
		}
	}
	return config
}

// sameService compares the negotiated service with the wanted one.
func sameService(state tls.ConnectionState, want deskside.Service) error {
	got, ok := deskside.ServiceByALPN(state.NegotiatedProtocol)
	if ok && got == want {
		return nil
	}
	return deskside.Errorf(deskside.CodeWrongService, "%s (%s) answered where %s was expected", got, got.Function(), want).
		Hint("Look at the port: %s listens on %d by default; deskside ports shows the table.", want, deskside.SP2.Of(want))
}
