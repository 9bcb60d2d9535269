package demo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"deskside"
	"deskside/client"
	"deskside/internal/atomicfile"
	"deskside/raster"
	"deskside/rfb"
)

// eye watches the agent's screen as a viewer.
type eye struct {
	viewer *rfb.Client
	done   chan struct{}

	mu      sync.Mutex
	picture *raster.Image // as of the last update
	changed chan struct{} // closed and replaced at each update
	err     error
}

// openEye opens the picture. Ending the context closes it.
func openEye(ctx context.Context, s *client.Session) (*eye, error) {
	conn, err := s.RFB(ctx, client.RFBOptions{})
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, conn.Abort)
	viewer, err := rfb.NewClient(conn, rfb.ClientConfig{})
	if err != nil {
		stop()
		conn.Abort()
		return nil, err
	}
	y := &eye{viewer: viewer, done: make(chan struct{}), picture: new(raster.Image), changed: make(chan struct{})}
	go func() {
		defer close(y.done)
		defer conn.Abort()
		for err == nil {
			_, err = viewer.Next()
			y.take(err)
		}
	}()
	return y, nil
}

// take copies the picture for others to look at.
func (y *eye) take(err error) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.err = err
	y.picture.Resize(y.viewer.Image.W, y.viewer.Image.H)
	y.picture.Copy(y.viewer.Image, y.viewer.Image.Bounds())
	close(y.changed)
	y.changed = make(chan struct{})
}

// until waits until the picture is as ok wants it.
func (y *eye) until(ctx context.Context, ok func(*raster.Image) bool) error {
	for {
		y.mu.Lock()
		good, err, changed := ok(y.picture), y.err, y.changed
		y.mu.Unlock()
		if good || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// save writes the picture as PNG.
func (y *eye) save(path string) error {
	y.mu.Lock()
	defer y.mu.Unlock()
	png, err := y.picture.PNG()
	if err != nil {
		return err
	}
	return atomicfile.Output(path, png, 0o644)
}

// Keysyms of X11 that a line of shell needs besides its characters, which in
// ASCII are their own keysyms.
const (
	keyReturn  = 0xff0d
	keyControl = 0xffe3
)

// write types ASCII text.
func (y *eye) write(text string) error {
	for _, r := range text {
		if err := y.press(uint32(r)); err != nil {
			return err
		}
	}
	return nil
}

func (y *eye) press(sym uint32) error {
	if err := y.viewer.Key(sym, 0, true); err != nil {
		return err
	}
	return y.viewer.Key(sym, 0, false)
}

// A point within the demo's terminal, and the colours of the terminal's
// background that the scripted session asks for: blue and green of xterm.
const terminalX, terminalY = 300, 200

var terminalColours = map[deskside.Transport]struct {
	code    string
	b, g, r byte
}{
	deskside.TCP: {"44", 0xee, 0x00, 0x00},
	deskside.UDP: {"42", 0x00, 0xcd, 0x00},
}

// seeAKey types a line into the terminal that colours it, and measures the time
// from the last key to the colour on the picture.
func (s *script) seeAKey(ctx context.Context, session *client.Session) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	began := time.Now()
	y, err := openEye(ctx, session)
	if err != nil {
		return err
	}
	defer func() { cancel(); <-y.done }()
	whole := func(m *raster.Image) bool { return m.W > terminalX && m.H > terminalY }
	if err := s.did(y.until(ctx, whole), "the screen is seen", began); err != nil {
		return err
	}
	colour := terminalColours[s.over]
	coloured := func(m *raster.Image) bool {
		p := m.Row(terminalY, terminalX, terminalX+1)
		return p[0] == colour.b && p[1] == colour.g && p[2] == colour.r
	}
	program := "Colour_" + string(s.over)
	token := filepath.Join(s.stage.dir, "ran-"+program)
	text := fmt.Sprintf(": >%q; printf '\\033[%sm\\033[2J'\n", token, colour.code) // the colour last: it is waited for
	if err := os.WriteFile(filepath.Join(s.stage.dir, "home", program), []byte(text), 0o600); err != nil {
		return err
	}
	defer func() { y.save(s.cfg.Screenshot) }() // of a failure as well
	began, err = s.typeLine(ctx, y, "sh ~/"+program, coloured)
	if err := s.did(err, "a key was pressed and what it did is on the picture", began); err != nil {
		return err
	}
	if _, err := os.Stat(token); err != nil {
		return fmt.Errorf("the terminal changed its colour, but not by what was typed: %w", err)
	}
	return nil
}

// calm waits until nothing has changed for a moment, as when windows that open
// have opened, but not for ever: a text cursor may blink.
func (y *eye) calm(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		y.mu.Lock()
		changed := y.changed
		y.mu.Unlock()
		select {
		case <-changed:
		case <-time.After(400 * time.Millisecond):
			return
		case <-ctx.Done():
			return
		}
	}
}

// typeLine clicks into the terminal, takes out with Ctrl-U what may stand there,
// and types the line, until the picture is as ok wants it: the window manager
// takes a moment to give a window the keys.
// It gives when the last key was pressed.
func (s *script) typeLine(ctx context.Context, y *eye, line string, ok func(*raster.Image) bool) (began time.Time, err error) {
	y.calm(ctx)
	for range 10 {
		for _, buttons := range []uint16{0, 1, 0} {
			if err := y.viewer.Pointer(terminalX, terminalY, buttons); err != nil {
				return began, err
			}
		}
		if err := y.viewer.Key(keyControl, 0, true); err != nil {
			return began, err
		}
		if err := y.press('u'); err != nil {
			return began, err
		}
		if err := y.viewer.Key(keyControl, 0, false); err != nil {
			return began, err
		}
		if err := y.write(line); err != nil {
			return began, err
		}
		began = time.Now()
		if err := y.press(keyReturn); err != nil {
			return began, err
		}
		wait, cancel := context.WithTimeout(ctx, 3*time.Second)
		err = y.until(wait, ok)
		cancel()
		if err == nil || ctx.Err() != nil {
			return began, err
		}
	}
	return began, err
}
