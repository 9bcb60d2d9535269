package transport

import (
	"context"
	"net"
	"sync"
	"time"

	"deskside"
)

// Stream is one authenticated stream of bytes in both directions. Its peer's
// key is proved and its service agreed before anybody gets hold of it.
//
// Close ends both directions in order: the peer reads what was written and
// then the end. Abort ends them at once: the peer's Read fails, and never with
// io.EOF. Only Abort promises not to block. After a Write that met its
// deadline the stream is of no more use, because part of it may be on the way.
type Stream interface {
	net.Conn
	deskside.Stream

	// Export derives n bytes (at most 255 * 32) from the TLS connection that
	// carries the stream, the same at both ends (RFC 8446, section 7.5).
	Export(label string, context []byte, n int) ([]byte, error)

	// CloseWrite ends the direction to the peer, which reads the end after
	// what was written. Reading goes on.
	CloseWrite() error

	// RTT is the round trip the transport measured of late, 0 where it does
	// not know.
	RTT() time.Duration
}

type streamKey struct{}

// ConnContext puts the stream that c is into ctx; it is for
// http.Server.ConnContext.
func ConnContext(ctx context.Context, c net.Conn) context.Context {
	if s, ok := c.(Stream); ok {
		return context.WithValue(ctx, streamKey{}, s)
	}
	return ctx
}

// FromContext gives the stream a request came on, nil if there is none.
func FromContext(ctx context.Context) Stream {
	s, _ := ctx.Value(streamKey{}).(Stream)
	return s
}

// closing remembers that a stream was closed and who wants to know.
type closing struct {
	mu     sync.Mutex
	closed bool
	after  []func()
}

// start reports whether this is the first call, and runs what waits for it.
func (c *closing) start() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.closed = true
	for _, f := range c.after {
		go f()
	}
	c.after = nil
	return true
}

func (c *closing) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// AfterClose implements deskside.Stream.
func (c *closing) AfterClose(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		go f()
		return
	}
	c.after = append(c.after, f)
}
