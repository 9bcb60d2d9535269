package x11

import "unicode"

// Modifier bits of the core protocol.
const (
	modShift = 1 << 0
	modLock  = 1 << 1
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

// sym gives the symbol that programs see when the key is pressed in group g
// with the modifiers; 0 for none.
func (m *keymap) sym(code byte, g int, mods byte) uint32 {
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
	if mods&modLock != 0 && consumed&modLock == 0 {
		s = upper(s) // what libX11 and libxkbcommon do
	}
	return s
}

func (m *keymap) key(code byte) *keySyms {
	if i := int(code) - m.first; i >= 0 && i < len(m.keys) {
		return &m.keys[i]
	}
	return nil
}

// holders lists the keys that have the symbol in the group, those that have it
// at the first level before the others.
func (m *keymap) holders(s uint32, g int) (plain, shifted []byte) {
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

// spare lists the keys that have no symbol at all.
func (m *keymap) spare() []byte {
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

// coreKeymap makes a map from the core protocol's, for servers without XKB:
// one group, two levels, chosen by Shift.
func coreKeymap(first byte, perKey int, syms []uint32) *keymap {
	shift := keyType{mask: modShift, levels: 2, level: map[byte]int{modShift: 1}}
	m := &keymap{types: []keyType{shift}, first: int(first)}
	for ; perKey > 0 && len(syms) >= perKey; syms = syms[perKey:] {
		k := keySyms{groups: 1, width: 2, syms: []uint32{syms[0], syms[0]}}
		switch {
		case perKey > 1 && syms[1] != 0:
			k.syms[1] = syms[1]
		default:
			k.syms[1] = upper(syms[0])
		}
		m.keys = append(m.keys, k)
	}
	return m
}

const unicodeSym = 0x01000000 // keysym of a character that has none of its own

// plainSym gives the form of a keysym in which the server's maps have it: the
// characters of Latin-1 have keysyms equal to their code point, and most
// programs know those alone.
func plainSym(s uint32) uint32 {
	if r := s &^ unicodeSym; s&0xff000000 == unicodeSym && (r >= 0x20 && r < 0x7f || r >= 0xa0 && r < 0x100) {
		return r
	}
	return s
}

// runeOf gives the character of a keysym, 0 for those that have none or whose
// code point does not follow from the number.
func runeOf(s uint32) rune {
	switch s = plainSym(s); {
	case s >= 0x20 && s < 0x7f, s >= 0xa0 && s < 0x100:
		return rune(s)
	case s&0xff000000 == unicodeSym:
		return rune(s &^ unicodeSym)
	}
	return 0
}

func symOf(r rune) uint32 { return plainSym(unicodeSym | uint32(r)) }

// upper gives the capital of a letter, other keysyms as they are.
func upper(s uint32) uint32 {
	if r := runeOf(s); r != 0 && unicode.ToUpper(r) != r {
		return symOf(unicode.ToUpper(r))
	}
	return s
}

// isModifier tells keys that only change what others do.
func isModifier(s uint32) bool {
	return s >= 0xffe1 && s <= 0xffee || s >= 0xfe01 && s <= 0xfe13 || s == 0xff7e || s == 0xff7f
}

// isFunction tells keys without a character: Tab, arrows, F1. Their shifted
// forms are reached by the shift the viewer holds, so no modifier is touched
// for them.
func isFunction(s uint32) bool {
	dead := s >= 0xfe50 && s <= 0xfe93
	return s >= 0xfd00 && s <= 0xffff && !dead || s >= 0x10000000
}
