package eye

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"deskside/codec"
	"deskside/raster"
	"deskside/rfb"
)

// Lossless asks for exact pixels; other qualities are levels of Tight's JPEG, 0
// to 9.
const Lossless = -1

// Eye is a viewer at work. Its goroutine runs from Open to Close.
type Eye struct {
	conn   net.Conn
	client *rfb.Client
	done   chan struct{} // closed when the goroutine has ended

	// mu is held by the goroutine except while it waits for bytes: so others
	// can look at the picture, of which an update may then be half there.
	mu      sync.Mutex
	err     error
	bytes   int64
	updates int
	missing raster.Region // what has never been painted
	watched []*watch
}

// watch is a question to the picture, asked after each update.
type watch struct {
	look func(m *raster.Image, at time.Time) (done bool)
	hit  chan time.Time // when it was done
}

// Open connects to the RFB server at addr and begins to look.
func Open(ctx context.Context, addr string, quality int) (*Eye, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	e := &Eye{conn: conn, done: make(chan struct{})}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	e.mu.Lock() // as the stream expects
	defer e.mu.Unlock()
	if e.client, err = rfb.NewClient(&stream{conn, e}, config(quality)); err != nil {
		conn.Close()
		return nil, err
	}
	e.missing.Set(e.client.Image.Bounds())
	go e.run()
	return e, nil
}

// config says what is asked for.
func config(quality int) rfb.ClientConfig {
	list := append(rfb.AllEncodings(), rfb.EncodingCompress0+1)
	if quality != Lossless {
		list = append(list, rfb.EncodingQuality0+codec.Encoding(quality))
	}
	return rfb.ClientConfig{Encodings: list, Push: true, Ahead: true}
}

// stream is the connection as the client reads it.
type stream struct {
	net.Conn
	eye *Eye
}

// Read lets others look at the picture while there is nothing to read.
func (s *stream) Read(p []byte) (int, error) {
	s.eye.mu.Unlock()
	n, err := s.Conn.Read(p)
	s.eye.mu.Lock()
	s.eye.bytes += int64(n)
	return n, err
}

// run takes in what the server says.
func (e *Eye) run() {
	defer close(e.done)
	e.mu.Lock()
	defer e.mu.Unlock()
	for e.err == nil {
		var m rfb.Message
		if m, e.err = e.client.Next(); e.err == nil {
			e.took(m)
		}
	}
}

// took notes an update and asks the questions.
func (e *Eye) took(m rfb.Message) {
	update, ok := m.(rfb.FramebufferUpdate)
	if !ok {
		return
	}
	now := time.Now()
	e.updates++
	if !e.missing.Empty() {
		e.painted(update.Rects)
	}
	kept := e.watched[:0]
	for _, w := range e.watched {
		if w.look(e.client.Image, now) {
			w.hit <- now
		} else {
			kept = append(kept, w)
		}
	}
	e.watched = kept
}

// painted notes that rectangles have come.
func (e *Eye) painted(rects []rfb.RectHeader) {
	for _, r := range rects {
		switch r.Encoding {
		case codec.Raw, codec.CopyRect, codec.Tight, codec.ZRLE:
			e.missing.Subtract(r.Rect)
		case rfb.EncodingDesktopSize, rfb.EncodingExtendedSize:
			e.missing.Intersect(e.client.Image.Bounds())
		}
	}
}

// Watch asks the picture now, and after each update until look is done or the
// context ends. It gives when it was done. What look is given must be left alone,
// and is the viewer's own once look returns.
func (e *Eye) Watch(ctx context.Context, look func(m *raster.Image, at time.Time) (done bool)) (time.Time, error) {
	w, at := e.add(look)
	if w == nil {
		return at, nil
	}
	select {
	case at := <-w.hit:
		return at, nil
	case <-ctx.Done():
		e.remove(w)
		return time.Time{}, ctx.Err()
	case <-e.done:
		return time.Time{}, e.Err()
	}
}

// add asks once, and again after each update if that was in vain.
func (e *Eye) add(look func(*raster.Image, time.Time) bool) (*watch, time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	if look(e.client.Image, now) {
		return nil, now
	}
	w := &watch{look, make(chan time.Time, 1)}
	e.watched = append(e.watched, w)
	return w, now
}

func (e *Eye) remove(w *watch) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, x := range e.watched {
		if x == w {
			e.watched = append(e.watched[:i], e.watched[i+1:]...)
			return
		}
	}
}

// Whole waits until every pixel was painted at least once.
func (e *Eye) Whole(ctx context.Context) (time.Time, error) {
	return e.Watch(ctx, func(*raster.Image, time.Time) bool { return e.missing.Empty() })
}

// Look shows f the picture as it is, of which an update may be half there.
func (e *Eye) Look(f func(m *raster.Image)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f(e.client.Image)
}

// Tap presses a key and lets it go, and says when it began to.
func (e *Eye) Tap(sym uint32) (time.Time, error) {
	now := time.Now()
	if err := e.client.Key(sym, 0, true); err != nil {
		return now, err
	}
	return now, e.client.Key(sym, 0, false)
}

// Point moves the pointer.
func (e *Eye) Point(x, y int) error { return e.client.Pointer(x, y, 0) }

// Count is what has come so far.
type Count struct {
	Bytes   int64
	Updates int
}

// Count tells what has come so far.
func (e *Eye) Count() Count {
	e.mu.Lock()
	defer e.mu.Unlock()
	return Count{e.bytes, e.updates}
}

// Err gives why the viewer ended; nil while it works.
func (e *Eye) Err() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err == nil || errors.Is(e.err, net.ErrClosed) {
		return e.err
	}
	return fmt.Errorf("the viewer: %w", e.err)
}

// Close ends the connection and waits for the goroutine.
func (e *Eye) Close() {
	e.conn.Close()
	<-e.done
}
