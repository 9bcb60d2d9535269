package transport

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/quic-go/quic-go"

	"deskside"
	"deskside/identity"
)

// Limits bound what peers can make a listener keep. Zero fields have the
// values said.
type Limits struct {
	Handshake         time.Duration // how long a handshake may take: 10 s
	HalfOpen          int           // handshakes under way: 128
	HalfOpenPerSource int           // the same, from one IPv4 address or IPv6 /64: 32
	Open              int           // connections, with handshakes under way: 512
	OpenPerSource     int           // the same, from one source: 128
	Unvalidated       int           // QUIC handshakes before clients must prove their address: 16
	Streams           int           // streams of one QUIC connection: 128
	StreamsPerSource  int           // QUIC streams of all connections from one source: 256
	AllStreams        int           // QUIC streams: 1024
}

func (l Limits) withDefaults() Limits {
	return Limits{
		Handshake:         cmp.Or(l.Handshake, 10*time.Second),
		HalfOpen:          cmp.Or(l.HalfOpen, 128),
		HalfOpenPerSource: cmp.Or(l.HalfOpenPerSource, 32),
		Open:              cmp.Or(l.Open, 512),
		OpenPerSource:     cmp.Or(l.OpenPerSource, 128),
		Unvalidated:       cmp.Or(l.Unvalidated, 16),
		Streams:           cmp.Or(l.Streams, 128),
		StreamsPerSource:  cmp.Or(l.StreamsPerSource, 256),
		AllStreams:        cmp.Or(l.AllStreams, 1024),
	}
}

// Config says what a listener serves.
type Config struct {
	Identity *identity.Identity
	Service  deskside.Service

	// Addr is host:port. An empty host is every address of both families, a
	// literal address that one, a name every address it has. Port 0 takes a
	// free one, the same for all.
	Addr string

	// TCP and UDP say which transports to open; no socket of another is made.
	TCP, UDP bool

	Limits Limits
}

// Listener accepts the streams of one service on all its sockets. It is a
// net.Listener whose connections are Streams with finished handshakes.
type Listener struct {
	config   Config
	doors    *doors
	streams  crowd
	ctx      context.Context // ends with Close
	cancel   context.CancelFunc
	accepted chan Stream
	running  sync.WaitGroup
	port     uint16
	tcp      []net.Listener
	udp      []*quicSocket
}

// quicSocket is a UDP socket on which QUIC listens.
type quicSocket struct {
	conn      *net.UDPConn
	transport *quic.Transport
	listener  *quic.Listener
}

// Listen opens the sockets of config; ctx bounds that alone. A port that is
// taken or reserved gives a *deskside.Error that names what holds it or the
// setting to change.
func Listen(ctx context.Context, config Config) (*Listener, error) {
	if config.Identity == nil {
		return nil, errors.New("listen: no identity")
	}
	if !config.TCP && !config.UDP {
		return nil, deskside.Errorf(deskside.CodeBadRequest, "%s has no transport to listen on", config.Service).
			Hint("Name tcp, udp or both.")
	}
	config.Limits = config.Limits.withDefaults()
	l := &Listener{config: config, doors: newDoors(config.Limits), accepted: make(chan Stream)}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	hosts, port, err := listenAddrs(ctx, config.Addr)
	if err == nil {
		err = l.bind(ctx, hosts, port)
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	l.serve()
	return l, nil
}

// listenAddrs resolves an address to listen on. An empty host gives one
// invalid address, which stands for all of both families.
func listenAddrs(ctx context.Context, addr string) ([]netip.Addr, uint16, error) {
	host, portText, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, 0, deskside.Errorf(deskside.CodeBadRequest, "address %q to listen on: %w", addr, err)
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, 0, deskside.Errorf(deskside.CodeBadRequest, "address %q to listen on: %q is not a port number from 0 to 65535", addr, portText)
	}
	if host == "" {
		return []netip.Addr{{}}, uint16(port), nil
	}
	hosts, err := lookup(ctx, host)
	return hosts, uint16(port), err
}

// lookup gives the addresses of a name or literal address.
func lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip.Unmap()}, nil
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, deskside.Errorf(deskside.CodeUnreachable, "look up %q: %w", host, err).
			Hint("Check the name, or use the machine's address.")
	}
	var all []netip.Addr
	seen := make(map[netip.Addr]bool)
	for _, ip := range found {
		if ip = ip.Unmap(); !seen[ip] {
			seen[ip] = true
			all = append(all, ip)
		}
	}
	return all, nil
}

// bind opens every socket. When any free port will do, it tries several until
// one is free on all.
func (l *Listener) bind(ctx context.Context, hosts []netip.Addr, port uint16) error {
	const tries = 20
	for try := 1; ; try++ {
		err := l.bindAll(ctx, hosts, port)
		if err == nil || port != 0 || try == tries || !errors.Is(err, syscall.EADDRINUSE) {
			return err
		}
		l.closeSockets()
		l.tcp, l.udp = nil, nil
	}
}

// bindAll opens the sockets of each address. Of a name's addresses this machine
// need not have all: "localhost" is often listed for a family it lacks.
func (l *Listener) bindAll(ctx context.Context, hosts []netip.Addr, port uint16) error {
	l.port = port
	var missing error
	for _, host := range hosts {
		err := l.bindOne(ctx, host)
		if errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT) {
			missing = err
			continue
		}
		if err != nil {
			return err
		}
	}
	if len(l.tcp)+len(l.udp) == 0 {
		return missing
	}
	return nil
}

func (l *Listener) bindOne(ctx context.Context, host netip.Addr) error {
	if l.config.TCP {
		if err := l.bindTCP(ctx, host); err != nil {
			return err
		}
	}
	if l.config.UDP {
		return l.bindUDP(ctx, host)
	}
	return nil
}

// hostPort gives the form net wants, an empty host for all addresses.
func hostPort(host netip.Addr, port uint16) string {
	if !host.IsValid() {
		return net.JoinHostPort("", strconv.Itoa(int(port)))
	}
	return netip.AddrPortFrom(host, port).String()
}

// Accept gives the next stream; net.ErrClosed after Close.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case s := <-l.accepted:
		return s, nil
	case <-l.ctx.Done():
		return nil, net.ErrClosed
	}
}

// give hands a stream to Accept.
func (l *Listener) give(s Stream) {
	if !l.streams.add(s) {
		return
	}
	select {
	case l.accepted <- s:
	case <-l.ctx.Done():
		s.Abort()
	}
}

// Port gives the port, the same on every socket.
func (l *Listener) Port() uint16 { return l.port }

// Addr gives the address of the first socket, Addrs those of all.
func (l *Listener) Addr() net.Addr { return l.Addrs()[0] }

// Addrs gives the addresses of all sockets: *net.TCPAddr and *net.UDPAddr.
func (l *Listener) Addrs() []net.Addr {
	var all []net.Addr
	for _, t := range l.tcp {
		all = append(all, t.Addr())
	}
	for _, u := range l.udp {
		all = append(all, u.conn.LocalAddr())
	}
	return all
}

// Stats counts what happened so far.
func (l *Listener) Stats() Stats { return l.doors.snapshot() }

// Close closes the sockets, aborts every stream it gave, and waits until all
// of it is gone.
func (l *Listener) Close() error {
	l.cancel()
	for _, t := range l.tcp {
		t.Close()
	}
	// This ends the connections of QUIC before their streams, so that nobody
	// takes one for alive.
	l.running.Wait()
	l.streams.end()
	l.closeSockets()
	return nil
}

// closeSockets closes what bind opened.
func (l *Listener) closeSockets() {
	for _, t := range l.tcp {
		t.Close()
	}
	for _, u := range l.udp {
		u.close()
	}
}

// serve starts the goroutines that accept.
func (l *Listener) serve() {
	for _, t := range l.tcp {
		l.running.Go(func() { l.serveTCP(t) })
	}
	for _, u := range l.udp {
		l.running.Go(func() { l.serveQUIC(u) })
	}
}
