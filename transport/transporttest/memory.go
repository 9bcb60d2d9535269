package transporttest

import (
	"context"
	"net"
	"sync"

	"deskside"
	"deskside/identity"
	"deskside/transport"
)

// memoryListener serves one service within the process, with the handshakes of
// package transport.
type memoryListener struct {
	id       *identity.Identity
	svc      deskside.Service
	ctx      context.Context
	cancel   context.CancelFunc
	accepted chan transport.Stream
	pipe     func() (near, far net.Conn)

	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
	streams map[transport.Stream]bool
}

func newMemoryListener(id *identity.Identity, svc deskside.Service) *memoryListener {
	m := &memoryListener{id: id, svc: svc, accepted: make(chan transport.Stream), pipe: pipe, streams: make(map[transport.Stream]bool)}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	return m
}

// dial makes a pipe and a handshake over it.
func (m *memoryListener) dial(ctx context.Context, id *identity.Identity, svc deskside.Service, expect deskside.KeyID) (transport.Stream, error) {
	near, far := m.pipe()
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return nil, net.ErrClosed
	}
	m.running.Go(func() { m.greet(far) })
	m.mu.Unlock()
	return transport.Client(ctx, near, deskside.Memory, id, svc, expect)
}

func (m *memoryListener) greet(far net.Conn) {
	s, err := transport.Server(m.ctx, far, deskside.Memory, m.id, m.svc)
	if err != nil {
		return
	}
	m.mu.Lock()
	m.streams[s] = true
	m.mu.Unlock()
	select {
	case m.accepted <- s:
	case <-m.ctx.Done():
		s.Abort()
	}
}

func (m *memoryListener) Accept() (net.Conn, error) {
	select {
	case s := <-m.accepted:
		return s, nil
	case <-m.ctx.Done():
		return nil, net.ErrClosed
	}
}

func (m *memoryListener) Addr() net.Addr { return pipeAddr{} }

// Close aborts what it accepted, as a transport.Listener does.
func (m *memoryListener) Close() error {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.cancel()
	m.running.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	for s := range m.streams {
		s.Abort()
	}
	return nil
}
