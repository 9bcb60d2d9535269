package link

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"sync/atomic"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/damage"
	"github.com/jezek/xgb/randr"
	"github.com/jezek/xgb/shape"
	"github.com/jezek/xgb/shm"
	"github.com/jezek/xgb/xfixes"
)

// stream stands between xgb and the server for two things that xgb keeps for
// the whole process and that must hold for one connection alone.
//
// The cookie: xgb reads it from $XAUTHORITY. The stream sends our own first
// message in place of xgb's.
//
// The numbers of extension events and errors: a server chooses them, while xgb
// keeps one table for all servers and writes it while other connections read
// it. The stream translates the server's numbers into fixed ones, for which the
// table is filled once, before the first connection. An error that neither
// knows becomes a core error, as xgb would leave its request waiting for ever.
type stream struct {
	net.Conn
	r     *bufio.Reader
	hello []byte // sent in place of the first message, nil once it was

	head    [32]byte
	pending []byte // what of head was not yet handed out
	body    uint64 // bytes of the message that follow head
	begun   bool   // the server's answer to hello has been read

	numbers atomic.Pointer[numbers]
}

// numbers translates event and error numbers of the server.
type numbers struct{ events, errors [256]byte }

// Numbers of the core protocol, and those that stand for unknown ones: no
// event has 127, and a bad implementation says as much as there is to say.
const (
	firstExtensionEvent = 64
	firstExtensionError = 128
	unknownEvent        = 127
	unknownError        = 17
	genericEvent        = 35
	sentEvent           = 0x80
)

// extensions are those the package uses that have events or errors. Their
// fixed numbers follow from the order.
var extensions = []struct {
	name   string
	events byte
	errors byte
}{
	{"DAMAGE", damage.Notify + 1, damage.BadBadDamage + 1},
	{"XFIXES", xfixes.CursorNotify + 1, xfixes.BadBadRegion + 1},
	{"RANDR", randr.Notify + 1, randr.BadBadProvider + 1},
	{"SHAPE", shape.Notify + 1, 0},
	{"MIT-SHM", shm.Completion + 1, shm.BadBadSeg + 1},
	{"XKEYBOARD", 1, 1},
}

// fixed gives the first fixed event and error number of extension i.
func fixed(i int) (event, err byte) {
	event, err = firstExtensionEvent, firstExtensionError
	for _, x := range extensions[:i] {
		event += x.events
		err += x.errors
	}
	return event, err
}

// fillTables gives xgb's tables the fixed numbers, once in a process, and
// keeps xgb from writing to standard error.
var fillTables = sync.OnceFunc(func() {
	xgb.Logger.SetOutput(io.Discard)
	for i, x := range extensions {
		event, err := fixed(i)
		for n, f := range xgb.NewExtEventFuncs[x.name] {
			xgb.NewEventFuncs[int(event)+n] = f
		}
		for n, f := range xgb.NewExtErrorFuncs[x.name] {
			xgb.NewErrorFuncs[int(err)+n] = f
		}
		if x.name == "XKEYBOARD" {
			xgb.NewEventFuncs[int(event)] = newXKBEvent
			xgb.NewErrorFuncs[int(err)] = xgb.NewErrorFuncs[unknownError]
		}
	}
})

func newStream(c net.Conn, cookie []byte) *stream {
	s := &stream{Conn: c, r: bufio.NewReaderSize(c, 16<<10), hello: setup(cookie)}
	s.translate(nil)
	return s
}

// offset is where the server put an extension.
type offset struct{ event, err byte }

// translate sets the numbers for the extensions the server has.
func (s *stream) translate(offsets map[string]offset) {
	n := new(numbers)
	for i := range 256 {
		n.events[i], n.errors[i] = byte(i), byte(i)
		if i >= firstExtensionEvent {
			n.events[i] = unknownEvent
		}
		if i >= firstExtensionError {
			n.errors[i] = unknownError
		}
	}
	for i, x := range extensions {
		at, ok := offsets[x.name]
		if !ok {
			continue
		}
		event, err := fixed(i)
		for k := range x.events {
			n.events[at.event+k] = event + k
		}
		for k := range x.errors {
			n.errors[at.err+k] = err + k
		}
	}
	s.numbers.Store(n)
}

// Write sends a request; in place of the first it sends our hello.
func (s *stream) Write(p []byte) (int, error) {
	if s.hello == nil {
		return s.Conn.Write(p)
	}
	_, err := s.Conn.Write(s.hello)
	s.hello = nil
	return len(p), err
}

// Read gives what the server sends, with translated numbers.
func (s *stream) Read(p []byte) (int, error) {
	if len(s.pending) > 0 {
		n := copy(p, s.pending)
		s.pending = s.pending[n:]
		return n, nil
	}
	if s.body > 0 {
		n, err := s.r.Read(p[:min(uint64(len(p)), s.body)])
		s.body -= uint64(n)
		return n, err
	}
	if err := s.next(); err != nil {
		return 0, err
	}
	return s.Read(p)
}

// next reads the head of a message. The answer to hello has one of eight
// bytes, everything after it of 32.
func (s *stream) next() error {
	size := len(s.head)
	if !s.begun {
		size = 8
	}
	if _, err := io.ReadFull(s.r, s.head[:size]); err != nil {
		return err
	}
	s.pending = s.head[:size]
	if !s.begun {
		s.begun = true
		s.body = 4 * uint64(binary.LittleEndian.Uint16(s.head[6:]))
		return nil
	}
	return s.number()
}

func (s *stream) number() error {
	n := s.numbers.Load()
	length := 4 * uint64(binary.LittleEndian.Uint32(s.head[4:]))
	switch kind := s.head[0]; kind {
	case 0:
		s.head[1] = n.errors[s.head[1]]
	case 1:
		s.body = length
	case genericEvent: // none is asked for, and xgb would take its body for messages
		s.head[0] = unknownEvent
		_, err := io.CopyN(io.Discard, s.r, int64(length))
		return err
	default:
		s.head[0] = n.events[kind&^sentEvent] | kind&sentEvent
	}
	return nil
}

// XKBEvent is any event of the X Keyboard Extension, of which xgb knows
// nothing.
type XKBEvent struct{ code byte }

func newXKBEvent(b []byte) xgb.Event { return XKBEvent{b[1]} }

// Bytes and String are of xgb.Event.
func (e XKBEvent) Bytes() []byte  { return []byte{e.code} }
func (e XKBEvent) String() string { return "XKB" }
