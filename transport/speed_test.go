package transport_test

import (
	"io"
	"testing"

	"deskside"
	"deskside/transport"
	"deskside/transport/transporttest"
)

// BenchmarkThroughput moves bytes one way through a stream.
func BenchmarkThroughput(b *testing.B) {
	for _, over := range transporttest.Transports() {
		b.Run(string(over), func(b *testing.B) {
			n := transporttest.New(b, over)
			operator, agent := n.Pair(deskside.Xfer)
			chunk := make([]byte, 256<<10)
			b.SetBytes(int64(len(chunk)))
			received := make(chan int64)
			go func() {
				n, _ := io.Copy(io.Discard, justReader{agent})
				received <- n
			}()
			b.ResetTimer()
			for range b.N {
				if _, err := operator.Write(chunk); err != nil {
					b.Fatal(err)
				}
			}
			operator.CloseWrite()
			if got := <-received; got != int64(b.N)*int64(len(chunk)) {
				b.Fatalf("%d bytes came, want %d", got, b.N*len(chunk))
			}
		})
	}
}

type justReader struct{ io.Reader }

// BenchmarkRoundTrip sends a byte there and back.
func BenchmarkRoundTrip(b *testing.B) {
	for _, over := range transporttest.Transports() {
		b.Run(string(over), func(b *testing.B) {
			n := transporttest.New(b, over)
			operator, agent := n.Pair(deskside.RCInfo)
			go io.Copy(agent, justReader{agent})
			one := make([]byte, 1)
			for b.Loop() {
				operator.Write(one)
				if _, err := io.ReadFull(operator, one); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkDial opens a stream to a peer met before: on QUIC one more of a
// connection that is there.
func BenchmarkDial(b *testing.B) {
	for _, over := range bothTransports {
		b.Run(string(over), func(b *testing.B) {
			id := transporttest.Identity(b)
			l := listen(b, transport.Config{Identity: id, Service: deskside.Chat, TCP: true, UDP: true})
			d := dialer(b, over)
			for b.Loop() {
				s, err := d.Dial(b.Context(), deskside.Chat, addr(l), id.ID())
				if err != nil {
					b.Fatal(err)
				}
				mustEcho(b, s)
			}
		})
	}
}
