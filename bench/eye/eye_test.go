package eye

import (
	"context"
	"net"
	"testing"
	"time"

	"deskside/codec"
	"deskside/raster"
	"deskside/rfb"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is the other end of one viewer.
type server struct {
	t    *testing.T
	conn net.Conn
	m    *raster.Image
}

// open gives a viewer and its server, with a picture of 64x48 of which nothing
// is sent yet.
func open(t *testing.T, quality int) (*Eye, *server) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := &server{t: t, m: raster.NewImage(64, 48)}
	ready := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			s.conn = conn
			_, err = rfb.Accept(conn, rfb.NewReader(conn), rfb.ServerInit{W: 64, H: 48, Format: raster.RGB888, Name: "test"})
		}
		ready <- err
	}()
	e, err := Open(t.Context(), l.Addr().String(), quality)
	if err != nil {
		t.Fatal(err)
	}
	if err := <-ready; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close(); s.conn.Close() })
	return e, s
}

// send sends an update of one rectangle in one colour.
func (s *server) send(r raster.Rect, colour uint32) {
	s.t.Helper()
	s.m.Fill(r, colour)
	b := rfb.FramebufferUpdate{Count: 1}.Append(nil)
	b = rfb.RectHeader{Rect: r, Encoding: codec.Raw}.Append(b)
	if _, err := s.conn.Write(codec.AppendRaw(b, codec.NewFormat(raster.RGB888), s.m, r)); err != nil {
		s.t.Fatal(err)
	}
}

// within bounds what must happen.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestWholeWaitsForEveryPixel(t *testing.T) {
	e, s := open(t, Lossless)
	s.send(raster.XYWH(0, 0, 64, 40), 0x112233)
	shows := func(m *raster.Image, _ time.Time) bool { return m.Pixel(0, 0) == 0x112233 }
	first, err := e.Watch(within(t), shows)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Whole(ctx); err != context.Canceled {
		t.Fatalf("a part is the whole: %v", err)
	}
	s.send(raster.XYWH(0, 40, 64, 8), 0x112233)
	at, err := e.Whole(within(t))
	if err != nil || !at.After(first) {
		t.Errorf("whole at %v, a part of it at %v: %v", at, first, err)
	}
	if c := e.Count(); c.Updates != 2 || c.Bytes < 64*48*4 {
		t.Errorf("counted %+v", c)
	}
}

// TestWatch asks before and after the picture changes.
func TestWatch(t *testing.T) {
	e, s := open(t, 8)
	red := func(m *raster.Image, _ time.Time) bool { return m.Pixel(5, 5) == 0xff0000 }
	seen := make(chan error, 1)
	asked := make(chan bool, 1)
	go func() {
		_, err := e.Watch(within(t), func(m *raster.Image, at time.Time) bool {
			select {
			case asked <- true:
			default:
			}
			return red(m, at)
		})
		seen <- err
	}()
	<-asked
	s.send(raster.XYWH(0, 0, 8, 8), 0x0000ff)
	s.send(raster.XYWH(0, 0, 8, 8), 0xff0000)
	if err := <-seen; err != nil {
		t.Fatal(err)
	}
	if _, err := e.Watch(within(t), red); err != nil {
		t.Errorf("what is there already: %v", err)
	}
	e.Look(func(m *raster.Image) {
		if !red(m, time.Time{}) {
			t.Error("the picture is another now")
		}
	})
}

func TestServerThatGoesAway(t *testing.T) {
	e, s := open(t, Lossless)
	s.conn.Close()
	_, err := e.Watch(within(t), func(*raster.Image, time.Time) bool { return false })
	if err == nil || e.Err() == nil {
		t.Errorf("watched %v, ended with %v", err, e.Err())
	}
}
