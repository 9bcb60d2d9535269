package wire

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	"deskside/transport"
)

// pacing is a listener whose streams do not wait for ever for a peer that does
// not read.
type pacing struct{ net.Listener }

func (l pacing) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if s, ok := c.(transport.Stream); ok && err == nil {
		return &paced{Stream: s}, nil
	}
	return c, err
}

// paced gives the peer WriteTimeout to make room for each piece, unless a
// handler has set a deadline of its own.
type paced struct {
	transport.Stream
	own atomic.Bool
}

const piece = 64 << 10

func (p *paced) Write(b []byte) (n int, err error) {
	for err == nil && n < len(b) {
		if !p.own.Load() {
			p.Stream.SetWriteDeadline(time.Now().Add(WriteTimeout))
		}
		var m int
		m, err = p.Stream.Write(b[n:min(n+piece, len(b))])
		n += m
	}
	return n, err
}

func (p *paced) SetWriteDeadline(t time.Time) error {
	p.own.Store(!t.IsZero())
	return p.Stream.SetWriteDeadline(t)
}

func (p *paced) SetDeadline(t time.Time) error {
	p.own.Store(!t.IsZero())
	return p.Stream.SetDeadline(t)
}

// connContext is transport.ConnContext; handlers and the gate get the stream
// itself.
func connContext(ctx context.Context, c net.Conn) context.Context {
	if p, ok := c.(*paced); ok {
		c = p.Stream
	}
	return transport.ConnContext(ctx, c)
}
