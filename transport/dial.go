package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"deskside"
	"deskside/identity"
)

// Dialer opens streams to agents. Its zero value needs an Identity alone. It
// must be closed.
type Dialer struct {
	Identity *identity.Identity

	// Transport forces deskside.TCP or deskside.UDP, with no falling back.
	// Empty races both.
	Transport deskside.Transport

	Handshake time.Duration // for each attempt, with the connecting: 10 s
	Stagger   time.Duration // the head start of each attempt over the next: 150 ms
	Idle      time.Duration // a QUIC connection without a stream closes after: 30 s

	streams crowd

	mu      sync.Mutex
	closed  bool
	ctx     context.Context // of all dials, ends with Close; nil until the first
	cancel  context.CancelFunc
	running sync.WaitGroup
	quic    quicDialer
}

const (
	maxHosts   = 4 // addresses of a name that are tried
	maxTries   = 5 // of one attempt that is turned away for the moment
	firstPause = 50 * time.Millisecond
)

// Dial opens a stream to service svc at addr, "host:port", whose key must be
// expect; identity.Anyone accepts whoever answers, for a first meeting. The
// race between transports and addresses ends with the first finished
// handshake.
//
// Errors are *deskside.Error: CodeWrongKey, CodeWrongService, or
// CodeUnreachable with the reason of each attempt.
func (d *Dialer) Dial(ctx context.Context, svc deskside.Service, addr string, expect deskside.KeyID) (Stream, error) {
	if d.Identity == nil || expect.IsZero() {
		return nil, deskside.Errorf(deskside.CodeInternal, "dial %s: no identity, or no key to expect", addr)
	}
	ctx, done, err := d.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	attempts, err := d.attempts(ctx, svc, addr)
	if err != nil {
		return nil, err
	}
	s, err := race(ctx, attempts, or(d.Stagger, 150*time.Millisecond), func(ctx context.Context, a attempt) (Stream, error) {
		ctx, cancel := context.WithTimeout(ctx, d.handshake())
		defer cancel()
		return d.persist(ctx, a, svc, expect)
	})
	if err != nil {
		return nil, explainDial(svc, addr, err)
	}
	if !d.streams.add(s) {
		return nil, net.ErrClosed
	}
	return s, nil
}

func or(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

func (d *Dialer) handshake() time.Duration { return or(d.Handshake, 10*time.Second) }

// begin counts a Dial in; its context ends with Close too.
func (d *Dialer) begin(ctx context.Context) (context.Context, func(), error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, nil, net.ErrClosed
	}
	if d.ctx == nil {
		d.ctx, d.cancel = context.WithCancel(context.Background())
	}
	d.running.Add(1)
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(d.ctx, func() { cancel(net.ErrClosed) })
	return ctx, func() {
		stop()
		cancel(nil)
		d.running.Done()
	}, nil
}

// Close aborts every stream the dialer opened, ends its connections and waits
// until all is gone. What a stream closed just before on QUIC has not sent yet
// is lost: read the peer's answer first.
func (d *Dialer) Close() error {
	d.mu.Lock()
	d.closed = true
	if d.cancel != nil {
		d.cancel()
	}
	d.mu.Unlock()
	d.streams.end()
	d.running.Wait()
	d.quic.close()
	return nil
}

// attempts lists the ways to addr, the most promising first. Bulk transfer
// prefers TCP, which moves more for less; what a person waits for prefers UDP,
// where a lost packet holds up nothing but its own stream.
func (d *Dialer) attempts(ctx context.Context, svc deskside.Service, addr string) ([]attempt, error) {
	host, portText, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, deskside.Errorf(deskside.CodeBadRequest, "address %q: %w", addr, err)
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil || port == 0 || host == "" {
		return nil, deskside.Errorf(deskside.CodeBadRequest, "address %q: want a host and a port number", addr)
	}
	var order []deskside.Transport
	switch {
	case d.Transport == deskside.TCP || d.Transport == deskside.UDP:
		order = []deskside.Transport{d.Transport}
	case d.Transport != "":
		return nil, deskside.Errorf(deskside.CodeBadRequest, "transport %q: want tcp or udp", d.Transport)
	case svc == deskside.Xfer:
		order = []deskside.Transport{deskside.TCP, deskside.UDP}
	default:
		order = []deskside.Transport{deskside.UDP, deskside.TCP}
	}
	hosts, err := lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	var all []attempt
	for _, ip := range alternate(hosts)[:min(maxHosts, len(hosts))] {
		for _, t := range order {
			all = append(all, attempt{t, netip.AddrPortFrom(ip, uint16(port))})
		}
	}
	return all, nil
}

// alternate puts the two families of addresses in turn, that of the first in
// front, so that one that leads nowhere costs little (RFC 8305, section 4).
func alternate(hosts []netip.Addr) []netip.Addr {
	var same, other, all []netip.Addr
	for _, ip := range hosts {
		if ip.Is4() == hosts[0].Is4() {
			same = append(same, ip)
		} else {
			other = append(other, ip)
		}
	}
	for i := range max(len(same), len(other)) {
		all = append(all, same[min(i, len(same)):min(i+1, len(same))]...)
		all = append(all, other[min(i, len(other)):min(i+1, len(other))]...)
	}
	return all
}

// persist makes one attempt, again while the peer turns it away for the
// moment, which a busy one does.
func (d *Dialer) persist(ctx context.Context, a attempt, svc deskside.Service, expect deskside.KeyID) (Stream, error) {
	pause := firstPause
	for try := 1; ; try++ {
		s, err := d.try(ctx, a, svc, expect)
		if err == nil || try == maxTries || !turnedAway(err) {
			return s, err
		}
		select {
		case <-time.After(pause):
			pause *= 2
		case <-ctx.Done():
			return nil, err
		}
	}
}

func (d *Dialer) try(ctx context.Context, a attempt, svc deskside.Service, expect deskside.KeyID) (Stream, error) {
	if a.transport == deskside.UDP {
		return d.quic.dial(ctx, d, quicTarget{a.addr, svc, expect})
	}
	raw, err := (&net.Dialer{KeepAliveConfig: keepAlive()}).DialContext(ctx, "tcp", a.addr.String())
	if err != nil {
		return nil, err
	}
	if svc == deskside.Xfer {
		tuneBulk(raw)
	}
	return Client(ctx, raw, deskside.TCP, d.Identity, svc, expect)
}

// explainDial makes the one error of a dial: the most telling of its attempts.
func explainDial(svc deskside.Service, addr string, err error) error {
	for _, code := range []deskside.Code{deskside.CodeWrongKey, deskside.CodeWrongService} {
		if found := findCode(err, code); found != nil {
			e := *found
			e.Words = fmt.Sprintf("%s: %s", addr, found.Words)
			return &e
		}
	}
	if notOurs(err) {
		return deskside.Errorf(deskside.CodeWrongService, "what answers at %s is no service of Deskside (%v)", addr, err).
			Hint("Look at the port: %s listens on %d by default.", svc, deskside.SP2.Of(svc))
	}
	return deskside.Errorf(deskside.CodeUnreachable, "no answer from %s at %s (%v)", svc, addr, err).
		Hint("Check the address, that the agent runs, and that no firewall drops TCP and UDP port %s.", portOf(addr))
}

func portOf(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return port
}

// findCode gives the first *deskside.Error with the code anywhere in err.
func findCode(err error, code deskside.Code) *deskside.Error {
	switch e := err.(type) {
	case *deskside.Error:
		if e.Code == code {
			return e
		}
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			if found := findCode(inner, code); found != nil {
				return found
			}
		}
		return nil
	}
	if inner := errors.Unwrap(err); inner != nil {
		return findCode(inner, code)
	}
	return nil
}
