package keyboard

import (
	"encoding/binary"
	"errors"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"

	"deskside/desktop/x11/link"
)

// Requests of the X Keyboard Extension, of which xgb knows nothing. Numbers and
// layouts are those of the extension's protocol specification, version 1.0.
const (
	xkbUseExtension = 0
	xkbSelectEvents = 1
	xkbGetMap       = 8
	xkbClientFlags  = 21

	xkbCoreKeyboard = 0x100

	xkbNewKeyboard = 1 << 0 // event masks
	xkbMapChanged  = 1 << 1

	xkbTypes = 1 << 0 // parts of a map
	xkbSyms  = 1 << 1
)

// xkbRequest sends a request whose words follow the length, and gives the
// reply if there is one.
func xkbRequest(c *link.Conn, minor byte, reply bool, words ...uint16) ([]byte, error) {
	b := []byte{c.X.Extensions["XKEYBOARD"], minor, 0, 0}
	for _, w := range words {
		b = binary.LittleEndian.AppendUint16(b, w)
	}
	binary.LittleEndian.PutUint16(b[2:], uint16(len(b)/4))
	cookie := c.X.NewCookie(true, reply)
	c.X.NewRequest(b, cookie)
	if reply {
		return cookie.Reply()
	}
	return nil, cookie.Check()
}

// Watch asks for news of the map, which Changed recognises. A server without
// XKB sends them unasked.
func Watch(c *link.Conn) error {
	if !c.Has("XKEYBOARD") {
		return nil
	}
	r, err := xkbRequest(c, xkbUseExtension, true, 1, 0)
	if err != nil {
		return c.Failed("use XKB", err)
	}
	if len(r) < 2 || r[1] == 0 {
		return errors.New("the X server's XKB is too old")
	}
	const events = xkbNewKeyboard | xkbMapChanged
	_, err = xkbRequest(c, xkbSelectEvents, false, xkbCoreKeyboard, events, 0, events, 0xff, 0xff)
	return c.Failed("watch the keyboard map", err)
}

// Changed tells whether an event is about another map than was read.
func Changed(e xgb.Event) bool {
	switch e.(type) {
	case xproto.MappingNotifyEvent, link.XKBEvent:
		return true
	}
	return false
}

// NoFakeReleases asks, after Watch, that a key which is held down sends no
// release between its repetitions.
func NoFakeReleases(c *link.Conn) error {
	if !c.Has("XKEYBOARD") {
		return errors.New("the X server lacks XKB")
	}
	const detectable = 1
	r, err := xkbRequest(c, xkbClientFlags, true, xkbCoreKeyboard, 0, detectable, 0, detectable, 0, 0, 0, 0, 0, 0, 0)
	if err != nil {
		return c.Failed("tell repetitions from presses", err)
	}
	if len(r) < 16 || r[12]&detectable == 0 {
		return errors.New("the X server cannot tell repetitions from presses")
	}
	return nil
}

// Read fetches the map of all keys.
func Read(c *link.Conn) (*Map, error) {
	if !c.Has("XKEYBOARD") {
		return readCore(c)
	}
	r, err := getMap(c)
	if err != nil {
		return nil, c.Failed("read the keyboard map", err)
	}
	return parse(r)
}

func getMap(c *link.Conn) ([]byte, error) {
	return xkbRequest(c, xkbGetMap, true, xkbCoreKeyboard, xkbTypes|xkbSyms, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
}

// keyType says which modifiers choose which level.
type keyType struct {
	mask   byte // modifiers that matter
	levels int
	level  map[byte]int // of modifiers within mask; 0 where there is no entry
}

// keySyms are the symbols of one key.
type keySyms struct {
	types  [4]byte // of each group
	groups byte    // how many there are, and what happens beyond
	width  int     // levels stored for each group
	syms   []uint32
}

// Map is what the server makes of key codes.
type Map struct {
	types []keyType
	first int // key code of keys[0]
	keys  []keySyms
}

var errShortMap = errors.New("the keyboard map is cut short")

// reader takes little-endian numbers from b; past the end it gives zeros and
// remembers.
type reader struct {
	b     []byte
	short bool
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.short, r.b = true, nil
		return make([]byte, max(0, min(n, 64)))
	}
	t := r.b[:n]
	r.b = r.b[n:]
	return t
}

func (r *reader) byte() byte  { return r.take(1)[0] }
func (r *reader) u16() uint16 { return binary.LittleEndian.Uint16(r.take(2)) }
func (r *reader) u32() uint32 { return binary.LittleEndian.Uint32(r.take(4)) }

// parse reads the reply to GetMap for types and symbols.
func parse(b []byte) (*Map, error) {
	r := &reader{b: b}
	head := r.take(40)
	if r.short {
		return nil, errShortMap
	}
	if present := binary.LittleEndian.Uint16(head[12:]); present != xkbTypes|xkbSyms {
		return nil, errors.New("the keyboard map lacks types or symbols")
	}
	m := &Map{first: int(head[17])}
	for range head[15] {
		m.types = append(m.types, r.keyType())
	}
	for range head[20] {
		m.keys = append(m.keys, r.keySyms())
	}
	if r.short {
		return nil, errShortMap
	}
	return m, nil
}

func (r *reader) keyType() keyType {
	head := r.take(8)
	t := keyType{mask: head[0], levels: int(head[4]), level: map[byte]int{}}
	entries, preserve := int(head[5]), head[6] != 0
	for range entries {
		if e := r.take(8); e[0] != 0 {
			t.level[e[1]] = int(e[2])
		}
	}
	if preserve {
		r.take(4 * entries)
	}
	return t
}

func (r *reader) keySyms() keySyms {
	var k keySyms
	copy(k.types[:], r.take(4))
	k.groups, k.width = r.byte(), int(r.byte())
	n := int(r.u16())
	if n*4 > len(r.b) {
		r.short = true
		return k
	}
	for range n {
		k.syms = append(k.syms, r.u32())
	}
	return k
}
