package rfb

import (
	"bytes"
	"compress/zlib"
	"io"
	"math/bits"
	"strings"
	"unicode/utf8"
)

// ClipAction says what a Clip does.
type ClipAction uint32

// The actions.
const (
	ClipCaps    ClipAction = 1 << 24 // tells what the sender understands
	ClipRequest ClipAction = 1 << 25 // asks for the content in these formats
	ClipPeek    ClipAction = 1 << 26 // asks for a notify
	ClipNotify  ClipAction = 1 << 27 // tells the formats there are; none if the clipboard is empty
	ClipProvide ClipAction = 1 << 28 // the content
)

// ClipText is the one format that is exchanged here. Others are skipped.
const ClipText = 1

// Clip is a message of the Extended Clipboard, in either direction: UTF-8 text
// that is announced first and sent when asked for.
type Clip struct {
	Action  ClipAction // with ClipCaps, all that are understood
	Formats uint16

	// MaxText is, in ClipCaps, how many bytes of text may come without being
	// asked for.
	MaxText uint32

	Text    string // of ClipProvide, with bare line feeds
	TooLong bool   // there was more than MaxCut of it and Text is empty
	Server  bool   // from the server; the two differ in their first byte
}

// Append appends the message.
func (m Clip) Append(dst []byte) []byte {
	dst = append(appendCutType(dst, m.Server), 0, 0, 0, 0)
	at := len(dst)
	dst = be.AppendUint32(dst, uint32(m.Action)|uint32(m.Formats))
	switch {
	case m.Action&ClipCaps != 0:
		for range bits.OnesCount16(m.Formats) {
			dst = be.AppendUint32(dst, m.MaxText)
		}
	case m.Action == ClipProvide:
		dst = appendProvided(dst, m.Text)
	}
	be.PutUint32(dst[at-4:], clipLength(len(dst)-at))
	return dst
}

// appendProvided appends the text as the wire has it: compressed, with its
// length before, line ends of two characters and a zero at the end.
func appendProvided(dst []byte, text string) []byte {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n") + "\x00"
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	z.Write(be.AppendUint32(nil, uint32(len(text))))
	io.WriteString(z, text)
	z.Close()
	return append(dst, b.Bytes()...)
}

// readClip reads the n bytes after the length.
func readClip(r *Reader, n int64) (m Clip) {
	if n > MaxSkip || n < 4 {
		r.fail("%d bytes of clipboard: want 4 to %d", n, MaxSkip)
		return m
	}
	flags := r.u32()
	m.Action, m.Formats = ClipAction(flags&^0xffff), uint16(flags)
	n -= 4
	if n > MaxCut {
		r.skip(n)
		m.TooLong = m.Action == ClipProvide
		return m
	}
	body := r.text(int(n))
	switch {
	case r.err != nil:
	case m.Action&ClipCaps != 0:
		m.readCaps(r, body)
	case m.Action == ClipProvide && m.Formats&ClipText != 0:
		m.readProvided(r, body)
	}
	return m
}

func (m *Clip) readCaps(r *Reader, body string) {
	if len(body) < 4*bits.OnesCount16(m.Formats) {
		r.fail("%d bytes of sizes for formats %#x", len(body), m.Formats)
		return
	}
	if m.Formats&ClipText != 0 {
		m.MaxText = be.Uint32([]byte(body[:4]))
	}
}

// readProvided takes the text, which is the first format. What is compressed may
// be of any length, so no more of it is looked at than may be kept.
func (m *Clip) readProvided(r *Reader, body string) {
	z, err := zlib.NewReader(strings.NewReader(body))
	if err != nil {
		r.fail("provided text: %w", err)
		return
	}
	var head [4]byte
	if _, err := io.ReadFull(z, head[:]); err != nil {
		r.fail("provided text: %w", err)
		return
	}
	n := int64(be.Uint32(head[:]))
	if n > 2*MaxCut { // every line feed counts twice on the wire
		m.TooLong = true
		return
	}
	text, err := io.ReadAll(io.LimitReader(z, n))
	if err != nil || int64(len(text)) != n {
		r.fail("provided text: %d of %d bytes: %w", len(text), n, or(err, io.ErrUnexpectedEOF))
		return
	}
	m.Text = strings.ReplaceAll(strings.TrimRight(string(text), "\x00"), "\r\n", "\n")
	if len(m.Text) > MaxCut {
		m.Text, m.TooLong = "", true
	}
	if !utf8.ValidString(m.Text) {
		r.fail("provided text is not UTF-8")
	}
}

func or(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}
