package x11_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"deskside"
	"deskside/desktop"
	"deskside/desktop/panel"
	"deskside/desktop/x11"
	"deskside/internal/await"
	"deskside/internal/xvfb"
)

func helping() desktop.Notice {
	return desktop.Notice{
		Title: "Get help with this computer",
		Text: []string{
			"Read the address to the person who helps you, and the ID if they ask for it.",
			"They see and do nothing until you type six digits that they read to you, and press Allow.",
		},
		Rows: []desktop.NoticeRow{
			{Label: "Address", Values: []string{"192.0.2.17"}},
			{Label: "ID", Values: []string{"q7xk 2mfa n3cd ot5v w4hz b2ye u6jr k7pl s3gi d5nx a2tq f4mw z6co"}},
		},
		Note:   "Closing this window ends the help.",
		Button: "End help",
	}
}

// notice shows one in its own goroutine and gives its window.
func (p *program) notice(ctx context.Context, d *x11.Desktop) (id string, got <-chan error) {
	p.t.Helper()
	ch := make(chan error, 1)
	go func() { ch <- d.Notice(ctx, helping()) }()
	await.True(p.t, "the notice is on the screen", func() bool {
		id = p.titled(helping().Title)
		return id != ""
	})
	return id, ch
}

// titled finds a window that a window manager may have put into another.
func (p *program) titled(name string) string {
	p.t.Helper()
	return xvfb.Window(p.t, p.display, name)
}

// managed starts a display with a window manager.
func managed(t *testing.T) (*program, *x11.Desktop) {
	t.Helper()
	p, d := start(t, "1280x800x24")
	xvfb.Client(t, p.display, "openbox")
	await.True(t, "the window manager is there", func() bool {
		return strings.Contains(p.run("xprop", "-root", "_NET_CLIENT_LIST"), "window id")
	})
	return p, d
}

// TestNoticeIsAnOrdinaryWindow has it framed, covered, put away and brought
// back by a window manager.
func TestNoticeIsAnOrdinaryWindow(t *testing.T) {
	defer goleak.VerifyNone(t)
	p, d := managed(t)
	defer d.Close()
	id, got := p.notice(t.Context(), d)
	await.True(t, "it has a frame", func() bool {
		return strings.Contains(p.run("xprop", "-id", id, "_NET_FRAME_EXTENTS"), ",")
	})
	w, h := panel.NewNotice(helping(), nil, 1280, 736, 1).Size()
	await.True(t, "it has the keyboard", func() bool { return p.active() == id })
	if hints := p.run("xprop", "-id", id, "WM_NORMAL_HINTS"); strings.Count(hints, strconv.Itoa(w)+" by "+strconv.Itoa(h)) < 2 {
		t.Errorf("its size is %dx%d, its hints are %s", w, h, hints)
	}
	helped := []desktop.BarEntry{{Session: [8]byte{1}, State: deskside.Active, Operator: deskside.Operator{SaysName: "Ola"}, Rights: deskside.RightsOf(deskside.View)}}
	d.SetBar(helped)
	await.True(t, "its title tells of the operator", func() bool { return p.titled("Connected: "+helping().Title) == id })
	view := &watch{d: d}
	x, y := p.within(id)
	view.shows(t, x+w/2, y+h-2, 0xf5f6f8)
	keepPicture(t, "x11-notice", &view.f)

	xterm(t, p.display, "-T", "Above", "-bg", "#224466", "-geometry", "160x60+0+0")
	view.shows(t, x+w/2, y+h-2, 0x224466) // the newer window, and it stays so
	await.True(t, "the other window has the keyboard", func() bool { return p.active() == p.titled("Above") })
	p.run("xdotool", "key", "Escape")
	p.run("xdotool", "windowactivate", "--sync", id)
	view.shows(t, x+w/2, y+h-2, 0xf5f6f8)
	p.run("xdotool", "windowminimize", "--sync", id)
	await.True(t, "it is put away", func() bool { return strings.Contains(p.run("xprop", "-id", id, "WM_STATE"), "Iconic") })
	view.shows(t, x+w/2, y+h-2, 0x224466)
	await.True(t, "the other window has the keyboard again", func() bool { return p.active() == p.titled("Above") })
	p.run("xdotool", "windowactivate", "--sync", id)
	view.shows(t, x+w/2, y+h-2, 0xf5f6f8)
	await.True(t, "it has the keyboard again", func() bool { return p.active() == id })
	p.run("xdotool", "key", "Escape") // by XTEST, as an operator's keys come
	b := panel.NewNotice(helping(), helped, 1280, 736, 1).Button()
	p.run("xdotool", "mousemove", strconv.Itoa(x+b.Min.X+9), strconv.Itoa(y+b.Min.Y+9))
	view.shows(t, x+b.Min.X+9, y+b.Min.Y+9, 0xf5f6f8) // under the pointer, which came after the key
	d.SetBar(nil)
	await.True(t, "its title tells that nobody is there", func() bool { return p.titled(helping().Title) == id })
	select {
	case err := <-got:
		t.Fatalf("Esc closed it while an operator was there: %v", err)
	default:
	}
	p.run("xdotool", "key", "Escape")
	if err := await.Recv(t, "Esc closes it", got); err != nil {
		t.Error(err)
	}
}

// active gives the window that has the keyboard, as the window manager says.
func (p *program) active() string {
	p.t.Helper()
	words := strings.Fields(p.run("xprop", "-root", "_NET_ACTIVE_WINDOW"))
	return words[len(words)-1]
}

// within gives where the inside of a window is on the screen.
func (p *program) within(id string) (x, y int) {
	p.t.Helper()
	for line := range strings.Lines(p.run("xwininfo", "-id", id)) {
		name, v, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch name {
		case "Absolute upper-left X":
			x, _ = strconv.Atoi(strings.TrimSpace(v))
		case "Absolute upper-left Y":
			y, _ = strconv.Atoi(strings.TrimSpace(v))
		}
	}
	return x, y
}

// TestNoticeCloses closes it in each way that a person has.
func TestNoticeCloses(t *testing.T) {
	defer goleak.VerifyNone(t)
	p, d := managed(t)
	defer d.Close()
	b := panel.NewNotice(helping(), nil, 1280, 736, 1).Button()
	for name, do := range map[string]func(id string){
		"its button": func(id string) {
			p.run("xdotool", "mousemove", "--window", id, strconv.Itoa(b.Min.X+9), strconv.Itoa(b.Min.Y+9), "click", "1")
		},
		"Esc":                              func(string) { p.run("xdotool", "key", "Escape") },
		"the window manager's own way":     func(string) { p.run("xdotool", "key", "alt+F4") },
		"another program that destroys it": func(id string) { p.run("xdotool", "windowclose", id) },
	} {
		id, got := p.notice(t.Context(), d)
		p.run("xdotool", "windowactivate", "--sync", id) // openbox gives nothing new the keyboard while somebody types
		do(id)
		if err := await.Recv(t, name+" closes it", got); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if p.titled(helping().Title) != "" {
			t.Errorf("%s: it is still there", name)
		}
	}
}

// TestNoticeOfAnySize is made larger and smaller than it asked to be, as by a
// window manager that tiles.
func TestNoticeOfAnySize(t *testing.T) {
	defer goleak.VerifyNone(t)
	p, d := start(t, "1280x800x24")
	defer d.Close()
	for _, c := range []struct{ w, h int }{{900, 700}, {400, 300}} {
		id, got := p.notice(t.Context(), d)
		p.run("xdotool", "windowsize", id, strconv.Itoa(c.w), strconv.Itoa(c.h))
		fill := panel.NewNotice(helping(), nil, 1280, 736, 1)
		fill.Fill(c.w, c.h, 1)
		b := fill.Button()
		x, y := p.within(id)
		view := &watch{d: d}
		view.shows(t, x+b.Min.X+8, y+b.Min.Y, 0xaeb6c2) // the button's edge
		p.run("xdotool", "mousemove", strconv.Itoa(x+b.Min.X+9), strconv.Itoa(y+b.Min.Y+9), "click", "1")
		if err := await.Recv(t, "its button closes it", got); err != nil {
			t.Error(err)
		}
	}
}

// TestNoticeFollowsTheScreen has the screen become too small for it.
func TestNoticeFollowsTheScreen(t *testing.T) {
	defer goleak.VerifyNone(t)
	p, d := start(t, "800x600x24")
	defer d.Close()
	ctx, stop := context.WithCancel(t.Context())
	id, got := p.notice(ctx, d)
	if err := x11.SetScreenSize(p.display, 640, 480); err != nil {
		t.Fatal(err)
	}
	w, h := panel.NewNotice(helping(), nil, 640, 480-64, 1).Size()
	want := strconv.Itoa(w) + "x" + strconv.Itoa(h)
	await.True(t, "it is "+want, func() bool { return strings.Contains(p.run("xwininfo", "-id", id), "-geometry "+want) })
	stop()
	if err := await.Recv(t, "it goes with its context", got); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
