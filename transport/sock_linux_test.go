package transport

import (
	"context"
	"testing"

	"golang.org/x/sys/unix"

	"deskside"
	"deskside/identity"
)

// TestLiveStreamsHoldLittleBack looks at the agent's sockets: remote control
// leaves little to the kernel, what moves in bulk leaves it all it can.
func TestLiveStreamsHoldLittleBack(t *testing.T) {
	id, err := identity.New()
	if err != nil {
		t.Fatal(err)
	}
	for svc, live := range map[deskside.Service]bool{deskside.RemCtrl: true, deskside.Xfer: false} {
		l, err := Listen(context.Background(), Config{Identity: id, Service: svc, Addr: "127.0.0.1:0", TCP: true})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		d := Dialer{Identity: id, Transport: deskside.TCP}
		defer d.Close()
		s, err := d.Dial(context.Background(), svc, l.Addr().String(), id.ID())
		if err != nil {
			t.Fatal(err)
		}
		defer s.Abort()
		far, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		unsent := 0
		withSocket(far.(*tlsStream).raw, func(fd int) {
			unsent, err = unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT)
		})
		if err != nil || (unsent == liveUnsent) != live {
			t.Errorf("%s: %d bytes may wait, %v", svc, unsent, err)
		}
	}
}
