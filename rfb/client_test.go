package rfb

import (
	"io"
	"strings"
	"testing"

	"deskside/codec"
	"deskside/raster"
)

const handshake38 = "RFB 003.008\n\x01\x01\x00\x00\x00\x00"

// opening is what a server of a 64x48 picture says first.
var opening = handshake38 + string(ServerInit{W: 64, H: 48, Format: raster.RGB888, Name: "first"}.Append(nil))

func newClient(t *testing.T, server string, cfg ClientConfig) (*Client, *script) {
	t.Helper()
	s := says(opening + server)
	c, err := NewClient(s, cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.Reset()
	return c, s
}

// update builds an update of rectangles that are whole already.
func update(rects ...[]byte) string {
	b := FramebufferUpdate{Count: uint16(len(rects))}.Append(nil)
	for _, r := range rects {
		b = append(b, r...)
	}
	return string(b)
}

func TestClientPicture(t *testing.T) {
	f := codec.NewFormat(raster.RGB888)
	source := raster.NewImage(64, 48)
	for y := range 48 {
		for x := range 64 {
			source.Set(x, y, uint32(x*4)<<16|uint32(y*5)<<8|uint32(x*y)&0xff)
		}
	}
	head := func(r raster.Rect, e codec.Encoding) []byte { return RectHeader{r, e}.Append(nil) }
	left, right, low := raster.XYWH(0, 0, 32, 40), raster.XYWH(32, 0, 32, 40), raster.XYWH(0, 40, 64, 8)
	tight, _ := new(codec.TightEncoder).Append(head(right, codec.Tight), f, source, right, codec.TightAuto, 0)
	cursor := raster.NewImage(3, 2)
	cursor.Fill(cursor.Bounds(), 0xff112233)
	server := update(
		codec.AppendRaw(head(left, codec.Raw), f, source, left),
		tight,
		new(codec.ZRLEEncoder).Append(head(low, codec.ZRLE), f, source, low),
		AppendCursor(nil, f, cursor, 1, 1),
		AppendDesktopName(nil, "second"),
		head(raster.Rect{}, EncodingExtendedKeys),
		head(raster.Rect{}, EncodingExtendedButtons),
	)
	c, s := newClient(t, server, ClientConfig{})
	m, err := c.Next()
	if err != nil {
		t.Fatal(err)
	}
	if u, ok := m.(FramebufferUpdate); !ok || len(u.Rects) != 7 || u.Rects[1].Encoding != codec.Tight {
		t.Errorf("update %+v", m)
	}
	if !raster.Equal(c.Image, source, source.Bounds()) {
		t.Error("wrong pixels")
	}
	if c.Name != "second" || !c.Takes().ExtendedKeys || !c.Takes().ExtendedButtons || !raster.Equal(&c.Cursor.Image, cursor, cursor.Bounds()) {
		t.Errorf("name %q, takes %+v, cursor %v", c.Name, c.Takes(), c.Cursor.Image.Bounds())
	}
	want := FramebufferUpdateRequest{true, source.Bounds()}
	if got := s.String(); got != string(want.Append(nil)) {
		t.Errorf("said %q", got)
	}
	if _, err := c.Next(); err != io.EOF {
		t.Errorf("%v at the end", err)
	}
}

func TestClientResizes(t *testing.T) {
	screens := []Screen{{1, raster.XYWH(0, 0, 20, 10), 0}, {2, raster.XYWH(20, 0, 20, 10), 0}}
	c, _ := newClient(t, update(ExtendedDesktopSize{W: 40, H: 10, Screens: screens}.Append(nil))+
		update(ExtendedDesktopSize{Reason: SizeByYou, Status: SizeProhibited, W: 9, H: 9, Screens: screens}.Append(nil))+
		update(AppendDesktopSize(nil, 7, 8)), ClientConfig{})
	for _, want := range [][2]int{{40, 10}, {40, 10}, {7, 8}} {
		if _, err := c.Next(); err != nil {
			t.Fatal(err)
		}
		if c.Image.W != want[0] || c.Image.H != want[1] || len(c.Screens) != 2 {
			t.Errorf("%dx%d with screens %v, want %v", c.Image.W, c.Image.H, c.Screens, want)
		}
	}
}

// TestClientAnswers checks what the client says back by itself.
func TestClientAnswers(t *testing.T) {
	whole := raster.XYWH(0, 0, 64, 48)
	caps := Clip{Action: ClipCaps | ClipNotify, Formats: ClipText, MaxText: 5, Server: true}
	ours := Clip{Action: ClipCaps | ClipRequest | ClipNotify | ClipProvide, Formats: ClipText, MaxText: MaxCut}
	for name, test := range map[string]struct {
		server []Message
		cfg    ClientConfig
		want   []Message
	}{
		"fence":     {[]Message{Fence{FenceRequest | FenceAfter | 1<<9, "x"}}, ClientConfig{}, []Message{Fence{FenceAfter, "x"}}},
		"no fence":  {[]Message{Fence{FenceAfter, "x"}}, ClientConfig{}, nil},
		"demand":    {[]Message{FramebufferUpdate{}}, ClientConfig{OnDemand: true}, nil},
		"request":   {[]Message{FramebufferUpdate{}}, ClientConfig{}, []Message{FramebufferUpdateRequest{true, whole}}},
		"push":      {[]Message{EndOfContinuousUpdates{}, FramebufferUpdate{}}, ClientConfig{Push: true}, []Message{EnableContinuousUpdates{true, whole}}},
		"ahead":     {[]Message{FramebufferUpdate{}}, ClientConfig{Ahead: true}, []Message{FramebufferUpdateRequest{true, whole}}},
		"no push":   {[]Message{EndOfContinuousUpdates{}}, ClientConfig{}, nil},
		"bell":      {[]Message{Bell{}}, ClientConfig{}, nil},
		"clipboard": {[]Message{caps, Clip{Action: ClipNotify, Formats: ClipText, Server: true}}, ClientConfig{}, []Message{ours, Clip{Action: ClipRequest, Formats: ClipText}}},
		"provides":  {[]Message{Clip{Action: ClipRequest, Formats: ClipText, Server: true}}, ClientConfig{}, []Message{Clip{Action: ClipProvide, Formats: ClipText}}},
		"true map":  {[]Message{TrueMap()}, ClientConfig{Format: raster.Format{Bits: 8, Mapped: true}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var in, want []byte
			for _, m := range test.server {
				in = m.Append(in)
			}
			for _, m := range test.want {
				want = m.Append(want)
			}
			c, s := newClient(t, string(in), test.cfg)
			for range test.server {
				if _, err := c.Next(); err != nil {
					t.Fatal(err)
				}
			}
			if !test.cfg.OnDemand && s.String() != string(want) || test.cfg.OnDemand && s.Len() > 0 {
				t.Errorf("said %q, want %q", s.String(), want)
			}
		})
	}
}

func TestClientSends(t *testing.T) {
	c, s := newClient(t, "", ClientConfig{})
	c.takes = Takes{ExtendedKeys: true, ExtendedButtons: true}
	var want []byte
	for _, m := range []Message{
		ExtendedKeyEvent{true, 'a', 30}, KeyEvent{false, 'b'}, PointerEvent{Buttons: 0x80, X: 1, Y: 2, Long: true},
		PointerEvent{Buttons: 1, X: 3, Y: 4}, CutText{Text: "plain"}, Clip{Action: ClipNotify, Formats: ClipText},
	} {
		want = m.Append(want)
	}
	c.Key('a', 30, true)
	c.Key('b', 0, false)
	c.Pointer(1, 2, 0x80)
	c.Pointer(3, 4, 1)
	c.SetClipboard("plain")
	c.takes.Clips = true
	c.SetClipboard("rich")
	if s.String() != string(want) {
		t.Errorf("said %q, want %q", s.String(), want)
	}
}

func TestClientRefuses(t *testing.T) {
	f := codec.NewFormat(raster.RGB888)
	for name, server := range map[string]string{
		"outside":            update(codec.AppendRaw(RectHeader{raster.XYWH(60, 0, 5, 1), codec.Raw}.Append(nil), f, raster.NewImage(5, 1), raster.XYWH(0, 0, 5, 1))),
		"unknown encoding":   update(RectHeader{raster.XYWH(0, 0, 1, 1), 5}.Append(nil)),
		"huge":               update(AppendDesktopSize(nil, 65535, 65535)),
		"huge cursor":        update(RectHeader{raster.XYWH(0, 0, 65535, 65535), EncodingCursor}.Append(nil)),
		"long name":          update(append(RectHeader{Encoding: EncodingDesktopName}.Append(nil), 0xff, 0, 0, 0)),
		"unexpected map":     string(TrueMap().Append(nil)),
		"unknown message":    "\x99",
		"truncated":          update(AppendDesktopSize(nil, 5, 5))[:10],
		"never ending":       string(FramebufferUpdate{Count: UntilLastRect}.Append(nil)) + strings.Repeat(string(RectHeader{Encoding: EncodingExtendedKeys}.Append(nil)), 65536),
		"copy from the void": update(append(RectHeader{raster.XYWH(0, 0, 8, 8), codec.CopyRect}.Append(nil), 0, 60, 0, 0)),
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := newClient(t, server, ClientConfig{})
			if m, err := c.Next(); err == nil || err == io.EOF {
				t.Errorf("%#v, %v", m, err)
			}
		})
	}
}

func FuzzClient(f *testing.F) {
	for _, m := range serverMessages {
		f.Add(string(m.Append(nil)))
	}
	f.Add(update(AppendDesktopSize(nil, 7, 8), AppendDesktopName(nil, "x")))
	f.Add(update(ExtendedDesktopSize{W: 4, H: 4, Screens: []Screen{{}}}.Append(nil)))
	f.Add(update(RectHeader{raster.XYWH(0, 0, 1, 1), codec.Tight}.Append(nil), []byte{0x80, 1, 2, 3}))
	f.Fuzz(func(t *testing.T, server string) {
		s := says(opening + server)
		c, err := NewClient(s, ClientConfig{MaxPixels: 1 << 16})
		for err == nil {
			_, err = c.Next()
		}
	})
}
