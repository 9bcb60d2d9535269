package remctrl_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"deskside/codec"
	"deskside/internal/await"
	"deskside/internal/xvfb"
	"deskside/raster"
	"deskside/rfb"
	"deskside/transport/transporttest"
)

// TestXterm types into a real xterm on a real X server through one viewer, and
// two see exactly the pixels that the server has.
func TestXterm(t *testing.T) {
	transporttest.Each(t, func(t *testing.T, n *transporttest.Net) {
		w, display, _ := x11World(t, n, "600x400x24")
		a := w.view("", rfb.ClientConfig{Push: true})
		b := w.view("?view-only=1", rfb.ClientConfig{Format: raster.RGB565, Encodings: []codec.Encoding{codec.ZRLE, rfb.EncodingCursor}})
		typed := filepath.Join(t.TempDir(), "typed")
		xvfb.Client(t, display, "xterm", "-fa", "DejaVu Sans Mono", "-geometry", "60x12+30+20", "-e", "cat > "+typed)
		a.Pointer(100, 60, 0)
		await.True(t, "the text arrives at the program", func() bool {
			for _, sym := range []uint32{'x', 'Y', 0xe4, '!', 0xff0d} {
				a.Key(sym, 0, true)
				a.Key(sym, 0, false)
			}
			text, _ := os.ReadFile(typed)
			return strings.Contains(string(text), "xYä!\n")
		})
		a.Pointer(120, 80, 0) // xterm hides the pointer from typing until it moves
		for _, v := range []struct {
			*viewer
			format raster.Format
		}{{a, raster.RGB888}, {b, raster.RGB565}} {
			f := codec.NewFormat(v.format)
			v.until("the server's pixels", func() bool { return sameAs(v.image, pixels(t, display), f) })
			v.until("a pointer", func() bool { return v.cursor.Image.W > 0 })
		}
	})
}

// pixels takes the server's picture by a program that shares no code with us.
func pixels(t *testing.T, display string) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "pixels")
	xvfb.Run(t, display, "import", "-window", "root", "-depth", "8", "rgb:"+file)
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sameAs compares a picture with bytes of red, green and blue, as f rounds them.
func sameAs(m *raster.Image, rgb []byte, f *codec.Format) bool {
	if len(rgb) != m.W*m.H*3 {
		return false
	}
	for i := range m.W * m.H {
		p := rgb[3*i:]
		if m.Pixel(i%m.W, i/m.W) != f.Rounded(uint32(p[0])<<16|uint32(p[1])<<8|uint32(p[2])) {
			return false
		}
	}
	return true
}
