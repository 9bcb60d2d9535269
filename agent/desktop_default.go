//go:build !linux

package agent

import (
	"errors"
	"log/slog"

	"deskside/desktop"
	"deskside/loopback"
)

var errNoDesktop = errors.New("this program was built without a desktop for this system")

// openDesktop says that there is no desktop backend for this system yet.
func openDesktop(string, *slog.Logger) (Screen, error) { return nil, errNoDesktop }

// Survey says the same of what the screen offers.
func Survey(string) (desktop.Survey, error) { return desktop.Survey{}, errNoDesktop }

// deskOf says the same of windows.
func deskOf(_, _ string) (*loopback.Desk, error) { return nil, errNoDesktop }
