package rfb

import "deskside/raster"

// FramebufferUpdateRequest asks for one update (RFC 6143 section 7.5.3). Without
// Incremental the client has nothing of Rect and wants all of it.
type FramebufferUpdateRequest struct {
	Incremental bool
	Rect        raster.Rect
}

// Append appends the message.
func (m FramebufferUpdateRequest) Append(dst []byte) []byte {
	return appendRect(appendBool(append(dst, typeUpdateRequest), m.Incremental), m.Rect)
}

func readUpdateRequest(r *Reader) (m FramebufferUpdateRequest) {
	m.Incremental = r.u8() != 0
	m.Rect = r.rect()
	return m
}

// appendRect appends corner and size.
func appendRect(dst []byte, r raster.Rect) []byte {
	dst = be.AppendUint16(be.AppendUint16(dst, uint16(r.X0)), uint16(r.Y0))
	return be.AppendUint16(be.AppendUint16(dst, uint16(r.W())), uint16(r.H()))
}

func (r *Reader) rect() raster.Rect {
	return raster.XYWH(int(r.u16()), int(r.u16()), int(r.u16()), int(r.u16()))
}

// EnableContinuousUpdates asks the server to send updates of Rect without
// further requests, as long as they are on.
type EnableContinuousUpdates struct {
	On   bool
	Rect raster.Rect
}

// Append appends the message.
func (m EnableContinuousUpdates) Append(dst []byte) []byte {
	return appendRect(appendBool(append(dst, typeContinuous), m.On), m.Rect)
}

func readContinuous(r *Reader) (m EnableContinuousUpdates) {
	m.On = r.u8() != 0
	m.Rect = r.rect()
	return m
}

// EndOfContinuousUpdates says that none will be sent without a request. A server
// sends one when the client first says it knows them.
type EndOfContinuousUpdates struct{}

// Append appends the message.
func (EndOfContinuousUpdates) Append(dst []byte) []byte { return append(dst, typeContinuous) }
