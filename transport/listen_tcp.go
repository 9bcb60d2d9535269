package transport

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"deskside"
)

// keepAlive finds a peer that went away without a word in about a minute.
func keepAlive() net.KeepAliveConfig {
	return net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 15 * time.Second, Count: 3}
}

func (l *Listener) bindTCP(ctx context.Context, host netip.Addr) error {
	lc := net.ListenConfig{KeepAliveConfig: keepAlive()}
	t, err := lc.Listen(ctx, "tcp", hostPort(host, l.port))
	if err != nil {
		return explainListen(err, l.config.Service, deskside.TCP, hostPort(host, l.port))
	}
	l.tcp = append(l.tcp, t)
	if ap, ok := addrPort(t.Addr()); ok {
		l.port = ap.Port()
	}
	return nil
}

// serveTCP accepts until the listener is closed.
func (l *Listener) serveTCP(t net.Listener) {
	for pause := time.Millisecond; ; {
		raw, err := t.Accept()
		if err == nil {
			pause = time.Millisecond
			l.greet(raw)
			continue
		}
		if errors.Is(err, net.ErrClosed) {
			return
		}
		// Out of descriptors or memory: what is open must end first.
		select {
		case <-time.After(pause):
			pause = min(2*pause, time.Second)
		case <-l.ctx.Done():
			return
		}
	}
}

// greet starts the handshake of a connection, or drops it at once when a
// limit is met.
func (l *Listener) greet(raw net.Conn) {
	v, err := l.doors.knock(raw.RemoteAddr(), true)
	if err != nil {
		abortRaw(raw)
		return
	}
	l.running.Go(func() {
		ctx, cancel := context.WithTimeout(l.ctx, l.config.Limits.Handshake)
		defer cancel()
		switch l.config.Service {
		case deskside.Xfer:
			tuneBulk(raw)
		case deskside.RemCtrl:
			tuneLive(raw)
		}
		s, err := Server(ctx, raw, deskside.TCP, l.config.Identity, l.config.Service)
		if err != nil {
			v.leave()
			return
		}
		v.enter()
		s.AfterClose(v.leave)
		l.give(s)
	})
}

// abortRaw closes a connection without waiting for what is queued.
func abortRaw(raw net.Conn) {
	if t, ok := raw.(*net.TCPConn); ok {
		t.SetLinger(0)
	}
	raw.Close()
}
