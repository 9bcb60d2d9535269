//go:build !linux

package agent

import "log/slog"

// openDesktop says that there is no desktop backend for this system yet.
func openDesktop(string, *slog.Logger) (Screen, error) { return nil, errNoDesktop }
