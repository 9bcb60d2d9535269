package keyboard

import (
	"encoding/binary"
	"testing"

	"go.uber.org/goleak"

	"deskside/desktop/x11/link"
	"deskside/internal/xvfb"
)

// reply makes the reply to GetMap with two types and two keys: "a A" by Shift
// and Caps Lock, and "1 ! ¹" by Shift and the third level.
func reply() []byte {
	b := make([]byte, 40)
	binary.LittleEndian.PutUint16(b[12:], xkbTypes|xkbSyms)
	b[15], b[17], b[20] = 2, 38, 2
	entry := func(mods, level byte) { b = append(b, 1, mods, level, mods, 0, 0, 0, 0) }
	b = append(b, ModShift|ModLock, 0, 0, 0, 2, 2, 1, 0) // preserves
	entry(ModShift, 1)
	entry(ModLock, 1)
	b = append(b, make([]byte, 8)...)
	b = append(b, ModShift|0x80, 0, 0, 0, 3, 2, 0, 0)
	entry(ModShift, 1)
	entry(0x80, 2)
	sym := func(list ...uint32) {
		for _, s := range list {
			b = binary.LittleEndian.AppendUint32(b, s)
		}
	}
	b = append(b, 0, 0, 0, 0, 1, 2, 2, 0)
	sym('a', 'A')
	b = append(b, 1, 0, 0, 0, 1, 3, 3, 0)
	sym('1', '!', 0xb9)
	return b
}

func TestKeymap(t *testing.T) {
	m, err := parse(reply())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		code byte
		mods byte
		want uint32
	}{
		{38, 0, 'a'}, {38, ModShift, 'A'}, {38, ModLock, 'A'}, {38, ModShift | ModLock, 'a'}, {38, 0x04, 'a'},
		{39, 0, '1'}, {39, ModShift, '!'}, {39, 0x80, 0xb9}, {39, ModShift | 0x80, '1'}, {39, ModLock, '1'},
		{40, 0, 0}, {0, 0, 0}, {255, 0, 0},
	} {
		for group := range 4 {
			if got := m.Sym(c.code, group, c.mods); got != c.want {
				t.Errorf("key %d with modifiers %#x in group %d gives %#x, want %#x", c.code, c.mods, group, got, c.want)
			}
		}
	}
	for n := range reply() {
		if _, err := parse(reply()[:n]); err == nil {
			t.Errorf("the first %d bytes pass for a map", n)
		}
	}
}

func TestGroups(t *testing.T) {
	for _, c := range []struct {
		info byte
		want [4]int
	}{
		{0, [4]int{0, 0, 0, 0}},
		{1, [4]int{0, 0, 0, 0}},
		{2, [4]int{0, 1, 0, 1}},               // wraps
		{2 | 0x40, [4]int{0, 1, 1, 1}},        // clamps
		{2 | 0x80 | 0x10, [4]int{0, 1, 1, 1}}, // goes to the second
		{2 | 0x80 | 0x30, [4]int{0, 1, 0, 0}}, // to one that is not there
	} {
		k := keySyms{groups: c.info}
		for g, want := range c.want {
			if got := k.group(g); got != want {
				t.Errorf("groups %#x: group %d gives %d, want %d", c.info, g, got, want)
			}
		}
	}
}

func TestSyms(t *testing.T) {
	for _, c := range []struct{ sym, plain, upper uint32 }{
		{'a', 'a', 'A'}, {0x010000e9, 0xe9, 0xc9}, {0xe9, 0xe9, 0xc9}, {0x01000436, 0x01000436, 0x01000416},
		{0xff, 0xff, 0x01000178}, {0xdf, 0xdf, 0xdf}, {0xff0d, 0xff0d, 0xff0d}, {0x20ac, 0x20ac, 0x20ac}, {0x01000041, 'A', 'A'},
	} {
		if got := Plain(c.sym); got != c.plain {
			t.Errorf("Plain(%#x) = %#x, want %#x", c.sym, got, c.plain)
		}
		if got := Upper(Plain(c.sym)); got != c.upper {
			t.Errorf("Upper(%#x) = %#x, want %#x", c.sym, got, c.upper)
		}
	}
}

func TestScanCodes(t *testing.T) {
	for scan, want := range map[uint32]byte{
		0x01: 9, 0x1e: 38, 0x53: 91, 0x56: 94, 0x57: 95, 0x9c: 104, 0xb8: 108, 0xc8: 111, 0xd3: 119, 0xdb: 133, 0xdd: 135, 0xc6: 127,
		0: 0, 0x7f: 0, 0x80: 0, 0xffffffff: 0,
	} {
		if got := CodeOfScan(scan); got != want {
			t.Errorf("CodeOfScan(%#x) = %d, want %d", scan, got, want)
		}
	}
}

func FuzzKeymap(f *testing.F) {
	f.Add(reply(), byte(38), byte(ModShift))
	f.Fuzz(func(t *testing.T, b []byte, code, mods byte) {
		m, err := parse(b)
		if err != nil {
			return
		}
		for g := range 4 {
			s := m.Sym(code, g, mods)
			m.Holders(s, g)
		}
		m.Spare()
	})
}

// TestKeymapOfAServer takes a real server's map.
func TestKeymapOfAServer(t *testing.T) {
	defer goleak.VerifyNone(t)
	a, err := link.Find(xvfb.Start(t, "320x200x24"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := link.Connect(t.Context(), a, "", "XKEYBOARD")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := Watch(c); err != nil {
		t.Fatal(err)
	}
	reply, err := getMap(c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parse(reply); err != nil {
		t.Fatal(err)
	}
	for n := range reply {
		if _, err := parse(reply[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes pass for a keyboard map", n, len(reply))
		}
	}
}
