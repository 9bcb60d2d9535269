package x11

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xfixes"
	"github.com/jezek/xgb/xproto"

	"deskside/desktop"
	"deskside/desktop/x11/link"
)

// clipboard exchanges text with the owner of the selection CLIPBOARD, as the
// Inter-Client Communication Conventions Manual 2.0 has it. PRIMARY, which
// follows whatever the person marks, is left alone.
type clipboard struct {
	c       *link.Conn
	window  xproto.Window // owns the selection while it is ours
	atoms   clipAtoms
	changed chan struct{}
	stamp   chan xproto.Timestamp // the server's time, as asked for

	setting  sync.Mutex // held by SetClipboard
	fetching sync.Mutex // held by Clipboard; guards spent
	spent    []spent

	mu        sync.Mutex
	text      string
	since     xproto.Timestamp // 0: the selection is not ours
	fetch     *fetch           // what Clipboard waits for
	transfers []*transfer      // texts that are being handed out in pieces
}

// clipAtoms are the names the exchange needs.
type clipAtoms struct {
	clipboard, targets, timestamp, incr, utf8, text, plain, plainUTF8, property xproto.Atom
}

// MaxClipboard is how many bytes of text are offered at most.
const MaxClipboard = 16 << 20

func newClipboard(c *link.Conn) (*clipboard, error) {
	b := &clipboard{c: c, changed: make(chan struct{}, 1), stamp: make(chan xproto.Timestamp, 1)}
	if err := b.prepare(); err != nil {
		return nil, err
	}
	c.Run(b.event)
	return b, nil
}

func (b *clipboard) prepare() error {
	for _, a := range []struct {
		atom *xproto.Atom
		name string
	}{
		{&b.atoms.clipboard, "CLIPBOARD"}, {&b.atoms.targets, "TARGETS"}, {&b.atoms.timestamp, "TIMESTAMP"},
		{&b.atoms.incr, "INCR"}, {&b.atoms.utf8, "UTF8_STRING"}, {&b.atoms.text, "TEXT"},
		{&b.atoms.plain, "text/plain"}, {&b.atoms.plainUTF8, "text/plain;charset=utf-8"}, {&b.atoms.property, "DESKSIDE"},
	} {
		var err error
		if *a.atom, err = b.c.Atom(a.name); err != nil {
			return err
		}
	}
	var err error
	if b.window, err = b.newWindow(); err != nil {
		return err
	}
	if !b.c.Has("XFIXES") { // nobody is told that something was copied
		return b.c.Sync()
	}
	if _, err := xfixes.QueryVersion(b.c.X, 5, 0).Reply(); err != nil {
		return b.c.Failed("use XFIXES", err)
	}
	xfixes.SelectSelectionInput(b.c.X, b.c.Root, b.atoms.clipboard, xfixes.SelectionEventMaskSetSelectionOwner)
	return b.c.Sync()
}

// newWindow makes a window that is never shown and tells of its properties.
func (b *clipboard) newWindow() (xproto.Window, error) {
	w, err := xproto.NewWindowId(b.c.X)
	if err != nil {
		return 0, b.c.Failed("make a window", err)
	}
	err = xproto.CreateWindowChecked(b.c.X, 0, w, b.c.Root, -1, -1, 1, 1, 0, xproto.WindowClassInputOnly, 0,
		xproto.CwOverrideRedirect|xproto.CwEventMask, []uint32{1, xproto.EventMaskPropertyChange}).Check()
	return w, b.c.Failed("make a window", err)
}

// ClipboardChanged is of desktop.Clipboarder.
func (b *clipboard) ClipboardChanged() <-chan struct{} { return b.changed }

// SetClipboard is of desktop.Clipboarder.
func (b *clipboard) SetClipboard(text string) error {
	if len(text) > MaxClipboard {
		return fmt.Errorf("%d bytes of clipboard text, at most %d are taken", len(text), MaxClipboard)
	}
	b.setting.Lock()
	defer b.setting.Unlock()
	now, err := b.time()
	if err != nil {
		return err
	}
	b.keep(text, now)
	xproto.SetSelectionOwner(b.c.X, b.window, b.atoms.clipboard, now)
	r, err := xproto.GetSelectionOwner(b.c.X, b.atoms.clipboard).Reply()
	switch {
	case err != nil:
		return b.c.Failed("take the clipboard", err)
	case r.Owner != b.window:
		b.keep("", 0)
		return errors.New("another program took the clipboard at the same moment")
	}
	return nil
}

func (b *clipboard) keep(text string, since xproto.Timestamp) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text, b.since = text, since
}

// time asks the server what time it is, by changing nothing of a property.
func (b *clipboard) time() (xproto.Timestamp, error) {
	xproto.ChangeProperty(b.c.X, xproto.PropModeAppend, b.window, b.atoms.property, xproto.AtomString, 8, 0, nil)
	select {
	case t := <-b.stamp:
		return t, nil
	case <-b.c.Gone():
		return 0, desktop.ErrLost
	}
}

// event handles what other programs want of the selection.
func (b *clipboard) event(e xgb.Event) {
	switch e := e.(type) {
	case xfixes.SelectionNotifyEvent:
		b.owned(e.Owner, e.SelectionTimestamp)
	case xproto.SelectionRequestEvent:
		b.request(e)
	case xproto.SelectionNotifyEvent:
		b.fetched(e.Requestor, e)
	case xproto.PropertyNotifyEvent:
		switch {
		case e.Window == b.window && e.State == xproto.PropertyNewValue:
			select {
			case b.stamp <- e.Time:
			default:
			}
		case e.State == xproto.PropertyDelete:
			b.more(e.Window, e.Atom)
		default:
			b.fetched(e.Window, e)
		}
	}
}

// owned notes who has the selection since when. News from before we took it
// may come after.
func (b *clipboard) owned(by xproto.Window, since xproto.Timestamp) {
	b.mu.Lock()
	old := b.since != 0 && int32(since-b.since) < 0
	if !old && by != b.window {
		b.since, b.text = 0, ""
	}
	b.mu.Unlock()
	if old || by == b.window || by == xproto.WindowNone {
		return
	}
	select {
	case b.changed <- struct{}{}:
	default:
	}
}

// Clipboard is of desktop.Clipboarder. The text may have come in any
// encoding: what is no UTF-8 is replaced.
func (b *clipboard) Clipboard(ctx context.Context, limit int) (string, error) {
	b.fetching.Lock()
	defer b.fetching.Unlock()
	b.mu.Lock()
	text, ours := b.text, b.since != 0
	b.mu.Unlock()
	if ours {
		return cutText(text, limit), nil
	}
	f, err := b.newFetch()
	if err != nil {
		return "", err
	}
	defer f.end()
	for _, target := range []xproto.Atom{b.atoms.utf8, xproto.AtomString} {
		raw, ok, err := f.get(ctx, target, limit)
		if err != nil || !ok {
			if err != nil {
				return "", err
			}
			continue
		}
		if target == xproto.AtomString {
			raw = fromLatin1(raw)
		}
		return cutText(string(raw), limit), nil
	}
	return "", nil
}

// cutText gives at most limit bytes of valid text.
func cutText(text string, limit int) string {
	if len(text) > limit {
		for limit > 0 && !utf8.RuneStart(text[limit]) {
			limit--
		}
		text = text[:max(limit, 0)]
	}
	return validText(text)
}

// pause bounds how long another program may take for each piece of a text.
const pause = 10 * time.Second
