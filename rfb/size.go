package rfb

import "deskside/raster"

// Screen is one monitor within the picture.
type Screen struct {
	ID    uint32
	Rect  raster.Rect
	Flags uint32
}

// SetDesktopSize asks for another size and arrangement of screens.
type SetDesktopSize struct {
	W, H    int
	Screens []Screen // at most MaxScreens
}

// Append appends the message.
func (m SetDesktopSize) Append(dst []byte) []byte {
	dst = append(dst, typeSetDesktopSize, 0)
	dst = be.AppendUint16(be.AppendUint16(dst, uint16(m.W)), uint16(m.H))
	return appendScreens(append(dst, byte(len(m.Screens)), 0), m.Screens)
}

func readSetDesktopSize(r *Reader) (m SetDesktopSize) {
	r.pad(1)
	m.W, m.H = int(r.u16()), int(r.u16())
	n := int(r.u8())
	r.pad(1)
	m.Screens = r.screens(n)
	return m
}

func appendScreens(dst []byte, list []Screen) []byte {
	for _, s := range list {
		dst = appendRect(be.AppendUint32(dst, s.ID), s.Rect)
		dst = be.AppendUint32(dst, s.Flags)
	}
	return dst
}

func (r *Reader) screens(n int) (list []Screen) {
	if n > MaxScreens {
		r.fail("%d screens: at most %d", n, MaxScreens)
		return nil
	}
	for range n {
		list = append(list, Screen{ID: r.u32(), Rect: r.rect(), Flags: r.u32()})
	}
	return list
}

// SizeReason says who changed the size.
type SizeReason uint16

// The reasons.
const (
	SizeByServer SizeReason = 0
	SizeByYou    SizeReason = 1 // this client's SetDesktopSize
	SizeByOther  SizeReason = 2 // another client's
)

// SizeStatus says how a SetDesktopSize went.
type SizeStatus uint16

// The statuses.
const (
	SizeDone        SizeStatus = 0
	SizeProhibited  SizeStatus = 1
	SizeNoResources SizeStatus = 2
	SizeInvalid     SizeStatus = 3
)

// ExtendedDesktopSize is the rectangle that tells size and screens.
type ExtendedDesktopSize struct {
	Reason  SizeReason
	Status  SizeStatus
	W, H    int
	Screens []Screen // at least one, at most MaxScreens
}

// Append appends the rectangle.
func (m ExtendedDesktopSize) Append(dst []byte) []byte {
	head := raster.XYWH(int(m.Reason), int(m.Status), m.W, m.H)
	dst = RectHeader{head, EncodingExtendedSize}.Append(dst)
	return appendScreens(append(dst, byte(len(m.Screens)), 0, 0, 0), m.Screens)
}

// readExtendedSize reads what follows the rectangle's header h.
func readExtendedSize(r *Reader, h RectHeader) (m ExtendedDesktopSize) {
	m.Reason, m.Status = SizeReason(h.Rect.X0), SizeStatus(h.Rect.Y0)
	m.W, m.H = h.Rect.W(), h.Rect.H()
	n := int(r.u8())
	r.pad(3)
	m.Screens = r.screens(n)
	return m
}
