package glance_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
	"unicode/utf8"

	"deskside"
	"deskside/console/glance"
)

// drawn encodes a picture of w by h points.
func drawn(t testing.TB, k glance.Kind, w, h int) []byte {
	t.Helper()
	p := image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{color.Black, color.White})
	var b bytes.Buffer
	var err error
	switch k {
	case glance.PNG:
		err = png.Encode(&b, p)
	case glance.JPEG:
		err = jpeg.Encode(&b, p, nil)
	case glance.GIF:
		err = gif.Encode(&b, p, nil)
	case glance.BMP:
		b.WriteString("BM\x00\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00")
		binary.Write(&b, binary.LittleEndian, []int32{int32(w), -int32(h)})
	case glance.WebP:
		b.WriteString("RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00")
		b.Write([]byte{byte(w - 1), byte((w - 1) >> 8), byte((w - 1) >> 16), byte(h - 1), byte((h - 1) >> 8), byte((h - 1) >> 16)})
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestOf(t *testing.T) {
	for _, c := range []struct {
		name, head string
		want       glance.Kind
	}{
		{"nothing", "", glance.UTF8},
		{"a text", "buy milk\n", glance.UTF8},
		{"of a terminal", "\x1b[1mred\x1b[0m\r\n", glance.UTF8},
		{"of another language", "grüß dich שלום\n", glance.UTF8},
		{"of an old encoding", "gr\xfc\xdf dich\n", glance.Western},
		{"of Windows", "\xff\xfeh\x00i\x00", glance.UTF16LE},
		{"of others", "\xfe\xff\x00h\x00i", glance.UTF16BE},
		{"a page", "<!DOCTYPE html><script>alert(1)</script>", glance.UTF8},
		{"a drawing", `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`, glance.UTF8},
		{"a letter that begins like a bitmap", "BMW is no picture, and this is long enough to be one", glance.UTF8},
		{"a program", "\x7fELF\x02\x01\x01\x00", glance.None},
		{"a picture's name alone", "\x89PNG\r\n\x1a\n", glance.None},
		{"a page after a picture's first bytes", "GIF89a<script>alert(1)</script>", glance.GIF},
		{"PNG", string(drawn(t, glance.PNG, 3, 2)), glance.PNG},
		{"JPEG", string(drawn(t, glance.JPEG, 3, 2)), glance.JPEG},
		{"GIF", string(drawn(t, glance.GIF, 3, 2)), glance.GIF},
		{"BMP", string(drawn(t, glance.BMP, 3, 2)), glance.BMP},
		{"WebP", string(drawn(t, glance.WebP, 3, 2)), glance.WebP},
	} {
		if got := glance.Of([]byte(c.head), int64(len(c.head))); got != c.want {
			t.Errorf("%s is %q, want %q", c.name, got, c.want)
		}
	}
}

// TestALongTextIsCutBetweenCharacters cuts at each place of a long character.
func TestALongTextIsCutBetweenCharacters(t *testing.T) {
	for n := range 4 {
		text := []byte(strings.Repeat("x", glance.MaxText-n) + strings.Repeat("🖨", 100))
		for _, head := range [][]byte{text, text[:glance.MaxText]} {
			k := glance.Of(head, int64(len(text)))
			got := glance.Text(head, k, int64(len(text)))
			if k != glance.UTF8 || !utf8.Valid(got) || len(got) != glance.MaxText-n {
				t.Errorf("%d before the end: %q, %d bytes, want %d", n, k, len(got), glance.MaxText-n)
			}
		}
	}
	cut := []byte("ends in the middle \xf0\x9f")
	if k := glance.Of(cut, int64(len(cut))); k != glance.Western {
		t.Errorf("a file that ends within a character is %q", k)
	}
	wide := []byte("\xff\xfeh\x00i")
	if got := glance.Text(wide, glance.UTF16LE, 5); len(got) != 4 {
		t.Errorf("%d bytes of a text of two to a character", len(got))
	}
}

func TestPicturesHaveAnEnd(t *testing.T) {
	for _, k := range []glance.Kind{glance.PNG, glance.GIF, glance.JPEG, glance.BMP, glance.WebP} {
		head := drawn(t, k, 300, 200)
		if err := glance.Check(head, k, int64(len(head))); err != nil {
			t.Errorf("%s: %v", k, err)
		}
		if err := glance.Check(head, k, glance.MaxImage+1); deskside.CodeOf(err) != deskside.CodeUnsupported {
			t.Errorf("%s of many bytes: %v", k, err)
		}
		if err := glance.Check(head[:12], k, 12); deskside.CodeOf(err) != deskside.CodeUnsupported {
			t.Errorf("%s that is cut off: %v", k, err)
		}
	}
	for _, k := range []glance.Kind{glance.BMP, glance.WebP} {
		for _, size := range [][2]int{{glance.MaxSide + 1, 1}, {1, glance.MaxSide + 1}, {16_000, 16_000}} {
			if err := glance.Check(drawn(t, k, size[0], size[1]), k, 99); deskside.CodeOf(err) != deskside.CodeUnsupported {
				t.Errorf("%s of %v: %v", k, size, err)
			}
		}
	}
	if err := glance.Check(nil, glance.UTF8, 1<<40); err != nil {
		t.Errorf("a text: %v", err)
	}
}

func FuzzOf(f *testing.F) {
	for _, k := range []glance.Kind{glance.PNG, glance.JPEG, glance.GIF, glance.BMP, glance.WebP} {
		f.Add(drawn(f, k, 3, 2))
	}
	f.Add([]byte("text"))
	f.Add([]byte("RIFF\x00\x00\x00\x00WEBPVP8L\x00\x00\x00\x00\x2f\xff\xff\xff\xff\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, head []byte) {
		k := glance.Of(head, int64(len(head)))
		if !k.Image() {
			if text := glance.Text(head, k, int64(len(head))); k == glance.UTF8 && !utf8.Valid(text) {
				t.Errorf("%q is no text", text)
			}
			return
		}
		glance.Check(head, k, int64(len(head)))
	})
}
