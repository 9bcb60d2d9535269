package linksim

import (
	"io"
	"time"
)

// Packets leads packets between two devices through the link until it is closed,
// or a device fails: each Read of one gives a packet, and each Write takes one, as
// of a tun device. Close closes both. What the link does to packets their ends
// notice as on any network, so a kernel's own TCP can stand at either.
func (l *Link) Packets(near, far io.ReadWriteCloser) error {
	if err := l.keep(near, far); err != nil {
		near.Close()
		far.Close()
		return err
	}
	l.start(func() { l.packets(l.up, near, far) })
	l.start(func() { l.packets(l.down, far, near) })
	return nil
}

func (l *Link) packets(w *way, from io.Reader, to io.Writer) {
	n, over := l.line(w), make(chan struct{})
	defer close(over)
	l.start(func() {
		// A packet that the device does not take is lost.
		n.deliver(over, func(b []byte) error { to.Write(b); return nil })
	})
	b := make([]byte, maxDatagram)
	for {
		size, err := from.Read(b)
		if err != nil {
			return
		}
		if at, ok := w.datagram(size, time.Now()); ok {
			n.put(append(make([]byte, 0, size), b[:size]...), at)
		}
	}
}
