package agent

import (
	"fmt"
	"log/slog"
	"os"
	"syscall"

	"deskside/desktop/x11"
	"deskside/loopback"
)

// openDesktop opens the screen of this system: an X11 display.
func openDesktop(display string, log *slog.Logger) (Screen, error) {
	return x11.Open(x11.Config{Display: display, Log: log})
}

// deskOf gives the place for windows on an X11 display, "" being that of the
// environment.
func deskOf(display string) (*loopback.Desk, error) {
	d := new(loopback.Desk)
	if display == "" {
		display = os.Getenv("DISPLAY")
	}
	d.Env = append(d.Env, "DISPLAY="+display)
	cookie := os.Getenv("XAUTHORITY")
	if cookie == "" {
		return d, nil
	}
	d.Env = append(d.Env, "XAUTHORITY="+cookie)
	var err error
	if os.Getuid() == 0 {
		d.User, err = ownerOf(cookie)
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

// ownerOf gives the user whom a display's cookie belongs to: root may well show
// the display of another, and a browser must not run as root there.
func ownerOf(cookie string) (*loopback.User, error) {
	info, err := os.Stat(cookie)
	if err != nil {
		return nil, fmt.Errorf("whose display it is: %w", err)
	}
	return loopback.LookupUser(int(info.Sys().(*syscall.Stat_t).Uid))
}
