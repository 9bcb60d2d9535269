package agent

import (
	"log/slog"

	"deskside/desktop/x11"
)

// openDesktop opens the screen of this system: an X11 display.
func openDesktop(display string, log *slog.Logger) (Screen, error) {
	return x11.Open(x11.Config{Display: display, Log: log})
}
