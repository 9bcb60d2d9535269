package transport

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"syscall"
	"time"

	"deskside"
	"deskside/identity"
)

// tlsStream is a stream that is the whole of a TLS connection.
type tlsStream struct {
	*tls.Conn
	closing
	raw     net.Conn
	peer    deskside.KeyID
	service deskside.Service
	path    deskside.Path
}

// Server makes the agent's end of a stream from a connection that carries
// nothing else: the handshake of service svc, within ctx. When it fails raw is
// closed. transport names how raw travels.
func Server(ctx context.Context, raw net.Conn, transport deskside.Transport, id *identity.Identity, svc deskside.Service) (Stream, error) {
	return handshake(ctx, tls.Server(cutConn{raw}, id.ServerTLS(svc)), raw, transport, svc)
}

// Client makes the operator's end, as Server does the agent's: with service
// svc of the peer that expect names, or of identity.Anyone.
func Client(ctx context.Context, raw net.Conn, transport deskside.Transport, id *identity.Identity, svc deskside.Service, expect deskside.KeyID) (Stream, error) {
	return handshake(ctx, tls.Client(cutConn{raw}, id.ClientTLS(svc, expect)), raw, transport, svc)
}

// cutConn makes the end of the connection below TLS an error. TLS says goodbye
// before it; package tls forgives a peer that does not, and so would take a
// killed process, or somebody on the way who cuts the line, for an end in
// order.
type cutConn struct{ net.Conn }

var errCut = fmt.Errorf("connection cut: %w", syscall.ECONNRESET)

func (c cutConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err == io.EOF {
		err = errCut
	}
	return n, err
}

func handshake(ctx context.Context, conn *tls.Conn, raw net.Conn, transport deskside.Transport, svc deskside.Service) (Stream, error) {
	if err := conn.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, err
	}
	peer, err := identity.Peer(conn.ConnectionState())
	if err != nil {
		raw.Close()
		return nil, err
	}
	return &tlsStream{
		Conn: conn, raw: raw, peer: peer, service: svc,
		path: pathOf(transport, raw.LocalAddr(), raw.RemoteAddr()),
	}, nil
}

func (s *tlsStream) Peer() deskside.KeyID      { return s.peer }
func (s *tlsStream) Service() deskside.Service { return s.service }
func (s *tlsStream) Path() deskside.Path       { return s.path }
func (s *tlsStream) RTT() time.Duration        { return roundTrip(s.raw) }

func (s *tlsStream) Export(label string, context []byte, n int) ([]byte, error) {
	state := s.ConnectionState()
	return state.ExportKeyingMaterial(label, context, n)
}

// Close sends TLS's own end, for which a peer that does not read may keep it
// waiting for five seconds; Abort cuts that short.
func (s *tlsStream) Close() error {
	if !s.start() {
		return net.ErrClosed
	}
	return s.Conn.Close()
}

// Abort closes the connection below TLS, whose Close would wait for room to
// say goodbye.
func (s *tlsStream) Abort() {
	s.start()
	if l, ok := s.raw.(interface{ SetLinger(int) error }); ok {
		// Zero drops what is queued and sends a reset.
		l.SetLinger(0)
	}
	s.raw.Close()
}

// pathOf describes a way, with IPv4 addresses written as such also where the
// socket serves both families.
func pathOf(transport deskside.Transport, local, remote net.Addr) deskside.Path {
	return deskside.Path{Transport: transport, Local: addrText(local), Remote: addrText(remote)}
}

func addrText(a net.Addr) string {
	if ip, ok := addrPort(a); ok {
		return ip.String()
	}
	if a == nil {
		return ""
	}
	return a.String()
}

// addrPort gives the address and port of a TCP or UDP address.
func addrPort(a net.Addr) (netip.AddrPort, bool) {
	var ap netip.AddrPort
	switch a := a.(type) {
	case *net.TCPAddr:
		ap = a.AddrPort()
	case *net.UDPAddr:
		ap = a.AddrPort()
	}
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()), ap.IsValid()
}
