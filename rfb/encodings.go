package rfb

import (
	"slices"

	"deskside/codec"
)

// The pseudo-encodings with which a client says what else it understands. Tight
// qualities run from EncodingQuality0 to nine more, compression levels from
// EncodingCompress0 to nine more, fine qualities from EncodingFineQuality0 to a
// hundred more.
const (
	EncodingCompress0       codec.Encoding = -256
	EncodingQuality0        codec.Encoding = -32
	EncodingFineQuality0    codec.Encoding = -512
	EncodingDesktopSize     codec.Encoding = -223
	EncodingLastRect        codec.Encoding = -224
	EncodingCursor          codec.Encoding = -239
	EncodingExtendedKeys    codec.Encoding = -258
	EncodingDesktopName     codec.Encoding = -307
	EncodingExtendedSize    codec.Encoding = -308
	EncodingFence           codec.Encoding = -312
	EncodingContinuous      codec.Encoding = -313
	EncodingExtendedButtons codec.Encoding = -316
	EncodingClip            codec.Encoding = -0x3f5e1a32 // 0xc0a1e5ce
)

// SetEncodings lists what the client understands, its favourites first (RFC 6143
// section 7.5.2).
type SetEncodings struct{ Encodings []codec.Encoding }

// Append appends the message. There are at most MaxEncodings encodings.
func (m SetEncodings) Append(dst []byte) []byte {
	dst = be.AppendUint16(append(dst, typeSetEncodings, 0), uint16(len(m.Encodings)))
	for _, e := range m.Encodings {
		dst = be.AppendUint32(dst, uint32(e))
	}
	return dst
}

func readSetEncodings(r *Reader) (m SetEncodings) {
	r.pad(1)
	n := int(r.u16())
	if n > MaxEncodings {
		r.fail("%d encodings: at most %d", n, MaxEncodings)
		return m
	}
	for range n {
		m.Encodings = append(m.Encodings, codec.Encoding(r.u32()))
	}
	return m
}

// Has reports whether the client understands e.
func (m SetEncodings) Has(e codec.Encoding) bool { return slices.Contains(m.Encodings, e) }

// Favourite gives the first of the list that is one of ours, Raw if none is:
// every client understands that.
func (m SetEncodings) Favourite(ours ...codec.Encoding) codec.Encoding {
	for _, e := range m.Encodings {
		if slices.Contains(ours, e) {
			return e
		}
	}
	return codec.Raw
}

// Quality gives the JPEG quality, 1 to 100, that the client allows; 0 if it
// wants exact pixels only.
func (m SetEncodings) Quality() int {
	// What TigerVNC's and TightVNC's levels stand for, in libjpeg's measure.
	levels := [10]int{15, 29, 41, 42, 62, 77, 79, 86, 92, 100}
	quality := 0
	for _, e := range m.Encodings {
		switch {
		case e >= EncodingFineQuality0 && e <= EncodingFineQuality0+100:
			return max(int(e-EncodingFineQuality0), 1)
		case e >= EncodingQuality0 && e < EncodingQuality0+10:
			quality = levels[e-EncodingQuality0]
		}
	}
	return quality
}

// Compression gives the zlib level, 1 to 9, that the client asks for, and
// otherwise if it does not.
func (m SetEncodings) Compression(otherwise int) int {
	for _, e := range m.Encodings {
		if e >= EncodingCompress0 && e < EncodingCompress0+10 {
			return max(int(e-EncodingCompress0), 1)
		}
	}
	return otherwise
}
