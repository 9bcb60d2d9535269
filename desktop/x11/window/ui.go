package window

import (
	"image"
	"math"
	"slices"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"

	"deskside"
	"deskside/desktop"
	"deskside/desktop/panel"
	"deskside/desktop/x11/keyboard"
	"deskside/desktop/x11/link"
	"deskside/internal/pulse"
)

// ui has the windows. It belongs to one goroutine.
type ui struct {
	*Person
	pixels  *link.Pixels
	keys    *uiKeys
	screen  image.Rectangle // the primary
	whole   desktop.Layout
	timer   *time.Timer
	raised  time.Time
	drawn   time.Time
	stale   bool // a panel looks different than what was drawn
	pending []desktop.BarAction

	ask     *asked // nil: no question is open
	consent *panel.Consent
	window  *pane
	grabbed bool

	bar    *panel.Bar
	strip  *pane
	list   []desktop.BarEntry
	centre int // of the bar, 0: as the screen's
	frame  *pane

	sheet *sheet // nil: there is no notice
}

func newUI(p *Person) (*ui, error) {
	u := &ui{Person: p, timer: time.NewTimer(0)}
	var err error
	if u.pixels, err = p.c.Pixels(); err != nil {
		return nil, err
	}
	if err := p.c.WatchLayout(); err != nil {
		return nil, err
	}
	if u.keys, err = newUIKeys(p.c); err != nil {
		return nil, err
	}
	p.dpi = p.c.DPI()
	return u, u.fit()
}

// fit reads the layout of the screens.
func (u *ui) fit() error {
	l, err := u.c.Layout()
	if err != nil {
		return err
	}
	b := l.Screens[0].Bounds
	u.whole, u.screen = l, image.Rect(b.X0, b.Y0, b.X1, b.Y1)
	u.setRoom(b)
	return nil
}

func (u *ui) scale() float64 { return panel.Scale(u.screen.Dx(), u.screen.Dy(), u.Person.dpi) }

// run is the goroutine. It ends with the connection.
func (u *ui) run() {
	defer close(u.ended)
	defer u.timer.Stop()
	for {
		var out chan<- desktop.BarAction
		var first desktop.BarAction
		if len(u.pending) > 0 {
			out, first = u.actions, u.pending[0]
		}
		var withdrawn <-chan struct{}
		if u.ask != nil {
			withdrawn = u.ask.ctx.Done()
		}
		var over <-chan struct{}
		if u.sheet != nil {
			over = u.sheet.told.ctx.Done()
		}
		select {
		case <-u.c.Gone():
			return
		case e := <-u.events:
			u.event(e, time.Now())
		case a := <-u.asks:
			u.open(a)
		case <-withdrawn:
			u.answer(desktop.Answer{})
		case t := <-u.tells:
			u.tell(t)
		case <-over:
			u.told(u.sheet.told.ctx.Err())
		case <-u.news:
			u.setBar(u.wanted())
			u.arrange()
		case <-u.timer.C:
			u.tick()
		case out <- first:
			u.pending = u.pending[1:]
		}
		u.schedule(time.Now())
	}
}

// schedule draws what is stale and sets the timer for the next change that
// comes by itself.
func (u *ui) schedule(now time.Time) {
	if u.stale && now.Sub(u.drawn) >= drawAgain {
		u.draw()
	}
	next := now.Add(time.Hour)
	if u.window != nil || u.strip != nil {
		next = u.again()
	}
	if u.consent != nil {
		if t := u.consent.Tick(now); t.Before(next) {
			next = t
		}
		if retry := now.Add(grabAgain); !u.grabbed && retry.Before(next) {
			next = retry
		}
	}
	if again := u.drawn.Add(drawAgain); u.stale && again.Before(next) {
		next = again
	}
	u.timer.Reset(time.Until(next))
}

// again is when windows are to be raised again.
func (u *ui) again() time.Time {
	return u.raised.Add(pulse.Wait(u.raised, restack))
}

// grabAgain is when the keyboard is asked for again while another program has
// it, as an open menu does.
const grabAgain = 100 * time.Millisecond

func (u *ui) tick() {
	if !time.Now().Before(u.again()) {
		u.raise()
	}
	if u.consent != nil {
		u.grab()
		u.stale = true
	}
}

// drawAgain bounds how often panels are drawn.
const drawAgain = 16 * time.Millisecond

// draw brings the panels up to date.
func (u *ui) draw() {
	u.stale, u.drawn = false, time.Now()
	if u.window != nil {
		u.window.draw(u.consent.Look(u.drawn), func(img *image.RGBA) { u.consent.Draw(img, u.drawn) })
	}
	if u.strip != nil {
		u.strip.draw(u.bar.Look(), u.bar.Draw)
	}
	if u.sheet != nil {
		u.sheet.draw(u.sheet.notice.Look(), u.sheet.notice.Draw)
	}
}

// raise puts our windows on top, the question above all. Each of the others
// goes below the one before, so that none covers another even for a moment:
// a question that was covered must be seen anew before it takes an answer.
func (u *ui) raise() {
	u.raised = time.Now()
	var above *pane
	for _, w := range []*pane{u.window, u.strip, u.frame} {
		switch {
		case w == nil:
			continue
		case above == nil:
			w.raise()
		default:
			w.lower(above)
		}
		above = w
	}
}

// event handles one event of the server.
func (u *ui) event(e xgb.Event, now time.Time) {
	if u.c.LayoutChanged(e) {
		u.relayout()
		return
	}
	if keyboard.Changed(e) {
		u.keys.reload()
		return
	}
	switch e := e.(type) {
	case xproto.ExposeEvent:
		u.exposed(e.Window)
	case xproto.VisibilityNotifyEvent:
		u.visible(e, now)
	case xproto.ConfigureNotifyEvent:
		u.configured(e)
	case xproto.ClientMessageEvent:
		u.message(e)
	case xproto.DestroyNotifyEvent:
		if u.sheet != nil && e.Window == u.sheet.id { // by another program
			u.told(nil)
		}
	case xproto.KeymapNotifyEvent:
		if u.consent == nil {
			u.keys.beginWith(append([]byte{0}, e.Keys...)) // no key has a code below eight
		}
	default:
		if w, in, ok := u.input(e); ok {
			u.handle(w, in, now)
		}
	}
}

func (u *ui) exposed(w xproto.Window) {
	for _, p := range u.panes() {
		if p.id == w {
			p.flush(true)
		}
	}
}

// panes lists the windows with a picture.
func (u *ui) panes() []*pane {
	list := make([]*pane, 0, 3)
	for _, p := range []*pane{u.strip, u.window} {
		if p != nil {
			list = append(list, p)
		}
	}
	if u.sheet != nil {
		list = append(list, u.sheet.pane)
	}
	return list
}

// raiseAgain bounds how often covering a window makes it come up, against
// another program that does the same.
const raiseAgain = 100 * time.Millisecond

func (u *ui) visible(e xproto.VisibilityNotifyEvent, now time.Time) {
	whole := e.State == xproto.VisibilityUnobscured
	switch {
	case u.window != nil && e.Window == u.window.id:
		u.consent.Visible(whole, now)
		u.stale = true
	case u.strip == nil || e.Window != u.strip.id:
		return
	}
	if !whole && now.Sub(u.raised) >= raiseAgain {
		u.raise()
	}
}

// handle hands what the person did to the panel it was done to.
func (u *ui) handle(w xproto.Window, in panel.Input, now time.Time) {
	switch {
	case u.window != nil && w == u.window.id:
		if a, done := u.consent.Handle(in, now); done {
			u.answer(a)
			return
		}
		u.stale = true
	case u.sheet != nil && w == u.sheet.id:
		if u.sheet.notice.Handle(in) {
			u.told(nil)
			return
		}
		u.stale = true
	case u.strip != nil && w == u.strip.id:
		actions, move := u.bar.Handle(in)
		for _, a := range actions {
			if !slices.Contains(u.pending, a) {
				u.pending = append(u.pending, a)
			}
		}
		if move != 0 {
			u.centre = (u.strip.at.Min.X+u.strip.at.Max.X)/2 + move
			u.strip.resize(u.place())
		}
		u.stale = true
	}
}

// open puts a question on the screen.
func (u *ui) open(a *asked) {
	if a.ctx.Err() != nil {
		a.answer <- desktop.Answer{}
		return
	}
	u.ask, u.grabbed = a, false
	u.consent = panel.NewConsent(a.question, u.screen.Dx(), u.screen.Dy(), u.scale(), time.Now())
	var err error
	if u.window, err = newPane(u.c, u.pixels, "Deskside question", u.middle(), pointerEvents|keyEvents); err != nil {
		u.log.Error("cannot show a question", "err", err)
		u.answer(desktop.Answer{})
		return
	}
	u.shapeConsent()
	u.keys.begin()
	u.window.show()
	u.raise()
	u.grab()
	u.stale = true
}

func (u *ui) middle() image.Rectangle {
	w, h, _ := u.consent.Size()
	at := image.Rect(0, 0, w, h)
	return at.Add(u.screen.Min).Add(u.screen.Size().Sub(at.Size()).Div(2))
}

func (u *ui) shapeConsent() {
	w, h, radius := u.consent.Size()
	u.window.shape(shapeBounding, panel.Corners(w, h, radius, true, true))
}

// grab takes the keyboard for the question.
func (u *ui) grab() {
	if u.grabbed || u.window == nil {
		return
	}
	r, err := xproto.GrabKeyboard(u.c.X, false, u.window.id, xproto.TimeCurrentTime, xproto.GrabModeAsync, xproto.GrabModeAsync).Reply()
	u.grabbed = err == nil && r.Status == xproto.GrabStatusSuccess
}

// answer takes the question off the screen, and gives the answer once it is
// gone for sure.
func (u *ui) answer(a desktop.Answer) {
	if u.window != nil {
		xproto.UngrabKeyboard(u.c.X, xproto.TimeCurrentTime)
		u.window.destroy()
	}
	u.c.Sync()
	u.ask.answer <- a
	u.ask, u.consent, u.window = nil, nil, nil
}

// setBar shows the sessions.
func (u *ui) setBar(list []desktop.BarEntry) {
	u.list = list
	u.setFrame(slices.ContainsFunc(list, func(e desktop.BarEntry) bool {
		return e.State == deskside.Active && e.Rights.Has(deskside.View)
	}))
	if len(list) == 0 {
		if u.strip != nil {
			u.strip.destroy()
		}
		u.strip, u.bar, u.centre = nil, nil, 0
		u.setRoom(u.whole.Screens[0].Bounds)
		return
	}
	before := u.bar
	u.bar = panel.NewBar(list, u.screen.Dx(), u.screen.Dy(), u.scale())
	u.bar.Keep(before)
	if u.strip == nil {
		var err error
		if u.strip, err = newPane(u.c, u.pixels, "Deskside bar", u.place(), pointerEvents); err != nil {
			u.log.Error("cannot show the bar", "err", err)
			return
		}
	}
	u.strip.resize(u.place())
	u.strip.forget()
	w, h, radius := u.bar.Size()
	u.strip.shape(shapeBounding, panel.Corners(w, h, radius, false, true))
	free := u.whole.Screens[0].Bounds
	free.Y0 = min(free.Y0+h, free.Y1)
	u.setRoom(free)
	u.stale = true
	u.strip.show()
	u.raise()
}

// place gives the bar's place at the upper edge, within the screen.
func (u *ui) place() image.Rectangle {
	w, h, _ := u.bar.Size()
	centre := u.centre
	if centre == 0 {
		centre = (u.screen.Min.X + u.screen.Max.X) / 2
	}
	x := min(max(centre-w/2, u.screen.Min.X), max(u.screen.Max.X-w, u.screen.Min.X))
	return image.Rect(x, u.screen.Min.Y, x+w, u.screen.Min.Y+h)
}

// setFrame shows a coloured frame around the picture while somebody sees it.
// It takes no clicks; where that cannot be, there is none.
func (u *ui) setFrame(on bool) {
	all := image.Rect(0, 0, u.whole.W, u.whole.H)
	if u.frame != nil && on && u.frame.at == all {
		return
	}
	if u.frame != nil {
		u.frame.destroy()
		u.frame = nil
	}
	if !on || !u.c.Has("SHAPE") {
		return
	}
	w, err := newPane(u.c, u.pixels, "Deskside frame", all, 0)
	if err != nil {
		u.log.Error("cannot show the frame", "err", err)
		return
	}
	n := int(math.Round(frameWidth * u.scale()))
	w.shape(shapeBounding, []image.Rectangle{
		image.Rect(0, 0, all.Max.X, n), image.Rect(0, all.Max.Y-n, all.Max.X, all.Max.Y),
		image.Rect(0, n, n, all.Max.Y-n), image.Rect(all.Max.X-n, n, all.Max.X, all.Max.Y-n),
	})
	w.shape(shapeInput, nil)
	c := panel.BorderColour
	xproto.ChangeWindowAttributes(u.c.X, w.id, xproto.CwBackPixel, []uint32{u.pixels.Pixel(c.R, c.G, c.B)})
	w.show()
	u.frame = w
}

const frameWidth = 3 // pixels at scale 1

// relayout follows a change of the screens.
func (u *ui) relayout() {
	before := u.whole
	if err := u.fit(); err != nil || link.SameLayout(before, u.whole) {
		return
	}
	u.centre = 0
	u.setBar(u.list)
	u.arrange()
	if u.window != nil {
		u.consent.Refit(u.screen.Dx(), u.screen.Dy(), u.scale())
		u.window.resize(u.middle())
		u.window.forget()
		u.shapeConsent()
		u.raise()
		u.stale = true
	}
}
