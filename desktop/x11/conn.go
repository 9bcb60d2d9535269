package x11

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"

	"deskside/desktop"
)

// openLimit bounds connecting to a server, goodbye the last words to one that
// may hang.
const (
	openLimit = 10 * time.Second
	goodbye   = 2 * time.Second
)

// conn is one connection to the server, with one goroutine that takes its
// events.
type conn struct {
	x      *xgb.Conn
	link   *link
	setup  *xproto.SetupInfo
	screen *xproto.ScreenInfo
	root   xproto.Window
	has    map[string]bool // extensions of the server that were asked for

	gone  chan struct{} // closed when the goroutine has ended
	start sync.Once
}

// connect connects to the server and looks for the extensions named.
func connect(ctx context.Context, a address, authority string, names ...string) (*conn, error) {
	fillTables()
	ctx, cancel := context.WithTimeout(ctx, openLimit)
	defer cancel()
	nc, err := a.dial(ctx)
	if err != nil {
		return nil, err
	}
	cookie, err := readCookie(authority, a, nc.RemoteAddr())
	if err != nil {
		nc.Close()
		return nil, err
	}
	c := &conn{link: newLink(nc, cookie), has: map[string]bool{}, gone: make(chan struct{})}
	nc.SetDeadline(time.Now().Add(openLimit))
	if c.x, err = xgb.NewConnNet(c.link); err != nil {
		nc.Close()
		return nil, err
	}
	if err := c.prepare(a.screen, names); err != nil {
		c.close()
		return nil, err
	}
	nc.SetDeadline(time.Time{})
	return c, nil
}

func (c *conn) prepare(screen int, names []string) error {
	c.setup = xproto.Setup(c.x)
	if screen >= len(c.setup.Roots) {
		return fmt.Errorf("the server has no screen %d", screen)
	}
	c.screen = &c.setup.Roots[screen]
	c.root = c.screen.Root
	return c.find(names)
}

// find does what the Init functions of xgb's extensions do, apart from their
// writing to tables of the whole process.
func (c *conn) find(names []string) error {
	offsets := map[string]offset{}
	for _, name := range names {
		r, err := xproto.QueryExtension(c.x, uint16(len(name)), name).Reply()
		if err != nil {
			return c.failed("ask for "+name, err)
		}
		if !r.Present {
			continue
		}
		c.x.ExtLock.Lock()
		c.x.Extensions[name] = r.MajorOpcode
		c.x.ExtLock.Unlock()
		offsets[name] = offset{r.FirstEvent, r.FirstError}
		c.has[name] = true
	}
	c.link.translate(offsets)
	return nil
}

// run starts the goroutine that takes events; without it the connection would
// stop after 5,000 of them. The handler may make requests.
func (c *conn) run(handle func(xgb.Event)) {
	c.start.Do(func() {
		go func() {
			defer close(c.gone)
			for {
				event, err := c.x.WaitForEvent()
				switch {
				case event != nil && handle != nil:
					handle(event)
				case event == nil && err == nil:
					return
				}
			}
		}()
	})
}

// sync waits until the server has done all requests sent before.
func (c *conn) sync() error {
	_, err := xproto.GetInputFocus(c.x).Reply()
	return c.failed("wait for the server", err)
}

// close breaks the connection and waits for the goroutine.
func (c *conn) close() {
	c.run(nil)
	c.link.Close()
	<-c.gone
}

// bye gives the server a little time to do what was asked of it, then closes.
func (c *conn) bye() {
	c.link.SetDeadline(time.Now().Add(goodbye))
	c.sync()
	c.close()
}

// failed says what could not be done; a broken connection is ErrLost.
func (c *conn) failed(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
		return desktop.ErrLost
	}
	return fmt.Errorf("cannot %s: %w", what, err)
}

// atom gives the number of a name.
func (c *conn) atom(name string) (xproto.Atom, error) {
	r, err := xproto.InternAtom(c.x, false, uint16(len(name)), name).Reply()
	if err != nil {
		return 0, c.failed("name "+name, err)
	}
	return r.Atom, nil
}
