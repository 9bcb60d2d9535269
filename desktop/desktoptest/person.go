package desktoptest

import (
	"context"
	"slices"
	"time"

	"deskside"
	"deskside/desktop"
)

// SetPresence says who is there.
func (f *Fake) SetPresence(p desktop.Presence) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.presence = p
}

// Presence is of desktop.Person.
func (f *Fake) Presence() desktop.Presence {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.presence
}

// Answer gives the answer to the question that is open, or to the next. It
// waits until one takes it, the context ends or the desktop is gone.
func (f *Fake) Answer(ctx context.Context, a desktop.Answer) error {
	select {
	case f.answers <- a:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-f.gone:
		return desktop.ErrLost
	}
}

// Asked lists the questions shown so far.
func (f *Fake) Asked() []desktop.Question {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.asked)
}

// Open tells whether a question is shown at this moment.
func (f *Fake) Open() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.open
}

// Ask is of desktop.Person.
func (f *Fake) Ask(ctx context.Context, q desktop.Question) (desktop.Answer, error) {
	if !q.Until.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, q.Until)
		defer cancel()
	}
	select {
	case f.turn <- struct{}{}:
		defer func() { <-f.turn }()
	case <-ctx.Done():
		return desktop.Answer{}, nil
	case <-f.gone:
		return desktop.Answer{}, desktop.ErrLost
	}
	f.show(q)
	defer f.hide()
	select {
	case a := <-f.answers:
		return a, nil
	case <-ctx.Done():
		return desktop.Answer{}, nil
	case <-f.gone:
		return desktop.Answer{}, desktop.ErrLost
	}
}

func (f *Fake) show(q desktop.Question) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked, f.open = append(f.asked, q), true
}

func (f *Fake) hide() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open = false
}

// SetBar is of desktop.Person.
func (f *Fake) SetBar(list []desktop.BarEntry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.bar = slices.Clone(list)
}

// Bar lists what the bar shows.
func (f *Fake) Bar() []desktop.BarEntry {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.bar)
}

// Press lets the person press a button of the bar.
func (f *Fake) Press(a desktop.BarAction) {
	select {
	case f.actions <- a:
	case <-f.gone:
	}
}

// BarActions is of desktop.Person.
func (f *Fake) BarActions() <-chan desktop.BarAction { return f.actions }

// Notice is of desktop.Noticer.
func (f *Fake) Notice(ctx context.Context, n desktop.Notice) error {
	select {
	case f.telling <- struct{}{}:
		defer func() { <-f.telling }()
	case <-ctx.Done():
		return ctx.Err()
	case <-f.gone:
		return desktop.ErrLost
	}
	f.tellPerson(&n)
	defer f.tellPerson(nil)
	select {
	case <-f.shut:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-f.gone:
		return desktop.ErrLost
	}
}

func (f *Fake) tellPerson(n *desktop.Notice) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.notice = n
}

// Noticed gives the notice that is shown, nil if there is none, and whether it
// says that somebody is connected.
func (f *Fake) Noticed() (n *desktop.Notice, connected bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.notice, slices.ContainsFunc(f.bar, func(e desktop.BarEntry) bool { return e.State == deskside.Active })
}

// CloseNotice lets the person close the notice that is shown, or the next.
func (f *Fake) CloseNotice() {
	select {
	case f.shut <- struct{}{}:
	case <-f.gone:
	}
}

// Soon is a time by which a question of a test must be answered.
func Soon() time.Time { return time.Now().Add(time.Minute) }
