package rfb

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"deskside/codec"
	"deskside/raster"
)

// ClientConfig says what a Client asks for. The zero value takes exact pixels in
// the best encoding and shares the screen.
type ClientConfig struct {
	Format    raster.Format    // zero means raster.RGB888
	Encodings []codec.Encoding // favourites first, with pseudo-encodings; nil means AllEncodings
	Exclusive bool             // asks that other viewers be thrown off

	// OnDemand leaves it to the caller to ask for updates. Otherwise the
	// client asks for the whole picture at first and for changes after each
	// update.
	OnDemand bool

	// Push asks for continuous updates where the server has them, so that
	// none has to be asked for singly.
	Push bool

	// Ahead asks for the next update when one begins and not when it has
	// ended, so that a server that waits to be asked need not wait long.
	Ahead bool

	// MaxPixels bounds the size of the picture; 0 means 64 Mi.
	MaxPixels int
}

// AllEncodings gives all that a Client understands, JPEG not included: that
// takes EncodingQuality0 or one of its kin as well.
func AllEncodings() []codec.Encoding {
	return []codec.Encoding{
		codec.Tight, codec.CopyRect, codec.ZRLE, codec.Raw,
		EncodingCursor, EncodingDesktopSize, EncodingExtendedSize, EncodingDesktopName, EncodingLastRect,
		EncodingFence, EncodingContinuous, EncodingExtendedKeys, EncodingExtendedButtons, EncodingClip,
	}
}

// Client is a viewer: it keeps a picture as the server's messages say. One
// goroutine calls Next, and reads the fields and the picture between two calls;
// the methods that send may be called from any goroutine. Whoever made it closes
// the connection.
type Client struct {
	Name    string
	Image   *raster.Image // as the viewer sees it, rounded to its format
	Screens []Screen      // empty if the server does not tell
	Cursor  Cursor

	cfg    ClientConfig
	r      *Reader
	d      codec.Decoder
	format *codec.Format

	mu    sync.Mutex // guards writes and what is below
	conn  io.Writer
	buf   []byte
	clip  string // offered to the server
	takes Takes
	whole raster.Rect // of the picture
}

// Takes is what the server said it takes.
type Takes struct {
	ExtendedKeys, ExtendedButtons, ContinuousUpdates, Clips bool
}

// Takes tells what the server said so far. It may be called from any goroutine.
func (c *Client) Takes() Takes {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.takes
}

// learn notes what the server said.
func (c *Client) learn(what *bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*what = true
}

// Cursor is the pointer's picture at the server. The fourth byte of its pixels
// is 255 where they are shown.
type Cursor struct {
	Image      raster.Image
	HotX, HotY int
}

// NewClient does the handshake on conn and asks for the whole picture.
func NewClient(conn io.ReadWriter, cfg ClientConfig) (*Client, error) {
	if cfg.Format == (raster.Format{}) {
		cfg.Format = raster.RGB888
	}
	if cfg.Encodings == nil {
		cfg.Encodings = AllEncodings()
	}
	if err := cfg.Format.Check(); err != nil {
		return nil, err
	}
	c := &Client{cfg: cfg, conn: conn, r: NewReader(conn), Image: new(raster.Image)}
	init, err := Connect(conn, c.r, !cfg.Exclusive)
	if err != nil {
		return nil, err
	}
	c.Name = init.Name
	if err := c.resize(init.W, init.H); err != nil {
		return nil, err
	}
	c.format = codec.NewFormat(cfg.Format)
	if err := c.Send(SetPixelFormat{cfg.Format}, SetEncodings{cfg.Encodings}); err != nil {
		return nil, err
	}
	if cfg.OnDemand {
		return c, nil
	}
	return c, c.Request(false)
}

// Send writes messages in one piece.
func (c *Client) Send(list ...Message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.buf = c.buf[:0]
	for _, m := range list {
		c.buf = m.Append(c.buf)
	}
	_, err := c.conn.Write(c.buf)
	return err
}

// Request asks for an update of the whole picture, of what changed only if
// incremental.
func (c *Client) Request(incremental bool) error {
	c.mu.Lock()
	whole := c.whole
	c.mu.Unlock()
	return c.Send(FramebufferUpdateRequest{incremental, whole})
}

// Key presses or releases a key; scan is used if the server takes it and it is
// not zero.
func (c *Client) Key(sym, scan uint32, down bool) error {
	if scan != 0 && c.Takes().ExtendedKeys {
		return c.Send(ExtendedKeyEvent{down, sym, scan})
	}
	return c.Send(KeyEvent{down, sym})
}

// Pointer moves the pointer and presses buttons.
func (c *Client) Pointer(x, y int, buttons uint16) error {
	long := c.Takes().ExtendedButtons && buttons >= longButtons
	return c.Send(PointerEvent{Buttons: buttons, X: uint16(x), Y: uint16(y), Long: long})
}

// SetClipboard offers text to the server, which fetches it when it likes where
// the Extended Clipboard is there.
func (c *Client) SetClipboard(text string) error {
	if !c.Takes().Clips {
		return c.Send(CutText{Text: text})
	}
	c.mu.Lock()
	c.clip = text
	c.mu.Unlock()
	return c.Send(Clip{Action: ClipNotify, Formats: ClipText})
}

// Next reads one message of the server and does what it says: pixels go into
// the picture, fences and clipboard requests are answered, and, unless OnDemand,
// the next update is asked for. It gives the message. Any error ends the
// conversation.
func (c *Client) Next() (Message, error) {
	m, err := c.r.ServerMessage()
	if err != nil {
		return nil, err
	}
	switch m := m.(type) {
	case FramebufferUpdate:
		return c.update(m)
	case SetColourMapEntries:
		return m, c.setColours(m)
	case EndOfContinuousUpdates:
		c.learn(&c.takes.ContinuousUpdates)
		err = c.push()
	case Fence:
		if m.Flags&FenceRequest != 0 {
			err = c.Send(m.Answer())
		}
	case Clip:
		err = c.clipboard(m)
	}
	return m, err
}

func (c *Client) update(m FramebufferUpdate) (Message, error) {
	ask := !c.cfg.OnDemand && !c.pushed()
	if ask && c.cfg.Ahead {
		if err := c.Request(true); err != nil {
			return nil, err
		}
	}
	for i := 0; m.Count == UntilLastRect || i < int(m.Count); i++ {
		h := c.r.rectHeader()
		if err := c.r.done("rectangle"); err != nil {
			return nil, err
		}
		if h.Encoding == EncodingLastRect {
			break
		}
		if err := c.rect(h); err != nil {
			return nil, fmt.Errorf("rectangle %v of encoding %d: %w", h.Rect, h.Encoding, err)
		}
		if m.Rects = append(m.Rects, h); len(m.Rects) > UntilLastRect {
			return nil, fmt.Errorf("update of more than %d rectangles", UntilLastRect)
		}
	}
	if ask && !c.cfg.Ahead {
		return m, c.Request(true)
	}
	return m, nil
}

// pushed reports whether updates come without being asked for.
func (c *Client) pushed() bool { return c.cfg.Push && c.Takes().ContinuousUpdates }

// push asks for continuous updates of the whole picture, if they are wanted.
func (c *Client) push() error {
	if !c.pushed() {
		return nil
	}
	return c.Send(EnableContinuousUpdates{true, c.Image.Bounds()})
}

// rect takes in one rectangle.
func (c *Client) rect(h RectHeader) error {
	switch h.Encoding {
	case EncodingDesktopSize:
		return c.resize(h.Rect.W(), h.Rect.H())
	case EncodingExtendedSize:
		return c.extendedSize(h)
	case EncodingDesktopName:
		c.Name = c.r.reason()
		return c.r.done("name")
	case EncodingExtendedKeys:
		c.learn(&c.takes.ExtendedKeys)
		return nil
	case EncodingExtendedButtons:
		c.learn(&c.takes.ExtendedButtons)
		return nil
	case EncodingCursor:
		c.Cursor.HotX, c.Cursor.HotY = h.Rect.X0, h.Rect.Y0
		return c.d.Cursor(c.r, c.format, &c.Cursor.Image, h.Rect.W(), h.Rect.H())
	}
	// Contains would do but for rectangles without pixels.
	if h.Rect.X1 > c.Image.W || h.Rect.Y1 > c.Image.H {
		return fmt.Errorf("outside the picture of %dx%d", c.Image.W, c.Image.H)
	}
	return c.pixels(h)
}

// pixels takes in a rectangle of pixels.
func (c *Client) pixels(h RectHeader) error {
	switch h.Encoding {
	case codec.Raw:
		return c.d.Raw(c.r, c.format, c.Image, h.Rect)
	case codec.CopyRect:
		return c.d.CopyRect(c.r, c.Image, h.Rect)
	case codec.ZRLE:
		return c.d.ZRLE(c.r, c.format, c.Image, h.Rect)
	case codec.Tight:
		return c.d.Tight(c.r, c.format, c.Image, h.Rect)
	}
	return errors.New("never asked for")
}

func (c *Client) extendedSize(h RectHeader) error {
	m := readExtendedSize(c.r, h)
	if err := c.r.done("screens"); err != nil {
		return err
	}
	if m.Status != SizeDone {
		return nil // an answer to our request: nothing changed
	}
	c.Screens = m.Screens
	return c.resize(m.W, m.H)
}

// resize makes the picture w by h, black if that is another size than before.
func (c *Client) resize(w, h int) error {
	if most := cmp.Or(c.cfg.MaxPixels, 64<<20); w*h > most || w > raster.MaxSide || h > raster.MaxSide {
		return fmt.Errorf("picture of %dx%d: at most %d pixels", w, h, most)
	}
	if !c.Image.Resize(w, h) {
		return nil
	}
	clear(c.Image.Pix)
	c.mu.Lock()
	c.whole = c.Image.Bounds()
	c.mu.Unlock()
	return c.push()
}

// setColours takes in the colour map. Only the map of raster.RGB332 is
// understood, which is the one our server sends.
func (c *Client) setColours(m SetColourMapEntries) error {
	if !c.cfg.Format.Mapped || m.First != 0 || !slices.Equal(m.Colours, TrueMap().Colours) {
		return fmt.Errorf("a colour map of %d entries from %d: only that of true colour is understood", len(m.Colours), m.First)
	}
	return nil
}

// clipboard answers a message of the Extended Clipboard.
func (c *Client) clipboard(m Clip) error {
	switch {
	case m.Action&ClipCaps != 0:
		c.learn(&c.takes.Clips)
		return c.Send(Clip{
			Action:  ClipCaps | ClipRequest | ClipNotify | ClipProvide,
			Formats: ClipText, MaxText: MaxCut,
		})
	case m.Action == ClipNotify && m.Formats&ClipText != 0:
		return c.Send(Clip{Action: ClipRequest, Formats: ClipText})
	case m.Action == ClipRequest && m.Formats&ClipText != 0:
		c.mu.Lock()
		text := c.clip
		c.mu.Unlock()
		return c.Send(Clip{Action: ClipProvide, Formats: ClipText, Text: text})
	}
	return nil
}
