package rfb

import (
	"bytes"
	"io"
	"reflect"
	"strings"
	"testing"

	"deskside/codec"
	"deskside/raster"
)

var rect = raster.XYWH(1, 2, 300, 65535)

var clientMessages = []Message{
	SetPixelFormat{raster.RGB888},
	SetPixelFormat{raster.RGB565},
	SetPixelFormat{raster.Format{Bits: 8, Mapped: true}},
	SetEncodings{},
	SetEncodings{[]codec.Encoding{codec.Tight, EncodingClip, EncodingCursor}},
	FramebufferUpdateRequest{true, rect},
	FramebufferUpdateRequest{false, rect},
	KeyEvent{true, 0xffe1},
	KeyEvent{false, 0x01000394},
	ExtendedKeyEvent{true, 0x61, 0x1e},
	PointerEvent{Buttons: 0x7f, X: 65535, Y: 3},
	PointerEvent{Buttons: 0x1ff, X: 1, Y: 2, Long: true},
	CutText{Text: "grüße"},
	CutText{},
	Clip{Action: ClipCaps | ClipRequest | ClipProvide, Formats: ClipText, MaxText: 77},
	Clip{Action: ClipRequest, Formats: ClipText},
	Clip{Action: ClipNotify},
	Clip{Action: ClipProvide, Formats: ClipText, Text: "one\ntwo — три"},
	EnableContinuousUpdates{true, rect},
	Fence{FenceRequest | FenceBefore, "payload"},
	Fence{},
	SetDesktopSize{W: 1920, H: 1080, Screens: []Screen{{1, rect, 7}, {2, rect, 0}}},
}

var serverMessages = []Message{
	FramebufferUpdate{Count: 3},
	TrueMap(),
	Bell{},
	CutText{Text: "text", Server: true},
	Clip{Action: ClipNotify, Formats: ClipText, Server: true},
	EndOfContinuousUpdates{},
	Fence{FenceNext, strings.Repeat("x", MaxFence)},
}

func readClient(r *Reader) (Message, error) {
	r.ExtendedButtons = true
	return r.ClientMessage()
}

func TestMessages(t *testing.T) {
	for _, side := range []struct {
		list []Message
		read func(*Reader) (Message, error)
	}{{clientMessages, readClient}, {serverMessages, (*Reader).ServerMessage}} {
		for _, m := range side.list {
			b := m.Append([]byte("kept"))[4:]
			r := NewReader(bytes.NewReader(b))
			got, err := side.read(r)
			if err != nil || !reflect.DeepEqual(got, m) {
				t.Errorf("%#v came back as %#v, %v", m, got, err)
			}
			if _, err := side.read(r); err != io.EOF {
				t.Errorf("%T: %v at the end, want io.EOF", m, err)
			}
			for i := 1; i < len(b); i++ {
				if got, err := side.read(NewReader(bytes.NewReader(b[:i]))); err == nil || err == io.EOF {
					t.Errorf("%T: %d of %d bytes gave %#v, %v", m, i, len(b), got, err)
				}
			}
		}
	}
}

// TestBytes checks forms that a round trip cannot: what they are on the wire.
func TestBytes(t *testing.T) {
	for _, test := range []struct {
		m    Message
		want string
	}{
		{KeyEvent{true, 0xff0d}, "\x04\x01\x00\x00\x00\x00\xff\x0d"},
		{ExtendedKeyEvent{true, 0x61, 0x1e}, "\xff\x00\x00\x01\x00\x00\x00\x61\x00\x00\x00\x1e"},
		{PointerEvent{Buttons: 0x105, X: 0x102, Y: 3, Long: true}, "\x05\x85\x01\x02\x00\x03\x02"},
		{CutText{Text: "ü€"}, "\x06\x00\x00\x00\x00\x00\x00\x02\xfc?"},
		{CutText{Text: "a", Server: true}, "\x03\x00\x00\x00\x00\x00\x00\x01a"},
		{Clip{Action: ClipNotify, Formats: 1}, "\x06\x00\x00\x00\xff\xff\xff\xfc\x08\x00\x00\x01"},
		{SetEncodings{[]codec.Encoding{-239}}, "\x02\x00\x00\x01\xff\xff\xff\x11"},
		{SetEncodings{[]codec.Encoding{EncodingClip}}, "\x02\x00\x00\x01\xc0\xa1\xe5\xce"},
		{Fence{FenceRequest, "ab"}, "\xf8\x00\x00\x00\x80\x00\x00\x00\x02ab"},
		{FramebufferUpdate{Count: 2}, "\x00\x00\x00\x02"},
	} {
		if got := test.m.Append(nil); string(got) != test.want {
			t.Errorf("%#v: % x, want % x", test.m, got, test.want)
		}
	}
	size := ExtendedDesktopSize{Reason: 1, Status: 2, W: 3, H: 4, Screens: []Screen{{5, raster.XYWH(6, 7, 8, 9), 10}}}
	want := "\x00\x01\x00\x02\x00\x03\x00\x04\xff\xff\xfe\xcc\x01\x00\x00\x00" +
		"\x00\x00\x00\x05\x00\x06\x00\x07\x00\x08\x00\x09\x00\x00\x00\x0a"
	if got := size.Append(nil); string(got) != want {
		t.Errorf("size: % x, want % x", got, want)
	}
}

func TestWrongClientMessages(t *testing.T) {
	bomb := Clip{Action: ClipProvide, Formats: ClipText, Text: strings.Repeat("x", 40<<20)}.Append(nil)
	for name, test := range map[string]struct {
		in   string
		want string // "" is acceptance
	}{
		"unknown":             {"\x01", "unknown client message"},
		"format of 24 bits":   {"\x00\x00\x00\x00\x18\x18\x00\x01\x00\xff\x00\xff\x00\xff\x10\x08\x00\x00\x00\x00", "24 bits"},
		"too many encodings":  {"\x02\x00\xff\xff", "encodings"},
		"long fence":          {"\xf8\x00\x00\x00\x80\x00\x00\x00\x41", "payload"},
		"too many screens":    {"\xfb\x00\x00\x01\x00\x01\xff\x00", "screens"},
		"unknown QEMU":        {"\xff\x01", "unknown kind"},
		"absurd text":         {"\x06\x00\x00\x00\x7f\xff\xff\xff", "bytes of text"},
		"absurd clipboard":    {"\x06\x00\x00\x00\x80\x00\x00\x00", "clipboard"},
		"clipboard of 3":      {"\x06\x00\x00\x00\xff\xff\xff\xfd", "clipboard"},
		"caps without sizes":  {"\x06\x00\x00\x00\xff\xff\xff\xfc\x01\x00\x00\x03", "sizes"},
		"provide not zlib":    {"\x06\x00\x00\x00\xff\xff\xff\xf8\x10\x00\x00\x01abcd", "provided"},
		"bomb":                {string(bomb), ""},
		"text of 2 MiB":       {"\x06\x00\x00\x00\x00\x20\x00\x00" + strings.Repeat("x", 2<<20), ""},
		"clipboard of 2 MiB":  {"\x06\x00\x00\x00\xff\xdf\xff\xfc\x10\x00\x00\x01" + strings.Repeat("x", 2<<20), ""},
		"formats we have not": {"\x06\x00\x00\x00\xff\xff\xff\xf8\x10\x00\x00\x02abcd", ""},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := NewReader(strings.NewReader(test.in)).ClientMessage()
			switch {
			case test.want == "" && err != nil:
				t.Fatal(err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Fatalf("%#v, %v; want an error with %q", m, err, test.want)
			}
			switch m := m.(type) {
			case CutText:
				if !m.TooLong || m.Text != "" {
					t.Error("kept too long a text")
				}
			case Clip:
				if m.Formats&ClipText != 0 && (!m.TooLong || m.Text != "") {
					t.Error("kept too long a clipboard")
				}
			}
		})
	}
}

func TestEncodingChoices(t *testing.T) {
	m := SetEncodings{[]codec.Encoding{99, codec.ZRLE, codec.Tight, EncodingQuality0 + 8, EncodingCompress0}}
	if got := m.Favourite(codec.Tight, codec.ZRLE); got != codec.ZRLE {
		t.Errorf("favourite %v", got)
	}
	if got := m.Favourite(codec.Tight); got != codec.Tight {
		t.Errorf("favourite %v", got)
	}
	if got := m.Favourite(); got != codec.Raw {
		t.Errorf("favourite %v", got)
	}
	if m.Quality() != 92 || m.Compression(5) != 1 || !m.Has(99) || m.Has(98) {
		t.Errorf("quality %d, compression %d", m.Quality(), m.Compression(5))
	}
	fine := SetEncodings{[]codec.Encoding{EncodingQuality0, EncodingFineQuality0 + 55}}
	if fine.Quality() != 55 || (SetEncodings{}).Quality() != 0 || fine.Compression(5) != 5 {
		t.Errorf("quality %d", fine.Quality())
	}
}

func FuzzClientMessage(f *testing.F) {
	for _, m := range clientMessages {
		f.Add(m.Append(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := NewReader(bytes.NewReader(b))
		r.ExtendedButtons = true
		for {
			m, err := r.ClientMessage()
			if err != nil {
				return
			}
			again, err := readClient(NewReader(bytes.NewReader(m.Append(nil))))
			if c, ok := m.(Clip); ok && (c.Action != ClipProvide || c.TooLong) {
				continue // what is not understood is not kept
			}
			if c, ok := m.(CutText); ok && c.TooLong {
				continue
			}
			if err != nil || !reflect.DeepEqual(again, m) {
				t.Fatalf("%#v came back as %#v, %v", m, again, err)
			}
		}
	})
}
