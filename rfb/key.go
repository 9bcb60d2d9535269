package rfb

// KeyEvent is a key pressed or released, named by its X11 keysym (RFC 6143
// section 7.5.4).
type KeyEvent struct {
	Down bool
	Sym  uint32
}

// Append appends the message.
func (m KeyEvent) Append(dst []byte) []byte {
	return be.AppendUint32(append(appendBool(append(dst, typeKey), m.Down), 0, 0), m.Sym)
}

func readKey(r *Reader) (m KeyEvent) {
	m.Down = r.u8() != 0
	r.pad(2)
	m.Sym = r.u32()
	return m
}

// ExtendedKeyEvent is a key named by its place as well (QEMU's extended key
// event). Scan is an XT set 1 scan code with the prefix 0xe0 as 0x80.
type ExtendedKeyEvent struct {
	Down bool
	Sym  uint32
	Scan uint32
}

// qemuKey is the only one of QEMU's messages that is known here.
const qemuKey = 0

// Append appends the message.
func (m ExtendedKeyEvent) Append(dst []byte) []byte {
	dst = appendBool(append(dst, typeQEMU, qemuKey, 0), m.Down)
	return be.AppendUint32(be.AppendUint32(dst, m.Sym), m.Scan)
}

func readQEMU(r *Reader) (m ExtendedKeyEvent) {
	if kind := r.u8(); kind != qemuKey {
		r.fail("unknown kind %d", kind)
	}
	m.Down = r.u16() != 0
	m.Sym, m.Scan = r.u32(), r.u32()
	return m
}
