package rfb

import (
	"fmt"
	"io"
)

// Message is anything either side sends after the handshake.
type Message interface {
	// Append appends the message as it goes over the wire.
	Append(dst []byte) []byte
}

// The first bytes of the client's messages.
const (
	typeSetPixelFormat      = 0
	typeSetEncodings        = 2
	typeUpdateRequest       = 3
	typeKey                 = 4
	typePointer             = 5
	typeClientCut           = 6
	typeContinuous          = 150 // both ways
	typeFence               = 248 // both ways
	typeSetDesktopSize      = 251
	typeQEMU                = 255
	typeFramebufferUpdate   = 0
	typeSetColourMapEntries = 1
	typeBell                = 2
	typeServerCut           = 3
)

// ClientMessage reads the next message of a client: one of SetPixelFormat,
// SetEncodings, FramebufferUpdateRequest, KeyEvent, ExtendedKeyEvent,
// PointerEvent, CutText, Clip, EnableContinuousUpdates, Fence and
// SetDesktopSize. It returns io.EOF if the stream ends between two messages.
func (r *Reader) ClientMessage() (Message, error) {
	t, err := r.r.ReadByte()
	if err != nil {
		return nil, err
	}
	switch t {
	case typeSetPixelFormat:
		return finish(r, "SetPixelFormat", readSetPixelFormat)
	case typeSetEncodings:
		return finish(r, "SetEncodings", readSetEncodings)
	case typeUpdateRequest:
		return finish(r, "FramebufferUpdateRequest", readUpdateRequest)
	case typeKey:
		return finish(r, "KeyEvent", readKey)
	case typePointer:
		return finish(r, "PointerEvent", readPointer)
	case typeClientCut:
		return finish(r, "ClientCutText", readCut)
	case typeContinuous:
		return finish(r, "EnableContinuousUpdates", readContinuous)
	case typeFence:
		return finish(r, "Fence", readFence)
	case typeSetDesktopSize:
		return finish(r, "SetDesktopSize", readSetDesktopSize)
	case typeQEMU:
		return finish(r, "QEMU message", readQEMU)
	}
	return nil, fmt.Errorf("unknown client message %d", t)
}

// ServerMessage reads the next message of a server: one of FramebufferUpdate,
// after which its rectangles follow, SetColourMapEntries, Bell, CutText, Clip,
// EndOfContinuousUpdates and Fence. It returns io.EOF if the stream ends between
// two messages.
func (r *Reader) ServerMessage() (Message, error) {
	t, err := r.r.ReadByte()
	if err != nil {
		return nil, err
	}
	switch t {
	case typeFramebufferUpdate:
		return finish(r, "FramebufferUpdate", readFramebufferUpdate)
	case typeSetColourMapEntries:
		return finish(r, "SetColourMapEntries", readColourMap)
	case typeBell:
		return Bell{}, nil
	case typeServerCut:
		return finish(r, "ServerCutText", readServerCut)
	case typeContinuous:
		return EndOfContinuousUpdates{}, nil
	case typeFence:
		return finish(r, "Fence", readFence)
	}
	return nil, fmt.Errorf("unknown server message %d", t)
}

// finish reads a message's body and gives it unless that failed.
func finish[M Message](r *Reader, what string, read func(*Reader) M) (Message, error) {
	m := read(r)
	if err := r.done(what); err != nil {
		return nil, err
	}
	return m, nil
}

// Bell asks the client to make a sound.
type Bell struct{}

// Append appends the message.
func (Bell) Append(dst []byte) []byte { return append(dst, typeBell) }

var _ io.Reader = (*Reader)(nil)
