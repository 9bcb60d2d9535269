package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/quic-go/quic-go"

	"deskside"
)

// quicTarget is what one QUIC connection leads to.
type quicTarget struct {
	addr   netip.AddrPort
	svc    deskside.Service
	expect deskside.KeyID
}

// quicDialer keeps a dialer's UDP sockets, one for each family, and its QUIC
// connections, one for each target.
type quicDialer struct {
	mu      sync.Mutex
	closed  bool
	sockets map[bool]*quic.Transport // by whether it is IPv4
	routes  map[quicTarget]*quicRoute
}

// quicRoute is the place of one connection.
type quicRoute struct {
	dialing chan struct{} // who put a token in may dial; there is room for one

	mu    sync.Mutex
	conn  *quicConn // nil: none, or it ended
	users int       // streams open or being opened
	idle  *time.Timer
}

// dial opens a stream to a target, on the connection that is there or a new
// one. That a connection has died may show only now.
func (q *quicDialer) dial(ctx context.Context, d *Dialer, to quicTarget) (Stream, error) {
	r, err := q.route(to)
	if err != nil {
		return nil, err
	}
	for {
		conn, fresh, err := q.join(ctx, d, to, r)
		if err != nil {
			return nil, err
		}
		release := func() { r.release(conn, or(d.Idle, 30*time.Second)) }
		s, err := conn.OpenStreamSync(ctx)
		if err == nil {
			stream := newQUICStream(conn, s)
			stream.AfterClose(release)
			return stream, nil
		}
		release()
		if fresh || ctx.Err() != nil {
			return nil, err
		}
		r.forget(conn)
	}
}

// join gives the connection of a route, with one user more, making one when
// there is none. Only one dial at a time makes one; the others wait for it.
func (q *quicDialer) join(ctx context.Context, d *Dialer, to quicTarget, r *quicRoute) (conn *quicConn, fresh bool, err error) {
	select {
	case r.dialing <- struct{}{}:
		defer func() { <-r.dialing }()
	case <-ctx.Done():
		return nil, false, context.Cause(ctx)
	}
	if conn = r.take(); conn != nil {
		return conn, false, nil
	}
	if conn, err = q.connect(ctx, d, to); err != nil {
		return nil, false, err
	}
	r.put(conn)
	return conn, true, nil
}

func (q *quicDialer) route(to quicTarget) (*quicRoute, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil, net.ErrClosed
	}
	if q.routes == nil {
		q.routes = make(map[quicTarget]*quicRoute)
	}
	r := q.routes[to]
	if r == nil {
		r = &quicRoute{dialing: make(chan struct{}, 1)}
		q.routes[to] = r
	}
	return r, nil
}

// connect makes a new connection.
func (q *quicDialer) connect(ctx context.Context, d *Dialer, to quicTarget) (*quicConn, error) {
	socket, err := q.socket(to.addr.Addr().Is4())
	if err != nil {
		return nil, err
	}
	conn, err := socket.Dial(ctx, net.UDPAddrFromAddrPort(to.addr), d.Identity.ClientTLS(to.svc, to.expect), quicConfig(d.handshake(), -1))
	if err != nil {
		return nil, err
	}
	known, err := newQUICConn(conn, to.svc)
	if err != nil {
		conn.CloseWithError(quicClose, "")
		return nil, err
	}
	return known, nil
}

// socket gives the socket of a family, opening it on first use.
func (q *quicDialer) socket(is4 bool) (*quic.Transport, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil, net.ErrClosed
	}
	if t := q.sockets[is4]; t != nil {
		return t, nil
	}
	network := "udp6"
	if is4 {
		network = "udp4"
	}
	pc, err := net.ListenUDP(network, nil)
	if err != nil {
		return nil, err
	}
	quietBuffers()
	t := &quic.Transport{Conn: pc}
	if q.sockets == nil {
		q.sockets = make(map[bool]*quic.Transport)
	}
	q.sockets[is4] = t
	return t, nil
}

// close ends every connection and socket.
func (q *quicDialer) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	for _, r := range q.routes {
		r.end()
	}
	for _, t := range q.sockets {
		t.Close()
		t.Conn.Close()
	}
	q.routes, q.sockets = nil, nil
}

// take gives the connection, if it lives, with one user more.
func (r *quicRoute) take() *quicConn {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conn == nil || r.conn.Context().Err() != nil {
		return nil
	}
	r.rouse()
	r.users++
	return r.conn
}

// put keeps a new connection, with one user.
func (r *quicRoute) put(conn *quicConn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rouse()
	r.conn, r.users = conn, 1
}

// rouse stops the idle timer; r.mu is held.
func (r *quicRoute) rouse() {
	if r.idle != nil {
		r.idle.Stop()
		r.idle = nil
	}
}

// forget drops a connection that has turned out to be dead.
func (r *quicRoute) forget(conn *quicConn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conn == conn {
		r.rouse()
		r.conn = nil
	}
}

// release counts a user out. Without any the connection ends after a while,
// so that an agent keeps nothing for an operator who has gone.
func (r *quicRoute) release(conn *quicConn, idle time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conn != conn {
		return
	}
	if r.users--; r.users > 0 {
		return
	}
	r.idle = time.AfterFunc(idle, func() {
		r.mu.Lock()
		unused := r.conn == conn && r.users == 0
		if unused {
			r.conn = nil
		}
		r.mu.Unlock()
		if unused {
			conn.CloseWithError(quicClose, "")
		}
	})
}

// end closes the connection.
func (r *quicRoute) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rouse()
	if r.conn != nil {
		r.conn.CloseWithError(quicClose, "")
		r.conn = nil
	}
}

// turnedAway reports whether a peer that may well serve us refused for the
// moment: it dropped a TCP connection in the handshake, or refused a QUIC one.
func turnedAway(err error) bool {
	var refused *quic.TransportError
	if errors.As(err, &refused) {
		return refused.Remote && refused.ErrorCode == quic.ConnectionRefused
	}
	var full *quic.ApplicationError
	if errors.As(err, &full) {
		return full.Remote && full.ErrorCode == quicFull
	}
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// notOurs reports whether what answered speaks something else: not TLS, or TLS
// for another protocol.
func notOurs(err error) bool {
	var header tls.RecordHeaderError
	if errors.As(err, &header) {
		return true
	}
	const noApplicationProtocol = 120 // RFC 7301, section 3.2
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" {
		return op.Err.Error() == tls.AlertError(noApplicationProtocol).Error()
	}
	const cryptoError = 0x100 // RFC 9001, section 4.8
	var refused *quic.TransportError
	return errors.As(err, &refused) && refused.Remote && refused.ErrorCode == cryptoError+noApplicationProtocol
}
