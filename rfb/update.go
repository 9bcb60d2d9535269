package rfb

import (
	"deskside/codec"
	"deskside/raster"
)

// UntilLastRect is the count of an update whose end is a LastRect.
const UntilLastRect = 0xffff

// FramebufferUpdate begins an update (RFC 6143 section 7.6.1).
type FramebufferUpdate struct {
	Count uint16       // of the rectangles that follow, or UntilLastRect
	Rects []RectHeader // what a Client has taken in; not appended
}

// Append appends the message without its rectangles.
func (m FramebufferUpdate) Append(dst []byte) []byte {
	return be.AppendUint16(append(dst, typeFramebufferUpdate, 0), m.Count)
}

func readFramebufferUpdate(r *Reader) (m FramebufferUpdate) {
	r.pad(1)
	m.Count = r.u16()
	return m
}

// RectHeader begins a rectangle of an update.
type RectHeader struct {
	Rect     raster.Rect
	Encoding codec.Encoding
}

// Append appends the header.
func (h RectHeader) Append(dst []byte) []byte {
	return be.AppendUint32(appendRect(dst, h.Rect), uint32(h.Encoding))
}

func (r *Reader) rectHeader() (h RectHeader) {
	h.Rect = r.rect()
	h.Encoding = codec.Encoding(r.u32())
	return h
}

// AppendLastRect appends the rectangle that ends an update.
func AppendLastRect(dst []byte) []byte {
	return RectHeader{Encoding: EncodingLastRect}.Append(dst)
}

// AppendDesktopSize appends the rectangle that tells a new size.
func AppendDesktopSize(dst []byte, w, h int) []byte {
	return RectHeader{raster.XYWH(0, 0, w, h), EncodingDesktopSize}.Append(dst)
}

// AppendDesktopName appends the rectangle that tells a new name, in UTF-8, cut
// to MaxText bytes.
func AppendDesktopName(dst []byte, name string) []byte {
	name = name[:min(len(name), MaxText)]
	dst = RectHeader{Encoding: EncodingDesktopName}.Append(dst)
	return append(be.AppendUint32(dst, uint32(len(name))), name...)
}

// AppendCursor appends the rectangle with the pointer's picture, whose fourth
// byte is the opacity, and its hot spot. An empty picture hides the pointer.
func AppendCursor(dst []byte, f *codec.Format, m *raster.Image, hotX, hotY int) []byte {
	dst = RectHeader{raster.XYWH(hotX, hotY, m.W, m.H), EncodingCursor}.Append(dst)
	return codec.AppendCursor(dst, f, m)
}
