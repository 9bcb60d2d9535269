package rfb

import "math"

// CutText is the plain form of the clipboard, in either direction: Latin-1 on
// the wire, characters outside it as question marks (RFC 6143 sections 7.5.6 and
// 7.6.4).
type CutText struct {
	Text    string
	TooLong bool // there was more than MaxCut of it and Text is empty
	Server  bool // from the server; the two differ in their first byte
}

// Append appends the message.
func (m CutText) Append(dst []byte) []byte {
	dst = append(appendCutType(dst, m.Server), 0, 0, 0, 0)
	at := len(dst)
	for _, c := range m.Text {
		if c > 0xff {
			c = '?'
		}
		dst = append(dst, byte(c))
	}
	be.PutUint32(dst[at-4:], uint32(len(dst)-at))
	return dst
}

func appendCutType(dst []byte, server bool) []byte {
	if server {
		return append(dst, typeServerCut, 0, 0, 0)
	}
	return append(dst, typeClientCut, 0, 0, 0)
}

// readCut reads a CutText or, where the length is negative, a Clip.
func readCut(r *Reader) Message {
	r.pad(3)
	n := int64(int32(r.u32()))
	if n < 0 {
		return readClip(r, -n)
	}
	var m CutText
	switch {
	case n > MaxSkip:
		r.fail("%d bytes of text: at most %d", n, MaxSkip)
	case n > MaxCut:
		r.skip(n)
		m.TooLong = true
	default:
		m.Text = fromLatin1(r.text(int(n)))
	}
	return m
}

// readServerCut reads the same from a server.
func readServerCut(r *Reader) Message {
	switch m := readCut(r).(type) {
	case CutText:
		m.Server = true
		return m
	case Clip:
		m.Server = true
		return m
	default:
		return m
	}
}

func fromLatin1(s string) string {
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}

// clipLength gives the length of a Clip as it is announced: negative.
func clipLength(n int) uint32 { return uint32(-int32(min(n, math.MaxInt32))) }
