package linksim

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// UDP opens a port on loopback that leads through the link to target, and gives
// its address. Each address that sends there has a port of its own towards
// target, as behind a router.
func (l *Link) UDP(target string) (addr string, err error) { return l.ListenUDP("127.0.0.1:0", target) }

// ListenUDP is UDP on an address of the caller's choice.
func (l *Link) ListenUDP(at, target string) (addr string, err error) {
	place, err := net.ResolveUDPAddr("udp", target)
	if err != nil {
		return "", err
	}
	pc, err := net.ListenPacket("udp", at)
	if err != nil {
		return "", err
	}
	near := pc.(*net.UDPConn)
	if err := l.keep(near); err != nil {
		near.Close()
		return "", err
	}
	r := &router{link: l, near: near, place: place, flows: make(map[netip.AddrPort]*flow)}
	l.start(r.outward)
	return near.LocalAddr().String(), nil
}

const (
	maxFlows    = 256
	maxDatagram = 64 << 10
	quiet       = 2 * time.Minute // after which a flow is forgotten
)

// router passes datagrams between those who send to near and one place.
type router struct {
	link  *Link
	near  *net.UDPConn
	place *net.UDPAddr

	mu    sync.Mutex
	flows map[netip.AddrPort]*flow
}

// flow is one address at the near side.
type flow struct {
	far *net.UDPConn
	up  *line
}

// outward reads what comes to near until that is closed.
func (r *router) outward() {
	b := make([]byte, maxDatagram)
	for {
		n, from, err := r.near.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		if f := r.flow(from); f != nil {
			f.up.datagram(b[:n])
		}
	}
}

// datagram sends one unless it is lost.
func (n *line) datagram(b []byte) {
	if at, ok := n.way.datagram(len(b), time.Now()); ok {
		n.put(append(make([]byte, 0, len(b)), b...), at)
	}
}

// flow finds the flow of an address, or makes one; nil if that cannot be, in
// which case the datagram is lost as on any network.
func (r *router) flow(from netip.AddrPort) *flow {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f := r.flows[from]; f != nil || len(r.flows) >= maxFlows {
		return f
	}
	far, err := net.DialUDP("udp", nil, r.place)
	if err != nil || r.link.keep(far) != nil {
		return nil
	}
	f := &flow{far: far, up: r.link.line(r.link.up)}
	r.flows[from] = f
	r.link.start(func() { r.inward(f, from) })
	return f
}

// inward runs a flow until it is quiet or the link closed.
func (r *router) inward(f *flow, to netip.AddrPort) {
	down, over := r.link.line(r.link.down), make(chan struct{})
	r.link.start(func() {
		f.up.deliver(over, func(b []byte) error { f.far.Write(b); return nil })
	})
	r.link.start(func() {
		down.deliver(over, func(b []byte) error { r.near.WriteToUDPAddrPort(b, to); return nil })
	})
	for b := make([]byte, maxDatagram); ; {
		f.far.SetReadDeadline(time.Now().Add(quiet))
		n, err := f.far.Read(b)
		if err == nil {
			down.datagram(b[:n])
		} else if !refused(err) {
			break
		}
	}
	close(over)
	r.mu.Lock()
	delete(r.flows, to)
	r.mu.Unlock()
	r.link.drop(f.far)
}

// refused reports whether err is what a connected socket reads after nobody
// listened at the other end: somebody may later.
func refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }
