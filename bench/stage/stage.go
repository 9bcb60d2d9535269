package stage

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"deskside/bench/troupe"
)

// Kind is a server that is measured.
type Kind string

// The servers.
const (
	Deskside  Kind = "deskside"
	X0vnc     Kind = "x0vncserver" // TigerVNC's scraping server
	X11vnc    Kind = "x11vnc"      // as fast as it goes
	Xtigervnc Kind = "Xtigervnc"   // an X server with VNC in it
)

// Kinds are all of them, ours first.
var Kinds = []Kind{Deskside, X0vnc, X11vnc, Xtigervnc}

// Scrapers are those that show another X server, as ours does.
var Scrapers = []Kind{X0vnc, X11vnc}

// The size of the screen.
const (
	ScreenW = 1920
	ScreenH = 1080
)

// Config says what to measure with.
type Config struct {
	Dir     string // for files; the caller removes it
	Program string // deskside
}

// Stage is an X server and a VNC server that shows it.
type Stage struct {
	Kind    Kind
	Display string        // ":7"
	Addr    string        // where viewers connect
	SetUp   time.Duration // of the session; ours alone has one

	troupe.Troupe
	cfg              Config
	x, server, relay *troupe.Program // relay of ours alone; x is nil if server is both
}

// Open brings a stage up. The caller closes it.
func Open(ctx context.Context, cfg Config, kind Kind) (*Stage, error) {
	dir, err := os.MkdirTemp(cfg.Dir, string(kind)+"-")
	if err != nil {
		return nil, err
	}
	s := &Stage{Kind: kind, Troupe: troupe.Troupe{Dir: dir}, cfg: cfg}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := s.open(ctx); err != nil {
		s.Close()
		return nil, fmt.Errorf("%s: %w", kind, err)
	}
	return s, nil
}

// Close ends every program of the stage.
func (s *Stage) Close() {
	s.End()
	os.RemoveAll(s.Dir)
}

// Check tells which program has ended that should not have.
func (s *Stage) Check() error { return s.Dead() }

func (s *Stage) open(ctx context.Context) error {
	port, err := troupe.FreePort()
	if err != nil {
		return err
	}
	s.Addr = net.JoinHostPort("127.0.0.1", port)
	if s.Kind == Xtigervnc {
		if s.server, err = s.openX(ctx, "Xtigervnc", "-geometry", fmt.Sprintf("%dx%d", ScreenW, ScreenH), "-depth", "24",
			"-rfbport", port, "-localhost", "-SecurityTypes", "None", "-AlwaysShared"); err != nil {
			return err
		}
		return s.listening(ctx)
	}
	if s.x, err = s.openX(ctx, "Xvfb", "-screen", "0", fmt.Sprintf("%dx%dx24", ScreenW, ScreenH)); err != nil {
		return err
	}
	switch s.Kind {
	case Deskside:
		return s.openOurs(ctx)
	case X0vnc:
		s.server, err = s.Start("x0vncserver", "X0tigervnc", "-display", s.Display, "-rfbport", port, "-localhost",
			"-SecurityTypes", "None", "-AlwaysShared")
	case X11vnc:
		s.server, err = s.Start("x11vnc", "x11vnc", "-display", s.Display, "-rfbport", port, "-localhost", "-noipv6", "-nopw",
			"-forever", "-shared", "-quiet", "-threads", "-wait", "5", "-defer", "5", "-nonap", "-sb", "0")
	default:
		err = errors.New("no such server")
	}
	if err != nil {
		return err
	}
	return s.listening(ctx)
}

// openX starts an X server, which chooses its number and writes it when it is
// ready.
func (s *Stage) openX(ctx context.Context, name string, args ...string) (*troupe.Program, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	argv := append([]string{name, "-displayfd", "3", "-nolisten", "tcp", "-noreset", "-dpi", "96"}, args...)
	p, err := s.Launch(name, argv, []*os.File{w}, false)
	w.Close()
	if err != nil {
		return nil, err
	}
	defer context.AfterFunc(ctx, func() { r.SetReadDeadline(time.Now()) })()
	line, err := bufio.NewReader(r).ReadString('\n') // it may be written in pieces
	number := strings.TrimSpace(line)
	if err != nil || number == "" {
		return nil, fmt.Errorf("%s did not come up: %v\n%s", name, err, p.Said())
	}
	s.Display = ":" + number
	s.Env = append(s.Env, "DISPLAY="+s.Display)
	return p, nil
}

// listening waits until the server takes viewers.
func (s *Stage) listening(ctx context.Context) error {
	for {
		c, err := net.Dial("tcp", s.Addr)
		if err == nil {
			return c.Close()
		}
		if err := s.Dead(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(10 * time.Millisecond):
		}
	}
}
