package x11

import (
	"errors"
	"math/bits"
	"slices"
	"time"

	"github.com/jezek/xgb/xproto"

	"deskside/desktop"
	"deskside/desktop/x11/keyboard"
)

// Keysyms with a part in choosing levels.
const (
	symShiftL = 0xffe1
	symThird  = 0xfe03 // ISO_Level3_Shift
)

// lent is a spare key that was given a symbol.
type lent struct {
	code byte
	sym  uint32
	used time.Time
}

// reload reads the keyboard map after it changed.
func (in *input) reload() error {
	in.stale.Store(false)
	var err error
	if in.keys, err = keyboard.Read(in.c); err != nil {
		return err
	}
	in.shift, in.third, in.thirdM = 0, 0, 0
	bit, err := in.modifiers()
	if err != nil {
		return err
	}
	if codes, _ := in.keys.Holders(symShiftL, 0); len(codes) > 0 {
		in.shift = codes[0]
	}
	codes, _ := in.keys.Holders(symThird, 0)
	for _, code := range codes {
		if b := bit[code]; b != 0 && in.third == 0 {
			in.third, in.thirdM = code, b
		}
	}
	in.lent = slices.DeleteFunc(in.lent, func(l lent) bool { return in.keys.Sym(l.code, 0, 0) != l.sym })
	return nil
}

// modifiers gives the modifier bit of each key that has one.
func (in *input) modifiers() (map[byte]byte, error) {
	r, err := xproto.GetModifierMapping(in.c.X).Reply()
	if err != nil {
		return nil, in.c.Failed("read the modifiers", err)
	}
	bit := map[byte]byte{}
	if n := int(r.KeycodesPerModifier); n > 0 {
		for i, code := range r.Keycodes {
			if code != 0 && i/n < 8 {
				bit[byte(code)] = 1 << (i / n)
			}
		}
	}
	return bit, nil
}

// state is the keyboard's group and modifiers as they are now.
type state struct {
	group int
	mods  byte
}

func (in *input) state() (state, error) {
	r, err := xproto.QueryPointer(in.c.X, in.c.Root).Reply()
	if err != nil {
		return state{}, in.c.Failed("read the keyboard's state", err)
	}
	return state{group: int(r.Mask >> 13 & 3), mods: byte(r.Mask)}, nil
}

// plan is how to make a symbol arrive: the key to press, and the modifiers to
// change for the moment of the press.
type plan struct {
	code   byte
	change byte // of keyboard.ModShift and the third level's bit
}

// holdSym presses whatever makes the symbol arrive in the state the keyboard
// is in.
func (in *input) holdSym(k desktop.Key) error {
	now, err := in.state()
	if err == nil && in.stale.Load() {
		err = in.reload()
	}
	if err != nil {
		return err
	}
	s := keyboard.Plain(k.Sym)
	p, ok := in.find(s, now)
	if !ok {
		if p.code, err = in.lend(s, now); err != nil {
			return err
		}
		p, ok = in.plan(p.code, s, now)
		if !ok {
			p.change = 0
		}
	}
	in.used(p.code)
	in.down[k] = p.code
	in.pressWith(p, now)
	return in.lost()
}

// pressWith presses the key of a plan between changing modifiers and changing
// them back.
func (in *input) pressWith(p plan, now state) {
	codes := in.modifierKeys(p.change, now)
	for _, m := range codes {
		in.fake(m.first, m.code)
	}
	in.fake(xproto.KeyPress, p.code)
	for _, m := range slices.Backward(codes) {
		in.fake(m.second, m.code)
	}
}

// toggle is a modifier key that is let go and pressed again, or the reverse.
type toggle struct{ code, first, second byte }

func (in *input) modifierKeys(change byte, now state) []toggle {
	var list []toggle
	for _, m := range []struct{ bit, code byte }{{keyboard.ModShift, in.shift}, {in.thirdM, in.third}} {
		switch {
		case change&m.bit == 0:
		case now.mods&m.bit == 0:
			list = append(list, toggle{m.code, xproto.KeyPress, xproto.KeyRelease})
		default:
			for _, code := range in.heldWith(m.bit) {
				list = append(list, toggle{code, xproto.KeyRelease, xproto.KeyPress})
			}
		}
	}
	return list
}

// heldWith lists the keys we hold that give the modifier.
func (in *input) heldWith(bit byte) []byte {
	var list []byte
	for _, code := range in.down {
		s := in.keys.Sym(code, 0, 0)
		shift := s == symShiftL || s == symShiftL+1
		if (bit == keyboard.ModShift && shift || bit == in.thirdM && bit != 0 && s == symThird) && !slices.Contains(list, code) {
			list = append(list, code)
		}
	}
	return list
}

// find looks for a key that gives the symbol, with as few changes of modifiers
// as possible. Keys without a character are pressed as they are.
func (in *input) find(s uint32, now state) (plan, bool) {
	plain, shifted := in.keys.Holders(s, now.group)
	if keyboard.IsModifier(s) && len(plain)+len(shifted) > 0 {
		return plan{code: append(plain, shifted...)[0]}, true
	}
	if keyboard.IsFunction(s) && !isKeypad(s) && len(plain) > 0 {
		return plan{code: plain[0]}, true
	}
	best, found := plan{}, false
	for _, code := range append(plain, shifted...) {
		p, ok := in.plan(code, s, now)
		if ok && (!found || bits.OnesCount8(p.change) < bits.OnesCount8(best.change)) {
			best, found = p, true
		}
	}
	if isKeypad(s) && best.change != 0 {
		return plan{}, false // programs take Shift with an arrow for marking
	}
	return best, found
}

// isKeypad tells the keys on which Num Lock decides.
func isKeypad(s uint32) bool { return s >= 0xff95 && s <= 0xffbd }

// plan tries the changes of modifiers that make a key give the symbol. A
// modifier that something else than we holds cannot be taken away.
func (in *input) plan(code byte, s uint32, now state) (plan, bool) {
	for _, change := range []byte{0, keyboard.ModShift, in.thirdM, keyboard.ModShift | in.thirdM} {
		if in.keys.Sym(code, now.group, now.mods^change) == s && in.possible(change, now) {
			return plan{code, change}, true
		}
	}
	return plan{}, false
}

func (in *input) possible(change byte, now state) bool {
	if change&keyboard.ModShift != 0 && in.shift == 0 {
		return false
	}
	for _, bit := range []byte{keyboard.ModShift, in.thirdM} {
		if change&bit != 0 && now.mods&bit != 0 && len(in.heldWith(bit)) == 0 {
			return false
		}
	}
	return true
}

// maxLent bounds the spare keys in use. Programs read the map some time after
// they are told of a key, so a key keeps its symbol as long as possible, and
// for lentFor at least: who types more symbols than that waits.
const (
	maxLent = 64
	lentFor = 200 * time.Millisecond
)

// lend gives a symbol to a key that has none, or to the one not used for the
// longest time.
func (in *input) lend(s uint32, now state) (byte, error) {
	l := lent{sym: s}
	spare := in.keys.Spare()
	switch old := in.oldest(); {
	case len(spare) > 0 && len(in.lent) < maxLent:
		l.code = spare[len(spare)-1]
	case old >= 0:
		l.code = in.lent[old].code
		in.wait(lentFor - time.Since(in.lent[old].used))
		in.lent = slices.Delete(in.lent, old, old+1)
	default:
		return 0, errors.New("no spare key is left on the keyboard map")
	}
	in.setSyms(l.code, symRow(s, now))
	in.lent = append(in.lent, l)
	return l.code, in.reload()
}

func (in *input) wait(d time.Duration) {
	if d <= 0 {
		return
	}
	select {
	case <-time.After(d):
	case <-in.c.Gone():
	}
}

// used notes that a key is pressed, which matters if it was lent.
func (in *input) used(code byte) {
	if i := slices.IndexFunc(in.lent, func(l lent) bool { return l.code == code }); i >= 0 {
		l := in.lent[i]
		l.used = time.Now()
		in.lent = append(slices.Delete(in.lent, i, i+1), l)
	}
}

// symRow gives the symbols of a lent key: the same one whatever the modifiers
// and group. With Caps Lock programs make capitals of small letters
// themselves, unless the key is one with both, which Shift then turns back.
func symRow(s uint32, now state) []uint32 {
	if now.mods&keyboard.ModLock != 0 && keyboard.Upper(s) != s {
		return []uint32{s, keyboard.Upper(s), s, keyboard.Upper(s)}
	}
	return []uint32{s, s, s, s}
}

// oldest finds the key lent longest ago that is not held.
func (in *input) oldest() int {
	return slices.IndexFunc(in.lent, func(l lent) bool {
		for _, code := range in.down {
			if code == l.code {
				return false
			}
		}
		return true
	})
}

func (in *input) setSyms(code byte, syms []uint32) {
	row := make([]xproto.Keysym, len(syms))
	for i, s := range syms {
		row[i] = xproto.Keysym(s)
	}
	xproto.ChangeKeyboardMapping(in.c.X, 1, xproto.Keycode(code), byte(len(row)), row)
}
