package x11

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
	"github.com/jezek/xgb/screensaver"
	"github.com/jezek/xgb/shape"
	"github.com/jezek/xgb/shm"
	"github.com/jezek/xgb/xfixes"
)

// link stands between xgb and the server for two things that xgb keeps for
// the whole process and that must hold for one connection alone.
//
// The cookie: xgb reads it from $XAUTHORITY. The link sends our own first
// message in place of xgb's.
//
// The numbers of extension events and errors: a server chooses them, while xgb
// keeps one table for all servers and writes it while other connections read
// it. The link translates the server's numbers into fixed ones, for which the
// table is filled once, before the first connection. An error that neither
// knows becomes a core error, as xgb would leave its request waiting for ever.
type link struct {
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
	{"MIT-SCREEN-SAVER", screensaver.Notify + 1, 0},
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

func newLink(c net.Conn, cookie []byte) *link {
	l := &link{Conn: c, r: bufio.NewReaderSize(c, 16<<10), hello: setup(cookie)}
	l.translate(nil)
	return l
}

// offset is where the server put an extension.
type offset struct{ event, err byte }

// translate sets the numbers for the extensions the server has.
func (l *link) translate(offsets map[string]offset) {
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
	l.numbers.Store(n)
}

// Write sends a request; in place of the first it sends our hello.
func (l *link) Write(p []byte) (int, error) {
	if l.hello == nil {
		return l.Conn.Write(p)
	}
	_, err := l.Conn.Write(l.hello)
	l.hello = nil
	return len(p), err
}

// Read gives what the server sends, with translated numbers.
func (l *link) Read(p []byte) (int, error) {
	if len(l.pending) > 0 {
		n := copy(p, l.pending)
		l.pending = l.pending[n:]
		return n, nil
	}
	if l.body > 0 {
		n, err := l.r.Read(p[:min(uint64(len(p)), l.body)])
		l.body -= uint64(n)
		return n, err
	}
	if err := l.next(); err != nil {
		return 0, err
	}
	return l.Read(p)
}

// next reads the head of a message. The answer to hello has one of eight
// bytes, everything after it of 32.
func (l *link) next() error {
	size := len(l.head)
	if !l.begun {
		size = 8
	}
	if _, err := io.ReadFull(l.r, l.head[:size]); err != nil {
		return err
	}
	l.pending = l.head[:size]
	if !l.begun {
		l.begun = true
		l.body = 4 * uint64(binary.LittleEndian.Uint16(l.head[6:]))
		return nil
	}
	return l.number()
}

func (l *link) number() error {
	n := l.numbers.Load()
	length := 4 * uint64(binary.LittleEndian.Uint32(l.head[4:]))
	switch kind := l.head[0]; kind {
	case 0:
		l.head[1] = n.errors[l.head[1]]
	case 1:
		l.body = length
	case genericEvent: // none is asked for, and xgb would take its body for messages
		l.head[0] = unknownEvent
		_, err := io.CopyN(io.Discard, l.r, int64(length))
		return err
	default:
		l.head[0] = n.events[kind&^sentEvent] | kind&sentEvent
	}
	return nil
}
