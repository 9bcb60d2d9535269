// Package desktoptest holds a desktop made by hand for the tests of what
// stands on package desktop, and the contract that it and every real desktop
// pass.
//
// The fake keeps a picture in memory, records input, and gives the answers it
// was told to give. It draws no windows: what a question or the bar look like
// is tested where they are drawn.
package desktoptest

import (
	"context"
	"slices"
	"sync"
	"unicode/utf8"

	"deskside/desktop"
	"deskside/raster"
)

// Event is one thing the fake was asked to do as input.
type Event struct {
	IsKey   bool
	Key     desktop.Key
	Down    bool
	X, Y    int
	Buttons desktop.Buttons
}

// Fake is a desktop in memory. Its methods may be called from any goroutine.
type Fake struct {
	wake    chan struct{} // holds a value when something changed
	actions chan desktop.BarAction
	copied  chan struct{}
	turn    chan struct{} // held while a question is open
	telling chan struct{} // held while a notice is shown
	shut    chan struct{} // the person closes a notice
	closing sync.Once
	gone    chan struct{} // closed when the fake is closed or lost

	mu       sync.Mutex
	picture  raster.Image
	layout   desktop.Layout
	changed  raster.Region
	cursor   *desktop.Cursor // nil: as before
	resized  bool
	whole    bool
	events   []Event
	keys     map[desktop.Key]bool
	buttons  desktop.Buttons
	presence desktop.Presence
	asked    []desktop.Question
	open     bool
	notice   *desktop.Notice // nil: none is shown
	answers  chan desktop.Answer
	bar      []desktop.BarEntry
	text     string // the clipboard
}

var (
	_ desktop.Desktop     = (*Fake)(nil)
	_ desktop.Input       = (*Fake)(nil)
	_ desktop.Clipboarder = (*Fake)(nil)
	_ desktop.Person      = (*Fake)(nil)
	_ desktop.Noticer     = (*Fake)(nil)
)

// New makes a fake with one screen that shows a test pattern.
func New(w, h int) *Fake {
	f := &Fake{
		wake:    make(chan struct{}, 1),
		actions: make(chan desktop.BarAction, 16),
		copied:  make(chan struct{}, 1),
		turn:    make(chan struct{}, 1),
		telling: make(chan struct{}, 1),
		shut:    make(chan struct{}),
		gone:    make(chan struct{}),
		keys:    map[desktop.Key]bool{},
		answers: make(chan desktop.Answer),
	}
	f.Resize(w, h)
	f.SetCursor(desktop.Cursor{Image: *raster.NewImage(8, 8)})
	return f
}

// Pattern fills m with a picture in which every pixel differs from its
// neighbours and large parts are of one colour.
func Pattern(m *raster.Image) {
	for y := range m.H {
		for x := range m.W {
			p := m.Row(y, x, x+1)
			p[0], p[1], p[2], p[3] = byte(x), byte(y), byte(x/16*16^y/16*16), 0
			if x/64%2 == 0 && y/64%2 == 0 {
				p[0], p[1], p[2] = 0xf0, 0xe8, 0xe0
			}
		}
	}
}

// Resize gives the desktop one screen of another size, with the test pattern.
func (f *Fake) Resize(w, h int) {
	f.SetLayout(desktop.Layout{W: w, H: h, Screens: []desktop.Screen{
		{ID: 1, Name: "fake", Bounds: raster.XYWH(0, 0, w, h), Primary: true},
	}})
}

// SetLayout gives the desktop other screens, with the test pattern.
func (f *Fake) SetLayout(l desktop.Layout) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.resized, f.whole = f.layout.W != 0, true
	f.layout = l
	f.picture.Resize(l.W, l.H)
	Pattern(&f.picture)
	f.tell()
}

// Draw lets paint change the picture and marks the rectangle it returns.
func (f *Fake) Draw(paint func(*raster.Image) raster.Rect) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := paint(&f.picture).Intersect(f.picture.Bounds())
	f.changed.Add(r)
	f.tell()
}

// Fill paints a rectangle in one colour, 0xRRGGBB.
func (f *Fake) Fill(r raster.Rect, rgb uint32) {
	f.Draw(func(m *raster.Image) raster.Rect {
		r = r.Intersect(m.Bounds())
		for y := r.Y0; y < r.Y1; y++ {
			for x := r.X0; x < r.X1; x++ {
				p := m.Row(y, x, x+1)
				p[0], p[1], p[2] = byte(rgb), byte(rgb>>8), byte(rgb>>16)
			}
		}
		return r
	})
}

// SetCursor changes the pointer's picture.
func (f *Fake) SetCursor(c desktop.Cursor) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cursor = &c
	f.tell()
}

// Picture copies the picture as it is.
func (f *Fake) Picture() *raster.Image {
	f.mu.Lock()
	defer f.mu.Unlock()
	m := raster.NewImage(f.picture.W, f.picture.H)
	m.Copy(&f.picture, m.Bounds())
	return m
}

func (f *Fake) tell() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// Layout is of desktop.Desktop.
func (f *Fake) Layout() desktop.Layout {
	f.mu.Lock()
	defer f.mu.Unlock()
	l := f.layout
	l.Screens = slices.Clone(l.Screens)
	return l
}

// Next is of desktop.Desktop.
func (f *Fake) Next(ctx context.Context, m *raster.Image, u *desktop.Update) error {
	if m.W == 0 {
		f.tell()
	}
	for {
		select {
		case <-f.gone:
			return desktop.ErrLost
		default:
		}
		select {
		case <-f.gone:
			return desktop.ErrLost
		case <-ctx.Done():
			return ctx.Err()
		case <-f.wake:
		}
		if f.take(m, u) {
			return nil
		}
	}
}

func (f *Fake) take(m *raster.Image, u *desktop.Update) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	*u = desktop.Update{Guard: u.Guard, Changed: u.Changed[:0], Resized: f.resized, Cursor: f.cursor}
	u.Write(func() {
		if m.Resize(f.layout.W, f.layout.H) || f.whole {
			u.Changed = append(u.Changed, m.Bounds())
		} else {
			u.Changed = append(u.Changed, f.changed.Rects()...)
		}
		for _, r := range u.Changed {
			m.Copy(&f.picture, r)
		}
	})
	f.resized, f.whole, f.cursor = false, false, nil
	f.changed.Clear()
	return len(u.Changed) > 0 || u.Cursor != nil || u.Resized
}

// Lose ends the desktop as a server does that ends.
func (f *Fake) Lose() { f.closing.Do(func() { close(f.gone) }) }

// Close is of desktop.Desktop.
func (f *Fake) Close() error {
	f.mu.Lock()
	for k := range f.keys {
		f.record(Event{IsKey: true, Key: k})
		delete(f.keys, k)
	}
	if f.buttons != 0 {
		f.buttons = 0
		f.record(Event{})
	}
	f.mu.Unlock()
	f.Lose()
	return nil
}

// maxEvents bounds what a fake remembers of its input.
const maxEvents = 1 << 16

func (f *Fake) record(e Event) {
	if len(f.events) < maxEvents {
		f.events = append(f.events, e)
	}
}

func (f *Fake) lost() error {
	select {
	case <-f.gone:
		return desktop.ErrLost
	default:
		return nil
	}
}

// Pointer is of desktop.Input.
func (f *Fake) Pointer(x, y int, b desktop.Buttons) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.lost(); err != nil {
		return err
	}
	f.buttons = b
	f.record(Event{X: x, Y: y, Buttons: b})
	return nil
}

// Key is of desktop.Input.
func (f *Fake) Key(k desktop.Key, down bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.lost(); err != nil {
		return err
	}
	f.record(Event{IsKey: true, Key: k, Down: down})
	if down {
		f.keys[k] = true
	} else {
		delete(f.keys, k)
	}
	return nil
}

// Events lists the input so far.
func (f *Fake) Events() []Event {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.events)
}

// Held tells how many keys are held, and which buttons.
func (f *Fake) Held() (keys int, b desktop.Buttons) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.keys), f.buttons
}

// Copy lets the person's programs take the clipboard.
func (f *Fake) Copy(text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.text = text
	select {
	case f.copied <- struct{}{}:
	default:
	}
}

// Paste gives what the person's programs find on the clipboard.
func (f *Fake) Paste() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.text
}

// SetClipboard is of desktop.Clipboarder.
func (f *Fake) SetClipboard(text string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.text = text
	return f.lost()
}

// Clipboard is of desktop.Clipboarder.
func (f *Fake) Clipboard(_ context.Context, limit int) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	text := f.text
	if len(text) > limit {
		for text = text[:limit]; !utf8.ValidString(text); {
			text = text[:len(text)-1]
		}
	}
	return text, f.lost()
}

// ClipboardChanged is of desktop.Clipboarder.
func (f *Fake) ClipboardChanged() <-chan struct{} { return f.copied }
