package x11

import (
	"encoding/binary"
	"slices"

	"github.com/jezek/xgb/xproto"
)

// transfer is a text on its way to another program in pieces: each is written
// when the program has deleted the one before, the last is empty.
type transfer struct {
	window   xproto.Window
	property xproto.Atom
	kind     xproto.Atom
	rest     []byte
}

const (
	pieceSize    = 64 << 10 // of a text in pieces; a request holds 256 KiB
	maxTransfers = 16       // at once; the oldest ends for another
)

// request answers a program that wants the text.
func (b *clipboard) request(e xproto.SelectionRequestEvent) {
	property := e.Property
	if property == xproto.AtomNone {
		property = e.Target // old clients, by the manual
	}
	if !b.give(e, property) {
		property = xproto.AtomNone
	}
	reply := xproto.SelectionNotifyEvent{Time: e.Time, Requestor: e.Requestor, Selection: e.Selection, Target: e.Target, Property: property}
	xproto.SendEvent(b.c.X, false, e.Requestor, 0, string(reply.Bytes()))
}

// give writes the text, or about it, to a property of the program's window.
func (b *clipboard) give(e xproto.SelectionRequestEvent, property xproto.Atom) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := &b.atoms
	if e.Selection != a.clipboard || b.since == 0 {
		return false
	}
	switch e.Target {
	case a.targets:
		words := make([]byte, 0, 32)
		for _, t := range []xproto.Atom{a.targets, a.timestamp, a.utf8, a.plainUTF8, a.plain, a.text, xproto.AtomString} {
			words = append32(words, uint32(t))
		}
		b.set(e.Requestor, property, xproto.AtomAtom, 32, words)
	case a.timestamp:
		b.set(e.Requestor, property, xproto.AtomInteger, 32, append32(nil, uint32(b.since)))
	case a.utf8, a.plainUTF8, a.plain:
		b.offer(e.Requestor, property, e.Target, []byte(b.text))
	case a.text:
		b.offer(e.Requestor, property, a.utf8, []byte(b.text))
	case xproto.AtomString:
		b.offer(e.Requestor, property, xproto.AtomString, toLatin1(b.text))
	default:
		return false
	}
	return true
}

func append32(b []byte, v uint32) []byte { return binary.LittleEndian.AppendUint32(b, v) }

func (b *clipboard) set(w xproto.Window, property, kind xproto.Atom, format byte, data []byte) {
	xproto.ChangeProperty(b.c.X, xproto.PropModeReplace, w, property, kind, format, uint32(len(data)/int(format/8)), data)
}

// offer writes a text at once, or begins to hand it out in pieces.
func (b *clipboard) offer(w xproto.Window, property, kind xproto.Atom, data []byte) {
	if len(data) <= pieceSize {
		b.set(w, property, kind, 8, data)
		return
	}
	b.transfers = slices.DeleteFunc(b.transfers, func(t *transfer) bool { return t.window == w && t.property == property })
	if len(b.transfers) == maxTransfers {
		b.transfers = slices.Delete(b.transfers, 0, 1)
	}
	b.transfers = append(b.transfers, &transfer{w, property, kind, data})
	xproto.ChangeWindowAttributes(b.c.X, w, xproto.CwEventMask, []uint32{xproto.EventMaskPropertyChange})
	b.set(w, property, b.atoms.incr, 32, append32(nil, uint32(len(data))))
}

// more writes the next piece after a program deleted a property.
func (b *clipboard) more(w xproto.Window, property xproto.Atom) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.transfers, func(t *transfer) bool { return t.window == w && t.property == property })
	if i < 0 {
		return
	}
	t := b.transfers[i]
	piece := t.rest[:min(len(t.rest), pieceSize)]
	t.rest = t.rest[len(piece):]
	b.set(w, property, t.kind, 8, piece)
	if len(piece) == 0 {
		b.transfers = slices.Delete(b.transfers, i, i+1)
	}
}
