package demo

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"deskside/loopback"
)

// The virtual display of a demo.
const demoSize = "1280x720"

// openDisplay starts a virtual X server with a window manager, a terminal and
// an editor. The server chooses its own number, and takes only who has the
// cookie.
func (s *stage) openDisplay(ctx context.Context) error {
	cookie := make([]byte, 16)
	rand.Read(cookie)
	auth := filepath.Join(s.dir, "Xauthority")
	if err := os.WriteFile(auth, authEntry(cookie), 0o600); err != nil {
		return err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	server, err := s.startServer(w, auth)
	if err != nil {
		return fmt.Errorf("the virtual display: %w; run script/demo, which installs it", err)
	}
	number, err := readNumber(ctx, r)
	if err != nil {
		return fmt.Errorf("the virtual display did not come up: %w\n%s", err, server.said())
	}
	s.display = ":" + number
	home, err := s.makeHome()
	if err != nil {
		return err
	}
	s.crew.env = append(s.crew.env, "DISPLAY="+s.display, "XAUTHORITY="+auth, "HOME="+home,
		"DESKSIDE_USER="+loopback.Self().Name, // whose desktop it is, root's too
		"XDG_CONFIG_HOME="+home+"/.config", "XDG_DATA_HOME="+home+"/.local/share", "XDG_CACHE_HOME="+home+"/.cache",
		"GSETTINGS_BACKEND=memory")
	if _, err := s.start("openbox", "openbox"); err != nil {
		return err
	}
	if _, err := s.start("background", "xsetroot", "-solid", "#2f4858"); err != nil {
		return err
	}
	return s.furnish(ctx)
}

// makeHome makes a home of their own for the programs on the display, so that
// they neither read nor change the user's settings.
func (s *stage) makeHome() (string, error) {
	home := filepath.Join(s.dir, "home")
	if err := os.Mkdir(home, 0o700); err != nil {
		return "", err
	}
	return home, os.WriteFile(filepath.Join(home, ".bashrc"), []byte("PS1='$ '\n"), 0o600)
}

// startServer starts Xvfb, which writes its number to w.
func (s *stage) startServer(w *os.File, auth string) (*member, error) {
	defer w.Close()
	return s.startWith([]*os.File{w}, "Xvfb", "Xvfb", "-displayfd", "3", "-screen", "0", demoSize+"x24",
		"-auth", auth, "-nolisten", "tcp", "-noreset")
}

// readNumber reads the display's number, which the server writes when it is
// ready.
func readNumber(ctx context.Context, r *os.File) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	defer context.AfterFunc(ctx, func() { r.SetReadDeadline(time.Now()) })()
	text := make([]byte, 16)
	n, err := r.Read(text)
	if err != nil {
		return "", err
	}
	number := strings.TrimSpace(string(text[:n]))
	if number == "" {
		return "", errors.New("it named no number")
	}
	return number, nil
}

// furnish opens the terminal and the editor, and waits for the terminal.
func (s *stage) furnish(ctx context.Context) error {
	shell := fmt.Sprintf("cd; echo 'Somebody may help you here.'; : > %[1]q/ready; exec \"${SHELL:-/bin/sh}\"", s.dir)
	_, err := s.start("xterm", "xterm", "-T", "Terminal", "-fa", "DejaVu Sans Mono", "-fs", "10",
		"-geometry", "64x20+40+60", "-bg", "white", "-fg", "#222222", "-e", "/bin/sh", "-c", shell)
	if err != nil {
		return err
	}
	note := filepath.Join(s.dir, "shopping.txt")
	if err := os.WriteFile(note, []byte("milk\nbread\nprinter paper\n"), 0o600); err != nil {
		return err
	}
	if _, err := s.start("mousepad", "mousepad", "--disable-server", note); err != nil {
		fmt.Fprintf(s.cfg.Stderr, "without an editor: %v\n", err)
	}
	return s.until(ctx, "the terminal opens", func() bool {
		_, err := os.Stat(filepath.Join(s.dir, "ready"))
		return err == nil
	})
}

// until waits for something that takes a moment.
func (s *stage) until(ctx context.Context, what string, ok func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waited in vain: %s: %w", what, ctx.Err())
		}
	}
	return nil
}

// authEntry is an Xauthority file with one cookie for every display: family
// 65535 (any), no address, no number, name and data, each with its length in
// two bytes, high byte first (Xau).
func authEntry(cookie []byte) []byte {
	var b bytes.Buffer
	put := func(data []byte) {
		binary.Write(&b, binary.BigEndian, uint16(len(data)))
		b.Write(data)
	}
	binary.Write(&b, binary.BigEndian, uint16(0xffff))
	put(nil)
	put(nil)
	put([]byte("MIT-MAGIC-COOKIE-1"))
	put(cookie)
	return b.Bytes()
}
