package transport

import (
	"context"
	"crypto/sha256"
	"net"
	"net/netip"
	"time"

	"github.com/quic-go/quic-go"

	"deskside"
)

// quicConfig is what both sides share. Streams in one direction and datagrams
// have no use here.
func quicConfig(handshake time.Duration, streams int) *quic.Config {
	return &quic.Config{
		// QUIC gives up when nothing comes for this long, or after twice that.
		HandshakeIdleTimeout: handshake / 2,
		MaxIdleTimeout:       30 * time.Second,
		KeepAlivePeriod:      10 * time.Second,
		MaxIncomingStreams:   int64(streams),
		// What a peer can make this side keep unread. The windows grow as the
		// reader keeps up.
		InitialStreamReceiveWindow:     256 << 10,
		InitialConnectionReceiveWindow: 384 << 10,
		MaxIncomingUniStreams:          -1,
	}
}

// visitorKey finds a connection's visitor in its context.
type visitorKey struct{}

func (l *Listener) bindUDP(ctx context.Context, host netip.Addr) error {
	pc, err := (&net.ListenConfig{}).ListenPacket(ctx, "udp", hostPort(host, l.port))
	if err != nil {
		return explainListen(err, l.config.Service, deskside.UDP, hostPort(host, l.port))
	}
	u := &quicSocket{conn: pc.(*net.UDPConn)}
	l.udp = append(l.udp, u)
	if ap, ok := addrPort(pc.LocalAddr()); ok {
		l.port = ap.Port()
	}
	quietBuffers()
	reset, err := resetKey(l.config)
	if err != nil {
		return err
	}
	u.transport = &quic.Transport{
		Conn:              u.conn,
		StatelessResetKey: &reset,
		// Resets of an earlier run tell which token a connection ID has, so
		// one must not come again by chance.
		ConnectionIDLength:  12,
		VerifySourceAddress: func(net.Addr) bool { return l.doors.mustValidate() },
		ConnContext:         l.quicKnock,
	}
	u.listener, err = u.transport.Listen(l.config.Identity.ServerTLS(l.config.Service), quicConfig(l.config.Limits.Handshake, l.config.Limits.Streams))
	return err
}

// resetKey gives the key of the stateless resets (RFC 9000, section 10.3) by
// which a restarted agent tells its old peers that their connections are gone.
// It is the same in each run and, as a signature nobody is shown, secret.
func resetKey(config Config) (quic.StatelessResetKey, error) {
	secret, err := config.Identity.Sign("quic stateless reset", []byte(config.Service.String()))
	return sha256.Sum256(secret), err
}

// quicKnock is asked before QUIC keeps anything for a new connection. Its
// place is free again when the connection's context ends.
func (l *Listener) quicKnock(ctx context.Context, client *quic.ClientInfo) (context.Context, error) {
	v, err := l.doors.knock(client.RemoteAddr, client.AddrVerified)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, v.leave)
	return context.WithValue(ctx, visitorKey{}, v), nil
}

func (l *Listener) serveQUIC(u *quicSocket) {
	for {
		conn, err := u.listener.Accept(l.ctx)
		if err != nil {
			return
		}
		l.running.Go(func() { l.serveQUICConn(conn) })
	}
}

// serveQUICConn gives the streams of a connection until it or the listener
// ends.
func (l *Listener) serveQUICConn(conn *quic.Conn) {
	v, ok := conn.Context().Value(visitorKey{}).(*visitor)
	if !ok || !v.enter() {
		conn.CloseWithError(quicFull, errFull.Error())
		return
	}
	defer conn.CloseWithError(quicClose, "")
	known, err := newQUICConn(conn, l.config.Service)
	if err != nil {
		return
	}
	for {
		s, err := conn.AcceptStream(l.ctx)
		if err != nil {
			return
		}
		stream := newQUICStream(known, s)
		if !v.openStream() {
			stream.Abort()
			continue
		}
		stream.AfterClose(v.closeStream)
		l.give(stream)
	}
}

func (u *quicSocket) close() {
	if u.listener != nil {
		u.listener.Close()
	}
	if u.transport != nil {
		u.transport.Close()
	}
	u.conn.Close()
}
