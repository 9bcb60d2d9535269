package transporttest

import (
	"io"
	"net"
	"testing"

	"deskside"
	"deskside/transport"
)

func TestEachEchoes(t *testing.T) {
	Each(t, func(t *testing.T, n *Net) {
		l := n.Listen(deskside.Chat)
		go echo(l)
		s := n.Dial(deskside.Chat)
		if _, err := s.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
		if err := s.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(s)
		if err != nil || string(got) != "hello" {
			t.Fatalf("read %q, %v; want hello", got, err)
		}
		if s.Peer() != n.Agent.ID() {
			t.Errorf("peer %s, want the agent %s", s.Peer(), n.Agent.ID())
		}
	})
}

func TestStreams(t *testing.T) {
	Each(t, func(t *testing.T, n *Net) {
		n.Listen(deskside.RemCtrl)
		TestStream(t, Contract{
			Transport: n.Transport, Service: deskside.RemCtrl, Agent: n.Agent.ID(), Operator: n.Operator.ID(),
			Pair: func() (operator, agent transport.Stream, err error) { return n.TryPair(deskside.RemCtrl) },
		})
	})
}

func echo(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			io.Copy(c, c)
			c.(transport.Stream).CloseWrite()
		}()
	}
}
