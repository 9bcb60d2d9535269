//go:build !linux

package agent

import (
	"log/slog"

	"deskside/loopback"
)

// openDesktop says that there is no desktop backend for this system yet.
func openDesktop(string, *slog.Logger) (Screen, error) { return nil, errNoDesktop }

// deskOf says the same of windows.
func deskOf(string) (*loopback.Desk, error) { return nil, errNoDesktop }
