package window

import (
	"context"
	"image"
	"image/color"

	"github.com/jezek/xgb/xproto"

	"deskside/desktop"
	"deskside/desktop/panel"
	"deskside/desktop/x11/link"
)

// told is a notice on its way to the screen.
type told struct {
	notice desktop.Notice
	ctx    context.Context
	closed chan error // gets one when the window is gone
}

// Notice is of desktop.Noticer.
func (p *Person) Notice(ctx context.Context, n desktop.Notice) error {
	select {
	case p.telling <- struct{}{}:
		defer func() { <-p.telling }()
	case <-ctx.Done():
		return ctx.Err()
	case <-p.ended:
		return desktop.ErrLost
	}
	t := &told{n, ctx, make(chan error, 1)}
	select {
	case p.tells <- t:
	case <-p.ended:
		return desktop.ErrLost
	}
	select {
	case err := <-t.closed:
		return err
	case <-p.ended:
		return desktop.ErrLost
	}
}

// sheet is the window of a notice. The window manager has it: it chooses the
// place, and may choose another size than is asked for.
type sheet struct {
	*pane
	told   *told
	notice *panel.Notice
	asked  image.Point // the size that was asked for
	atoms  sheetAtoms
}

// sheetAtoms are the names of what is agreed with window managers, by the
// Inter-Client Communication Conventions Manual 2.0 and the Extended Window
// Manager Hints 1.5.
type sheetAtoms struct {
	protocols, deleteWindow, name, utf8, icon, kind, normal xproto.Atom
}

func newSheetAtoms(c *link.Conn) (a sheetAtoms, err error) {
	for _, n := range []struct {
		atom *xproto.Atom
		name string
	}{
		{&a.protocols, "WM_PROTOCOLS"}, {&a.deleteWindow, "WM_DELETE_WINDOW"}, {&a.name, "_NET_WM_NAME"}, {&a.utf8, "UTF8_STRING"},
		{&a.icon, "_NET_WM_ICON"}, {&a.kind, "_NET_WM_WINDOW_TYPE"}, {&a.normal, "_NET_WM_WINDOW_TYPE_NORMAL"},
	} {
		if *n.atom, err = c.Atom(n.name); err != nil {
			return a, err
		}
	}
	return a, nil
}

// signSize is of the sign that window managers put beside the title.
const signSize = 48

// tell puts a notice on the screen.
func (u *ui) tell(t *told) {
	if err := t.ctx.Err(); err != nil {
		t.closed <- err
		return
	}
	s, err := u.newSheet(t)
	if err != nil {
		u.log.Error("cannot show a notice", "err", err)
		t.closed <- err
		return
	}
	u.sheet = s
	u.arrange()
	s.show()
}

func (u *ui) newSheet(t *told) (*sheet, error) {
	s := &sheet{told: t}
	var err error
	if s.atoms, err = newSheetAtoms(u.c); err != nil {
		return nil, err
	}
	s.notice = u.newNotice(t)
	w, h := s.notice.Size()
	at := image.Rect(0, 0, w, h)
	at = at.Add(u.screen.Min).Add(u.screen.Size().Sub(at.Size()).Div(2))
	// Keys may have gone down or up elsewhere each time it gets the keyboard,
	// whereas the question's window keeps it.
	const events = pointerEvents | keyEvents | xproto.EventMaskStructureNotify | xproto.EventMaskKeymapState
	if s.pane, err = makePane(u.c, u.pixels, "Deskside", at, events, false); err != nil {
		return nil, err
	}
	s.numbers(s.atoms.protocols, xproto.AtomAtom, uint32(s.atoms.deleteWindow))
	s.numbers(s.atoms.kind, xproto.AtomAtom, uint32(s.atoms.normal))
	s.numbers(s.atoms.icon, xproto.AtomCardinal, sign()...)
	const inputHint, stateHint, normalState = 1, 2, 1
	s.numbers(xproto.AtomWmHints, xproto.AtomWmHints, inputHint|stateHint, 1, normalState, 0, 0, 0, 0, 0, 0)
	return s, nil
}

// frameRoom is left for what a window manager draws around a window, and for a
// task bar, in pixels at scale 1.
const frameRoom = 64

func (u *ui) newNotice(t *told) *panel.Notice {
	room := u.screen.Dy() - int(frameRoom*u.scale())
	return panel.NewNotice(t.notice, u.list, u.screen.Dx(), room, u.scale())
}

// arrange brings the notice up to date with the sessions and the screen.
func (u *ui) arrange() {
	s := u.sheet
	if s == nil {
		return
	}
	notice := u.newNotice(s.told)
	if w, h := notice.Size(); s.asked != image.Pt(w, h) {
		s.ask(w, h)
	}
	u.lay(notice)
}

// ask asks the window manager for a size, and for no other.
func (s *sheet) ask(w, h int) {
	s.asked = image.Pt(w, h)
	const size, least, most = 8, 16, 32
	hints := make([]uint32, 18)
	hints[0] = size | least | most
	for _, i := range []int{3, 5, 7} {
		hints[i], hints[i+1] = uint32(w), uint32(h)
	}
	s.numbers(xproto.AtomWmNormalHints, xproto.AtomWmSizeHints, hints...)
	s.became(w, h) // as long as nothing else is said
	xproto.ConfigureWindow(s.c.X, s.id, xproto.ConfigWindowWidth|xproto.ConfigWindowHeight, []uint32{uint32(w), uint32(h)})
}

// became makes the picture fit a window of another size.
func (s *sheet) became(w, h int) {
	at := image.Rectangle{Max: image.Pt(w, h)}
	s.fit(at)
	s.at = at
}

// lay makes a notice the one that is shown, in the size that the window has.
func (u *ui) lay(notice *panel.Notice) {
	s := u.sheet
	if w, h := notice.Size(); s.at.Size() != image.Pt(w, h) {
		notice.Fill(s.at.Dx(), s.at.Dy(), u.scale())
	}
	notice.Keep(s.notice)
	s.notice = notice
	s.caption(notice.Caption())
	s.forget()
	u.stale = true
}

// caption sets the window's title.
func (s *sheet) caption(text string) {
	s.name(plainLatin(text))
	s.property(s.atoms.name, s.atoms.utf8, text)
}

// plainLatin gives a title for window managers that know ASCII alone.
func plainLatin(text string) string {
	b := []byte{}
	for _, r := range text {
		if r < ' ' || r > '~' {
			r = '?'
		}
		b = append(b, byte(r))
	}
	return string(b)
}

// configured follows the window manager's word about the size.
func (u *ui) configured(e xproto.ConfigureNotifyEvent) {
	s := u.sheet
	if s == nil || e.Window != s.id || s.at.Size() == image.Pt(int(e.Width), int(e.Height)) {
		return
	}
	s.became(int(e.Width), int(e.Height))
	u.lay(u.newNotice(s.told))
}

// message takes the window manager's wish that the window closes.
func (u *ui) message(e xproto.ClientMessageEvent) {
	s := u.sheet
	if s != nil && e.Window == s.id && e.Type == s.atoms.protocols && e.Format == 32 && e.Data.Data32[0] == uint32(s.atoms.deleteWindow) {
		u.told(nil)
	}
}

// told takes the notice off the screen, and says so once it is gone for sure.
func (u *ui) told(err error) {
	s := u.sheet
	u.sheet = nil
	s.destroy()
	u.c.Sync()
	s.told.closed <- err
}

// sign gives the program's sign in the form of _NET_WM_ICON: its size, then its
// pixels with their opacity.
func sign() []uint32 {
	img := panel.Sign(signSize)
	list := []uint32{signSize, signSize}
	for y := range signSize {
		for x := range signSize {
			c := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
			list = append(list, uint32(c.A)<<24|uint32(c.R)<<16|uint32(c.G)<<8|uint32(c.B))
		}
	}
	return list
}
