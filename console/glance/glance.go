package glance

import (
	"bytes"
	"unicode/utf8"

	"deskside"
)

// What is shown of a file.
const (
	MaxText  = 256 << 10 // bytes of a text
	MaxImage = 16 << 20  // bytes of a picture
	MaxSide  = 16_384    // points of a picture's side
	MaxArea  = 64 << 20  // points of a picture in all: a page holds four bytes for each
)

// Kind is what a file is shown as: the media type that it is served with.
type Kind string

// The kinds. A text is of the encoding that its beginning says.
const (
	PNG     Kind = "image/png"
	JPEG    Kind = "image/jpeg"
	GIF     Kind = "image/gif"
	WebP    Kind = "image/webp"
	BMP     Kind = "image/bmp"
	UTF8    Kind = "text/plain; charset=utf-8"
	UTF16LE Kind = "text/plain; charset=utf-16le"
	UTF16BE Kind = "text/plain; charset=utf-16be"
	Western Kind = "text/plain; charset=windows-1252" // any byte of it is a character
	None    Kind = ""                                 // nothing that is shown
)

// Image reports whether the kind is a picture, of which all is needed.
func (k Kind) Image() bool {
	switch k {
	case PNG, JPEG, GIF, WebP, BMP:
		return true
	}
	return false
}

// Of says what a file is that begins with head and has size bytes. head is all of
// it, or at least MaxText bytes.
func Of(head []byte, size int64) Kind {
	if k := imageOf(head); k != None {
		return k
	}
	head = head[:min(len(head), MaxText)]
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		return UTF16LE
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return UTF16BE
	case !plain(head):
		return None
	case utf8.Valid(whole(head, size)):
		return UTF8
	}
	return Western
}

// Text gives what is shown of a text: at most MaxText bytes, and no part of a
// character at the end.
func Text(head []byte, k Kind, size int64) []byte {
	head = head[:min(len(head), MaxText)]
	switch k {
	case UTF8:
		return whole(head, size)
	case UTF16LE, UTF16BE:
		return head[:len(head)&^1]
	}
	return head
}

// whole cuts the beginning of a character off the end of a beginning.
func whole(head []byte, size int64) []byte {
	if int64(len(head)) >= size {
		return head
	}
	for i := 1; i < utf8.UTFMax && i <= len(head); i++ {
		if rest := head[len(head)-i:]; utf8.RuneStart(rest[0]) {
			if !utf8.FullRune(rest) {
				return head[:len(head)-i]
			}
			break
		}
	}
	return head
}

// plain reports whether the bytes hold no control character but those that texts
// and what terminals wrote have.
func plain(head []byte) bool {
	for _, b := range head {
		if b < ' ' && (b < '\b' || b > '\r') && b != 0x1b || b == 0x7f {
			return false
		}
	}
	return true
}

// Check refuses a picture that is too large to be drawn. head is as for Of.
func Check(head []byte, k Kind, size int64) error {
	if !k.Image() {
		return nil
	}
	w, h, err := points(head, k)
	switch {
	case size > MaxImage:
		return deskside.Errorf(deskside.CodeUnsupported, "a picture of %d MiB is larger than the %d MiB that are shown here", size>>20, MaxImage>>20).
			Hint("Copy it and open the copy.")
	case err != nil:
		return deskside.Errorf(deskside.CodeUnsupported, "the picture is damaged: its size in points cannot be read")
	case w > MaxSide || h > MaxSide || w*h > MaxArea:
		return deskside.Errorf(deskside.CodeUnsupported, "a picture of %d × %d points is larger than is shown here", w, h).
			Hint("Copy it and open the copy.")
	}
	return nil
}
