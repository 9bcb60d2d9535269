package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"

	"github.com/spf13/cobra"

	"deskside/console"
	"deskside/loopback"
)

// pageFlags are common to the commands that serve the console's page.
type pageFlags struct {
	listen    string
	folder    string
	noBrowser bool
}

func (f *pageFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:0", "a loopback address with a port (0: any free one)")
	c.Flags().StringVar(&f.folder, "folder", "", "a folder of this machine to show beside the far ones, and to copy from and to")
	c.Flags().BoolVar(&f.noBrowser, "no-browser", false, "open no browser; print the file that opens the page")
}

func consoleCommand(e *env) *cobra.Command {
	f := new(pageFlags)
	c := leaf(&cobra.Command{
		Use:   "console [--listen ADDR] [--folder DIR] [--no-browser]",
		Short: "Serve the operator's page on this machine, and open it",
		Long: `Serve the page in which you find machines, set sessions up and work in them,
and open it in a browser. Only programs of your own user are let in, and a
browser only by the file that this command writes for it, once and within a
minute. Sessions end when the command does, or soon after the last page is
closed.

With --folder a folder of this machine is shown beside the far machine's files,
and files are copied between them through a queue that outlives the page and
this command. Nothing outside of that folder is shown or touched.

At a terminal, Enter opens the page again, or with --no-browser prints a new
file.`,
		Example: "  deskside console\n  deskside console --listen 127.0.0.1:8443 --no-browser",
		Args:    cobra.NoArgs,
	}, e, func(ctx context.Context, e *env, _ []string) error { return f.serve(ctx, e, nil, nil) })
	f.add(c)
	return c
}

// serve serves the page until the context ends. It begins with opening, and
// shows the machines of also besides those of the address book.
func (f *pageFlags) serve(ctx context.Context, e *env, opening *console.Opening, also []console.Machine) error {
	operator, err := e.client()
	if err != nil {
		return err
	}
	home, err := e.home()
	if err != nil {
		return err
	}
	c, err := console.New(console.Config{
		Backend: console.Operator{Client: operator, Also: also},
		Addr:    f.listen,
		Open:    opening,
		Folder:  f.folder,
		Queue:   filepath.Join(home, "queue.json"),
		Log:     slog.New(slog.NewTextHandler(e.stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		return err
	}
	defer c.Close()
	w := &windows{desk: loopback.Desk{W: 1280, H: 800}, none: f.noBrowser}
	defer w.close()
	if err := w.open(e, c); err != nil {
		return err
	}
	again := make(chan struct{})
	if e.tty {
		go readEnter(ctx, e.stdin, again)
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-again:
			if err := w.open(e, c); err != nil {
				e.report(err)
			}
		}
	}
}

// readEnter tells of each line of the input. It may stay in a read after ctx
// ended; then the process is about to exit.
func readEnter(ctx context.Context, in io.Reader, again chan<- struct{}) {
	for lines := bufio.NewScanner(in); lines.Scan(); {
		select {
		case again <- struct{}{}:
		case <-ctx.Done():
			return
		}
	}
}

// windows are the browser windows that show the page.
type windows struct {
	desk loopback.Desk
	none bool // no browser is wanted
	list []*loopback.Window
}

// open shows the page in a browser, or prints how to open it.
func (w *windows) open(e *env, c *console.Console) error {
	file, err := c.LaunchFile()
	if err != nil {
		return err
	}
	opened := false
	if !w.none && w.desk.HasDisplay() && w.desk.HasBrowser() {
		win, err := w.desk.OpenBrowser(file)
		if err != nil {
			return err
		}
		w.list, opened = append(w.list, win), true
	}
	return e.show(map[string]any{"url": c.URL(), "launch": file, "opened": opened}, func(out io.Writer) error {
		if opened {
			_, err := fmt.Fprintf(out, "The console is at %s and opens in your browser. Ctrl-C ends it and its sessions.\n", c.URL())
			return err
		}
		_, err := fmt.Fprintf(out, "The console is at %s\nOpen this file in your browser within a minute:\n  file://%s\nCtrl-C ends it and its sessions.\n", c.URL(), file)
		return err
	})
}

func (w *windows) close() {
	for _, win := range w.list {
		win.Close()
	}
}
