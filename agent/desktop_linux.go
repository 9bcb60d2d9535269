package agent

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"

	"deskside/desktop"
	"deskside/desktop/x11"
	"deskside/loopback"
)

// openDesktop opens the screen of this system: an X11 display.
func openDesktop(display string, log *slog.Logger) (Screen, error) {
	return x11.Open(x11.Config{Display: display, Log: log})
}

// Survey says what the screen of this system offers and how its picture would be
// taken, without an agent. An empty display is that of the environment.
func Survey(display string) (desktop.Survey, error) {
	return x11.Look(x11.Config{Display: display})
}

// deskOf gives the place for windows on an X11 display, "" being that of the
// environment. Root may well show the display of another: a browser or terminal
// of root's there would give the person all that root has. So it opens windows
// as the user who is named, else as the one to whom the display's cookie belongs,
// and where that is nobody else, as with the cookie of a display manager, none.
func deskOf(display, user string) (*loopback.Desk, error) {
	d := new(loopback.Desk)
	if display == "" {
		display = os.Getenv("DISPLAY")
	}
	d.Env = append(d.Env, "DISPLAY="+display)
	cookie := os.Getenv("XAUTHORITY")
	if cookie != "" {
		d.Env = append(d.Env, "XAUTHORITY="+cookie)
	}
	if os.Getuid() != 0 {
		return d, nil
	}
	if cookie == "" {
		cookie = filepath.Join(os.Getenv("HOME"), ".Xauthority")
		d.Env = append(d.Env, "XAUTHORITY="+cookie)
	}
	var err error
	if user != "" {
		d.User, err = loopback.FindUser(user)
		return d, err
	}
	if d.User, err = ownerOf(cookie); err != nil {
		return nil, err
	}
	if d.User.UID == 0 {
		return nil, fmt.Errorf("nobody but root is known to use the display %q, and no window runs as root there: "+
			"name the user in %s, as user = \"ann\"", display, ConfigFile)
	}
	return d, nil
}

// ownerOf gives the user whom a display's cookie belongs to.
func ownerOf(cookie string) (*loopback.User, error) {
	info, err := os.Stat(cookie)
	if err != nil {
		return nil, fmt.Errorf("whose display it is: %w", err)
	}
	return loopback.LookupUser(int(info.Sys().(*syscall.Stat_t).Uid))
}
