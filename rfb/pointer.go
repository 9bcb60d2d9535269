package rfb

// PointerEvent says where the pointer is and which buttons are down: bit 0 left,
// 1 middle, 2 right, 3 to 6 the wheel up, down, left and right, 7 back, 8 forward
// (RFC 6143 section 7.5.5, and the extended mouse buttons of rfbproto).
type PointerEvent struct {
	Buttons uint16
	X, Y    uint16
	Long    bool // has the second byte of buttons, which a server must have allowed
}

// longButtons marks a message with a second byte, which has the buttons from
// this one on.
const longButtons = 0x80

// Append appends the message.
func (m PointerEvent) Append(dst []byte) []byte {
	if !m.Long {
		dst = append(dst, typePointer, byte(m.Buttons))
		return be.AppendUint16(be.AppendUint16(dst, m.X), m.Y)
	}
	dst = append(dst, typePointer, byte(m.Buttons&^longButtons|longButtons))
	return append(be.AppendUint16(be.AppendUint16(dst, m.X), m.Y), byte(m.Buttons>>7))
}

func readPointer(r *Reader) (m PointerEvent) {
	m.Buttons = uint16(r.u8())
	m.X, m.Y = r.u16(), r.u16()
	if r.ExtendedButtons && m.Buttons&longButtons != 0 {
		m.Long = true
		m.Buttons = m.Buttons&^longButtons | uint16(r.u8())<<7
	}
	return m
}
