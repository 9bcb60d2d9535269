package x11

import (
	"cmp"
	"fmt"
	"log/slog"
	"slices"

	"deskside/desktop"
	"deskside/desktop/x11/link"
)

// parts are the extensions that are used, the picture's first.
var parts = []desktop.Part{
	{
		Name: "MIT-SHM", For: "pixels in shared memory",
		Instead: "pixels travel through the connection, which takes about ten times as long",
		Do:      "run the agent on the X server's machine, in its IPC name space (in a container: --ipc=host), as root or as the server's user",
	}, {
		Name: "DAMAGE", For: "the server tells what is drawn",
		Instead: "the picture is compared in time, up to 125 times a second after a change and five times at rest",
		Do:      "start the X server without \"-extension DAMAGE\"",
	}, {
		Name: "XFIXES", For: "the pointer's shape, exact areas of what is drawn, news of the clipboard",
		Instead: "the pointer is an arrow, the picture is compared in time as well, and what the person copies is not announced",
		Do:      "start the X server without \"-extension XFIXES\"",
	}, {
		Name: "RANDR", For: "the screens, and changes of their size",
		Instead: "all screens are one",
		Do:      "start the X server without \"-extension RANDR\"",
	}, {
		Name: "XTEST", For: "keys and pointer",
		Instead: "nobody can control, only look",
		Do:      "start the X server without \"-extension XTEST\"",
	}, {
		Name: "XKEYBOARD", For: "keyboard layouts",
		Instead: "the keyboard has one group of two levels",
		Do:      "start the X server without \"-extension XKEYBOARD\"",
	}, {
		Name: "SHAPE", For: "the frame around a screen that is seen",
		Instead: "there is no frame, only the bar",
	}, {
		Name: "MIT-SCREEN-SAVER", For: "whether the screen is locked",
		Instead: "only lockers that are known by name are noticed",
	},
}

// Look says what a display offers and how its picture would be taken. It shows
// nothing there. Displays of this machine that are not meant are in Others, also
// when the one that is meant cannot be opened.
func Look(cfg Config) (desktop.Survey, error) {
	s := desktop.Survey{Others: link.Local()}
	a, err := link.Find(cfg.Display)
	if err != nil {
		return s, err
	}
	s.Display = a.String()
	s.Others = slices.DeleteFunc(s.Others, func(o string) bool { return o == s.Display })
	o := opener{a, cfg.Authority, cmp.Or(cfg.Log, slog.New(slog.DiscardHandler)), cfg.Without}
	if err := o.survey(&s); err != nil {
		return s, fmt.Errorf("cannot open display %q: %w", a, err)
	}
	return s, nil
}

func (o opener) survey(s *desktop.Survey) error {
	names := make([]string, 0, len(parts))
	for _, p := range parts {
		names = append(names, p.Name)
	}
	c, err := o.connect(names...)
	if err != nil {
		return err
	}
	g, err := newCapture(c, o.log)
	if err != nil {
		c.Close()
		return err
	}
	defer g.close()
	g.survey(s)
	for _, p := range parts {
		if p.There = c.Has(p.Name); p.Name == "MIT-SHM" {
			p.There = g.shares()
		}
		if p.There {
			p.Instead, p.Do = "", ""
		}
		s.Parts = append(s.Parts, p)
	}
	return nil
}

// survey tells of the picture.
func (g *capture) survey(s *desktop.Survey) {
	l := g.Layout()
	s.W, s.H, s.Screens = l.W, l.H, l.Screens
	s.Server = fmt.Sprintf("%s %d", g.c.Setup.Vendor, g.c.Setup.ReleaseNumber)
	s.Depth, s.Bits = int(g.pixels.Depth), g.pixels.Stride(64)/8
	s.Pixels, s.Changes = "through the connection", "compared in time"
	if g.shares() {
		s.Pixels = "in shared memory"
	}
	switch {
	case g.told.sure():
		s.Changes = "told by the server, and checked once a second"
	case g.told.damage != 0:
		s.Changes = "told by the server, and compared in time"
	}
}

// shares reports whether memory can be shared with the server, by sharing some.
func (g *capture) shares() bool {
	g.taking.Lock()
	defer g.taking.Unlock()
	return g.grabber.share(1)
}
