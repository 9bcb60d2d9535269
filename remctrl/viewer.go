package remctrl

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"deskside"
	"deskside/codec"
	"deskside/desktop"
	"deskside/raster"
	"deskside/remctrl/gauge"
	"deskside/remctrl/pace"
	"deskside/rfb"
	"deskside/wire"
)

// viewer is one stream. Three goroutines work for it: the request's own reads
// and acts on what the other end says, another writes, and a third lets go of
// what is held as soon as the stream must end, whatever the others wait for.
type viewer struct {
	svc     *Service
	pass    deskside.Pass
	session deskside.SessionID
	name    string // what the session calls it, "" nothing
	began   time.Time

	log  *slog.Logger
	conn *wire.Conn
	in   input
	r    *rfb.Reader
	wake chan struct{} // holds a value when the writer has something to look at
	gone chan struct{} // closed when the viewer is to end

	hand    hand
	display display      // the writer's
	sent    atomic.Int64 // bytes

	steering sync.Mutex // held while a choice is made

	mu    sync.Mutex
	cause error // why it ends; set once, before gone is closed
	ended bool
	opts  options
	view  raster.Rect // what of the picture is shown
	queue []byte      // messages to write before the next update
	asked asked
	pace  pace.Pace
	gauge gauge.Gauge
}

// asked is what the other end wants, and what has changed since it was last told.
type asked struct {
	format     raster.Format
	encodings  rfb.SetEncodings
	request    bool // an update was asked for
	continuous bool
	area       raster.Rect   // for which updates were asked
	force      raster.Region // of the canvas, to be sent even if it did not change
	changed    raster.Region // of the desktop's picture
	whole      bool          // all of it
	version    int           // counts the changes of how things are to be sent

	// What the next update is to tell.
	size, sizeAnswer, cursor, name, keys, buttons bool
}

// maxQueue bounds what waits to be written besides updates: more means that the
// other end asks without reading the answers.
const maxQueue = 2 * rfb.MaxCut

// handshakeTimeout bounds the RFB handshake.
const handshakeTimeout = 10 * time.Second

func newViewer(s *Service, pass deskside.Pass, opts options) *viewer {
	session := pass.Session()
	return &viewer{
		svc: s, pass: pass, session: session.ID, name: opts.name, opts: opts, began: time.Now(),
		log:   s.log.With("session", session.ID.String(), "operator", session.Operator.Title()),
		wake:  make(chan struct{}, 1),
		gone:  make(chan struct{}),
		asked: asked{format: raster.RGB888},
		pace:  pace.Pace{Single: true},
	}
}

// end makes the viewer end, for the first cause given. It does not block.
func (v *viewer) end(cause error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.ended {
		return
	}
	v.ended, v.cause = true, cause
	close(v.gone)
	if v.conn != nil {
		v.conn.Abort()
	}
}

// attach gives the viewer its stream, unless it is to end already.
func (v *viewer) attach(conn *wire.Conn) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.conn = conn
	v.in.Reader = conn
	v.r = rfb.NewReader(&v.in)
	return !v.ended
}

// serve answers the request and shows the desktop until the stream ends. The
// audit has the begin before anything is shown.
func (v *viewer) serve(w http.ResponseWriter, r *http.Request) {
	if err := v.pass.Record(deskside.Event{Kind: deskside.EventControl, Detail: v.chosen().detail()}); err != nil {
		wire.Refuse(w, err)
		return
	}
	defer v.recordEnd()
	conn, err := wire.Upgrade(w, r, "rfb")
	if err != nil {
		v.end(err)
		return
	}
	defer conn.Abort()
	if v.attach(conn) {
		v.show()
	}
}

// show runs the conversation to its end.
func (v *viewer) show() {
	v.hand.open(v)
	var others sync.WaitGroup
	others.Go(func() {
		select {
		case <-v.pass.Done():
			v.end(deskside.Errorf(deskside.CodeEnded, "%s", v.pass.Cause().Words()))
		case <-v.gone:
		}
		v.hand.close()
	})
	v.svc.src.join(v) // so that the picture is taken while the two ends greet
	if err := v.handshake(); err != nil {
		v.end(err)
	} else {
		others.Go(func() { v.end(v.sheltered(v.write)) })
		v.end(v.read())
	}
	v.svc.src.leave(v)
	others.Wait()
	v.svc.floor.leave(v)
}

// sheltered runs f, and makes a panic in it the end of this viewer alone.
func (v *viewer) sheltered(f func() error) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			v.log.Error("what sends the picture failed", "fault", fault, "stack", string(debug.Stack()))
			err = deskside.Errorf(deskside.CodeInternal, "the picture failed; open it again")
		}
	}()
	return f()
}

func (v *viewer) handshake() error {
	layout := v.svc.src.desktop.Layout()
	v.mu.Lock()
	view, _ := viewOf(layout, v.opts.screen)
	v.view = view
	v.mu.Unlock()
	var opening sync.WaitGroup // in the meantime, for it takes a millisecond of page faults
	opening.Go(func() { v.display.open(view, &v.svc.cfg, v.log) })
	defer opening.Wait()
	v.conn.SetDeadline(time.Now().Add(handshakeTimeout))
	defer v.conn.SetDeadline(time.Time{})
	_, err := rfb.Accept(v.conn, v.r, rfb.ServerInit{W: view.W(), H: view.H(), Format: raster.RGB888, Name: v.svc.cfg.Name})
	return v.wrong(err)
}

// input is the stream as it is read. It remembers how the stream broke, so that
// this can be told from what the other end said wrongly.
type input struct {
	io.Reader
	err error
}

func (i *input) Read(p []byte) (int, error) {
	n, err := i.Reader.Read(p)
	if err != nil && err != io.EOF {
		i.err = err
	}
	return n, err
}

// wrong marks err as what the other end said wrongly, unless its stream broke or
// ended in order.
func (v *viewer) wrong(err error) error {
	switch {
	case err == nil, err == io.EOF, errors.Is(err, errStream):
		return err
	case v.in.err != nil:
		return fmt.Errorf("%w: %w", errStream, v.in.err)
	}
	return deskside.Errorf(deskside.CodeBadRequest, "%w", err)
}

var errStream = errors.New("the stream broke")

// recordEnd writes to log and audit how it went.
func (v *viewer) recordEnd() {
	e := deskside.Event{
		Kind: deskside.EventControlEnd, Began: v.began, Words: "the viewer closed the stream",
		Detail: map[string]string{
			"inputs": strconv.FormatInt(v.hand.inputs.Load(), 10),
			"sent":   strconv.FormatInt(v.sent.Load(), 10),
		},
	}
	v.mu.Lock()
	cause := v.cause
	v.mu.Unlock()
	select {
	case <-v.pass.Done():
		e.Cause = v.pass.Cause()
		e.Words = e.Cause.Words()
	default:
		if cause != nil && cause != io.EOF {
			e.Code, e.Words = deskside.CodeOf(cause), cause.Error()
			if errors.Is(cause, errStream) {
				e.Code = deskside.CodeUnreachable
			}
		}
	}
	if e.Code == deskside.CodeBadRequest {
		v.log.Warn("a viewer said something wrong", "words", e.Words)
	}
	if err := v.pass.Record(e); err != nil {
		v.log.Error("the end of remote control is not in the audit", "err", err)
	}
}

// read takes the other end's messages until there are no more.
func (v *viewer) read() error {
	for {
		m, err := v.r.ClientMessage()
		if err != nil {
			return v.wrong(err)
		}
		var held *rfb.Fence
		if f, ok := m.(rfb.Fence); ok && f.Flags&rfb.FenceRequest != 0 && f.Flags&rfb.FenceNext != 0 {
			held = &f
			if m, err = v.r.ClientMessage(); err != nil {
				return v.wrong(err)
			}
		}
		if err := v.take(m, held); err != nil {
			return err
		}
	}
}

// take does what one message says. A fence that asked to go with it is answered
// in the same moment.
func (v *viewer) take(m rfb.Message, held *rfb.Fence) error {
	var later func() error // what may wait, and so is done without the lock
	err := v.change(func() {
		if held != nil {
			v.queue = held.Answer().Append(v.queue)
		}
		later = v.apply(m)
	})
	if err != nil || later == nil {
		return err
	}
	return later()
}

// change alters what the other end wants and wakes the writer.
func (v *viewer) change(f func()) error {
	v.mu.Lock()
	f()
	n := len(v.queue)
	v.mu.Unlock()
	v.nudge()
	if n > maxQueue {
		return deskside.Errorf(deskside.CodeBadRequest, "%d bytes of answers were not read", n)
	}
	return nil
}

// nudge makes the writer look.
func (v *viewer) nudge() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// apply takes a message in; v.mu is held. What it returns is to be done once the
// lock is free.
func (v *viewer) apply(m rfb.Message) func() error {
	switch m := m.(type) {
	case rfb.SetPixelFormat:
		v.setFormat(m.Format)
	case rfb.SetEncodings:
		v.setEncodings(m)
	case rfb.FramebufferUpdateRequest:
		v.request(m)
	case rfb.EnableContinuousUpdates:
		v.setContinuous(m)
	case rfb.Fence:
		if m.Flags&rfb.FenceRequest != 0 {
			answer := m.Answer()
			answer.Flags &^= rfb.FenceNext // which read has dealt with
			v.queue = answer.Append(v.queue)
		} else {
			v.pace.Returned(m.Payload, time.Now())
		}
	case rfb.SetDesktopSize:
		v.asked.sizeAnswer = true
	case rfb.KeyEvent:
		return func() error { return v.hand.key(m.Sym, 0, m.Down) }
	case rfb.ExtendedKeyEvent:
		return func() error { return v.hand.key(m.Sym, m.Scan, m.Down) }
	case rfb.PointerEvent:
		view := v.view
		return func() error { return v.hand.pointer(int(m.X), int(m.Y), desktop.Buttons(m.Buttons), view) }
	case rfb.CutText:
		return func() error { return v.cut(m.Text, m.TooLong) }
	case rfb.Clip:
		return func() error { return v.clipMessage(m) }
	}
	return nil
}

func (v *viewer) setFormat(f raster.Format) {
	v.asked.format = f
	v.asked.version++
	if f.Mapped {
		v.queue = rfb.TrueMap().Append(v.queue)
	}
}

// setEncodings answers what the other end newly understands.
func (v *viewer) setEncodings(m rfb.SetEncodings) {
	before := v.asked.encodings
	v.asked.encodings = m
	v.asked.version++
	first := func(e codec.Encoding) bool { return m.Has(e) && !before.Has(e) }
	a := &v.asked
	a.size = a.size || first(rfb.EncodingExtendedSize)
	a.name = a.name || first(rfb.EncodingDesktopName)
	a.keys = a.keys || first(rfb.EncodingExtendedKeys)
	a.buttons = a.buttons || first(rfb.EncodingExtendedButtons)
	v.r.ExtendedButtons = v.r.ExtendedButtons || m.Has(rfb.EncodingExtendedButtons)
	if m.Has(rfb.EncodingCursor) != before.Has(rfb.EncodingCursor) {
		a.cursor, a.whole = m.Has(rfb.EncodingCursor), true
	}
	if first(rfb.EncodingFence) {
		v.queue = rfb.Fence{Flags: rfb.FenceRequest | rfb.FenceBefore, Payload: v.pace.Probe(time.Now())}.Append(v.queue)
	}
	if first(rfb.EncodingContinuous) {
		v.queue = rfb.EndOfContinuousUpdates{}.Append(v.queue)
	}
	if first(rfb.EncodingClip) && v.svc.clip != nil {
		v.queue = clipCaps.Append(v.queue)
	}
}

func (v *viewer) request(m rfb.FramebufferUpdateRequest) {
	a := &v.asked
	if !a.continuous && !a.encodings.Has(rfb.EncodingFence) {
		v.pace.Asked(time.Now())
	}
	if !a.continuous {
		a.area = a.area.Union(m.Rect)
		a.request = true
	}
	if !m.Incremental {
		a.force.Add(m.Rect)
		a.force.Simplify(maxChanged)
		a.request = true
	}
}

func (v *viewer) setContinuous(m rfb.EnableContinuousUpdates) {
	v.pace.Forget()
	v.pace.Single = !m.On
	v.asked.version++
	v.asked.continuous, v.asked.area = m.On, m.Rect
	if !m.On {
		v.queue = rfb.EndOfContinuousUpdates{}.Append(v.queue)
		v.asked.area = raster.Rect{}
	}
}

// damage notes what changed on the desktop.
func (v *viewer) damage(changed []raster.Rect, resized, cursor bool) {
	v.mu.Lock()
	for _, r := range changed {
		v.asked.changed.Add(r)
	}
	v.asked.changed.Simplify(maxChanged)
	v.asked.whole = v.asked.whole || resized
	v.asked.size = v.asked.size || resized
	v.asked.cursor = v.asked.cursor || cursor
	v.mu.Unlock()
	v.nudge()
}

// maxChanged bounds the rectangles that wait, of what changed and of what the
// other end asked for; beyond it they are joined. The comparison by tiles finds
// what is equal in the former.
const maxChanged = 256

var errLost = deskside.Errorf(deskside.CodeNoDesktop, "%s", desktop.ErrLost).From(deskside.ByAgent)

// writeAll writes within the time a viewer may take to read.
func (v *viewer) writeAll(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	v.display.timer.lap(gauge.Encode)
	v.conn.SetWriteDeadline(v.display.timer.at.Add(v.svc.cfg.WriteTimeout))
	n, err := v.conn.Write(b)
	v.display.timer.lap(gauge.Send)
	v.sent.Add(int64(n))
	if err != nil {
		return fmt.Errorf("%w: %w", errStream, err)
	}
	return nil
}
