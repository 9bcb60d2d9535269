package x11_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"deskside/desktop"
	"deskside/desktop/x11"
	"deskside/internal/await"
	"deskside/internal/xvfb"
)

// Keysyms by name.
const (
	symShift   = 0xffe1
	symControl = 0xffe3
	symCaps    = 0xffe5
	symAltGr   = 0xfe03
	symTab     = 0xff09
)

func sym(r rune) desktop.Key {
	if r < 0x100 {
		return desktop.Key{Sym: uint32(r)}
	}
	return desktop.Key{Sym: 0x01000000 | uint32(r)}
}

func press(t *testing.T, d desktop.Input, keys ...desktop.Key) {
	t.Helper()
	for _, k := range keys {
		hold(t, d, k, true)
		hold(t, d, k, false)
	}
}

func hold(t *testing.T, d desktop.Input, k desktop.Key, down bool) {
	t.Helper()
	if err := d.Key(k, down); err != nil {
		t.Fatal(err)
	}
}

// writer is a real terminal whose program writes what it is typed to a file.
type writer struct {
	t    *testing.T
	d    *x11.Desktop
	path string
	seen int
}

func newWriter(t *testing.T, display string, d *x11.Desktop) *writer {
	t.Helper()
	w := &writer{t: t, d: d, path: filepath.Join(t.TempDir(), "typed")}
	if err := d.Pointer(50, 50, 0); err != nil {
		t.Fatal(err)
	}
	xterm(t, display, "-e", "sh", "-c", "stty -icanon -echo && echo ready >"+w.path+" && cat >>"+w.path)
	await.True(t, "the terminal is ready", func() bool { return strings.HasPrefix(w.read(), "ready\n") })
	w.seen = len("ready\n")
	return w
}

func (w *writer) read() string {
	b, _ := os.ReadFile(w.path)
	return string(b)
}

// wants waits until the text has arrived, and fails if another did.
func (w *writer) wants(text string) {
	w.t.Helper()
	var got string
	await.True(w.t, "something arrives", func() bool {
		got = w.read()[w.seen:]
		return len(got) >= len(text)
	})
	if got != text {
		w.t.Errorf("typed %+q, arrived %+q", text, got)
	}
	w.seen += len(got)
}

func (w *writer) types(text string) {
	w.t.Helper()
	for _, r := range text {
		press(w.t, w.d, sym(r))
	}
	w.wants(text)
}

// layout sets the keyboard layout and waits until the desktop knows.
func (w *writer) layout(display, name string) {
	w.t.Helper()
	xvfb.Run(w.t, display, "setxkbmap", "-layout", "us", "-variant", "intl")
	press(w.t, w.d, desktop.Key{Sym: symShift})
	xvfb.Run(w.t, display, "setxkbmap", "-layout", name, "-variant", "")
	await.True(w.t, "the new map is noticed", w.d.KeymapIsStale)
}

func TestEveryCharacterArrivesOnEveryLayout(t *testing.T) {
	for _, layout := range []string{"us", "de", "fr", "ru", "jp", "ch"} {
		t.Run(layout, func(t *testing.T) {
			defer goleak.VerifyNone(t)
			display := xvfb.Start(t, "640x480x24")
			d := open(t, display)
			defer d.Close()
			w := newWriter(t, display, d)
			w.layout(display, layout)
			var ascii []rune
			for r := rune('!'); r <= '~'; r++ {
				ascii = append(ascii, r)
			}
			w.types(string(ascii))
			w.types("äöüßéèçñ¿£§°µ €–…“” Ωжя 日本 🙂 ")

			shift := desktop.Key{Sym: symShift}
			hold(t, d, shift, true) // as a viewer with another layout does
			w.types("@Q{ä/aé日1")
			hold(t, d, shift, false)
			hold(t, d, desktop.Key{Sym: symAltGr}, true)
			w.types("@q{ä1")
			hold(t, d, desktop.Key{Sym: symAltGr}, false)

			press(t, d, desktop.Key{Sym: symCaps})
			w.types("aA1!@äÄß{")
			press(t, d, desktop.Key{Sym: symCaps})
			w.types("aA1")
			hold(t, d, desktop.Key{Sym: symControl}, true)
			press(t, d, sym('a'))
			hold(t, d, desktop.Key{Sym: symControl}, false)
			w.wants("\x01")
		})
	}
}

func TestMoreCharactersThanKeys(t *testing.T) {
	defer goleak.VerifyNone(t)
	display := xvfb.Start(t, "640x480x24")
	d := open(t, display)
	defer d.Close()
	w := newWriter(t, display, d)
	var text []rune
	for i := range rune(150) {
		text = append(text, 0x4e00+i)
	}
	w.types(string(text))
}

// TestAPersonsShiftDoesNotSpoilKeys types while Shift is held at the machine
// itself, which cannot be let go for them.
func TestAPersonsShiftDoesNotSpoilKeys(t *testing.T) {
	defer goleak.VerifyNone(t)
	display := xvfb.Start(t, "640x480x24")
	d := open(t, display)
	defer d.Close()
	w := newWriter(t, display, d)
	xvfb.Run(t, display, "xdotool", "keydown", "shift")
	w.types("aA1!é")
	xvfb.Run(t, display, "xdotool", "keyup", "shift")
	w.types("aA1!é")
}

// TestScanCodesAreKeysNotCharacters types by the places of keys.
func TestScanCodesAreKeysNotCharacters(t *testing.T) {
	defer goleak.VerifyNone(t)
	display := xvfb.Start(t, "640x480x24")
	d := open(t, display)
	defer d.Close()
	w := newWriter(t, display, d)
	for layout, want := range map[string]string{"us": "qyz;", "de": "qzyö", "fr": "aywm"} {
		w.layout(display, layout)
		for _, scan := range []uint32{0x10, 0x15, 0x2c, 0x27} {
			press(t, d, desktop.Key{Scan: scan, Sym: 'x'})
		}
		w.wants(want)
	}
	for _, c := range []struct {
		scan uint32
		want string
	}{{0x1c, "\r"}, {0x9c, "\r"}, {0x0f, "\t"}, {0xc8, "\x1b[A"}, {0xcd, "\x1b[C"}, {0xd3, "\x1b[3~"}, {0x3b, "\x1bOP"}, {0x57, "\x1b[23~"}} {
		press(t, d, desktop.Key{Scan: c.scan})
		w.wants(strings.ReplaceAll(c.want, "\r", "\n"))
	}
}

// TestReleaseByAnotherSymbol lets go of a key by what it means once Shift is
// gone.
func TestReleaseByAnotherSymbol(t *testing.T) {
	defer goleak.VerifyNone(t)
	p := &program{t: t, server: xvfb.Launch(t, "640x480x24")}
	p.display = p.server.Display
	d := open(t, p.display)
	defer d.Close()
	shift := desktop.Key{Sym: symShift}
	hold(t, d, shift, true)
	hold(t, d, sym('!'), true)
	hold(t, d, shift, false)
	hold(t, d, sym('1'), false)
	await.True(t, "nothing is held", func() bool { n, _ := p.held(); return n == 0 })
}

// TestFunctionKeysKeepModifiers holds Shift and presses Tab, which is how
// focus moves backwards: Shift must not be let go for it.
func TestFunctionKeysKeepModifiers(t *testing.T) {
	defer goleak.VerifyNone(t)
	display := xvfb.Start(t, "640x480x24")
	d := open(t, display)
	defer d.Close()
	w := newWriter(t, display, d)
	hold(t, d, desktop.Key{Sym: symShift}, true)
	press(t, d, desktop.Key{Sym: symTab}, desktop.Key{Sym: 0xff51})
	hold(t, d, desktop.Key{Sym: symShift}, false)
	w.wants("\x1b[Z\x1b[1;2D")
}
