package linksim

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"deskside/internal/await"
)

// In a bubble of synctest time passes by itself, exactly; what is compared with
// it here is the model and no machine.

// sent writes size bytes into near and gives when each byte arrived at far,
// counted from the begin.
func sent(t *testing.T, near, far net.Conn, size int) []time.Duration {
	t.Helper()
	began := time.Now()
	var work sync.WaitGroup
	work.Go(func() {
		if _, err := near.Write(bytes.Repeat([]byte{7}, size)); err != nil {
			t.Error(err)
		}
		near.Close()
	})
	times := []time.Duration{}
	b := make([]byte, 64<<10)
	for {
		n, err := far.Read(b)
		for range n {
			times = append(times, time.Since(began))
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	work.Wait()
	if len(times) != size {
		t.Fatalf("%d bytes arrived of %d", len(times), size)
	}
	return times
}

// each runs one stream of size bytes through a link in a bubble.
func each(t *testing.T, cfg Config, size int, check func(*testing.T, *Link, []time.Duration)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := New(cfg)
		defer l.Close()
		near, far := l.Pipe()
		defer far.Close()
		check(t, l, sent(t, near, far, size))
	})
}

func TestDelay(t *testing.T) {
	each(t, Config{Delay: 70 * time.Millisecond}, 100_000, func(t *testing.T, _ *Link, at []time.Duration) {
		if at[0] != 70*time.Millisecond || at[len(at)-1] != at[0] {
			t.Errorf("arrived from %v to %v", at[0], at[len(at)-1])
		}
	})
	each(t, Config{Delay: 70 * time.Millisecond, Jitter: 30 * time.Millisecond, Rate: 1e6}, 100_000, func(t *testing.T, _ *Link, at []time.Duration) {
		for i, d := range at {
			if d < 70*time.Millisecond || i > 0 && d < at[i-1] {
				t.Fatalf("byte %d arrived after %v, the one before after %v", i, d, at[max(i-1, 0)])
			}
		}
	})
}

func TestRate(t *testing.T) {
	each(t, Config{Delay: 10 * time.Millisecond, Rate: 100_000}, 200_000, func(t *testing.T, l *Link, at []time.Duration) {
		if took := at[len(at)-1] - 10*time.Millisecond; took.Round(time.Millisecond) != 2*time.Second {
			t.Errorf("200 kB took %v at 100 kB/s", took)
		}
		up, down := l.Stats()
		if up.Bytes != 200_000 || down.Bytes != 0 || up.Dropped+up.Lost != 0 {
			t.Errorf("stats %+v, %+v", up, down)
		}
		// A fifth of a second in the queue, a hundredth on the way.
		if up.MostHeld < 20_000 || up.MostHeld > 20_000+1_000+2*segment {
			t.Errorf("%d bytes held", up.MostHeld)
		}
	})
}

func TestStreamsShareTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(Config{Rate: 100_000})
		defer l.Close()
		began := time.Now()
		var work sync.WaitGroup
		for range 4 {
			near, far := l.Pipe()
			work.Go(func() { sent(t, near, far, 50_000) })
		}
		work.Wait()
		if took := time.Since(began); took.Round(100*time.Millisecond) != 2*time.Second {
			t.Errorf("four times 50 kB took %v at 100 kB/s", took)
		}
	})
}

// TestReader holds a sender back whose far end does not read, and lets others
// pass.
func TestReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(Config{Rate: 1_000_000})
		defer l.Close()
		stuck, idle := l.Pipe()
		var work sync.WaitGroup
		wrote := 0
		work.Go(func() {
			for {
				n, err := stuck.Write(make([]byte, 1000))
				wrote += n
				if err != nil {
					return
				}
			}
		})
		near, far := l.Pipe()
		sent(t, near, far, 500_000)
		time.Sleep(time.Minute)
		idle.Close()
		work.Wait()
		if wrote > l.holds()+2*segment || wrote < unread/2 {
			t.Errorf("%d bytes were taken that nobody read", wrote)
		}
	})
}

// TestStreamLoss imitates what loss does to TCP: nothing is missing, some of it
// is a round trip late, and the whole is slower the more is lost.
func TestStreamLoss(t *testing.T) {
	took := []time.Duration{}
	for _, loss := range []float64{0, 0.005, 0.02, 0.08} {
		cfg := Config{Delay: 50 * time.Millisecond, Rate: 500_000, Loss: loss, Seed: 5}
		each(t, cfg, 2_000_000, func(t *testing.T, l *Link, at []time.Duration) {
			took = append(took, at[len(at)-1])
			up, _ := l.Stats()
			if share := float64(up.Lost) / float64(up.Packets); share < loss*0.7 || share > loss*1.4 {
				t.Errorf("%v were lost, want %v", share, loss)
			}
			stalls := 0
			for i := 1; i < len(at); i++ {
				if at[i]-at[i-1] > 60*time.Millisecond {
					stalls++
				}
			}
			if stalls > up.Lost || loss > 0 && stalls == 0 {
				t.Errorf("%d stalls for %d losses", stalls, up.Lost)
			}
		})
	}
	for i := 1; i < len(took); i++ {
		if took[i] <= took[i-1] {
			t.Errorf("with more loss it took %v after %v", took[i], took[i-1])
		}
	}
	// Reno's rule: a rate of 1.22 segments in a round trip over the root of the
	// loss, here 8.6 segments, 121 kB/s.
	if rate := 2_000_000 / took[2].Seconds(); rate < 70_000 || rate > 180_000 {
		t.Errorf("at 2 %% loss %.0f bytes a second", rate)
	}
}

func TestSeed(t *testing.T) {
	run := func(seed uint64) (at []time.Duration) {
		cfg := Config{Delay: 20 * time.Millisecond, Jitter: 10 * time.Millisecond, Rate: 1e6, Loss: 0.05, Seed: seed}
		each(t, cfg, 300_000, func(_ *testing.T, _ *Link, times []time.Duration) { at = times })
		return at
	}
	one, same, other := run(1), run(1), run(2)
	if one[len(one)-1] != same[len(same)-1] {
		t.Error("the same seed gives another run")
	}
	if one[len(one)-1] == other[len(other)-1] {
		t.Error("another seed gives the same run")
	}
}

// TestDatagrams sends faster than the link carries: the queue fills, what finds
// it full is dropped, the rest leaves at the rate.
func TestDatagrams(t *testing.T) {
	w := newWay(Config{Delay: time.Second, Rate: 1000, Queue: 5000, Loss: 0.1}, 1)
	now, last, arrived := time.Unix(0, 0), time.Time{}, 0
	for range 10_000 {
		if at, ok := w.datagram(100, now); ok {
			if at.Before(now.Add(time.Second)) || at.After(now.Add(6*time.Second+100*time.Millisecond)) || at.Before(last) {
				t.Fatalf("sent at %v, arrives at %v, the one before at %v", now, at, last)
			}
			last = at
			arrived++
			w.arrived(100)
		}
		now = now.Add(50 * time.Millisecond)
	}
	s := w.snapshot()
	if s.Packets+s.Dropped != 10_000 || arrived+s.Lost != s.Packets || w.held != 0 {
		t.Errorf("%d arrived, %+v, %d held", arrived, s, w.held)
	}
	if s.Packets < 4_900 || s.Packets > 5_200 || s.Lost < 400 || s.Lost > 600 {
		t.Errorf("of twice what the link carries: %+v", s)
	}
}

func TestTCPProxy(t *testing.T) {
	defer goleak.VerifyNone(t)
	target, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	go func() {
		for {
			c, err := target.Accept()
			if err != nil {
				return
			}
			go func() { // back comes what was sent, once all of it was
				all, _ := io.ReadAll(c)
				c.Write(all)
				c.Close()
			}()
		}
	}()
	l := New(Config{Delay: time.Millisecond, Rate: 8 << 20, Loss: 0.01, Seed: 3})
	defer l.Close()
	addr, err := l.TCP(target.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(1, 1))
	var work sync.WaitGroup
	for range 3 {
		data := make([]byte, 100_000)
		for i := range data {
			data[i] = byte(rnd.Uint32())
		}
		work.Go(func() {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			c.Write(data)
			c.(*net.TCPConn).CloseWrite()
			back, err := io.ReadAll(c)
			if err != nil || !bytes.Equal(back, data) {
				t.Errorf("%d bytes came back of %d, %v; or others", len(back), len(data), err)
			}
		})
	}
	work.Wait()
	if up, down := l.Stats(); up.Bytes != 300_000 || down.Bytes != 300_000 {
		t.Errorf("stats %+v, %+v", up, down)
	}
}

// TestBroken makes one end's reset the other's, also where the other is not
// reading.
func TestBroken(t *testing.T) {
	defer goleak.VerifyNone(t)
	target, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	l := New(Config{Delay: time.Millisecond})
	defer l.Close()
	addr, err := l.TCP(target.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	near, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	far, err := target.Accept()
	if err != nil {
		t.Fatal(err)
	}
	abort(far)
	if _, err := io.Copy(io.Discard, near); err == nil {
		t.Error("an end in order was read")
	}
	if closed, err := l.TCP("127.0.0.1:1"); err != nil {
		t.Fatal(err)
	} else if c, err := net.Dial("tcp", closed); err == nil {
		if _, err := c.Read(make([]byte, 1)); err == nil {
			t.Error("read from nobody")
		}
		c.Close()
	}
}

func TestUDPProxy(t *testing.T) {
	defer goleak.VerifyNone(t)
	target, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	go func() {
		b := make([]byte, 2000)
		for {
			n, from, err := target.ReadFrom(b)
			if err != nil {
				return
			}
			target.WriteTo(b[:n], from)
		}
	}()
	l := New(Config{Delay: time.Millisecond, Loss: 0.2, Seed: 4})
	defer l.Close()
	addr, err := l.UDP(target.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		c, err := net.Dial("udp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		got := make(chan byte, 256)
		go func() {
			b := make([]byte, 2000)
			for {
				n, err := c.Read(b)
				if err != nil {
					return
				}
				if n == 500 {
					got <- b[0]
				}
			}
		}()
		came := 0
		for i := range 50 { // one at a time, so that no socket overflows
			b := make([]byte, 500)
			b[0] = byte(i)
			upBefore, downBefore := l.Stats()
			c.Write(b)
			await.True(t, "the datagram's fate", func() bool {
				up, down := l.Stats()
				return up.Lost > upBefore.Lost || down.Lost > downBefore.Lost || len(got) > 0
			})
			if len(got) > 0 {
				if came++; <-got != byte(i) {
					t.Fatal("another datagram came")
				}
			}
		}
		if came == 0 || came == 50 {
			t.Errorf("%d of 50 came back with a loss of a fifth in each direction", came)
		}
	}
	up, down := l.Stats()
	if up.Packets != 100 || down.Packets != 100-up.Lost {
		t.Errorf("stats %+v, %+v", up, down)
	}
}

// TestClose ends what is under way and leaves no goroutine.
func TestClose(t *testing.T) {
	defer goleak.VerifyNone(t)
	l := New(Config{Delay: time.Hour, Rate: 1000})
	var work sync.WaitGroup
	for range 5 {
		near, far := l.Pipe()
		for _, c := range []net.Conn{near, far} {
			work.Go(func() {
				for {
					if _, err := c.Write(make([]byte, 4000)); err != nil {
						return
					}
				}
			})
		}
	}
	await.True(t, "the queue is full", func() bool { up, _ := l.Stats(); return up.Bytes > minQueue/2 })
	l.Close()
	work.Wait()
	if _, err := l.TCP("127.0.0.1:1"); err == nil {
		t.Error("a closed link opened a port")
	}
	if _, err := l.UDP("127.0.0.1:1"); err == nil {
		t.Error("a closed link opened a port")
	}
	if near, far := l.Pipe(); near != nil {
		if _, err := near.Write([]byte{1}); err == nil {
			t.Error("a closed link took a byte")
		}
		far.Close()
	}
}
