package link

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

// Conn is one connection to the server, with one goroutine that takes its
// events.
type Conn struct {
	X     *xgb.Conn
	Setup *xproto.SetupInfo
	Root  xproto.Window

	stream *stream
	screen *xproto.ScreenInfo
	has    map[string]bool // extensions of the server that were asked for

	gone  chan struct{} // closed when the goroutine has ended
	start sync.Once
}

// Connect connects to the server and looks for the extensions named. An empty
// authority means $XAUTHORITY, else .Xauthority in the home directory.
func Connect(ctx context.Context, a Address, authority string, names ...string) (*Conn, error) {
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
	c := &Conn{stream: newStream(nc, cookie), has: map[string]bool{}, gone: make(chan struct{})}
	nc.SetDeadline(time.Now().Add(openLimit))
	if c.X, err = xgb.NewConnNet(c.stream); err != nil {
		nc.Close()
		return nil, err
	}
	if err := c.prepare(a.screen, names); err != nil {
		c.Close()
		return nil, err
	}
	nc.SetDeadline(time.Time{})
	return c, nil
}

func (c *Conn) prepare(screen int, names []string) error {
	c.Setup = xproto.Setup(c.X)
	if screen >= len(c.Setup.Roots) {
		return fmt.Errorf("the server has no screen %d", screen)
	}
	c.screen = &c.Setup.Roots[screen]
	c.Root = c.screen.Root
	return c.find(names)
}

// find does what the Init functions of xgb's extensions do, apart from their
// writing to tables of the whole process.
func (c *Conn) find(names []string) error {
	offsets := map[string]offset{}
	for _, name := range names {
		r, err := xproto.QueryExtension(c.X, uint16(len(name)), name).Reply()
		if err != nil {
			return c.Failed("ask for "+name, err)
		}
		if !r.Present {
			continue
		}
		c.X.ExtLock.Lock()
		c.X.Extensions[name] = r.MajorOpcode
		c.X.ExtLock.Unlock()
		offsets[name] = offset{r.FirstEvent, r.FirstError}
		c.has[name] = true
	}
	c.stream.translate(offsets)
	return nil
}

// Has tells whether the server has an extension that Connect asked for.
func (c *Conn) Has(extension string) bool { return c.has[extension] }

// Gone is closed when the server sends nothing any more and all it sent has
// been handled.
func (c *Conn) Gone() <-chan struct{} { return c.gone }

// Peer gives the connection below, for what is known of the server's process.
func (c *Conn) Peer() net.Conn { return c.stream.Conn }

// Run starts the goroutine that takes events; without it the connection would
// stop after 5,000 of them. The handler may make requests.
func (c *Conn) Run(handle func(xgb.Event)) {
	c.start.Do(func() {
		go func() {
			defer close(c.gone)
			for {
				event, err := c.X.WaitForEvent()
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

// Sync waits until the server has done all requests sent before.
func (c *Conn) Sync() error {
	_, err := xproto.GetInputFocus(c.X).Reply()
	return c.Failed("wait for the server", err)
}

// Close breaks the connection and waits for the goroutine.
func (c *Conn) Close() {
	c.Run(nil)
	c.stream.Close()
	<-c.gone
}

// Bye gives the server a little time to do what was asked of it, then closes.
func (c *Conn) Bye() {
	c.stream.SetDeadline(time.Now().Add(goodbye))
	c.Sync()
	c.Close()
}

// Failed says what could not be done; a broken connection is ErrLost.
func (c *Conn) Failed(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
		return desktop.ErrLost
	}
	return fmt.Errorf("cannot %s: %w", what, err)
}

// Atom gives the number of a name.
func (c *Conn) Atom(name string) (xproto.Atom, error) {
	r, err := xproto.InternAtom(c.X, false, uint16(len(name)), name).Reply()
	if err != nil {
		return 0, c.Failed("name "+name, err)
	}
	return r.Atom, nil
}
