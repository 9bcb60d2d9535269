package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"deskside"
	"deskside/client"
	"deskside/internal/plain"
	"deskside/loopback"
	"deskside/rfb"
)

type vncFlags struct {
	sessionFlags
	listen   string
	viewOnly bool
	screen   string
}

func vncCommand(e *env) *cobra.Command {
	f := new(vncFlags)
	c := leaf(&cobra.Command{
		Use:   "vnc HOST [--listen ADDR] [--view-only] [--reason TEXT] [--transport T]",
		Short: "Open a port on this machine for any VNC viewer",
		Long: `Set a session up with the agent at HOST and open a port on this machine's
loopback that any VNC viewer can connect to, without a password: only programs
of your own user are let in, and what they send travels inside the session.
Several viewers may connect, one after another or at once. The session ends
when the command does.`,
		Example: `  deskside vnc front-desk --listen 127.0.0.1:5907
  xtigervncviewer 127.0.0.1::5907

  deskside vnc front-desk --listen unix:/run/user/1000/front-desk.sock --view-only`,
		Args: cobra.ExactArgs(1),
	}, e, f.run)
	f.add(c)
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:0", "a loopback address with a port (0: any free one), or unix:PATH")
	c.Flags().BoolVar(&f.viewOnly, "view-only", false, "look without touching; the agent drops all input")
	c.Flags().StringVar(&f.screen, "screen", "", "one screen by its ID or name, which deskside info tells; all of them without it")
	return c
}

func (f *vncFlags) run(ctx context.Context, e *env, args []string) error {
	l, err := loopback.Listen(f.listen)
	if err != nil {
		return err
	}
	defer l.Close()
	l.Refused = func(from net.Addr, why error) {
		fmt.Fprintf(e.stderr, "refused %s: %s\n", from, plain.Text(why.Error()))
	}
	rights := deskside.RightsOf(deskside.View, deskside.Control, deskside.Clipboard)
	if f.viewOnly {
		rights = deskside.RightsOf(deskside.View)
	}
	s, err := f.session(ctx, e, "deskside vnc", args[0], rights)
	if err != nil {
		return err
	}
	screens, err := s.Screens(ctx) // there may be none
	if err == nil {
		f.screen, err = screens.Find(f.screen)
	}
	if err != nil {
		s.Close()
		return err
	}
	err = e.show(map[string]any{"listen": l.Addr().String(), "session": s.Info().ID}, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "VNC viewers of yours can connect to %s; Ctrl-C ends the session\n", l.Addr())
		return err
	})
	if err != nil {
		s.Close()
		return err
	}
	return f.serve(ctx, e, s, l)
}

// serve tunnels viewers until the session ends or the user does. An
// interruption is the usual end and no failure.
func (f *vncFlags) serve(ctx context.Context, e *env, s *client.Session, l net.Listener) error {
	err := s.During(ctx, func(ctx context.Context) error {
		var viewers sync.WaitGroup
		defer viewers.Wait()
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		defer context.AfterFunc(ctx, func() { l.Close() })()
		viewers.Go(func() { e.sayStates(ctx, s) })
		for {
			c, err := l.Accept()
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				return err
			}
			viewers.Go(func() {
				if err := f.tunnel(ctx, s, c); err != nil && ctx.Err() == nil {
					e.report(fmt.Errorf("viewer %s: %w", c.RemoteAddr(), err))
				}
			})
		}
	})
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return nil
	}
	return err
}

// tunnel joins one viewer with a picture of its own.
func (f *vncFlags) tunnel(ctx context.Context, s *client.Session, viewer net.Conn) error {
	defer viewer.Close()
	far, err := s.RFB(ctx, client.RFBOptions{Screen: f.screen, ViewOnly: f.viewOnly})
	if err != nil {
		// The viewer shows why, if it is one.
		defer context.AfterFunc(ctx, func() { viewer.Close() })()
		viewer.SetDeadline(time.Now().Add(5 * time.Second))
		rfb.Refuse(viewer, rfb.NewReader(viewer), plain.Text(err.Error()))
		return err
	}
	defer far.Abort()
	ctx, cancel := context.WithCancel(ctx)
	var back sync.WaitGroup
	defer back.Wait()
	defer cancel()
	back.Go(func() { s.Ping(ctx, deskside.RemCtrl) }) // leaves a stream for the next viewer
	over := func() { far.Abort(); viewer.Close() }
	defer context.AfterFunc(ctx, over)()
	back.Go(func() {
		io.Copy(viewer, far)
		over()
	})
	io.Copy(far, viewer)
	far.Close() // in order: the agent's audit says that the viewer left
	over()
	return nil
}
