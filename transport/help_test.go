package transport_test

import (
	"context"
	"io"
	"net"
	"strconv"
	"testing"
	"time"

	"deskside"
	"deskside/identity"
	"deskside/transport"
	"deskside/transport/transporttest"
)

// listen opens a listener that ends with the test and answers each stream with
// what it says.
func listen(t testing.TB, config transport.Config) *transport.Listener {
	t.Helper()
	if config.Identity == nil {
		config.Identity = transporttest.Identity(t)
	}
	if config.Addr == "" {
		config.Addr = "127.0.0.1:0"
	}
	l, err := transport.Listen(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		echo(l)
	}()
	t.Cleanup(func() {
		l.Close()
		<-served
	})
	return l
}

// echo serves until the listener is closed, and returns when the last stream
// is done with.
func echo(l net.Listener) {
	done := make(chan struct{})
	open := 0
	for {
		c, err := l.Accept()
		if err != nil {
			break
		}
		open++
		go func() {
			s := c.(transport.Stream)
			io.Copy(s, s)
			s.CloseWrite()
			s.Close()
			done <- struct{}{}
		}()
	}
	for ; open > 0; open-- {
		<-done
	}
}

// dialer makes a dialer that ends with the test.
func dialer(t testing.TB, over deskside.Transport) *transport.Dialer {
	t.Helper()
	d := &transport.Dialer{Identity: transporttest.Identity(t), Transport: over}
	t.Cleanup(func() { d.Close() })
	return d
}

// addr is the address of a listener for a dialer.
func addr(l *transport.Listener) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(int(l.Port())))
}

// patience bounds a dial that is expected to succeed, or to be told why not.
func patience(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// mustEcho checks that a stream works both ways, and closes it.
func mustEcho(t testing.TB, s transport.Stream) {
	t.Helper()
	defer s.Abort()
	s.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := s.Write([]byte("are you there?")); err != nil {
		t.Fatal(err)
	}
	if err := s.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(s); err != nil || string(got) != "are you there?" {
		t.Fatalf("read %q, %v", got, err)
	}
}

// mustServe checks that a listener serves a new client of this transport.
func mustServe(t testing.TB, l *transport.Listener, id *identity.Identity, svc deskside.Service, over deskside.Transport) {
	t.Helper()
	d := dialer(t, over)
	defer d.Close()
	s, err := d.Dial(patience(t), svc, addr(l), id.ID())
	if err != nil {
		t.Fatal(err)
	}
	mustEcho(t, s)
}

var bothTransports = []deskside.Transport{deskside.TCP, deskside.UDP}
