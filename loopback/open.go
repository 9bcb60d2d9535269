package loopback

import (
	"cmp"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"deskside"
)

// Desk is where windows open: a user and their display.
type Desk struct {
	User *User // who the program runs as; nil is the user of this process

	// Env is added to the user's environment: DISPLAY, XAUTHORITY and the like.
	Env []string

	// Path is where programs are looked for, folders with colons between; ""
	// is the environment's PATH and the system's usual folders.
	Path string

	// W and H are of a page's window where they can be chosen, in pixels of
	// usual size; 0 is 460 by 680.
	W, H int

	// Room gives the part of the display where windows may open, at each that
	// does; nil and a zero Room leave that to the display. Chromium and xterm
	// keep to it.
	Room func() Room
}

func (d Desk) room() Room {
	if d.Room == nil {
		return Room{}
	}
	return d.Room()
}

// Room is a part of a display in its pixels. Scale is how many times larger
// than usual things are drawn there; 0 is 1.
type Room struct {
	X, Y, W, H int
	Scale      float64
}

// What a window's frame may take beyond the window, in pixels of usual size:
// the title above it, and what looks well beside it.
const (
	titleHeight = 40
	roomMargin  = 16
)

// page gives the place of a page's window at the room's right edge, in pixels
// of usual size: there it leaves most of the person's work in view.
func (r Room) page(w, h int) (x, y, pw, ph int) {
	s := r.scale()
	usual := func(n int) int { return int(float64(n) / s) }
	w = max(min(w, usual(r.W)-2*roomMargin), 1)
	h = max(min(h, usual(r.H)-titleHeight-roomMargin), 1)
	return usual(r.X+r.W) - roomMargin - w, usual(r.Y) + titleHeight, w, h
}

func (r Room) scale() float64 {
	if r.Scale <= 0 {
		return 1
	}
	return r.Scale
}

// terminal gives the place of a terminal's window, whose size in pixels is not
// known, in pixels of the display.
func (r Room) terminal() string {
	s := r.scale()
	return fmt.Sprintf("+%d+%d", r.X+int(roomMargin*s), r.Y+int(titleHeight*s))
}

// Window is a program that was opened on a desk.
type Window struct {
	cmd   *exec.Cmd
	own   bool   // the program is ours alone and ends with Close
	dir   string // its profile, removed after it
	ended chan struct{}
	close sync.Once
}

// browser is a program that shows a page.
type browser struct {
	names []string
	args  func(page, profile string, place []string, asRoot bool) []string
	own   bool // runs apart from the user's other windows of it
}

// browsers in the order of preference: those that show a page without address
// bar and tabs, then any.
var browsers = []browser{
	{[]string{"chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "microsoft-edge-stable", "microsoft-edge", "brave-browser"}, chromiumArgs, true},
	{[]string{"firefox", "firefox-esr"}, firefoxArgs, true},
	{[]string{"x-www-browser", "xdg-open"}, plainArgs, false},
}

// chromiumArgs gives the page a window and a profile of its own: extensions of
// the user's must not read it, and Close must end this window and no other.
func chromiumArgs(page, profile string, place []string, asRoot bool) []string {
	args := append([]string{
		"--app=" + page, "--user-data-dir=" + profile,
		"--no-first-run", "--no-default-browser-check", "--disable-extensions", "--disable-sync",
		"--disable-background-networking", "--disable-component-update",
		"--password-store=basic", // or it asks to unlock the user's keyring
	}, place...)
	if asRoot {
		// Chromium's sandbox cannot be built by root; a desktop that belongs
		// to root has no other way to show the page.
		args = append(args, "--no-sandbox", "--test-type")
	}
	return args
}

func firefoxArgs(page, profile string, _ []string, _ bool) []string {
	return []string{"--new-instance", "--profile", profile, "--new-window", page}
}

func plainArgs(page, _ string, _ []string, _ bool) []string { return []string{page} }

// place says to Chromium where a page's window goes. It would find the scale
// by itself, but not with every toolkit, and then elsewhere.
func (d Desk) place() []string {
	w, h := cmp.Or(d.W, 460), cmp.Or(d.H, 680)
	r := d.room()
	if r == (Room{}) {
		return []string{fmt.Sprintf("--window-size=%d,%d", w, h)}
	}
	x, y, w, h := r.page(w, h)
	args := []string{fmt.Sprintf("--window-size=%d,%d", w, h), fmt.Sprintf("--window-position=%d,%d", x, y)}
	if r.scale() != 1 {
		args = append(args, fmt.Sprintf("--force-device-scale-factor=%g", r.scale()))
	}
	return args
}

// terminal is a program that runs another in a window.
type terminal struct {
	name string
	args func(title, place string, argv []string) []string
}

var terminals = []terminal{
	{"xterm", func(title, place string, argv []string) []string {
		return append([]string{"-u8", "-T", title, "-fa", "Monospace", "-fs", "11", "-geometry", "80x26" + place, "-e"}, argv...)
	}},
	{"x-terminal-emulator", func(title, _ string, argv []string) []string {
		return append([]string{"-T", title, "-e"}, argv...)
	}},
	{"konsole", func(_, _ string, argv []string) []string { return append([]string{"-e"}, argv...) }},
	{"gnome-terminal", func(_, _ string, argv []string) []string { return append([]string{"--wait", "--"}, argv...) }},
}

// HasBrowser reports whether a browser is there to open.
func (d Desk) HasBrowser() bool {
	_, _, found := d.findBrowser()
	return found
}

// HasDisplay reports whether there is a place for windows at all.
func (d Desk) HasDisplay() bool { return hasDisplay(d.environ()) }

func (d Desk) findBrowser() (browser, string, bool) {
	for _, b := range browsers {
		for _, name := range b.names {
			if path := d.find(name); path != "" {
				return b, path, true
			}
		}
	}
	return browser{}, "", false
}

// OpenBrowser shows a launch file in a browser of the user's, as an app window
// where the browser can. Where there is none the error is not-found. It does
// not wait for the page: that the file's token was used is the sign that it is
// there.
func (d Desk) OpenBrowser(file string) (*Window, error) {
	b, path, ok := d.findBrowser()
	if !ok {
		return nil, deskside.Errorf(deskside.CodeNotFound, "no browser found").
			Hint("Install chromium or firefox, or open %s by hand.", file)
	}
	page := (&url.URL{Scheme: "file", Path: file}).String()
	if !b.own {
		return d.start(path, b.args(page, "", nil, false), "", false)
	}
	profile, err := d.newProfile()
	if err != nil {
		return nil, err
	}
	return d.start(path, b.args(page, filepath.Join(profile, "profile"), d.place(), d.user().UID == 0), profile, true)
}

// newProfile makes a directory with a "profile" in it that belongs to the user.
func (d Desk) newProfile() (dir string, err error) {
	u := d.user()
	if dir, err = privateDir(u); err != nil {
		return "", err
	}
	// The outer directory is root's where the user is another, so nobody can
	// swap the inner one under Lchown.
	profile := filepath.Join(dir, "profile")
	if err = os.Mkdir(profile, 0o700); err == nil && !u.IsSelf() {
		err = os.Lchown(profile, u.UID, u.GID)
	}
	if err != nil {
		os.RemoveAll(dir)
		return "", fmt.Errorf("make a browser profile: %w", err)
	}
	return dir, nil
}

// OpenTerminal runs argv in a terminal window. Where there is none the error
// is not-found.
func (d Desk) OpenTerminal(title string, argv ...string) (*Window, error) {
	place := ""
	if r := d.room(); r != (Room{}) {
		place = r.terminal()
	}
	for _, t := range terminals {
		if path := d.find(t.name); path != "" {
			return d.start(path, t.args(title, place, argv), "", true)
		}
	}
	return nil, deskside.Errorf(deskside.CodeNotFound, "no terminal window found").Hint("Install xterm.")
}

// start runs a program on the desk.
func (d Desk) start(path string, args []string, dir string, own bool) (*Window, error) {
	w := &Window{cmd: exec.Command(path, args...), own: own, dir: dir, ended: make(chan struct{})}
	w.cmd.Env = d.environ()
	w.cmd.Dir = "/"
	w.cmd.SysProcAttr = procAttr(d.user())
	if err := w.cmd.Start(); err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("open a window: %w", err)
	}
	go func() {
		defer close(w.ended)
		w.cmd.Wait()
		if dir != "" {
			endGroup(w.cmd.Process, true) // helpers that would write to the profile
			os.RemoveAll(dir)
		}
	}()
	return w, nil
}

// Ended is closed when the program has ended. That of a browser which passed
// the page to another process, as xdg-open does, says nothing of the page.
func (w *Window) Ended() <-chan struct{} { return w.ended }

// Own reports whether the program is ours alone, so that its end is the window's.
func (w *Window) Own() bool { return w.own }

// Close ends the program, and all it started, and waits for that. A program
// that may hold other windows of the user's is left alone, and waited for no
// longer.
func (w *Window) Close() error {
	if !w.own {
		return nil
	}
	w.close.Do(func() {
		select {
		case <-w.ended:
			return
		default:
		}
		endGroup(w.cmd.Process, false)
		select {
		case <-w.ended:
		case <-time.After(3 * time.Second):
			endGroup(w.cmd.Process, true)
			<-w.ended
		}
	})
	return nil
}

func (d Desk) user() *User {
	if d.User == nil {
		return Self()
	}
	return d.User
}

// sharedVars are what a program of another user may take over from our own
// environment.
var sharedVars = []string{"LANG", "LANGUAGE", "TZ", "PATH"}

// environ is the environment of a program on the desk: ours for our own user,
// else a fresh one.
func (d Desk) environ() []string {
	u := d.user()
	env := os.Environ()
	if !u.IsSelf() {
		env = slices.DeleteFunc(env, func(kv string) bool {
			name, _, _ := strings.Cut(kv, "=")
			return !slices.Contains(sharedVars, name) && !strings.HasPrefix(name, "LC_")
		})
		env = append(env, "HOME="+u.Home, "USER="+u.Name, "LOGNAME="+u.Name)
		if run := fmt.Sprintf("/run/user/%d", u.UID); isDir(run) {
			env = append(env, "XDG_RUNTIME_DIR="+run)
		}
	}
	if slices.ContainsFunc(d.Env, func(kv string) bool { return strings.HasPrefix(kv, "DISPLAY=") }) {
		// Or a program that can do both would open on the Wayland display.
		env = slices.DeleteFunc(env, func(kv string) bool { return strings.HasPrefix(kv, "WAYLAND_DISPLAY=") })
	}
	return append(env, d.Env...) // of two, the last counts
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// find looks a program up.
func (d Desk) find(name string) string {
	dirs := filepath.SplitList(d.Path)
	if d.Path == "" {
		for _, kv := range d.environ() {
			if list, ok := strings.CutPrefix(kv, "PATH="); ok {
				dirs = filepath.SplitList(list) // of two, the last counts
			}
		}
		dirs = append(dirs, usualDirs...)
	}
	for _, dir := range dirs {
		if path := program(filepath.Join(dir, name)); path != "" {
			return path
		}
	}
	return ""
}

// program gives path if it is one that can be run from anywhere, else "".
func program(path string) string {
	info, err := os.Stat(path)
	if err != nil || !filepath.IsAbs(path) || !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0 {
		return ""
	}
	return path
}
