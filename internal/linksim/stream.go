package linksim

import (
	"context"
	"io"
	"net"
	"time"
)

// TCP opens a port on loopback that leads through the link to target, and gives
// its address.
func (l *Link) TCP(target string) (addr string, err error) { return l.ListenTCP("127.0.0.1:0", target) }

// ListenTCP is TCP on an address of the caller's choice.
func (l *Link) ListenTCP(at, target string) (addr string, err error) {
	lc := net.ListenConfig{Control: small}
	near, err := lc.Listen(context.Background(), "tcp", at)
	if err != nil {
		return "", err
	}
	if err := l.keep(near); err != nil {
		near.Close()
		return "", err
	}
	l.start(func() {
		for {
			c, err := near.Accept()
			if err != nil {
				return
			}
			if !l.start(func() { l.join(c, target) }) {
				abort(c)
			}
		}
	})
	return near.Addr().String(), nil
}

// join leads one connection to target.
func (l *Link) join(near net.Conn, target string) {
	d := net.Dialer{Control: small}
	far, err := d.Dial("tcp", target)
	if err != nil {
		abort(near)
		return
	}
	l.carry(near, far)
}

// Pipe gives the two ends of a stream in memory through the link: what near
// writes goes up. As of net.Pipe a Write waits until the link takes it, and
// there is no end of one direction alone.
func (l *Link) Pipe() (near, far net.Conn) {
	near, in := net.Pipe()
	out, far := net.Pipe()
	if !l.start(func() { l.carry(in, out) }) {
		in.Close()
		out.Close()
	}
	return near, far
}

// carry passes bytes between the two until both directions have ended, or one
// breaks.
func (l *Link) carry(near, far net.Conn) {
	if l.keep(near, far) != nil {
		abort(near)
		abort(far)
		return
	}
	ended := make(chan bool, 2)
	l.start(func() { ended <- l.pass(l.up, near, far) })
	l.start(func() { ended <- l.pass(l.down, far, near) })
	for range 2 {
		select {
		case whole := <-ended:
			if whole {
				continue
			}
		case <-l.gone:
		}
		abort(near)
		abort(far)
		break
	}
	l.drop(near, far)
}

// pass carries one direction to its end and reports whether that was in order.
func (l *Link) pass(w *way, from, to net.Conn) bool {
	n := l.line(w)
	over, done := make(chan struct{}), make(chan error, 1)
	l.start(func() {
		var err error
		n.deliver(over, func(b []byte) error {
			if b == nil {
				err = closeWrite(to)
			} else if _, err = to.Write(b); err != nil {
				abort(from)
			}
			return err
		})
		done <- err
	})
	if err := l.feed(n, from); err != nil {
		close(over)
		return false
	}
	select {
	case err := <-done:
		return err == nil
	case <-l.gone:
		return false
	}
}

// feed reads segments as fast as the link takes them, until the end.
func (l *Link) feed(n *line, from net.Conn) error {
	sender := newReno(n.way)
	for {
		if !n.pause(sender.wait(time.Now())) || !n.room(l.holds()) {
			return errClosed
		}
		b := make([]byte, segment)
		size, err := from.Read(b)
		if size > 0 {
			n.put(b[:size], sender.send(size, time.Now()))
		}
		if err == io.EOF {
			n.put(nil, time.Now())
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// holds is how many bytes of a stream the queue, the way, and the far end's
// window hold.
func (l *Link) holds() int {
	if l.cfg.Rate == 0 {
		return mostHeld
	}
	trip := 2*l.cfg.Delay + l.cfg.Jitter
	return l.cfg.Queue + int(trip.Seconds()*float64(l.cfg.Rate)) + unread
}

// closeWrite ends one direction, or both where there is no half.
func closeWrite(c net.Conn) error {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.Close()
}

// abort closes with a reset, as a path that broke looks.
func abort(c net.Conn) {
	if t, ok := c.(*net.TCPConn); ok {
		t.SetLinger(0)
	}
	c.Close()
}
