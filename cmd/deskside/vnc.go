package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/spf13/cobra"

	"deskside"
	"deskside/client"
	"deskside/loopback"
)

type vncFlags struct {
	sessionFlags
	listen   string
	screen   string
	viewOnly bool
}

func vncCommand(e *env) *cobra.Command {
	f := new(vncFlags)
	c := leaf(&cobra.Command{
		Use:   "vnc HOST [--listen 127.0.0.1:5900] [--view-only]",
		Short: "Let any VNC viewer of yours show an agent's screen",
		Long: `Set a session up and open a port on this machine's loopback to which a VNC viewer
connects without a password. Only this user's programs are let in, and what
they say travels in the session: authenticated, encrypted, audited. Interrupt
ends the session; several viewers may connect one after another or at once.`,
		Example: `  deskside vnc front-desk --listen 127.0.0.1:5907
  vncviewer 127.0.0.1:5907
  deskside vnc front-desk --listen unix:/run/user/1000/front-desk`,
		Args: cobra.ExactArgs(1),
	}, e, f.run)
	f.add(c)
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:5900", "a loopback address, or unix:PATH")
	c.Flags().StringVar(&f.screen, "screen", "all", "a screen's ID, or all")
	c.Flags().BoolVar(&f.viewOnly, "view-only", false, "ask for no right to control, and send no input")
	return c
}

func (f *vncFlags) run(ctx context.Context, e *env, args []string) error {
	l, err := loopback.Listen(f.listen)
	if err != nil {
		return err
	}
	defer l.Close()
	l.Refused = func(from net.Addr, why error) { fmt.Fprintf(e.stderr, "refused %v: %v\n", from, why) }
	rights := deskside.RightsOf(deskside.View)
	if !f.viewOnly {
		rights = rights.With(deskside.Control).With(deskside.Clipboard)
	}
	s, err := f.session(ctx, e, "deskside vnc", args[0], rights)
	if err != nil {
		return err
	}
	if err := f.greet(e, s, l.Addr()); err != nil {
		return err
	}
	err = during(ctx, s, func(ctx context.Context) error { return f.serve(ctx, e, s, l) })
	if errors.Is(err, context.Canceled) {
		return nil // interrupted: that is how it ends
	}
	return err
}

func (f *vncFlags) greet(e *env, s *client.Session, at net.Addr) error {
	if e.json {
		return e.line(map[string]any{"listen": at.String(), "session": s.Info()})
	}
	_, err := fmt.Fprintf(e.stdout, "Connect a viewer to %s. Interrupt (Ctrl-C) ends the session.\n", at)
	return err
}

// serve gives each viewer a stream of its own until the context ends.
func (f *vncFlags) serve(ctx context.Context, e *env, s *client.Session, l net.Listener) error {
	defer context.AfterFunc(ctx, func() { l.Close() })()
	var viewers sync.WaitGroup
	defer viewers.Wait()
	for {
		viewer, err := l.Accept()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return err
		}
		viewers.Go(func() {
			defer viewer.Close()
			if err := f.splice(ctx, s, viewer); err != nil && ctx.Err() == nil {
				e.report(err)
			}
		})
	}
}

// splice joins a viewer to a picture of the session until either ends.
func (f *vncFlags) splice(ctx context.Context, s *client.Session, viewer net.Conn) error {
	conn, err := s.RFB(ctx, client.RFBOptions{Screen: f.screen, ViewOnly: f.viewOnly})
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { conn.Abort(); viewer.Close() })()
	var up sync.WaitGroup
	up.Go(func() {
		io.Copy(conn, viewer)
		conn.Abort()
	})
	io.Copy(viewer, conn) // either side may go away at any time
	conn.Abort()
	viewer.Close()
	up.Wait()
	return nil
}
