package keyboard

import (
	"slices"
	"unicode"

	"github.com/jezek/xgb/xproto"

	"deskside/desktop/x11/link"
)

// Modifier bits of the core protocol.
const (
	ModShift = 1 << 0
	ModLock  = 1 << 1
)

// group gives the group in force for a key when the keyboard is in group g:
// a key with fewer groups wraps, clamps or redirects, as its map says.
func (k *keySyms) group(g int) int {
	n := int(k.groups & 0x0f)
	switch {
	case n == 0:
		return 0
	case g < n:
		return g
	}
	switch k.groups & 0xc0 {
	case 0x40:
		return n - 1
	case 0x80:
		if to := int(k.groups >> 4 & 3); to < n {
			return to
		}
		return 0
	}
	return g % n
}

// Sym gives the symbol that programs see when the key is pressed in group g
// with the modifiers; 0 for none.
func (m *Map) Sym(code byte, g int, mods byte) uint32 {
	k := m.key(code)
	if k == nil || len(k.syms) == 0 {
		return 0
	}
	g = k.group(g)
	level, consumed := 0, byte(0)
	if t := int(k.types[g&3]); t < len(m.types) {
		level, consumed = m.types[t].level[mods&m.types[t].mask], m.types[t].mask
	}
	at := g*k.width + level
	if level >= k.width || at >= len(k.syms) {
		return 0
	}
	s := k.syms[at]
	if mods&ModLock != 0 && consumed&ModLock == 0 {
		s = Upper(s) // what libX11 and libxkbcommon do
	}
	return s
}

func (m *Map) key(code byte) *keySyms {
	if i := int(code) - m.first; i >= 0 && i < len(m.keys) {
		return &m.keys[i]
	}
	return nil
}

// Holders lists the keys that have the symbol in the group, those that have it
// at the first level before the others.
func (m *Map) Holders(s uint32, g int) (plain, shifted []byte) {
	for i := range m.keys {
		k := &m.keys[i]
		from := k.group(g) * k.width
		for level := range k.width {
			if from+level >= len(k.syms) || k.syms[from+level] != s {
				continue
			}
			code := byte(m.first + i)
			if level == 0 {
				plain = append(plain, code)
			} else {
				shifted = append(shifted, code)
			}
			break
		}
	}
	return plain, shifted
}

// Spare lists the keys that have no symbol at all.
func (m *Map) Spare() []byte {
	var list []byte
	for i, k := range m.keys {
		used := false
		for _, s := range k.syms {
			used = used || s != 0
		}
		if !used {
			list = append(list, byte(m.first+i))
		}
	}
	return list
}

// Has tells whether the key has the symbol at any level of any group.
func (m *Map) Has(code byte, s uint32) bool {
	k := m.key(code)
	return k != nil && slices.Contains(k.syms, s)
}

// readCore fetches the map from a server without XKB.
func readCore(c *link.Conn) (*Map, error) {
	first, last := c.Setup.MinKeycode, c.Setup.MaxKeycode
	r, err := xproto.GetKeyboardMapping(c.X, first, byte(last-first+1)).Reply()
	if err != nil {
		return nil, c.Failed("read the keyboard map", err)
	}
	syms := make([]uint32, len(r.Keysyms))
	for i, s := range r.Keysyms {
		syms[i] = uint32(s)
	}
	return coreKeymap(byte(first), int(r.KeysymsPerKeycode), syms), nil
}

// coreKeymap makes a map from the core protocol's, for servers without XKB:
// one group, two levels, chosen by Shift.
func coreKeymap(first byte, perKey int, syms []uint32) *Map {
	shift := keyType{mask: ModShift, levels: 2, level: map[byte]int{ModShift: 1}}
	m := &Map{types: []keyType{shift}, first: int(first)}
	for ; perKey > 0 && len(syms) >= perKey; syms = syms[perKey:] {
		k := keySyms{groups: 1, width: 2, syms: []uint32{syms[0], syms[0]}}
		switch {
		case perKey > 1 && syms[1] != 0:
			k.syms[1] = syms[1]
		default:
			k.syms[1] = Upper(syms[0])
		}
		m.keys = append(m.keys, k)
	}
	return m
}

const unicodeSym = 0x01000000 // keysym of a character that has none of its own

// Plain gives the form of a keysym in which the server's maps have it: the
// characters of Latin-1 have keysyms equal to their code point, and most
// programs know those alone.
func Plain(s uint32) uint32 {
	if r := s &^ unicodeSym; s&0xff000000 == unicodeSym && (r >= 0x20 && r < 0x7f || r >= 0xa0 && r < 0x100) {
		return r
	}
	return s
}

// runeOf gives the character of a keysym, 0 for those that have none or whose
// code point does not follow from the number.
func runeOf(s uint32) rune {
	switch s = Plain(s); {
	case s >= 0x20 && s < 0x7f, s >= 0xa0 && s < 0x100:
		return rune(s)
	case s&0xff000000 == unicodeSym:
		return rune(s &^ unicodeSym)
	}
	return 0
}

func symOf(r rune) uint32 { return Plain(unicodeSym | uint32(r)) }

// Upper gives the capital of a letter, other keysyms as they are.
func Upper(s uint32) uint32 {
	if r := runeOf(s); r != 0 && unicode.ToUpper(r) != r {
		return symOf(unicode.ToUpper(r))
	}
	return s
}

// IsModifier tells keys that only change what others do.
func IsModifier(s uint32) bool {
	return s >= 0xffe1 && s <= 0xffee || s >= 0xfe01 && s <= 0xfe13 || s == 0xff7e || s == 0xff7f
}

// IsFunction tells keys without a character: Tab, arrows, F1. Their shifted
// forms are reached by the shift the viewer holds, so no modifier is touched
// for them.
func IsFunction(s uint32) bool {
	dead := s >= 0xfe50 && s <= 0xfe93
	return s >= 0xfd00 && s <= 0xffff && !dead || s >= 0x10000000
}
