package transport

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/quic-go/quic-go"

	"deskside"
	"deskside/identity"
)

// Codes that cross the wire in QUIC's own frames. They mean nothing to a peer
// beyond what the frame says.
const (
	quicAbort quic.StreamErrorCode      = 1 // stream: aborted
	quicDone  quic.StreamErrorCode      = 0 // stream: closed, the rest is not wanted
	quicClose quic.ApplicationErrorCode = 0 // connection: this end is done
	quicFull  quic.ApplicationErrorCode = 1 // connection: a limit was met
)

// quicConn is a QUIC connection whose peer is known.
type quicConn struct {
	*quic.Conn
	peer    deskside.KeyID
	service deskside.Service
	path    deskside.Path
}

func newQUICConn(c *quic.Conn, svc deskside.Service) (*quicConn, error) {
	peer, err := identity.Peer(c.ConnectionState().TLS)
	if err != nil {
		return nil, err
	}
	return &quicConn{Conn: c, peer: peer, service: svc, path: pathOf(deskside.UDP, c.LocalAddr(), c.RemoteAddr())}, nil
}

// quicStream is a stream that is one bidirectional stream of a connection.
type quicStream struct {
	closing
	conn *quicConn
	s    *quic.Stream

	// QUIC wants Write and Close one after the other. writing is held while
	// either runs.
	writing  sync.Mutex
	wroteEnd bool
}

func newQUICStream(c *quicConn, s *quic.Stream) *quicStream { return &quicStream{conn: c, s: s} }

func (s *quicStream) Peer() deskside.KeyID      { return s.conn.peer }
func (s *quicStream) Service() deskside.Service { return s.conn.service }
func (s *quicStream) Path() deskside.Path       { return s.conn.path }
func (s *quicStream) LocalAddr() net.Addr       { return s.conn.LocalAddr() }
func (s *quicStream) RemoteAddr() net.Addr      { return s.conn.RemoteAddr() }
func (s *quicStream) RTT() time.Duration        { return s.conn.ConnectionStats().SmoothedRTT }

func (s *quicStream) SetDeadline(t time.Time) error      { return s.s.SetDeadline(t) }
func (s *quicStream) SetReadDeadline(t time.Time) error  { return s.s.SetReadDeadline(t) }
func (s *quicStream) SetWriteDeadline(t time.Time) error { return s.s.SetWriteDeadline(t) }

func (s *quicStream) Export(label string, context []byte, n int) ([]byte, error) {
	state := s.conn.ConnectionState().TLS
	return state.ExportKeyingMaterial(label, context, n)
}

func (s *quicStream) Read(b []byte) (int, error) {
	n, err := s.s.Read(b)
	return n, s.explain("read", err)
}

func (s *quicStream) Write(b []byte) (int, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	n, err := s.s.Write(b)
	return n, s.explain("write", err)
}

// CloseWrite waits for a Write under way, as on TCP.
func (s *quicStream) CloseWrite() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.endWriting()
}

// endWriting is called with writing held.
func (s *quicStream) endWriting() error {
	if s.wroteEnd {
		return nil
	}
	s.wroteEnd = true
	return s.explain("close", s.s.Close())
}

// Close ends both halves; QUIC's own Close shuts only the one to the peer. A
// Write under way is cut off, as on TCP.
func (s *quicStream) Close() error {
	if !s.start() {
		return net.ErrClosed
	}
	s.s.CancelRead(quicDone)
	if !s.writing.TryLock() {
		s.s.CancelWrite(quicAbort)
		return nil
	}
	defer s.writing.Unlock()
	return s.endWriting()
}

func (s *quicStream) Abort() {
	s.start()
	s.s.CancelRead(quicAbort)
	s.s.CancelWrite(quicAbort)
}

// explain gives the errors of a QUIC stream the meaning they have on any other
// net.Conn. A connection that died of silence is no timeout of this call, and
// one that ended in order is still not the end of this stream.
func (s *quicStream) explain(op string, err error) error {
	switch {
	case err == nil || err == io.EOF:
		return err
	case s.isClosed():
		return fmt.Errorf("%s: %w", op, net.ErrClosed)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return os.ErrDeadlineExceeded
	case errors.Is(err, quic.ErrStreamClosed):
		return fmt.Errorf("%s: %w", op, syscall.EPIPE)
	}
	return fmt.Errorf("%s: %w (%v)", op, syscall.ECONNRESET, err)
}
