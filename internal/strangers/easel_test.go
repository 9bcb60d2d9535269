package strangers

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"sync"
	"testing"

	"deskside/codec"
	"deskside/internal/await"
	"deskside/raster"
	"deskside/rfb"
)

// The size of all pictures; not a multiple of anything.
const width, height = 203, 151

// minPSNR is how near JPEG at quality 90 must come for a smooth picture, in
// decibels, whoever decodes it.
const minPSNR = 36

// shot is one way to encode one kind of picture.
type shot struct {
	name     string
	colours  int // of the picture: 0 is noise, below 0 a smooth photograph
	encoding codec.Encoding
	mode     codec.TightMode
	kind     byte // of Tight's rectangles, without the bits that say which stream begins anew
}

var shots = []shot{
	{"raw", 0, codec.Raw, 0, 0},
	{"copyrect", 0, codec.CopyRect, 0, 0},
	{"zrle solid", 1, codec.ZRLE, 0, 0},
	{"zrle packed of 2", 2, codec.ZRLE, 0, 0},
	{"zrle packed of 4", 4, codec.ZRLE, 0, 0},
	{"zrle packed of 16", 16, codec.ZRLE, 0, 0},
	{"zrle palette with runs", 100, codec.ZRLE, 0, 0},
	{"zrle runs", 300, codec.ZRLE, 0, 0},
	{"zrle raw", 0, codec.ZRLE, 0, 0},
	{"zrle smooth", -1, codec.ZRLE, 0, 0},
	{"tight fill", 1, codec.Tight, codec.TightAuto, 0x80},
	{"tight mono", 2, codec.Tight, codec.TightAuto, 0x50},
	{"tight palette of 16", 16, codec.Tight, codec.TightPalette, 0x60},
	{"tight palette of 200", 200, codec.Tight, codec.TightPalette, 0x60},
	{"tight copy", 0, codec.Tight, codec.TightCopy, 0x00},
	{"tight copy of few colours", 5, codec.Tight, codec.TightCopy, 0x00},
	{"tight gradient", -1, codec.Tight, codec.TightGradient, 0x70},
	{"tight noise as it is", 0, codec.Tight, codec.TightPalette, 0x30},
	{"tight photograph", -1, codec.Tight, codec.TightPalette, 0x70},
	{"tight gradient of noise", 0, codec.Tight, codec.TightGradient, 0x70},
	{"tight jpeg", -1, codec.Tight, codec.TightJPEG, 0x90},
	{"raw again", 5, codec.Raw, 0, 0},
}

// in gives the shot as it is in a format: what a format has not is left out.
func (s shot) in(f raster.Format) (shot, bool) {
	if !f.Full() && (s.mode == codec.TightJPEG || s.kind&0x30 == 0x30) {
		return s, false
	}
	return s, true
}

// picture paints what the shot shows.
func (s shot) picture() *raster.Image {
	rnd := rand.New(rand.NewPCG(uint64(len(s.name)), uint64(s.encoding)))
	colours := make([]uint32, max(s.colours, 1))
	for i := range colours {
		colours[i] = rnd.Uint32() & 0xffffff
	}
	m := raster.NewImage(width, height)
	for y := range height {
		for x := range width {
			switch {
			case s.colours == 0:
				m.Set(x, y, rnd.Uint32())
			case s.colours < 0:
				wave := func(f float64) uint32 { return uint32(127 + 100*math.Sin(float64(x)*f+float64(y)/40)) }
				m.Set(x, y, wave(.02)<<16|wave(.03)<<8|wave(.05))
			case x > 0 && rnd.IntN(4) > 0:
				m.Set(x, y, m.Pixel(x-1, y))
			default:
				m.Set(x, y, colours[rnd.IntN(len(colours))])
			}
		}
	}
	if s.encoding == codec.CopyRect {
		m.Move(raster.XYWH(0, 0, width, 70), 0, 80)
	}
	return m
}

// easel is a server that shows one shot after the other to the viewer that
// connects.
type easel struct {
	t     *testing.T
	conn  io.ReadWriteCloser
	asked chan struct{} // holds a value while an update is asked for
	done  chan struct{} // closed when the viewer is gone

	tight codec.TightEncoder
	zrle  codec.ZRLEEncoder

	mu     sync.Mutex // guards writes and what is below
	format raster.Format
}

// listen waits for one viewer on a free port of loopback and gives that port.
func listen(t *testing.T) (port int, accept func() net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	conns := make(chan net.Conn, 1)
	go func() {
		defer close(conns)
		if c, err := l.Accept(); err == nil {
			conns <- c
		}
	}()
	return l.Addr().(*net.TCPAddr).Port, func() net.Conn { return await.Recv(t, "a viewer", conns) }
}

// newEasel shakes hands with the viewer on conn.
func newEasel(t *testing.T, conn io.ReadWriteCloser) *easel {
	t.Helper()
	e := &easel{t: t, conn: conn, asked: make(chan struct{}, 1), done: make(chan struct{}), format: raster.RGB888}
	r := rfb.NewReader(conn)
	init := rfb.ServerInit{W: width, H: height, Format: raster.RGB888, Name: "easel"}
	if _, err := rfb.Accept(conn, r, init); err != nil {
		t.Fatal(err)
	}
	go e.read(r)
	t.Cleanup(func() { conn.Close(); <-e.done })
	return e
}

func (e *easel) read(r *rfb.Reader) {
	defer close(e.done)
	for {
		m, err := r.ClientMessage()
		if err != nil {
			return
		}
		switch m := m.(type) {
		case rfb.SetPixelFormat:
			e.mu.Lock()
			e.format = m.Format
			e.mu.Unlock()
		case rfb.FramebufferUpdateRequest:
			select {
			case e.asked <- struct{}{}:
			default:
			}
		}
	}
}

// show sends a shot once the viewer asks for an update, and what follows it. It
// gives the picture and the format in which it was sent.
func (e *easel) show(s shot, more ...rfb.Message) (*raster.Image, *codec.Format) {
	e.t.Helper()
	await.Recv(e.t, s.name+": a request", e.asked)
	e.mu.Lock()
	defer e.mu.Unlock()
	m, f := s.picture(), codec.NewFormat(e.format)
	b := rfb.FramebufferUpdate{Count: rfb.UntilLastRect}.Append(nil)
	count := uint16(0)
	for _, r := range s.pieces() {
		b = e.append(b, s, f, m, r)
		count++
	}
	b[2], b[3] = byte(count>>8), byte(count)
	for _, m := range more {
		b = m.Append(b)
	}
	if _, err := e.conn.Write(b); err != nil {
		e.t.Fatalf("%s: %v", s.name, err)
	}
	return m, f
}

// pieces cuts the picture into rectangles of different sizes. CopyRect's second
// half is copied from the first.
func (s shot) pieces() []raster.Rect {
	if s.encoding == codec.CopyRect {
		return []raster.Rect{raster.XYWH(0, 0, width, 80), raster.XYWH(0, 80, width, 70), raster.XYWH(0, 150, width, 1)}
	}
	return []raster.Rect{
		raster.XYWH(0, 0, 64, 64), raster.XYWH(64, 0, width-64, 64), raster.XYWH(0, 64, 130, 80),
		raster.XYWH(130, 64, width-130, 80), raster.XYWH(0, 144, width, height-144),
	}
}

func (e *easel) append(b []byte, s shot, f *codec.Format, m *raster.Image, r raster.Rect) []byte {
	switch head := (rfb.RectHeader{Rect: r, Encoding: s.encoding}); s.encoding {
	case codec.ZRLE:
		return e.zrle.Append(head.Append(b), f, m, r)
	case codec.Tight:
		b = head.Append(b)
		at := len(b)
		b, _ = e.tight.Append(b, f, m, r, s.mode, 90)
		if b[at] != s.kind {
			panic(fmt.Sprintf("%s: kind 0x%02x, want 0x%02x", s.name, b[at], s.kind))
		}
		return b
	case codec.CopyRect:
		if r.Y0 == 80 {
			return codec.AppendCopyRect(head.Append(b), 0, 0)
		}
	}
	b = rfb.RectHeader{Rect: r, Encoding: codec.Raw}.Append(b)
	return codec.AppendRaw(b, f, m, r)
}

// differs tells how the picture that was seen differs from the one that was
// sent; "" if it is as it should be. The viewer's way of making eight bits of
// fewer is given by round.
func (s shot) differs(sent, seen *raster.Image, round func(uint32) uint32) string {
	if s.mode == codec.TightJPEG {
		if db := raster.PSNR(sent, seen, sent.Bounds()); db < minPSNR {
			return fmt.Sprintf("%.1f dB, want at least %d", db, minPSNR)
		}
		return ""
	}
	wrong, example := 0, ""
	for y := range sent.H {
		for x := range sent.W {
			if want, got := round(sent.Pixel(x, y)), seen.Pixel(x, y); want != got {
				if wrong++; wrong == 1 {
					example = fmt.Sprintf("pixel %d,%d is %06x, want %06x of %06x", x, y, got, want, sent.Pixel(x, y))
				}
			}
		}
	}
	if wrong == 0 {
		return ""
	}
	return fmt.Sprintf("%d pixels are wrong; %s", wrong, example)
}
