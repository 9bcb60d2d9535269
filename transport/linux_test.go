package transport_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"deskside"
	"deskside/internal/await"
	"deskside/transport"
	"deskside/transport/transporttest"
)

func TestBusyPortNamesItsHolder(t *testing.T) {
	transporttest.CheckLeaks(t)
	comm, err := os.ReadFile("/proc/self/comm")
	if err != nil {
		t.Fatal(err)
	}
	for _, over := range bothTransports {
		l := listen(t, transport.Config{Service: deskside.Chat, TCP: over == deskside.TCP, UDP: over == deskside.UDP})
		_, err := transport.Listen(context.Background(), transport.Config{
			Identity: transporttest.Identity(t), Service: deskside.Xfer, Addr: addr(l), TCP: true, UDP: true,
		})
		e := deskside.AsError(err)
		want := fmt.Sprintf("%q (process %d)", strings.TrimSpace(string(comm)), os.Getpid())
		if e.Code != deskside.CodeBusy || !strings.Contains(e.Words, string(over)) || !strings.Contains(e.Do, want) {
			t.Errorf("%s: %v (%s, do %q); want busy, naming %s", over, err, e.Code, e.Do, want)
		}
	}
}

// Thousands of sessions must not wear an agent out.
func TestNothingIsLeftBehind(t *testing.T) {
	transporttest.CheckLeaks(t)
	id := transporttest.Identity(t)
	l := listen(t, transport.Config{Identity: id, Service: deskside.Chat, TCP: true, UDP: true})
	for _, over := range bothTransports {
		mustServe(t, l, id, deskside.Chat, over)
	}
	before := descriptors(t)
	for i := range 200 {
		d := &transport.Dialer{Identity: id, Transport: bothTransports[i%2]}
		s, err := d.Dial(patience(t), deskside.Chat, addr(l), id.ID())
		if err != nil {
			t.Fatal(err)
		}
		s.Write([]byte("x"))
		if i%3 == 0 {
			s.Close()
		}
		d.Close()
	}
	await.True(t, "the listener to forget them", func() bool {
		stats := l.Stats()
		return stats.Open == 0 && stats.HalfOpen == 0 && descriptors(t) <= before
	})
}

// descriptors counts the open files of this process.
func descriptors(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

func TestRoundTripIsMeasured(t *testing.T) {
	transporttest.CheckLeaks(t)
	id := transporttest.Identity(t)
	l := listen(t, transport.Config{Identity: id, Service: deskside.Chat, TCP: true, UDP: true})
	for _, over := range bothTransports {
		s, err := dialer(t, over).Dial(patience(t), deskside.Chat, addr(l), id.ID())
		if err != nil {
			t.Fatal(err)
		}
		if s.RTT() <= 0 {
			t.Errorf("%s: no round trip after a handshake", over)
		}
		mustEcho(t, s)
	}
}
