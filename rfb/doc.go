// Package rfb is the Remote Framebuffer protocol, version 3.8 (RFC 6143, and
// the community's rfbproto for what came after it), both roles: each message
// as a struct with its form on the wire, the handshake, and a Client that
// keeps a picture up to date.
//
// # Conversation
//
// The server speaks first. Both send a version; 3.3, 3.7 and 3.8 are spoken,
// anything older counts as 3.3 and anything newer as 3.8. The one security type
// is None, because the stream below has proved both keys before. The client
// sends ClientInit, the server ServerInit with size, format and name. From then
// on both speak when they like:
//
//	client                          server
//	SetPixelFormat                  SetColourMapEntries, to a client with a map
//	SetEncodings
//	FramebufferUpdateRequest        FramebufferUpdate
//	EnableContinuousUpdates         EndOfContinuousUpdates
//	Fence                           Fence
//	KeyEvent, ExtendedKeyEvent      Bell
//	PointerEvent
//	CutText, Clip                   CutText, Clip
//	SetDesktopSize
//
// A FramebufferUpdate holds rectangles: of pixels in an encoding of package
// codec, or of a pseudo-encoding: Cursor, DesktopSize, ExtendedDesktopSize,
// LastRect, DesktopName, and the empty ones with which the server says that it
// takes extended keys and extended mouse buttons.
//
// # Limits
//
// A list of encodings has at most MaxEncodings entries, a list of screens
// MaxScreens, a fence MaxFence bytes, a name or a reason MaxText bytes. Cut text
// beyond MaxCut is read, thrown away and reported as too long; beyond MaxSkip it
// is an error. Anything that breaks a limit or is not known is an error, after
// which the position in the stream is lost and the connection must end.
//
// The package decides nothing: what to send when, and who may press a key, is
// the business of who uses it. It starts no goroutine and sets no deadline.
package rfb

// The limits.
const (
	MaxEncodings = 1024
	MaxScreens   = 64
	MaxFence     = 64
	MaxText      = 4096
	MaxCut       = 1 << 20
	MaxSkip      = 64 << 20
)
