// Package transporttest runs the body of a test over every transport: in
// memory, over TCP and over QUIC. In each of them the streams have real TLS
// handshakes with real keys, on loopback or within the process.
//
// It also has Gate, a small real table of sessions for testing a service
// without an agent, and TestStream, the contract that the streams of every
// transport keep.
//
// It is for tests alone: no program imports it.
package transporttest

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"deskside"
	"deskside/identity"
	"deskside/internal/linksim"
	"deskside/transport"
)

// Net is a network with one agent and one operator on it.
type Net struct {
	Transport deskside.Transport
	Agent     *identity.Identity
	Operator  *identity.Identity

	t         testing.TB
	link      *linksim.Link // nil if there is nothing between the two
	mu        sync.Mutex
	addrs     map[deskside.Service]string
	listeners map[deskside.Service]net.Listener
	memory    map[deskside.Service]*memoryListener
	dialers   map[deskside.KeyID]*transport.Dialer
	streams   []transport.Stream
	pairing   sync.Mutex
}

// Transports lists what Each runs over.
func Transports() []deskside.Transport {
	return []deskside.Transport{deskside.Memory, deskside.TCP, deskside.UDP}
}

// Each runs body once over each transport, as a subtest with the transport's
// name, and fails it when goroutines are left at its end. Listeners and streams
// of the net are closed then.
func Each(t *testing.T, body func(t *testing.T, n *Net)) {
	for _, transport := range Transports() {
		t.Run(string(transport), func(t *testing.T) {
			CheckLeaks(t)
			body(t, New(t, transport))
		})
	}
}

// CheckLeaks fails the test when, after all that was registered with t.Cleanup
// later has run, goroutines are left that were not there now.
func CheckLeaks(t testing.TB) {
	before := goleak.IgnoreCurrent()
	// An HTTP server that has refused a request lingers for half a second
	// before it closes the stream, and Close does not wait for that.
	lingers := goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait")
	t.Cleanup(func() { goleak.VerifyNone(t, before, lingers) })
}

// New makes a net of one transport, which ends with the test.
func New(t testing.TB, over deskside.Transport) *Net {
	t.Helper()
	n := &Net{
		Transport: over, Agent: Identity(t), Operator: Identity(t), t: t,
		addrs:     make(map[deskside.Service]string),
		listeners: make(map[deskside.Service]net.Listener),
		memory:    make(map[deskside.Service]*memoryListener),
		dialers:   make(map[deskside.KeyID]*transport.Dialer),
	}
	t.Cleanup(n.close)
	return n
}

// NewFar is New with a link between the operator and the agent.
func NewFar(t testing.TB, over deskside.Transport, cfg linksim.Config) *Net {
	t.Helper()
	n := New(t, over)
	n.link = linksim.New(cfg)
	t.Cleanup(func() { n.link.Close() })
	return n
}

// Link is what is between the operator and the agent, nil if nothing is.
func (n *Net) Link() *linksim.Link { return n.link }

// Identity makes an identity for a test.
func Identity(t testing.TB) *identity.Identity {
	t.Helper()
	id, err := identity.New()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// Listen opens service svc under the agent's identity; once for each service.
func (n *Net) Listen(svc deskside.Service) net.Listener {
	n.t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.listeners[svc] != nil {
		n.t.Fatalf("%s listens already", svc)
	}
	if n.Transport == deskside.Memory {
		m := newMemoryListener(n.Agent, svc)
		if n.link != nil {
			m.pipe = n.link.Pipe
		}
		n.memory[svc], n.listeners[svc] = m, m
		return m
	}
	l, err := transport.Listen(context.Background(), transport.Config{
		Identity: n.Agent, Service: svc, Addr: "127.0.0.1:0",
		TCP: n.Transport == deskside.TCP, UDP: n.Transport == deskside.UDP,
	})
	if err != nil {
		n.t.Fatal(err)
	}
	n.listeners[svc], n.addrs[svc] = l, n.through(l.Addr().String())
	return l
}

// through gives the address at which the operator finds an agent's.
func (n *Net) through(addr string) string {
	if n.link == nil {
		return addr
	}
	open := n.link.TCP
	if n.Transport == deskside.UDP {
		open = n.link.UDP
	}
	addr, err := open(addr)
	if err != nil {
		n.t.Fatal(err)
	}
	return addr
}

// Dial opens a stream to service svc as the operator.
func (n *Net) Dial(svc deskside.Service) transport.Stream {
	n.t.Helper()
	return n.DialAs(n.Operator, svc)
}

// DialAs opens a stream to service svc under another identity.
func (n *Net) DialAs(id *identity.Identity, svc deskside.Service) transport.Stream {
	n.t.Helper()
	s, err := n.TryDial(context.Background(), id, svc, n.Agent.ID())
	if err != nil {
		n.t.Fatalf("dial %s over %s: %v", svc, n.Transport, err)
	}
	return s
}

// Dialer gives the function with which an operator dials svc again and again,
// for a client's Dial field. It may be called from any goroutine.
func (n *Net) Dialer(svc deskside.Service) func(context.Context) (transport.Stream, error) {
	return func(ctx context.Context) (transport.Stream, error) {
		return n.TryDial(ctx, n.Operator, svc, n.Agent.ID())
	}
}

// TryDial opens a stream as id to service svc, expecting a key. It may be
// called from any goroutine.
func (n *Net) TryDial(ctx context.Context, id *identity.Identity, svc deskside.Service, expect deskside.KeyID) (transport.Stream, error) {
	n.mu.Lock()
	addr, memory := n.addrs[svc], n.memory[svc]
	n.mu.Unlock()
	var s transport.Stream
	var err error
	switch {
	case memory != nil:
		s, err = memory.dial(ctx, id, svc, expect)
	case addr != "":
		s, err = n.dialer(id).Dial(ctx, svc, addr, expect)
	default:
		err = errors.New("nobody listens")
	}
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	n.streams = append(n.streams, s)
	n.mu.Unlock()
	return s, nil
}

func (n *Net) dialer(id *identity.Identity) *transport.Dialer {
	n.mu.Lock()
	defer n.mu.Unlock()
	d := n.dialers[id.ID()]
	if d == nil {
		d = &transport.Dialer{Identity: id, Transport: n.Transport}
		n.dialers[id.ID()] = d
	}
	return d
}

// close ends all of it.
func (n *Net) close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, s := range n.streams {
		s.Abort()
	}
	for _, d := range n.dialers {
		d.Close()
	}
	for _, l := range n.listeners {
		l.Close()
	}
}

// Accept gives the next stream of a listener made by Listen.
func Accept(t testing.TB, l net.Listener) transport.Stream {
	t.Helper()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return c.(transport.Stream)
}

// Pair gives the two ends of one stream to svc: the operator's and the
// agent's. It listens when nobody does yet, and must not be mixed with others
// that accept.
func (n *Net) Pair(svc deskside.Service) (operator, agent transport.Stream) {
	n.t.Helper()
	operator, agent, err := n.TryPair(svc)
	if err != nil {
		n.t.Fatalf("a stream to %s over %s: %v", svc, n.Transport, err)
	}
	return operator, agent
}

// TryPair is Pair for any goroutine. On QUIC an agent hears of a stream with
// its first byte, so one byte has travelled from operator to agent before it
// returns.
func (n *Net) TryPair(svc deskside.Service) (operator, agent transport.Stream, err error) {
	l := n.listener(svc)
	// One at a time, so that the stream accepted is the one dialled.
	n.pairing.Lock()
	defer n.pairing.Unlock()
	operator, err = n.TryDial(context.Background(), n.Operator, svc, n.Agent.ID())
	if err != nil {
		return nil, nil, err
	}
	if _, err := operator.Write([]byte{0}); err != nil {
		return nil, nil, err
	}
	c, err := l.Accept()
	if err != nil {
		return nil, nil, err
	}
	agent = c.(transport.Stream)
	_, err = io.ReadFull(agent, make([]byte, 1))
	return operator, agent, err
}

// listener gives the listener of svc, opening it when there is none.
func (n *Net) listener(svc deskside.Service) net.Listener {
	n.mu.Lock()
	l := n.listeners[svc]
	n.mu.Unlock()
	if l == nil {
		l = n.Listen(svc)
	}
	return l
}
