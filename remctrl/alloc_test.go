package remctrl

import (
	"io"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"deskside"
	"deskside/codec"
	"deskside/desktop"
	"deskside/raster"
	"deskside/rfb"
	"deskside/transport"
	"deskside/wire"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// sink is a stream that takes everything at once.
type sink struct {
	transport.Stream
	n    int
	copy io.Writer // takes it as well, unless nil
}

func (s *sink) Write(b []byte) (int, error) {
	s.n += len(b)
	if s.copy != nil {
		return s.copy.Write(b)
	}
	return len(b), nil
}

func (s *sink) SetWriteDeadline(time.Time) error { return nil }

// allows is a pass to everything.
type allows struct{ deskside.Pass }

func (allows) Check(deskside.Right) error { return nil }
func (allows) Session() deskside.Session  { return deskside.Session{} }

// drawing is a viewer of a picture of w by h without the goroutines around it.
type drawing struct {
	src *source
	v   *viewer
	out *sink
	now time.Time
}

func newDrawing(w, h int, encodings ...codec.Encoding) *drawing {
	d := &drawing{src: &source{viewers: map[*viewer]bool{}, ready: true}, out: new(sink), now: epoch}
	d.src.layout = desktop.Layout{W: w, H: h}
	d.src.frame.Resize(w, h)
	cfg := Config{WriteTimeout: time.Second}
	d.v = newViewer(&Service{cfg: cfg, src: d.src, log: slog.New(slog.DiscardHandler)}, allows{}, options{screen: allScreens})
	d.v.conn = &wire.Conn{Stream: d.out}
	d.v.view = raster.XYWH(0, 0, w, h)
	d.v.display.open(d.v.view, &cfg, d.v.log)
	d.v.asked.encodings = rfb.SetEncodings{Encodings: encodings}
	d.v.asked.continuous, d.v.asked.area = true, d.v.view
	d.v.pace.Single = false
	d.v.pace.Returned(d.v.pace.Probe(epoch), epoch.Add(5*time.Millisecond)) // a short path
	d.src.viewers[d.v] = true
	return d
}

// frame publishes a change of r and sends it.
func (d *drawing) frame(r raster.Rect) {
	d.v.damage([]raster.Rect{r}, false, false)
	d.now = d.now.Add(time.Second / 30)
	for wait := time.Duration(0); wait <= 0; {
		var err error
		if wait, err = d.v.flush(d.now); err != nil {
			panic(err)
		}
		d.v.mu.Lock()
		d.v.pace.Forget()
		d.v.mu.Unlock()
	}
}

func TestNothingIsAllocatedOnceWarm(t *testing.T) {
	for name, list := range map[string][]codec.Encoding{
		"raw": {codec.Raw}, "zrle": {codec.ZRLE}, "tight": {codec.Tight}, "photographs": {codec.Tight, rfb.EncodingQuality0 + 8},
	} {
		d := newDrawing(400, 300, append(list, codec.CopyRect, rfb.EncodingFence, rfb.EncodingContinuous, rfb.EncodingLastRect)...)
		rnd := rand.New(rand.NewPCG(1, 2))
		photos := 0
		work := func() {
			r := raster.XYWH(rnd.IntN(200), rnd.IntN(150), 150, 100)
			d.src.frame.Fill(r, rnd.Uint32()&0xffffff)
			d.src.frame.Fill(raster.XYWH(r.X0+20, r.Y0+20, 30, 30), rnd.Uint32()&0xffffff)
			d.frame(r)
			text := raster.XYWH(0, 0, 150, 300) // which scrolls
			d.src.frame.Move(raster.XYWH(0, 20, 150, 280), 0, 0)
			scrawl(&d.src.frame, raster.XYWH(0, 280, 150, 20), rnd)
			d.frame(text)
			scrawl(&d.src.frame, raster.XYWH(200, 0, 128, 128), rnd)
			d.frame(raster.XYWH(200, 0, 128, 128))
			photos += d.v.display.parcel.photos
		}
		for range 80 {
			work()
		}
		before := d.out.n
		// The race detector's build inlines less and makes a closure for each of two.
		if n := testing.AllocsPerRun(40, work); n > 2 {
			t.Errorf("%s: %v allocations for three frames", name, n)
		}
		if (photos > 0) != (name == "photographs") {
			t.Errorf("%s: %d photographs", name, photos)
		}
		if d.out.n == before {
			t.Errorf("%s: nothing was sent", name)
		}
	}
}

// BenchmarkUpdate sends 1080p pictures of which a part changes.
func BenchmarkUpdate(b *testing.B) {
	for name, e := range map[string]codec.Encoding{"tight": codec.Tight, "zrle": codec.ZRLE} {
		b.Run(name, func(b *testing.B) {
			d := newDrawing(1920, 1080, e, rfb.EncodingFence, rfb.EncodingContinuous, rfb.EncodingLastRect)
			rnd := rand.New(rand.NewPCG(1, 2))
			b.ReportAllocs()
			for b.Loop() {
				r := raster.XYWH(rnd.IntN(1500), rnd.IntN(900), 400, 150)
				for range 200 {
					d.src.frame.Fill(raster.XYWH(r.X0+rnd.IntN(390), r.Y0+rnd.IntN(140), 9, 9), rnd.Uint32()&0xff00)
				}
				d.frame(r)
			}
			b.ReportMetric(float64(d.out.n)/float64(b.N)/1024, "KiB/frame")
		})
	}
}
