package x11

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"deskside/desktop"
	"deskside/desktop/x11/link"
	"deskside/desktop/x11/window"
	"deskside/raster"
)

// Config says which desktop to open. Its zero value opens the one this process
// was started on.
type Config struct {
	Display   string       // ":7"; empty: $DISPLAY
	Authority string       // authority file; empty: $XAUTHORITY, else ~/.Xauthority
	Log       *slog.Logger // nil: nothing is logged
	Without   []string     // extensions to do without, as though the server had none of them
}

// Desktop is an open X11 desktop: a desktop.Desktop, Input, Person,
// Clipboarder and Noticer.
type Desktop struct {
	*capture
	*input
	*person
	*clipboard

	closing sync.Once
}

// person has the windows that this package's parts do not know of.
type person = window.Person

var (
	_ desktop.Desktop     = (*Desktop)(nil)
	_ desktop.Input       = (*Desktop)(nil)
	_ desktop.Person      = (*Desktop)(nil)
	_ desktop.Roomer      = (*Desktop)(nil)
	_ desktop.Clipboarder = (*Desktop)(nil)
	_ desktop.Noticer     = (*Desktop)(nil)
)

// Open connects to the server.
func Open(cfg Config) (*Desktop, error) {
	a, err := link.Find(cfg.Display)
	if err != nil {
		return nil, err
	}
	o := opener{a, cfg.Authority, cmp.Or(cfg.Log, slog.New(slog.DiscardHandler)), cfg.Without}
	d, err := o.open()
	if err != nil {
		return nil, fmt.Errorf("cannot open display %q: %w", a, err)
	}
	return d, nil
}

// opener opens the parts of a desktop; what was opened before one failed is
// closed again.
type opener struct {
	address   link.Address
	authority string
	log       *slog.Logger
	without   []string
}

func (o opener) open() (*Desktop, error) {
	d := new(Desktop)
	for _, part := range []func(*Desktop) error{o.capture, o.input, o.person, o.clipboard} {
		if err := part(d); err != nil {
			d.Close()
			return nil, err
		}
	}
	o.tell(d)
	return d, nil
}

// tell writes to the log how pictures will be taken.
func (o opener) tell(d *Desktop) {
	var s desktop.Survey
	d.capture.survey(&s)
	o.log.Info("display opened", "display", o.address.String(), "server", s.Server, "picture", s.String())
	if !d.input.c.Has("XTEST") {
		o.log.Warn("the X server takes no input: it lacks the XTEST extension")
	}
}

func (o opener) connect(names ...string) (*link.Conn, error) {
	names = slices.DeleteFunc(names, func(n string) bool { return slices.Contains(o.without, n) })
	return link.Connect(context.Background(), o.address, o.authority, names...)
}

func (o opener) capture(d *Desktop) error {
	c, err := o.connect("DAMAGE", "XFIXES", "RANDR", "MIT-SHM")
	if err != nil {
		return err
	}
	if d.capture, err = newCapture(c, o.log); err != nil {
		c.Close()
	}
	return err
}

func (o opener) input(d *Desktop) error {
	c, err := o.connect("XTEST", "XKEYBOARD")
	if err != nil {
		return err
	}
	if d.input, err = newInput(c, o.log, d.capture.stir); err != nil {
		c.Close()
	}
	return err
}

func (o opener) person(d *Desktop) error {
	c, err := o.connect("RANDR", "SHAPE", "XKEYBOARD")
	if err != nil {
		return err
	}
	d.person, err = window.New(c, o.log)
	return err
}

func (o opener) clipboard(d *Desktop) error {
	c, err := o.connect("XFIXES")
	if err != nil {
		return err
	}
	if d.clipboard, err = newClipboard(c); err != nil {
		c.Close()
	}
	return err
}

// Next is of desktop.Desktop. When the screen is lost all parts are: each has a
// connection of its own, and some learn it a moment later than others.
func (d *Desktop) Next(ctx context.Context, f *raster.Image, u *desktop.Update) error {
	err := d.capture.Next(ctx, f, u)
	if errors.Is(err, desktop.ErrLost) {
		d.person.Close()
		d.clipboard.c.Close()
		d.input.c.Close()
	}
	return err
}

// Close is of desktop.Desktop.
func (d *Desktop) Close() error {
	d.closing.Do(func() {
		if d.person != nil {
			d.person.Close()
		}
		if d.clipboard != nil {
			d.clipboard.c.Close()
		}
		if d.input != nil {
			d.input.close()
		}
		if d.capture != nil {
			d.capture.close()
		}
	})
	return nil
}

var errNoXTEST = errors.New("the X server lacks the XTEST extension, so it takes no input")
