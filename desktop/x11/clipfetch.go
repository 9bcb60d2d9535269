package x11

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"

	"deskside/desktop"
)

// fetch is one fetching of the selection. It has a window of its own, so that
// an owner which is slow with an earlier one cannot write into it.
type fetch struct {
	b      *clipboard
	window xproto.Window
	events chan xgb.Event
	done   chan struct{} // closed at the end
}

// spent is the window of a fetching that is over. Many programs end when a
// window goes away to which they give the clipboard, so it stays for a while.
type spent struct {
	window xproto.Window
	since  time.Time
}

const spentFor = 30 * time.Second

func (b *clipboard) newFetch() (*fetch, error) {
	for len(b.spent) > 0 && time.Since(b.spent[0].since) > spentFor {
		xproto.DestroyWindow(b.c.X, b.spent[0].window)
		b.spent = b.spent[1:]
	}
	w, err := b.newWindow()
	if err != nil {
		return nil, err
	}
	f := &fetch{b, w, make(chan xgb.Event, 16), make(chan struct{})}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fetch = f
	return f, nil
}

func (f *fetch) end() {
	f.b.mu.Lock()
	f.b.fetch = nil
	f.b.mu.Unlock()
	close(f.done)
	f.b.spent = append(f.b.spent, spent{f.window, time.Now()})
}

// fetched hands an event to the fetching that it is for.
func (b *clipboard) fetched(w xproto.Window, e xgb.Event) {
	b.mu.Lock()
	f := b.fetch
	b.mu.Unlock()
	if f == nil || f.window != w {
		return
	}
	select {
	case f.events <- e:
	case <-f.done:
	}
}

var errSlowOwner = errors.New("the program that has the clipboard does not answer")

// next waits for an event that ok takes.
func (f *fetch) next(ctx context.Context, ok func(xgb.Event) bool) error {
	late := time.NewTimer(pause)
	defer late.Stop()
	for {
		select {
		case e := <-f.events:
			if ok(e) {
				return nil
			}
		case <-late.C:
			return errSlowOwner
		case <-ctx.Done():
			return ctx.Err()
		case <-f.b.c.Gone():
			return desktop.ErrLost
		}
	}
}

// get asks for the selection in one form and takes limit bytes of it at most,
// and up to three more. It reports false if the owner has no such form.
func (f *fetch) get(ctx context.Context, target xproto.Atom, limit int) ([]byte, bool, error) {
	x, a := f.b.c.X, &f.b.atoms
	xproto.ConvertSelection(x, f.window, a.clipboard, target, a.property, xproto.TimeCurrentTime)
	given := false
	err := f.next(ctx, func(e xgb.Event) bool {
		n, ok := e.(xproto.SelectionNotifyEvent)
		given = ok && n.Property == a.property
		return ok && n.Target == target
	})
	if err != nil || !given {
		return nil, false, err
	}
	raw, kind, err := f.take(limit)
	if err != nil || kind != a.incr {
		return raw, true, err
	}
	raw, err = f.pieces(ctx, limit)
	return raw, true, err
}

// take reads the property, and deletes it, which asks the owner of a text in
// pieces for the next.
func (f *fetch) take(limit int) ([]byte, xproto.Atom, error) {
	x, a := f.b.c.X, &f.b.atoms
	r, err := xproto.GetProperty(x, false, f.window, a.property, xproto.GetPropertyTypeAny, 0, uint32(max(limit, 0)/4+1)).Reply()
	if err != nil {
		return nil, 0, f.b.c.Failed("read the clipboard", err)
	}
	xproto.DeleteProperty(x, f.window, a.property)
	if r.Type == a.incr || r.Format != 8 {
		return nil, r.Type, nil
	}
	return r.Value, r.Type, nil
}

// maxPieces bounds the pieces of a text; programs choose their size, mostly
// 64 KiB or more.
const maxPieces = 1 << 14

// pieces reads a text that comes in pieces, up to an empty one. What is beyond
// the limit is read too and forgotten: some programs serve nobody else before
// all is taken.
func (f *fetch) pieces(ctx context.Context, limit int) ([]byte, error) {
	var all []byte
	for range maxPieces {
		err := f.next(ctx, func(e xgb.Event) bool {
			n, ok := e.(xproto.PropertyNotifyEvent)
			return ok && n.Atom == f.b.atoms.property && n.State == xproto.PropertyNewValue
		})
		if err != nil {
			return nil, err
		}
		piece, _, err := f.take(limit - len(all))
		if err != nil || len(piece) == 0 {
			return all, err
		}
		if len(all) <= limit {
			all = append(all, piece...)
		}
	}
	return all, nil
}

// fromLatin1 gives UTF-8.
func fromLatin1(b []byte) []byte {
	var out strings.Builder
	for _, c := range b {
		out.WriteRune(rune(c))
	}
	return []byte(out.String())
}

// toLatin1 gives what STRING can carry; other characters become question
// marks.
func toLatin1(s string) []byte {
	out := make([]byte, 0, len(s))
	for _, r := range s {
		if r > 0xff {
			r = '?'
		}
		out = append(out, byte(r))
	}
	return out
}

func validText(s string) string { return strings.ToValidUTF8(s, "\ufffd") }
