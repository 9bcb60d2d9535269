package remctrl_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"deskside"
	"deskside/codec"
	"deskside/desktop"
	"deskside/desktop/desktoptest"
	"deskside/internal/linksim"
	"deskside/raster"
	"deskside/remctrl"
	"deskside/rfb"
	"deskside/transport/transporttest"
)

// Over a slow link, with a page that scrolls without end, a key is pressed now
// and then and shows in a corner. In memory all of it runs in the time of
// testing/synctest, in which only the link takes any: the runs are exact and the
// same on every machine.

// narrow is what the goal is about: 1 Mbit/s, 100 ms there and back, and 2 %
// of the packets lost.
var narrow = linksim.Config{Delay: 50 * time.Millisecond, Rate: 125_000, Loss: 0.02, Seed: 7}

const (
	deskW, deskH = 800, 600
	keys         = 10
)

var (
	page = raster.XYWH(160, 100, 620, 480)
	echo = raster.XYWH(20, 20, 12, 20) // shows what was typed
)

// typist shows in a corner how often a key was pressed, and notes how much had
// gone down the link by then.
type typist struct {
	*desktoptest.Fake
	link *linksim.Link

	mu   sync.Mutex
	sent []int // bytes, at each press
}

func (p *typist) Key(k desktop.Key, down bool) error {
	if down {
		_, stats := p.link.Stats()
		p.mu.Lock()
		p.sent = append(p.sent, stats.Bytes)
		p.Fill(echo, uint32(len(p.sent)))
		p.mu.Unlock()
	}
	return p.Fake.Key(k, down)
}

// since gives how much went down the link since the i-th press.
func (p *typist) since(i int) int {
	_, stats := p.link.Stats()
	p.mu.Lock()
	defer p.mu.Unlock()
	return stats.Bytes - p.sent[i]
}

// scroll moves the page up by a line and writes a new one below.
func scroll(f *desktoptest.Fake, rnd *rand.Rand) {
	const step, line = 60, 20
	f.Draw(func(m *raster.Image) raster.Rect {
		m.Move(raster.Rect{X0: page.X0, Y0: page.Y0 + step, X1: page.X1, Y1: page.Y1}, page.X0, page.Y0)
		m.Fill(raster.Rect{X0: page.X0, Y0: page.Y1 - step, X1: page.X1, Y1: page.Y1}, 0xffffff)
		for y := page.Y1 - step; y < page.Y1; y += line {
			write(m, rnd, y+2)
		}
		return page
	})
}

// write makes up a line of text.
func write(m *raster.Image, rnd *rand.Rand, y int) {
	for x := page.X0; x < page.X1-10; x += 9 {
		glyph := rnd.Uint64() & rnd.Uint64()
		for i := range 64 {
			if glyph>>i&1 != 0 {
				m.Set(x+i%8, y+i/4&^1, 0x202020)
				m.Set(x+i%8, y+i/4|1, 0x606060)
			}
		}
	}
}

// typed is what became of keys that were pressed.
type typed struct {
	took    []time.Duration // until it was seen
	between []int           // bytes that went down the link meanwhile
	held    int             // bytes under way when one was pressed, at the most
}

func (d typed) String() string {
	s := slices.Sorted(slices.Values(d.took))
	at := func(i int) time.Duration { return s[(len(s)-1)*i/100].Round(time.Millisecond / 10) }
	return fmt.Sprintf("p50 %v p95 %v worst %v, at most %d bytes under way, %d between key and pixels",
		at(50), at(95), at(100), d.held, slices.Max(d.between))
}

// far is a viewer beyond a link.
type far struct {
	*rfb.Client
	typist  *typist
	arrived chan uint32 // what the corner shows, after each update
	done    chan struct{}
	updates atomic.Int64
	corner  atomic.Uint32 // what another corner shows
}

// farWorld serves a desktop to viewers beyond a link.
func farWorld(t testing.TB, over deskside.Transport, cfg linksim.Config) (*world, *typist) {
	net := transporttest.NewFar(t, over, cfg)
	p := &typist{link: net.Link()}
	w := newWorld(t, net, func(c *remctrl.Config) {
		p.Fake = c.Desktop.(*desktoptest.Fake)
		p.Resize(deskW, deskH)
		c.Input = p
	})
	return w, p
}

// scrolling scrolls the page 30 times a second until the test ends.
func (w *world) scrolling() {
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		rnd := rand.New(rand.NewPCG(1, 2))
		tick := time.NewTicker(time.Second / 30)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				scroll(w.desktop, rnd)
			case <-over:
				return
			}
		}
	}()
	w.t.Cleanup(func() { close(over); <-done })
}

// far opens a viewer that takes updates as they come, or asks for each.
func (w *world) far(p *typist, push bool, encodings ...codec.Encoding) *far {
	w.t.Helper()
	conn := w.raw("")
	out := newOutbox(conn)
	c, err := rfb.NewClient(out, rfb.ClientConfig{Push: push, Encodings: encodings})
	if err != nil {
		w.t.Fatal(err)
	}
	v := &far{Client: c, typist: p, arrived: make(chan uint32, 1), done: make(chan struct{})}
	go v.run()
	w.t.Cleanup(func() { conn.Abort(); <-v.done; out.close() })
	return v
}

// outbox is a stream whose writes do not wait for the link, as those to a
// kernel do not.
type outbox struct {
	io.Reader
	list chan []byte
	done chan struct{}
}

func newOutbox(conn io.ReadWriter) *outbox {
	o := &outbox{Reader: conn, list: make(chan []byte, 10_000), done: make(chan struct{})}
	go func() {
		defer close(o.done)
		for b := range o.list {
			conn.Write(b) // where it fails, so does reading
		}
	}()
	return o
}

func (o *outbox) Write(b []byte) (int, error) {
	o.list <- slices.Clone(b)
	return len(b), nil
}

func (o *outbox) close() { close(o.list); <-o.done }

func (v *far) run() {
	defer close(v.done)
	defer close(v.arrived)
	for {
		m, err := v.Next()
		if err != nil {
			return
		}
		if _, ok := m.(rfb.FramebufferUpdate); !ok {
			continue
		}
		v.updates.Add(1)
		v.corner.Store(v.Image.Pixel(10, 110))
		select {
		case <-v.arrived:
		default:
		}
		v.arrived <- v.Image.Pixel(echo.X0, echo.Y1-1)
	}
}

// press waits until the first picture has been there for a while, presses a key
// n times, and follows what becomes of it.
func (v *far) press(n int) (list typed) {
	for shown := range v.arrived {
		if shown != 0 {
			break
		}
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	v.pass(2 * time.Second)
	for i := range n {
		v.pass(time.Second/4 + time.Duration(rnd.IntN(500))*time.Millisecond)
		_, stats := v.typist.link.Stats()
		list.held = max(list.held, stats.Held)
		began := time.Now()
		v.Key('a', 0, true)
		v.Key('a', 0, false)
		for shown := range v.arrived {
			if shown == uint32(i+1) {
				break
			}
		}
		list.took = append(list.took, time.Since(began))
		list.between = append(list.between, v.typist.since(i))
	}
	return list
}

// pass lets time pass.
func (v *far) pass(d time.Duration) {
	for over := time.After(d); ; {
		select {
		case <-v.arrived:
		case <-over:
			return
		}
	}
}

// askers are viewers that ask for each update, with fences and without.
var askers = map[string][]codec.Encoding{
	"asks":                {codec.Tight, codec.CopyRect, rfb.EncodingCursor, rfb.EncodingFence, rfb.EncodingLastRect},
	"asks without fences": {codec.Tight, codec.CopyRect, rfb.EncodingCursor},
}

// TestNarrow keeps a narrow path from filling up, and lets what was typed pass
// the page: what is under way, and what comes between a key and its pixels, is
// about what the path holds in a round trip. A page alone has 40 kB.
func TestNarrow(t *testing.T) {
	const trip = 12_500 // bytes
	run := func(name string, loss float64, push bool, encodings []codec.Encoding, held, between int) {
		t.Run(fmt.Sprintf("%s, loss %v", name, loss), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := narrow
				cfg.Loss = loss
				w, p := farWorld(t, deskside.Memory, cfg)
				v := w.far(p, push, encodings...)
				w.scrolling()
				list := v.press(keys)
				t.Log(list)
				if list.held > held {
					t.Errorf("%d bytes were under way, want at most %d", list.held, held)
				}
				if most := slices.Max(list.between); most > between {
					t.Errorf("%d bytes came between a key and its pixels, want at most %d", most, between)
				}
			})
		})
	}
	run("takes what comes", 0, true, nil, 2*trip, 2*trip)
	run("takes what comes", narrow.Loss, true, nil, 3*trip, 3*trip)
	for name, encodings := range askers {
		run(name, narrow.Loss, false, encodings, 3*trip, 3*trip)
	}
}

// stall opens a viewer that takes pictures as they come, without fences that
// would bound them, and reads none.
func (w *world) stall() {
	w.t.Helper()
	c, err := rfb.NewClient(w.raw(""), rfb.ClientConfig{Encodings: []codec.Encoding{codec.Raw, rfb.EncodingContinuous}})
	if err == nil {
		err = c.Send(rfb.EnableContinuousUpdates{On: true, Rect: raster.XYWH(0, 0, deskW, deskH)})
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// TestStalledViewer has one viewer that stops reading and one that goes on: that
// sees every change, in as many updates as if it were alone. The first loses its
// own connection.
func TestStalledViewer(t *testing.T) {
	follow := func(t *testing.T, stalled bool) (updates int) {
		synctest.Test(t, func(t *testing.T) {
			w, p := farWorld(t, deskside.Memory, linksim.Config{Delay: 5 * time.Millisecond, Rate: 2_000_000})
			if stalled {
				w.stall()
			}
			v := w.far(p, true)
			v.press(1)
			before := v.updates.Load()
			for i := range 100 {
				w.desktop.Fill(raster.XYWH(0, 100, 50, 50), uint32(i+1)*0x010203)
				time.Sleep(time.Second / 20)
				if seen := v.corner.Load(); seen != uint32(i+1)*0x010203 {
					t.Fatalf("change %d is not seen after its time, but %06x", i, seen)
				}
			}
			updates = int(v.updates.Load() - before)
			time.Sleep(20 * time.Second)
			if n := w.svc.Viewers(); n != 1 {
				t.Errorf("%d viewers are left", n)
			}
		})
		return updates
	}
	if alone, beside := follow(t, false), follow(t, true); alone != beside {
		t.Errorf("%d updates beside a viewer that does not read, %d alone", beside, alone)
	}
}

// BenchmarkKeyToPixels measures over real sockets, in real time: how long a key
// takes to be seen over the narrow path, and what part of the page is new.
func BenchmarkKeyToPixels(b *testing.B) {
	for _, over := range []deskside.Transport{deskside.TCP, deskside.UDP} {
		b.Run(string(over), func(b *testing.B) {
			w, p := farWorld(b, over, narrow)
			v := w.far(p, true)
			w.scrolling()
			b.ResetTimer()
			list := v.press(b.N)
			s := slices.Sorted(slices.Values(list.took))
			for _, at := range []int{50, 95, 100} {
				b.ReportMetric(float64(s[(len(s)-1)*at/100].Microseconds())/1000, fmt.Sprintf("ms-p%d", at))
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}
