package transporttest

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// pipeRoom is how many bytes one direction of a pipe holds.
const pipeRoom = 256 << 10

// pipe makes the two ends of a connection in this process, with room in each
// direction as a socket has.
func pipe() (net.Conn, net.Conn) {
	one, two := newHalf(), newHalf()
	return &pipeEnd{in: one, out: two}, &pipeEnd{in: two, out: one}
}

// pipeAddr is the address of either end.
type pipeAddr struct{}

func (pipeAddr) Network() string { return "memory" }
func (pipeAddr) String() string  { return "memory" }

// half is one direction of a pipe.
type half struct {
	mu      sync.Mutex
	changed *sync.Cond
	queue   []byte
	ended   bool  // the writer is done; what is queued can be read
	broken  error // neither side goes on
	read    deadline
	write   deadline
}

func newHalf() *half {
	h := &half{}
	h.changed = sync.NewCond(&h.mu)
	return h
}

// deadline wakes a half when its time has come. The half's lock guards it.
type deadline struct {
	at    time.Time
	timer *time.Timer
}

func (d *deadline) passed() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }

func (h *half) setDeadline(d *deadline, at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	d.at = at
	if wait := time.Until(at); !at.IsZero() && wait > 0 {
		d.timer = time.AfterFunc(wait, func() {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.changed.Broadcast()
		})
	}
	h.changed.Broadcast()
}

func (h *half) Read(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		switch {
		case h.broken != nil:
			return 0, h.broken
		case h.read.passed():
			return 0, os.ErrDeadlineExceeded
		case len(h.queue) > 0:
			n := copy(b, h.queue)
			h.queue = h.queue[:copy(h.queue, h.queue[n:])]
			h.changed.Broadcast()
			return n, nil
		case h.ended:
			return 0, io.EOF
		}
		h.changed.Wait()
	}
}

func (h *half) Write(b []byte) (n int, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for len(b) > 0 {
		switch room := pipeRoom - len(h.queue); {
		case h.broken != nil:
			return n, h.broken
		case h.ended:
			return n, net.ErrClosed
		case h.write.passed():
			return n, os.ErrDeadlineExceeded
		case room > 0:
			took := min(room, len(b))
			h.queue = append(h.queue, b[:took]...)
			b, n = b[took:], n+took
			h.changed.Broadcast()
		default:
			h.changed.Wait()
		}
	}
	return n, nil
}

// stop ends a half: in order, or broken with err for both sides.
func (h *half) stop(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ended = true
	if err != nil && h.broken == nil {
		h.broken, h.queue = err, nil
	}
	for _, d := range []*deadline{&h.read, &h.write} {
		if d.timer != nil {
			d.timer.Stop()
		}
	}
	h.changed.Broadcast()
}

// pipeEnd is one end of a pipe.
type pipeEnd struct {
	in, out *half

	mu     sync.Mutex
	closed bool
	reset  bool
}

func (p *pipeEnd) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

func (p *pipeEnd) Read(b []byte) (int, error) {
	n, err := p.in.Read(b)
	if err != nil && p.isClosed() {
		err = net.ErrClosed
	}
	return n, err
}

func (p *pipeEnd) Write(b []byte) (int, error) {
	n, err := p.out.Write(b)
	if err != nil && p.isClosed() {
		err = net.ErrClosed
	}
	return n, err
}

// SetLinger(0) makes Close a reset, as on TCP.
func (p *pipeEnd) SetLinger(seconds int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reset = seconds == 0
	return nil
}

// Close ends both directions. The peer can read what was written, unless it is
// a reset, and its writes fail.
func (p *pipeEnd) Close() error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return net.ErrClosed
	}
	p.closed = true
	reset := p.reset
	p.mu.Unlock()
	p.in.stop(syscall.ECONNRESET)
	if reset {
		p.out.stop(syscall.ECONNRESET)
	} else {
		p.out.stop(nil)
	}
	return nil
}

func (p *pipeEnd) LocalAddr() net.Addr  { return pipeAddr{} }
func (p *pipeEnd) RemoteAddr() net.Addr { return pipeAddr{} }

func (p *pipeEnd) SetDeadline(t time.Time) error {
	p.SetReadDeadline(t)
	return p.SetWriteDeadline(t)
}

func (p *pipeEnd) SetReadDeadline(t time.Time) error {
	p.in.setDeadline(&p.in.read, t)
	return nil
}

func (p *pipeEnd) SetWriteDeadline(t time.Time) error {
	p.out.setDeadline(&p.out.write, t)
	return nil
}
