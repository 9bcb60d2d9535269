package transporttest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"deskside"
	"deskside/internal/await"
	"deskside/transport"
)

// Contract is a transport under TestStream.
type Contract struct {
	Transport deskside.Transport
	Service   deskside.Service
	Agent     deskside.AgentID
	Operator  deskside.OperatorID

	// Pair gives the two ends of a new stream. It may be called from any
	// goroutine.
	Pair func() (operator, agent transport.Stream, err error)
}

// TestStream checks what every Stream promises, whatever carries it.
func TestStream(t *testing.T, c Contract) {
	for _, one := range []struct {
		name string
		test func(*testing.T, transport.Stream, transport.Stream)
	}{
		{"half close", testHalfClose},
		{"close", testClose},
		{"close cuts a write off", testCloseWhileWriting},
		{"abort", testAbort},
		{"abort cuts a write off", testAbortWhileWriting},
		{"after close", testAfterClose},
		{"read deadline", testReadDeadline},
		{"write deadline", testWriteDeadline},
		{"large", testLarge},
		{"export", testExport},
	} {
		t.Run(one.name, func(t *testing.T) {
			operator, agent, err := c.Pair()
			if err != nil {
				t.Fatal(err)
			}
			defer operator.Abort()
			defer agent.Abort()
			one.test(t, operator, agent)
		})
	}
	t.Run("names", c.testNames)
	t.Run("many", c.testMany)
}

// send writes b and fails the test when that fails.
func send(t *testing.T, s transport.Stream, b string) {
	t.Helper()
	if n, err := s.Write([]byte(b)); err != nil || n != len(b) {
		t.Fatalf("write %q: %d, %v", b, n, err)
	}
}

// receive reads exactly want.
func receive(t *testing.T, s transport.Stream, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(s, got); err != nil || string(got) != want {
		t.Fatalf("read %q, %v; want %q", got[:n], err, want)
	}
}

// later runs f in a goroutine and gives its error.
func later(f func() error) <-chan error {
	result := make(chan error, 1)
	go func() { result <- f() }()
	return result
}

// readOne reads once, for its error.
func readOne(s transport.Stream) error {
	_, err := s.Read(make([]byte, 1))
	return err
}

// fill writes until that fails; nil after more than any path holds.
func fill(s transport.Stream) error {
	chunk := make([]byte, 64<<10)
	for range 2048 {
		if _, err := s.Write(chunk); err != nil {
			return err
		}
	}
	return nil
}

func testHalfClose(t *testing.T, operator, agent transport.Stream) {
	for _, way := range []struct{ from, to transport.Stream }{{operator, agent}, {agent, operator}} {
		send(t, way.from, "the last words")
		if err := way.from.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		rest, err := io.ReadAll(way.to)
		if err != nil || string(rest) != "the last words" {
			t.Fatalf("read %q, %v; want the last words and the end", rest, err)
		}
		if way.from == operator {
			// The other direction still goes.
			send(t, agent, "an answer")
			receive(t, operator, "an answer")
		}
		if _, err := way.from.Write([]byte("more")); err == nil {
			t.Error("wrote after CloseWrite")
		}
	}
}

func testClose(t *testing.T, operator, agent transport.Stream) {
	send(t, operator, "goodbye")
	if err := operator.Close(); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(agent)
	if err != nil || string(rest) != "goodbye" {
		t.Fatalf("read %q, %v; want goodbye and the end", rest, err)
	}
	if err := readOne(operator); !errors.Is(err, net.ErrClosed) {
		t.Errorf("read after Close: %v, want net.ErrClosed", err)
	}
	if err := fill(operator); err == nil {
		t.Error("wrote after Close")
	}
	if err := fill(agent); err == nil {
		t.Error("the peer of a closed stream went on writing")
	}
}

func testCloseWhileWriting(t *testing.T, operator, agent transport.Stream) {
	wrote := later(func() error { return fill(operator) })
	receive(t, agent, "\x00")
	closed := later(operator.Close)
	if err := await.Recv(t, "the write to fail", wrote); err == nil {
		t.Error("a write went on after Close")
	}
	await.Recv(t, "Close to return", closed)
}

func testAbort(t *testing.T, operator, agent transport.Stream) {
	theirs, ours := later(func() error { return readOne(operator) }), later(func() error { return readOne(agent) })
	agent.Abort()
	agent.Abort()
	if err := await.Recv(t, "our read to fail", ours); err == nil || err == io.EOF {
		t.Errorf("our read ended with %v", err)
	}
	if err := await.Recv(t, "the peer's read to fail", theirs); err == nil || err == io.EOF {
		t.Errorf("the peer's read ended with %v, as if all had been said", err)
	}
	if err := fill(agent); err == nil {
		t.Error("wrote after Abort")
	}
	if err := fill(operator); err == nil {
		t.Error("the peer of an aborted stream went on writing")
	}
}

func testAbortWhileWriting(t *testing.T, operator, agent transport.Stream) {
	wrote := later(func() error { return fill(operator) })
	receive(t, agent, "\x00")
	operator.Abort()
	if err := await.Recv(t, "the write to fail", wrote); err == nil {
		t.Error("a write went on after Abort")
	}
	// What was queued may still come, the end must not.
	if _, err := io.Copy(io.Discard, agent); err == nil {
		t.Error("the peer of an aborted stream read an end, as if all had been said")
	}
}

func testAfterClose(t *testing.T, operator, agent transport.Stream) {
	told := make(chan string, 3)
	operator.AfterClose(func() { told <- "closed" })
	agent.AfterClose(func() { told <- "aborted" })
	operator.Close()
	if got := await.Recv(t, "AfterClose", told); got != "closed" {
		t.Fatalf("told %q before anything happened", got)
	}
	agent.Abort()
	await.Recv(t, "AfterClose of an abort", told)
	operator.Abort()
	operator.AfterClose(func() { told <- "late" })
	if got := await.Recv(t, "AfterClose after the fact", told); got != "late" {
		t.Errorf("%q was told twice", got)
	}
}

func testReadDeadline(t *testing.T, operator, agent transport.Stream) {
	operator.SetReadDeadline(time.Now().Add(-time.Second))
	if err := readOne(operator); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("read past its deadline: %v, want os.ErrDeadlineExceeded", err)
	}
	operator.SetReadDeadline(time.Time{})
	blocked := later(func() error { return readOne(operator) })
	operator.SetReadDeadline(time.Now())
	if err := await.Recv(t, "a deadline set from elsewhere", blocked); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("read: %v, want os.ErrDeadlineExceeded", err)
	}
	operator.SetDeadline(time.Time{})
	send(t, agent, "still here")
	receive(t, operator, "still here")
}

func testWriteDeadline(t *testing.T, operator, _ transport.Stream) {
	operator.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
	if err := fill(operator); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("wrote to a peer that does not read: %v, want os.ErrDeadlineExceeded", err)
	}
}

func testLarge(t *testing.T, operator, agent transport.Stream) {
	const size = 8<<20 + 1
	var work sync.WaitGroup
	carry := func(seed uint64, from, to transport.Stream) {
		data := make([]byte, size)
		rng := rand.New(rand.NewPCG(seed, 1))
		for i := range data {
			data[i] = byte(rng.Uint32())
		}
		work.Go(func() {
			if _, err := from.Write(data); err != nil {
				t.Error(err)
			}
			from.CloseWrite()
		})
		work.Go(func() {
			hash := sha256.New()
			n, err := io.Copy(hash, to)
			if want := sha256.Sum256(data); err != nil || !bytes.Equal(hash.Sum(nil), want[:]) {
				t.Errorf("read %d bytes of %d, %v; or others than were written", n, size, err)
			}
		})
	}
	carry(1, operator, agent)
	carry(2, agent, operator)
	work.Wait()
}

func testExport(t *testing.T, operator, agent transport.Stream) {
	export := func(s transport.Stream, label, context string) []byte {
		key, err := s.Export(label, []byte(context), 32)
		if err != nil || len(key) != 32 {
			t.Fatalf("export %q: %d bytes, %v", label, len(key), err)
		}
		return key
	}
	one := export(operator, "EXPORTER-one", "a")
	if !bytes.Equal(one, export(agent, "EXPORTER-one", "a")) {
		t.Error("the two ends export different keys")
	}
	if bytes.Equal(one, export(operator, "EXPORTER-two", "a")) || bytes.Equal(one, export(operator, "EXPORTER-one", "b")) {
		t.Error("label and context do not change the key")
	}
}

func (c Contract) testNames(t *testing.T) {
	operator, agent, err := c.Pair()
	if err != nil {
		t.Fatal(err)
	}
	defer operator.Abort()
	defer agent.Abort()
	if operator.Peer() != c.Agent || agent.Peer() != c.Operator {
		t.Errorf("peers are %s and %s, want %s and %s", operator.Peer(), agent.Peer(), c.Agent, c.Operator)
	}
	for _, s := range []transport.Stream{operator, agent} {
		path := s.Path()
		if s.Service() != c.Service || path.Transport != c.Transport {
			t.Errorf("service %s over %s, want %s over %s", s.Service(), path.Transport, c.Service, c.Transport)
		}
		if path.Local == "" || path.Remote == "" || s.LocalAddr() == nil || s.RemoteAddr() == nil {
			t.Errorf("path %+v is not whole", path)
		}
		if s.RTT() < 0 {
			t.Errorf("round trip %v", s.RTT())
		}
	}
	if c.Transport != deskside.Memory && operator.Path().Remote != agent.LocalAddr().String() {
		t.Errorf("path of the operator leads to %s, the agent is at %s", operator.Path().Remote, agent.LocalAddr())
	}
}

// testMany has a hundred streams at once, each with words of its own.
func (c Contract) testMany(t *testing.T) {
	const streams, rounds = 100, 20
	var work sync.WaitGroup
	open := make(chan struct{}) // closed when all are there
	var there sync.WaitGroup
	there.Add(streams)
	for i := range streams {
		work.Go(func() {
			operator, agent, err := c.Pair()
			there.Done()
			if err != nil {
				t.Error(err)
				return
			}
			defer operator.Abort()
			defer agent.Abort()
			<-open
			words := bytes.Repeat(fmt.Appendf(nil, "stream %d ", i), 100)
			for range rounds {
				if err := roundTrip(operator, agent, words); err != nil {
					t.Errorf("stream %d: %v", i, err)
					return
				}
			}
		})
	}
	there.Wait()
	close(open)
	work.Wait()
}

// roundTrip sends words there and back.
func roundTrip(operator, agent transport.Stream, words []byte) error {
	for _, way := range []struct{ from, to transport.Stream }{{operator, agent}, {agent, operator}} {
		if _, err := way.from.Write(words); err != nil {
			return err
		}
		got := make([]byte, len(words))
		if _, err := io.ReadFull(way.to, got); err != nil {
			return err
		}
		if !bytes.Equal(got, words) {
			return fmt.Errorf("got %q", got)
		}
	}
	return nil
}
